"""Files on their way into the queue: written to the disk as they come."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from streamstyle.media.libav import reason
from streamstyle.media.pictures import PICTURE_SUFFIXES
from streamstyle.media.sources import VIDEO_SUFFIXES
from streamstyle.studio.routes import ApiError
from streamstyle.studio.shelf.names import file_name

INCOMING = ".incoming-"
"""Prefix of the folders of uploads that are not complete."""
_LEAST_FREE = 200_000_000
"""Bytes that stay free on the disk, for results and for all else that runs there."""
_CHECK_EVERY = 64 * 1024 * 1024


class Upload:
    """A file on its way in; used as a context manager it leaves nothing behind unless a job was made of it.

    Attributes:
        name: As the user calls it, made fit for a file.
        folder: That holds it.
        path: Where it lies.
        size: Bytes that have come.
    """

    def __init__(self, folder: Path, name: str, size: int | None) -> None:
        """Make a folder for it.

        Args:
            folder: In which that is made.
            name: As the user calls it.
            size: In bytes, where that is known.

        Raises:
            ApiError: The disk has no room for it, or the folder cannot be written.
        """
        self.name = file_name(name, "file")
        self.size = 0
        self._within, self._expected, self._checked = folder, size, 0
        self._check_room(size or 0)
        self.folder = folder / f"{INCOMING}{secrets.token_hex(8)}"
        ending = PurePosixPath(self.name).suffix.lower()
        self.path = self.folder / ("original" + (ending if ending in PICTURE_SUFFIXES + VIDEO_SUFFIXES else ""))
        with failing_clearly(self.name):
            self.folder.mkdir(mode=0o700)
            self._file = self.path.open("xb")

    def write(self, data: bytes) -> None:
        """Take some more; waits for the disk.

        Raises:
            ApiError: The disk is full.
        """
        if self.size + len(data) - self._checked >= _CHECK_EVERY:
            self._checked = self.size
            self._check_room(max(len(data), (self._expected or 0) - self.size))
        with failing_clearly(self.name):
            self._file.write(data)
        self.size += len(data)

    def close(self) -> None:
        """All has come.

        Raises:
            ApiError: The disk is full; or something is missing.
        """
        with failing_clearly(self.name):
            self._file.close()
        if self._expected is not None and self.size != self._expected:
            raise ApiError(400, f"only {self.size} of {self._expected} bytes of '{self.name}' came; send it again")

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_failure: object) -> None:
        with suppress(OSError):  # of a full disk; it goes in any case
            self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # renamed by now where a job was made of it

    def _check_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self._within).free
        if free - wanted < _LEAST_FREE:
            missing = (wanted + _LEAST_FREE - free) / 1e6
            raise ApiError(507, f"the disk has no room for '{self.name}': make {missing:.1f} MB free, then send it again")


@contextmanager
def failing_clearly(name: str) -> Iterator[None]:
    """Turn errors of the system into an answer that says what to do."""
    try:
        yield
    except OSError as error:
        raise ApiError(
            507, f"'{name}' cannot be stored: {reason(error)}; make room on the disk, then send it again"
        ) from error
