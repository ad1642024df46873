"""The log: on standard error with --verbose, and in a file that can be sent with a report with --log-file."""

import logging
import platform
import shlex
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from streamstyle import __version__
from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted

SAID = logging.getLogger("streamstyle.said")
"""Lines that the user has seen already: for the file only."""
_FIRST_LINE = b" DEBUG streamstyle: streamstyle "
_LONGEST_FIRST_LINE = 4096


def start_log(path: Path | None, words: Sequence[str], *, verbose: bool) -> None:
    """Set up the log as the user wants it; called once.

    Args:
        path: Of the file, to which is added; None for none.
        words: The command line, to begin the log with.
        verbose: Whether standard error shows it, too.

    Raises:
        SinkError: The file cannot be written.
    """
    own = logging.getLogger("streamstyle")
    for handler in list(own.handlers):
        if isinstance(handler, _ToTerminal | _ToFile):
            own.removeHandler(handler)
            with suppress(OSError):  # of the full disk on which it has ended
                handler.close()
    own.setLevel(logging.DEBUG if verbose or path is not None else logging.NOTSET)
    if verbose:
        own.addHandler(_ToTerminal())
    if path is not None:
        own.addHandler(_ToFile(path))
    own.debug("streamstyle %s: streamstyle %s", __version__, shlex.join(words))
    own.debug("Python %s, %s %s", platform.python_version(), platform.platform(), platform.machine())


def _is_log(path: Path) -> bool:
    """Whether a log may be appended to a path: there is nothing, or a log."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return path.is_dir()  # reported when it is opened
        with path.open("rb") as file:
            start = file.read(_LONGEST_FIRST_LINE)
    except FileNotFoundError:
        return True
    return not start or _FIRST_LINE in start.partition(b"\n")[0]


class _ToTerminal(logging.StreamHandler):  # type: ignore[type-arg]  # not generic when it runs
    """Prints what the program does not print anyway."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.addFilter(lambda record: record.name != SAID.name and record.levelno < logging.WARNING)
        self.setFormatter(logging.Formatter("%(relativeCreated)6.0f ms  %(message)s"))


class _ToFile(logging.FileHandler):
    """Everything, with its time."""

    def __init__(self, path: Path) -> None:
        try:
            if not (_is_log(path) or path.is_char_device()):
                raise SinkError(f"{quoted(path)} is there already and no log of streamstyle; name another file for the log")
            super().__init__(path, encoding="utf-8", errors="backslashreplace")
        except (OSError, ValueError) as error:
            raise SinkError(f"the log {quoted(path)} cannot be written: {reason(error)}; name another file") from error
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._path, self._failed = path, False

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - as logging has it
        """Report once that the log cannot be written; the run goes on."""
        failure = sys.exc_info()[1]
        if not self._failed and isinstance(failure, OSError):
            self._failed = True
            with suppress(OSError):
                print(f"streamstyle: the log {quoted(self._path)} ends: {reason(failure)}", file=sys.stderr, flush=True)
