"""Paints segments in another process, on this machine or another one."""

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
class WorkerSetup:
    """All that a worker needs to begin; it can be pickled.

    Attributes:
        film: What to paint.
        load: Loads the model.
        model: Name and version that it must have.
        recipe: How frames are to look.
        codes: The style codes of the recipe, by name.
    """

    film: Film
    load: Callable[[], Stylizer]
    model: str
    recipe: Recipe
    codes: Mapping[str, StyleCode]


class Worker:
    """Paints segments, one at a time."""

    def __init__(self, setup: WorkerSetup) -> None:
        """Load the model.

        Raises:
            StreamstyleError: It cannot be loaded, or is another one here.
        """
        self._film = setup.film
        self._stylizer = setup.load()
        found = f"{self._stylizer.name} {self._stylizer.version}"
        if found != setup.model:
            raise ModelError(f"the model is {found} here and {setup.model} where the run was started; install the same")
        self._player = Player(setup.recipe, lambda name, _size: setup.codes[name])

    def paint(self, index: int, path: Path, progress: Callable[[int], None]) -> Segment:
        """Paint one segment; see `paint_segment`."""
        return paint_segment(self._film, index, path, self._stylizer, self._player, progress=progress)


@dataclass(frozen=True, slots=True)
class WorkerMessage:
    """What a worker sends back.

    Attributes:
        frames: How many frames of the segment are painted.
        segment: The segment, once it is finished.
        error: Why it cannot be painted.
        place: Path of the finished file, if it is not where it was requested.
    """

    frames: int = 0
    segment: Segment | None = None
    error: StreamstyleError | None = None
    place: str = ""


def work(
    connection: "Connection[WorkerMessage, tuple[int, Path]]", setup: WorkerSetup, cores: frozenset[int] | None
) -> None:
    """What a worker process runs: paint what comes over a connection, until that is closed or the parent is gone.

    Args:
        connection: Brings the number and the path of each segment, and takes the messages.
        setup: What to paint, and how.
        cores: Cores to run on, where the system can limit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one ends the rest
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    parent = os.getppid()

    def progress(frames: int) -> None:
        if os.getppid() != parent:
            os._exit(1)  # nobody waits for the result, and a new run may write to the same file
        connection.send(WorkerMessage(frames))

    try:
        worker = Worker(setup)
        while True:
            index, path = connection.recv()
            connection.send(WorkerMessage(segment=worker.paint(index, path, progress)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except StreamstyleError as error:
        connection.send(WorkerMessage(error=error))
    except Exception as error:  # noqa: BLE001 - reported where the run was started
        connection.send(WorkerMessage(error=StreamstyleError(f"a worker failed: {reason_of(error)}")))
