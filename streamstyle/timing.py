"""Where the time goes: per-stage sums and frames per second."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageTimes:
    """Sums of seconds per named stage.

    Each stage is measured on one thread only, so that no lock is needed; stages of different threads overlap, and their
    sum may well exceed the wall time.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage; a block that raises is not counted."""
        started = time.perf_counter()
        yield
        self._seconds[stage] = self._seconds.get(stage, 0.0) + time.perf_counter() - started
        self._counts[stage] = self._counts.get(stage, 0) + 1

    def milliseconds(self) -> dict[str, float]:
        """Stage -> mean milliseconds per call, rounded to 0.01."""
        return {stage: round(1000 * s / self._counts[stage], 2) for stage, s in self._seconds.items()}
