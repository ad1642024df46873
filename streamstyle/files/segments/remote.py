"""What runs on a node of a cluster: a worker that takes its film and gives its segments, by path or in pieces."""

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import av

from streamstyle.errors import StreamstyleError, reason_of
from streamstyle.files.segments.manifest import program_version
from streamstyle.files.segments.worker import Orders, Told, Worker

PIECE_BYTES = 16 << 20
"""Of files that are sent: a few of them fit into a small object store."""


@dataclass(frozen=True, slots=True)
class Site:
    """How a node tells whether it sees the disk of the run.

    Attributes:
        film: Where the film lies, with its size and the time of its last change.
        folder: Where segments go.
        mark: What its manifest holds.
    """

    film: tuple[str, int, int]
    folder: str
    mark: bytes

    @classmethod
    def of(cls, uri: str, folder: Path) -> Self:
        """As this process sees it."""
        path = Path(uri).absolute()
        found = path.stat()
        return cls(
            (str(path), found.st_size, found.st_mtime_ns), str(folder.absolute()), (folder / "manifest.json").read_bytes()
        )

    def is_seen_here(self) -> bool:
        """Whether it is the same seen from this process."""
        try:
            path = Path(self.film[0])
            return Site.of(str(path), Path(self.folder)) == self and os.access(self.folder, os.W_OK)
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a painter says of itself.

    Attributes:
        builds: Versions of what must be the same everywhere.
        shares: Whether it sees the disk of the run.
    """

    builds: str
    shares: bool


def builds_here() -> str:
    """Versions of this program and of the libraries that decode and encode."""
    return f"streamstyle {program_version()} with FFmpeg {av.ffmpeg_version_info}"


class Remote:
    """The actor, whose methods are called from another machine: one that paints and one other at the same time."""

    def __init__(self, orders: Orders, share: tuple[int, int] | None, token: str) -> None:
        """Do next to nothing yet: what fails here could not be said.

        Args:
            orders: For all segments.
            share: Which of how many parts of the node's cores to stay on; None for all.
            token: Of the run.
        """
        self._orders = orders
        self._folder = Path(tempfile.gettempdir()) / f"streamstyle-{token}"
        self._made: Path | None = None
        self._index, self._frames = -1, 0
        self._worker: Worker | None = None
        if share is not None and hasattr(os, "sched_setaffinity"):
            place, count = share
            cores = sorted(os.sched_getaffinity(0))
            if len(cores) >= count:
                os.sched_setaffinity(0, cores[len(cores) * place // count : len(cores) * (place + 1) // count])

    def greet(self, site: Site) -> Greeting | Told:
        """Load the model; says what is here, or why nothing can be painted."""
        shares = site.is_seen_here()
        film = replace(self._orders.film, uri=site.film[0] if shares else str(self._folder / Path(site.film[0]).name))
        try:
            if not shares and self._orders.recipe.mask is not None:
                raise StreamstyleError("a look with a mask needs a disk that all nodes share")
            self._worker = Worker(replace(self._orders, film=film))
        except Exception as error:  # noqa: BLE001 - said where the run was started
            return Told(error=StreamstyleError(reason_of(error)))
        return Greeting(builds_here(), shares)

    def take(self, offset: int, piece: bytes) -> int:
        """A piece of the film; returns where the next one begins."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder / Path(self._orders.film.uri).name).open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)
        return offset + len(piece)

    def paint(self, index: int, place: str) -> Told:
        """Paint a segment.

        Args:
            index: Which.
            place: Its path; a mere name where it is to be fetched.
        """
        assert self._worker is not None  # it has greeted
        if self._made is not None:
            self._made.unlink(missing_ok=True)
            self._made = None
        path = Path(place)
        if path.name == place:
            path = self._made = self._folder / place
        self._index, self._frames = index, 0
        try:
            return Told(segment=self._worker.paint(index, path, self._count), place=str(path))
        except Exception as error:  # noqa: BLE001 - said where the run was started
            return Told(error=StreamstyleError(reason_of(error)))

    def frames(self) -> tuple[int, int]:
        """The segment that is painted, and how many of its frames are."""
        return self._index, self._frames

    def piece(self, offset: int) -> bytes:
        """A piece of the segment that was painted last."""
        assert self._made is not None  # it was painted to be fetched
        with self._made.open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)

    def end(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _count(self, frames: int) -> None:
        self._frames = frames
