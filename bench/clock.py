"""Times of several things in turns, so that what disturbs the machine disturbs all of them alike."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

LEAST_ROUNDS = 3


class Clock(Protocol):
    """A source of times."""

    def wall(self) -> float:
        """Seconds that pass for everybody."""
        ...

    def processor(self) -> float:
        """Seconds that cores have worked for this process and its finished children, all cores together."""
        ...


class SystemClock:
    """The machine's own."""

    def wall(self) -> float:
        """See Clock."""
        return time.perf_counter()

    def processor(self) -> float:
        """See Clock; children count on POSIX systems only."""
        if sys.platform == "win32":
            return time.process_time()
        import resource  # noqa: PLC0415 - there is none on Windows

        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime


@dataclass(slots=True)
class Timing:
    """What one thing took, round by round.

    Attributes:
        wall: Seconds on the clock.
        processor: Seconds of all cores.
    """

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds on the clock."""
        return statistics.median(self.wall)

    @property
    def least(self) -> float:
        """Seconds on the clock: what other programs have disturbed least."""
        return min(self.wall)

    @property
    def work(self) -> float:
        """Median of the processor's seconds: what to compare on a machine that others use, too."""
        return statistics.median(self.processor)


def interleaved(
    actions: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    budget: float = float("inf"),
    warm: int = 1,
    clock: Clock | None = None,
) -> dict[str, Timing]:
    """Time actions in turns.

    Each round runs every action once; the rounds begin with another action each, so that none always follows the same one.

    Args:
        actions: Name -> what to time.
        rounds: How many at most.
        budget: Seconds after which no new round begins; LEAST_ROUNDS are run in any case, or `rounds` if that is less.
        warm: Rounds before, which do not count.
        clock: The system's by default.

    Returns:
        Name -> its times; the order is that of `actions`.
    """
    clock = clock or SystemClock()
    timings = {name: Timing() for name in actions}
    names = list(actions)
    for _ in range(warm):
        for name in names:
            actions[name]()
    begun = clock.wall()
    for done in range(rounds):
        if done >= LEAST_ROUNDS and clock.wall() - begun >= budget:
            break
        first = done % max(1, len(names))
        for name in names[first:] + names[:first]:
            wall, processor = clock.wall(), clock.processor()
            actions[name]()
            timings[name].processor.append(clock.processor() - processor)
            timings[name].wall.append(clock.wall() - wall)
    return timings
