"""Folders that one process uses at a time. A lock ends with its process: not even kill -9 leaves a trace."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from streamstyle.errors import StreamstyleError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOOK_AGAIN_SECONDS = 0.1


class FolderLock:
    """Held by the studio that uses a data folder."""

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            StreamstyleError: Another process holds it, or the folder cannot be written.
        """
        path = folder / "studio.lock"
        try:
            self._file = _opened(path)
        except OSError as error:
            raise StreamstyleError(f"{quoted(path)} cannot be written: {reason(error)}; see to its permissions") from error
        if not _is_ours(self._file):
            with self._file, suppress(OSError):
                self._file.seek(0)
                holder = self._file.read(20).strip()
            which = f" (process {holder})" if holder else ""
            raise StreamstyleError(
                f"streamstyle studio runs already{which} with the folder {quoted(folder)}; use its page, or end it first"
            )
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another process have it."""
        self._file.close()


def wait_for_lock(path: Path) -> IO[str]:
    """Take a lock as soon as no other process holds it.

    Args:
        path: Of the file that stands for it; made where it is missing.

    Returns:
        Holds it until it is closed.

    Raises:
        OSError: The file cannot be written.
    """
    file = _opened(path)
    while not _is_ours(file):
        time.sleep(_LOOK_AGAIN_SECONDS)
    return file


def _opened(path: Path) -> IO[str]:
    return path.open("a+", encoding="ascii", errors="replace")


def _is_ours(file: IO[str]) -> bool:
    """Take the lock, unless another process holds it."""
    try:
        if sys.platform == "win32":
            file.seek(1 << 20)  # what is locked there cannot be read, and the number of the process can
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # some network disks know no locks
    return True
