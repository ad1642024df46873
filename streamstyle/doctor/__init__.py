"""`streamstyle doctor`: what this machine can do, and what to run where it cannot.

Each check is one file in `checks/` and runs in a process of its own: what hangs is ended, what crashes is a finding. This
process loads nothing that could be the patient: no OpenCV, no PyAV, no ONNX Runtime.
"""

import argparse
from contextlib import closing

from streamstyle.doctor.examination import examine
from streamstyle.doctor.report import as_json, can_stylize_files, show

__all__ = ["add_doctor_arguments", "doctor_command"]


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle doctor`."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")


def doctor_command(options: argparse.Namespace) -> int:
    """Examine the machine and tell.

    Returns:
        The exit code: 0 when files can be stylized here, else 1.
    """
    # Closed even when the reader of a pipe goes away or Ctrl-C comes: no check outlives the command.
    with closing(examine()) as found:
        findings = list(found) if options.json else show(found)
    if options.json:
        print(as_json(findings), flush=True)
    return 0 if can_stylize_files(findings) else 1
