"""What the programs that work for the studio share: how they speak, and how they run beside the live picture."""

import json
import os
import sys
from collections.abc import Callable
from typing import IO

_NICENESS = 10


def begin_quietly() -> Callable[[object], None]:
    """Lower the priority, and keep standard output for lines of JSON: what libraries print goes nowhere.

    Returns:
        Sends a line; where nobody listens, it is dropped.
    """
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = sys.stderr

    def say(message: object) -> None:
        try:
            lines.write(json.dumps(message) + "\n")
        except OSError:
            return

    return say


def read_line(file: IO[bytes]) -> dict[str, object] | None:
    """The next line of JSON; None at the end."""
    line = file.readline()
    return json.loads(line) if line.endswith(b"\n") else None
