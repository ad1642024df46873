"""A painter of segments with a model of its own: in another process of this machine, or of another machine."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from streamstyle.errors import ModelError, StreamstyleError, reason_of
from streamstyle.files.segments.manifest import Segment
from streamstyle.files.segments.painting import Film, paint_segment
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.code import StyleCode


@dataclass(frozen=True, slots=True)
class Orders:
    """All that a worker is told when it begins; it can be sent to other processes.

    Attributes:
        film: What to paint.
        load: Loads the model.
        model: Name and version that it must have.
        recipe: How frames are to look.
        codes: Of its styles.
    """

    film: Film
    load: Callable[[], Stylizer]
    model: str
    recipe: Recipe
    codes: Mapping[str, StyleCode]


class Worker:
    """Paints segments, one at a time."""

    def __init__(self, orders: Orders) -> None:
        """Load the model.

        Raises:
            StreamstyleError: It cannot be loaded, or is another one here.
        """
        self._film = orders.film
        self._stylizer = orders.load()
        found = f"{self._stylizer.name} {self._stylizer.version}"
        if found != orders.model:
            raise ModelError(f"the model is {found} here and {orders.model} where the run was started; install the same")
        self._player = Player(orders.recipe, lambda name, _size: orders.codes[name])

    def paint(self, index: int, path: Path, progress: Callable[[int], None]) -> Segment:
        """Paint one; see `paint_segment`."""
        return paint_segment(self._film, index, path, self._stylizer, self._player, progress=progress)


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker says.

    Attributes:
        frames: How many of the segment are painted.
        segment: When it is whole.
        error: Why it never will be.
        place: Where it lies then, if that is not where it was wanted.
    """

    frames: int = 0
    segment: Segment | None = None
    error: StreamstyleError | None = None
    place: str = ""


def work(connection: "Connection[Told, tuple[int, Path]]", orders: Orders, cores: frozenset[int] | None) -> None:
    """Paint what comes over a connection, until that is closed or the process that began this one is gone.

    Args:
        connection: Brings numbers and places of segments, takes what there is to say.
        orders: For all of them.
        cores: To stay on, where the system offers that.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one ends the rest
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    parent = os.getppid()

    def progress(frames: int) -> None:
        if os.getppid() != parent:
            os._exit(1)  # nobody waits for the result, and the next run may write here
        connection.send(Told(frames))

    try:
        worker = Worker(orders)
        while True:
            index, path = connection.recv()
            connection.send(Told(segment=worker.paint(index, path, progress)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except StreamstyleError as error:
        connection.send(Told(error=error))
    except Exception as error:  # noqa: BLE001 - said where the run was started
        connection.send(Told(error=StreamstyleError(f"a worker failed: {reason_of(error)}")))
