"""Where the time goes: per-stage sums, recent durations and rates."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

_SHARE_OF_NEWEST = 0.1


class StageTimes:
    """Seconds per named stage: sums, and what they take lately.

    Each stage is measured on one thread only, so that no lock is needed; stages of different threads overlap, and their
    sum may well exceed the wall time. Any thread may ask, while stages appear.
    """

    def __init__(self) -> None:
        self._lately: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage; a block that raises is not counted."""
        started = time.perf_counter()
        yield
        spent = time.perf_counter() - started
        before = self._lately.get(stage, spent)
        self._lately[stage] = before + _SHARE_OF_NEWEST * (spent - before)
        # The count first: who asks in between finds one for every sum.
        self._counts[stage] = self._counts.get(stage, 0) + 1
        self._seconds[stage] = self._seconds.get(stage, 0.0) + spent

    def lane(self, name: str) -> AbstractContextManager[None]:
        """A block that is all the work of one thread; here for those who count by thread (`python -m bench pipeline`)."""
        return nullcontext()

    def milliseconds(self) -> dict[str, float]:
        """Stage -> mean milliseconds per call, rounded to 0.01."""
        return {stage: round(1000 * s / self._counts[stage], 2) for stage, s in list(self._seconds.items())}

    def lately(self) -> dict[str, float]:
        """Stage -> milliseconds per call, the last ten or so counting most."""
        return {stage: 1000 * seconds for stage, seconds in list(self._lately.items())}


class Recent:
    """The last durations of something, with percentiles; written on one thread, read on any."""

    def __init__(self, length: int = 600) -> None:
        self._values: deque[float] = deque(maxlen=length)

    def add(self, seconds: float) -> None:
        """Take one in."""
        self._values.append(seconds)

    def milliseconds(self, percent: float) -> float | None:
        """The value below which so many percent lie (nearest rank), in milliseconds; None before the first."""
        ordered = sorted(self._values)
        if not ordered:
            return None
        return round(1000 * ordered[min(len(ordered) - 1, int(percent / 100 * len(ordered)))], 1)


class Rate:
    """Events per second over the last seconds; counted on one thread, read on any."""

    def __init__(self, window_seconds: float = 2.0) -> None:
        self._window = window_seconds
        self._moments: deque[float] = deque()

    def count(self, now: float) -> None:
        """One event at this moment."""
        self._moments.append(now)
        while now - self._moments[0] > self._window:
            self._moments.popleft()

    def per_second(self, now: float) -> float:
        """Over the window, or since the first event where that is shorter; 0 when nothing happened."""
        moments = [moment for moment in list(self._moments) if now - moment <= self._window]
        if len(moments) < 2:
            return 0.0
        return (len(moments) - 1) / max(1e-6, now - moments[0])
