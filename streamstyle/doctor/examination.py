"""Runs the checks, each in a process of its own and for a bounded time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from streamstyle.doctor.finding import STATES, Finding

LIMIT_SECONDS = 30.0
"""A check is stopped after this time. It is long because a GPU's libraries of 2 GB take their time on a slow disk."""


@dataclass(frozen=True, slots=True)
class Check:
    """One file of `streamstyle/doctor/checks`.

    Attributes:
        area: What its findings are called by, should it give none itself.
        module: The file's name.
        arguments: For its function `findings`.
    """

    area: str
    module: str
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """How to run it; -P, so that a `cv2.py` in the current folder is not taken for OpenCV."""
        return [sys.executable, "-P", "-m", "streamstyle.doctor.one_check", self.module, *self.arguments]


_OTHERS = ("openvino", "cuda", "tensorrt", "tensorrt-rtx", "webgpu")

CHECKS = (
    Check("system", "system"),
    Check("providers", "providers", ("cpu",)),
    *(Check("providers", "providers", (device,)) for device in _OTHERS),
    Check("models", "models"),
    Check("codecs", "codecs"),
    Check("display", "display"),
    Check("cameras", "cameras"),
    Check("virtual cameras", "virtual_cameras"),
    Check("microphones", "microphones"),
)
UNDISTURBED = (Check("speed", "speed"),)
"""Checks that measure time: they run when no other check does."""


def examine(limit: float = LIMIT_SECONDS) -> Generator[Finding, None, None]:
    """All findings, as they come, area by area; never raises for what a check does.

    Close the generator to end the checks that still run.

    Args:
        limit: Seconds that each check may take.
    """
    yield from run_checks(CHECKS, limit)
    yield from run_checks(UNDISTURBED, limit)


def run_checks(checks: Sequence[Check], limit: float = LIMIT_SECONDS) -> Generator[Finding, None, None]:
    """The findings of some checks, in their order; a few run side by side.

    Args:
        checks: What to run.
        limit: Seconds for each.
    """
    waiting, running = deque(checks), deque[_Running]()
    at_once = max(2, min(4, os.cpu_count() or 1))
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_Running.start(waiting.popleft(), limit))
            yield from running[0].findings()
            running.popleft()
    finally:
        for check in running:
            check.end()


@dataclass(slots=True)
class _Running:
    check: Check
    limit: float
    deadline: float
    process: "subprocess.Popen[str] | None"
    problem: str = ""

    @classmethod
    def start(cls, check: Check, limit: float) -> Self:
        running = cls(check, limit, time.monotonic() + limit, None)
        # The check finds this very package, from whatever folder we were started.
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        settings = {"PYTHONPATH": os.pathsep.join(paths), "STREAMSTYLE_CHECK_SECONDS": str(limit + 5)}
        try:
            running.process = subprocess.Popen(
                check.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | settings,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except (OSError, ValueError) as error:
            running.problem = f"could not be started: {error}"
        return running

    def findings(self) -> Iterator[Finding]:
        """Its findings, and a last one if it crashed or was stopped."""
        output, errors, remedy = "", "", ""
        try:
            if self.process is not None:
                output, errors = self.process.communicate(timeout=max(0.1, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.problem = f"gave no answer within {self.limit:g} s"
            remedy = "where the machine is only slow, use a longer --timeout"
            output = self.end()
        finally:
            self.end()
        for line in output.splitlines():
            finding = _parse(line)
            if finding is not None:
                yield finding
        problem = self.problem or self._how_it_ended(errors)
        if problem:
            name = " ".join(self.check.arguments) or self.check.area
            yield Finding(self.check.area, name, "failed", f"the check {problem}", remedy)

    def _how_it_ended(self, errors: str) -> str:
        code = self.process.returncode if self.process else 0
        if code == 0:
            return ""
        if code < 0:
            names = {number.value: number.name for number in signal.Signals}
            return f"crashed ({names.get(-code, f'signal {-code}')})"
        last = next((line for line in reversed(errors.splitlines()) if line.strip()), "no word of why")
        return f"ended with exit code {code}: {' '.join(last.split())}"

    def end(self) -> str:
        """Stop it if it still runs, and wait for it; returns what it had found."""
        if self.process is None or self.process.returncode is not None:
            return ""
        self.process.kill()
        try:
            return self.process.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired:  # stuck in a driver: the system ends it when the driver returns
            return ""


def _parse(line: str) -> Finding | None:
    try:
        finding = Finding(**json.loads(line))
    except (ValueError, TypeError):
        return None
    return finding if finding.state in STATES else None
