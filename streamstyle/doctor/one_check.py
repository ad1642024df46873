"""The other process: `python -m streamstyle.doctor.one_check MODULE [ARGUMENT...]` runs one check.

Standard output takes one JSON object per finding, as soon as it is known, so that a crash costs only what comes after.
"""

import dataclasses
import faulthandler
import importlib
import json
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from streamstyle.doctor.finding import Finding, failure


def run(module: str, arguments: list[str], output: TextIO) -> None:
    """Write what a check finds; one that breaks is a finding too.

    Args:
        module: A file of `streamstyle/doctor/checks`.
        arguments: For its function `findings`.
        output: One line of JSON per finding.
    """
    area = module.replace("_", " ")
    name = " ".join(arguments) or area
    try:
        check = importlib.import_module(f"streamstyle.doctor.checks.{module}")
        findings: Iterable[Finding] = check.findings(*arguments)
        for finding in findings:
            _write(finding, output)
    except ImportError as error:
        # A library that does not load is a finding of its own, in the area `system`, with its remedy.
        _write(Finding(area, name, "missing", f"not looked at: {' '.join(str(error).split())}"), output)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the check has to say
        _write(failure(area, name, error), output)


def _write(finding: Finding, output: TextIO) -> None:
    output.write(json.dumps(dataclasses.asdict(finding)) + "\n")
    output.flush()


def _main() -> None:
    # If the doctor is killed, this ends a check that hangs, even inside C code.
    faulthandler.dump_traceback_later(float(os.environ.get("STREAMSTYLE_CHECK_SECONDS", "60")), exit=True)
    # Encoders and drivers print what they like: standard output is kept for findings.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)
        run(sys.argv[1], sys.argv[2:], output)
    # Without the clean-up of libraries: some hang or crash in it when their driver is broken.
    os._exit(0)


if __name__ == "__main__":
    _main()
