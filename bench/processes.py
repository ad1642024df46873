"""Commands in processes of their own: how long they take, what they say, how much memory they need."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamstyle.errors import StreamstyleError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class Ended:
    """A process that did its work.

    Attributes:
        wall: Seconds from its start to its end.
        output: Of its standard output, all that is JSON; empty where nothing is.
        samples: Megabytes of resident memory, twice a second, where the system reports it.
        peak_mb: Most resident memory, or None where the system does not tell.
    """

    wall: float
    output: dict[str, Any]
    samples: list[float] = field(default_factory=list)
    peak_mb: float | None = None


def streamstyle(script: str, *arguments: object) -> list[str]:
    """The command line of one of ours."""
    return [sys.executable, str(ROOT / script), *map(str, arguments)]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, *, sampled: bool = False) -> Ended:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        environment: In addition to ours.
        sampled: Take its memory while it runs.

    Raises:
        StreamstyleError: It failed; with its last line.
    """
    began = time.perf_counter()
    try:
        process = subprocess.Popen(
            command,
            env=os.environ | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
    except OSError as error:
        raise StreamstyleError(f"'{command[0]}' cannot be run: {(error.strerror or '').lower()}; check its path") from error
    samples, peak = _watch(process) if sampled else ([], None)
    output, errors = process.communicate()
    wall = time.perf_counter() - began
    if process.returncode != 0:
        last = (errors.strip().splitlines() or ["it printed nothing"])[-1]
        raise StreamstyleError(f"'{' '.join(map(str, command))}' failed with {process.returncode}: {last}")
    return Ended(wall, _json_of(output), samples, peak)


def resident_mb() -> float | None:
    """Megabytes of resident memory of this process; None where the system does not tell."""
    try:
        return _resident(Path("/proc/self/status").read_text())[0]
    except (OSError, KeyError):
        return None


def _resident(status: str) -> tuple[float, float]:
    """Megabytes of resident memory now and at most, of what Linux tells of a process."""
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024


def _json_of(output: str) -> dict[str, Any]:
    """The last object, on one line or on several."""
    for start in [index for index, letter in enumerate(output) if letter == "{"]:
        try:
            found = json.loads(output[start:])
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def _watch(process: "subprocess.Popen[str]") -> tuple[list[float], float | None]:
    """Linux reports on a living process; its peak is asked for until it has ended."""
    status, samples, peak = Path(f"/proc/{process.pid}/status"), [], None
    while process.poll() is None:
        try:
            now, peak = _resident(status.read_text())
            samples.append(now)
        except OSError:
            break
        except KeyError:
            pass  # it is ending
        time.sleep(0.05)
    return samples, peak
