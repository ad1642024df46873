"""What sources that come at their own pace share: whether they are there, and waiting that ends at once when closed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from streamstyle.errors import SourceError
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.sound import SoundFrom

TICK = Fraction(1, 1_000_000)
"""Unit of the times of frames that carry none of their own."""

_SLICE_SECONDS = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 2.0


@dataclass(frozen=True, slots=True)
class LiveState:
    """Whether pictures come.

    Attributes:
        name: "lost" while the camera is unplugged or the connection broken; the source tries to get it back by itself.
        since: `time.monotonic()` of the change, in seconds.
        reason: Why it is lost, in words for the user; empty while live.
    """

    name: Literal["live", "lost"]
    since: float
    reason: str = ""


class LiveSource(Source):
    """A source whose frames cannot wait.

    Attributes:
        state: Replaced whole, so that another thread may read it at any time. While it says "lost", iterating yields
            nothing and goes on trying.
    """

    state: LiveState

    def pause(self, on: bool) -> bool:
        """Stop the time, or go on; for any thread. Returns whether it is stopped now: cameras cannot be."""
        return False

    @property
    def sound(self) -> SoundFrom | None:
        """Gives what sounds with the frames; None where nothing does."""
        return None


class Clock(Protocol):
    """The time and the waiting for it; tests bring their own."""

    def now(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class WallClock:
    """The machine's own."""

    def now(self) -> float:
        """`time.monotonic()`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """`time.sleep()`."""
        time.sleep(seconds)


class OuterSource(LiveSource):
    """A live source that plays another one, and may open it again."""

    def __init__(self, open_inner: Callable[[], Source], clock: Clock | None) -> None:
        """Open the inner source.

        Args:
            open_inner: Opens it.
            clock: The machine's own, unless it is a test.

        Raises:
            SourceError: It cannot be opened.
        """
        self._open_inner = open_inner
        self._clock: Clock = clock or WallClock()
        self._closed = self._begun = False
        self._inner = open_inner()
        self.warnings = []
        self.state = LiveState("live", self._clock.now())

    def close(self) -> None:
        """Stop within a twentieth of a second, or when the inner source gives its next frame or up."""
        self._closed = True
        self._inner.close()

    def _is_closed(self) -> bool:
        return self._closed

    def _open_again(self, reason: str) -> bool:
        """What was read is lost: try until it opens; False when closed meanwhile.

        Args:
            reason: Why it is lost, in words for the user.
        """
        self._inner.close()
        since = self.state.since if self.state.name == "lost" else self._clock.now()
        self.state = LiveState("lost", since, reason)
        for pause in pauses():
            if not sleep_until(self._clock.now() + pause, self._clock, self._is_closed):
                break
            try:
                self._inner = self._open_inner()
            except SourceError as error:
                self.state = LiveState("lost", since, str(error))
                continue
            return True
        return False

    def _is_back(self) -> None:
        """A frame has come."""
        if self.state.name == "lost":
            self.state = LiveState("live", self._clock.now())


def sleep_until(moment: float, clock: Clock, stopped: Callable[[], bool]) -> bool:
    """Wait in short slices; False as soon as `stopped()`."""
    while not stopped():
        left = moment - clock.now()
        if left <= 0:
            return True
        clock.sleep(min(left, _SLICE_SECONDS))
    return False


def pauses() -> Iterator[float]:
    """Seconds between two attempts: a quarter of a second, doubled up to two, without end."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


class GrowingTime:
    """Times of frames that carry none: microseconds since the first one, always more than before."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._ticks = -1

    def at(self, moment: float) -> Fraction:
        """The time of a frame that was captured at `moment`, in seconds."""
        self._first = moment if self._first is None else self._first
        self._ticks = max(self._ticks + 1, round((moment - self._first) / TICK))
        return self._ticks * TICK


def exact_rate(rate: float) -> Fraction | None:
    """29.97002997 is 30000/1001; None where a device says nothing sensible."""
    if not 0 < rate <= 1000:
        return None
    return Fraction(rate).limit_denominator(1001)


class LostError(SourceError):
    """What was there is gone; it may come back."""
