"""What runs on a node of a cluster: a worker. Film and segments are on a shared disk, or are sent in pieces."""

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import av

from streamstyle.errors import StreamstyleError, reason_of
from streamstyle.files.segments.manifest import program_version
from streamstyle.files.segments.worker import Worker, WorkerMessage, WorkerSetup

PIECE_BYTES = 16 << 20
"""Size of the pieces in which files are sent: a few of them fit into a small object store."""


@dataclass(frozen=True, slots=True)
class DiskCheck:
    """Tells whether a node sees the same files as the machine that started the run.

    Attributes:
        film: Path of the film, its size and the time of its last change.
        folder: Where segments go.
        mark: Content of the manifest in that folder.
    """

    film: tuple[str, int, int]
    folder: str
    mark: bytes

    @classmethod
    def of(cls, uri: str, folder: Path) -> Self:
        """The files as this process sees them."""
        path = Path(uri).absolute()
        found = path.stat()
        return cls(
            (str(path), found.st_size, found.st_mtime_ns), str(folder.absolute()), (folder / "manifest.json").read_bytes()
        )

    def is_seen_here(self) -> bool:
        """Whether this process sees the same files, and may write to the folder."""
        try:
            path = Path(self.film[0])
            return DiskCheck.of(str(path), Path(self.folder)) == self and os.access(self.folder, os.W_OK)
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a painter reports when its model is loaded.

    Attributes:
        builds: Versions of the program and its libraries, which must be the same everywhere.
        shares: Whether it sees the disk of the run.
    """

    builds: str
    shares: bool


def builds_here() -> str:
    """Versions of this program and of FFmpeg."""
    return f"streamstyle {program_version()} with FFmpeg {av.ffmpeg_version_info}"


class RemotePainter:
    """The Ray actor. Two of its methods may run at the same time: `paint` and one other."""

    def __init__(self, setup: WorkerSetup, share: tuple[int, int] | None, token: str) -> None:
        """Load nothing yet: Ray would not report why that failed.

        Args:
            setup: What to paint, and how.
            share: (index, count): use this one of so many equal parts of the node's cores; None for all cores.
            token: Names the folder for what is sent to this node.
        """
        self._setup = setup
        self._folder = Path(tempfile.gettempdir()) / f"streamstyle-{token}"
        self._made: Path | None = None
        self._index, self._frames = -1, 0
        self._worker: Worker | None = None
        if share is not None and hasattr(os, "sched_setaffinity"):
            place, count = share
            cores = sorted(os.sched_getaffinity(0))
            if len(cores) >= count:
                os.sched_setaffinity(0, cores[len(cores) * place // count : len(cores) * (place + 1) // count])

    def load(self, site: DiskCheck) -> NodeReport | WorkerMessage:
        """Load the model; returns a report, or why nothing can be painted."""
        shares = site.is_seen_here()
        film = replace(self._setup.film, uri=site.film[0] if shares else str(self._folder / Path(site.film[0]).name))
        try:
            if not shares and self._setup.recipe.mask is not None:
                raise StreamstyleError("a look with a mask needs a disk that all nodes share")
            self._worker = Worker(replace(self._setup, film=film))
        except Exception as error:  # noqa: BLE001 - reported where the run was started
            return WorkerMessage(error=StreamstyleError(reason_of(error)))
        return NodeReport(builds_here(), shares)

    def take(self, offset: int, piece: bytes) -> int:
        """Write a piece of the film; returns the offset of the next one."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder / Path(self._setup.film.uri).name).open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)
        return offset + len(piece)

    def paint(self, index: int, place: str) -> WorkerMessage:
        """Paint a segment.

        Args:
            index: Its number.
            place: Its path; a name without a folder where it will be fetched in pieces.
        """
        assert self._worker is not None  # load() came first
        if self._made is not None:
            self._made.unlink(missing_ok=True)
            self._made = None
        path = Path(place)
        if path.name == place:
            path = self._made = self._folder / place
        self._index, self._frames = index, 0
        try:
            return WorkerMessage(segment=self._worker.paint(index, path, self._count), place=str(path))
        except Exception as error:  # noqa: BLE001 - reported where the run was started
            return WorkerMessage(error=StreamstyleError(reason_of(error)))

    def frames(self) -> tuple[int, int]:
        """Number of the segment in work, and how many of its frames are painted."""
        return self._index, self._frames

    def piece(self, offset: int) -> bytes:
        """A piece of the file of the segment that was painted last."""
        assert self._made is not None  # it was painted into a local file
        with self._made.open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)

    def end(self) -> None:
        """Remove what was sent or painted here."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _count(self, frames: int) -> None:
        self._frames = frames
