"""`streamstyle doctor`: what this machine can do, and what to run where it cannot.

Each check is one file in `checks/` and runs in a process of its own: one that hangs is stopped, one that crashes is a
finding. This package loads nothing that may be broken (OpenCV, PyAV, ONNX Runtime), so that `__main__.py` can start it even
if the command line cannot be loaded.
"""

import argparse
from contextlib import closing

from streamstyle.doctor.examination import LIMIT_SECONDS, examine
from streamstyle.doctor.report import as_json, can_stylize_files, show
from streamstyle.errors import SinkError
from streamstyle.look.values import number_argument

__all__ = ["add_doctor_arguments", "doctor_command"]


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle doctor`."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=LIMIT_SECONDS,
        metavar="S",
        help=f"seconds that each check may take (default: {LIMIT_SECONDS:g})",
    )


def _seconds(text: str) -> float:
    """A number of seconds from 1 to 3600."""
    return number_argument(text, lambda value: 1 <= value <= 3600, "seconds from 1 to 3600")


def doctor_command(options: argparse.Namespace) -> int:
    """Examine the machine and tell.

    Returns:
        The exit code: 0 when files can be stylized here, else 1.

    Raises:
        SinkError: The report cannot be written.
        BrokenPipeError, SystemExit: Nobody reads it any more.
    """
    try:
        # Closed even when the reader of a pipe goes away or Ctrl-C comes: no check outlives the command.
        with closing(examine(options.timeout)) as found:
            findings = list(found) if options.json else show(found)
        if options.json:
            print(as_json(findings), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SinkError(f"the report cannot be written: {error.strerror}; write it elsewhere") from error
    return 0 if can_stylize_files(findings) else 1
