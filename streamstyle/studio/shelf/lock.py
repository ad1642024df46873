"""One studio at a time for each data folder."""

import os
import sys
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


class FolderLock:
    """Held by the process that uses a folder, for as long as it lives: not even kill -9 leaves a trace."""

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            StreamstyleError: Another process holds it, or the folder cannot be written.
        """
        path = folder / "studio.lock"
        try:
            self._file = path.open("a+", encoding="ascii", errors="replace")
        except OSError as error:
            raise StreamstyleError(f"{quoted(path)} cannot be written: {reason(error)}; see to its permissions") from error
        try:
            _lock(self._file)
        except OSError as error:
            with self._file, suppress(OSError):
                self._file.seek(0)
                holder = self._file.read(20).strip()
            which = f" (process {holder})" if holder else ""
            raise StreamstyleError(
                f"streamstyle studio runs already{which} with the folder {quoted(folder)}; use its page, or end it first"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another process have it."""
        self._file.close()


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        file.seek(1 << 20)  # what is locked there cannot be read, and the number of the process can
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
