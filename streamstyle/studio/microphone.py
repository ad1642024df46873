"""A browser's microphone: what it hears, on the clock of the frames that are recorded."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Frame
from streamstyle.media.sources.sound import RATE, Samples, SoundFrom

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
_MOST_SECONDS = 20
_DRIFT_SECONDS = 0.1
"""As long as messages are off by less, samples follow one another without a gap: only the times of messages waver."""


class Microphone:
    """Takes samples as they come; a recording takes them from here. Each method may be called on another thread.

    Attributes:
        is_on: Whether a page gives sound.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._heard: deque[tuple[float, Samples]] = deque()  # its methods are atomic
        self._resampler: av.AudioResampler | None = None
        self._rate = RATE
        self._next = 0.0

    def begin(self, rate: int) -> None:
        """Be on, with so many samples a second."""
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        self._rate, self._next, self.is_on = rate, 0.0, True

    def end(self) -> None:
        """Begin switched off."""
        self.is_on = False

    def hear(self, samples: NDArray[np.int16], moment: float) -> None:
        """Take some samples in.

        Args:
            samples: (n,) int16.
            moment: `time.monotonic()` of the first.
        """
        if self._resampler is None or not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = self._rate
        if abs(moment - self._next) > _DRIFT_SECONDS:
            self._next = moment
        for resampled in self._resampler.resample(frame):
            self._heard.append((self._next, np.asarray(resampled.to_ndarray(), np.float32)))
            self._next += resampled.samples / RATE
        with suppress(IndexError):  # a recording takes them at the same time
            while self._next - self._heard[0][0] > _MOST_SECONDS:
                self._heard.popleft()

    def on_clock_of(self, newest: Callable[[], Frame | None]) -> SoundFrom:
        """What it hears from a moment on, on the clock of the frames of a run.

        Args:
            newest: The newest of them.
        """

        def sound_from(start: Fraction) -> "_Heard":
            frame = newest()
            ahead = float(start) if frame is None else float(frame.time)
            return _Heard(self._heard, 0.0 if frame is None else ahead - frame.captured_at)

        return sound_from


class _Heard:
    """As streamstyle.media.sources.sound.Sound."""

    def __init__(self, heard: deque[tuple[float, Samples]], ahead: float) -> None:
        self._heard, self._ahead = heard, ahead

    def until(self, end: Fraction) -> Iterator[tuple[Fraction, Samples]]:
        """Pieces that begin before a moment."""
        with suppress(IndexError):  # those that are too old are thrown away at the same time
            while Fraction(self._heard[0][0] + self._ahead) < end:
                moment, samples = self._heard.popleft()
                yield Fraction(moment + self._ahead), samples

    def close(self) -> None:
        """Nothing is open."""
