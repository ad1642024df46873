"""Where a result goes: first under a partial name, under its own name only when whole."""

import errno
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason

if sys.platform != "win32":
    import fcntl


def partial_of(final: Path) -> Path:
    """What a file is called until it is whole."""
    return final.with_name(f"{final.stem}.partial{final.suffix}")


class Place:
    """A file name and its partial twin in the same folder.

    Attributes:
        final: Where the whole result will lie.
        partial: `<name>.partial<ending>`; the ending is kept, so that players know what it is.
        release: Lets other runs write there; called when all is done, and with any number of calls.
    """

    def __init__(self, final: Path, *, overwrite: bool) -> None:
        """Check that something can be written there; a partial file of an earlier crash is written over.

        Raises:
            SinkError: The folder is missing or not writable, or the file exists and may not be replaced.
        """
        self.final = final
        self.partial = partial_of(final)
        self.release: Callable[[], object] = lambda: None
        self._overwrite = overwrite
        if not final.parent.is_dir():
            raise SinkError(f"the folder '{final.parent}' does not exist; make it first, or name another")
        if final.is_dir():
            raise SinkError(f"'{final}' is a folder; name a file")
        self._refuse_existing()
        with self.failing_clearly():
            self.partial.touch()
            self._claim()

    def _claim(self) -> None:
        """Keep other runs away from the partial file for as long as this object lives; not even kill -9 leaves a trace."""
        if sys.platform == "win32":
            return
        descriptor = os.open(self.partial, os.O_WRONLY)
        self.release = weakref.finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SinkError(f"'{self.final}' is being written by another run; name another file") from error
        except OSError:
            return  # some network disks know no locks

    def finish(self) -> None:
        """Give the partial file its final name.

        Raises:
            SinkError: A file has appeared there meanwhile and may not be replaced.
            OSError: The system refused.
        """
        self._refuse_existing()
        self.partial.replace(self.final)

    def _refuse_existing(self) -> None:
        if self.final.exists() and not self._overwrite:
            raise SinkError(f"'{self.final}' exists; use --overwrite, or name another file")

    @contextmanager
    def failing_clearly(self) -> Iterator[None]:
        """Turn errors of the system and of libav into SinkError."""
        try:
            yield
        except (OSError, av.error.FFmpegError) as error:
            if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise SinkError(f"'{self.final}' cannot be written: the disk is full; make room") from error
            raise SinkError(f"'{self.final}' cannot be written: {reason(error)}; name another place") from error
