"""Where a result goes: first under a partial name, under its own name only when whole."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from streamstyle.errors import SinkError
from streamstyle.media import reason


class Place:
    """A file name and its partial twin in the same folder.

    Attributes:
        final: Where the whole result will lie.
        partial: `<name>.partial<ending>`; the ending is kept, so that players know what it is.
    """

    def __init__(self, final: Path, *, overwrite: bool) -> None:
        """Check that something can be written there; a partial file of an earlier crash is written over.

        Raises:
            SinkError: The folder is missing or not writable, or the file exists and may not be replaced.
        """
        self.final = final
        self.partial = final.with_name(f"{final.stem}.partial{final.suffix}")
        self._overwrite = overwrite
        if not final.parent.is_dir():
            raise SinkError(f"the folder '{final.parent}' does not exist; make it first, or name another with -o")
        if final.is_dir():
            raise SinkError(f"'{final}' is a folder; name a file")
        self._refuse_existing()
        with self.failing_clearly():
            self.partial.touch()

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
            raise SinkError(f"'{self.final}' exists; use --overwrite, or name another with -o")

    @contextmanager
    def failing_clearly(self) -> Iterator[None]:
        """Turn errors of the system and of libav into SinkError."""
        try:
            yield
        except (OSError, av.error.FFmpegError) as error:
            if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise SinkError(f"'{self.final}' cannot be written: the disk is full; make room") from error
            raise SinkError(f"'{self.final}' cannot be written: {reason(error)}; name another place with -o") from error
