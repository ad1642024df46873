"""Exact, ever-increasing times for the frames of a video stream."""

from fractions import Fraction

import av
from av.video.stream import VideoStream

_JUMP_SECONDS = 1
_NOMINAL_STEPS = Fraction(3, 2)


class Clock:
    """Turns the time stamps of one stream into times that always increase.

    Time stamps are taken as they are, as exact fractions. Where a frame has none, it follows the one before by the nominal
    frame duration. One that does not increase is moved one tick behind the one before; a jump back by more than a frame
    and a half (joined recordings) shifts all that follow. Where the stamps were only out of order, and soon lie beyond all
    that was given out, they are taken as they are again.

    Attributes:
        first: Time of the first frame, or None before it.
        last: Time of the latest frame, or None before the first.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._tick = stream.time_base or Fraction(1, 90_000)
        rate = stream.average_rate or stream.guessed_rate
        self._nominal = 1 / Fraction(rate) if rate else Fraction(1, 25)
        self._beginning = None if stream.start_time is None else stream.start_time * self._tick
        self._shift = Fraction(0)
        self._lasts = Fraction(0)
        self.first: Fraction | None = None
        self.last: Fraction | None = None

    @property
    def elapsed(self) -> Fraction:
        """Seconds from the beginning of the first frame to the end of the latest."""
        return Fraction(0) if self.last is None or self.first is None else self.last + self._lasts - self.first

    @property
    def started_at_beginning(self) -> bool:
        """Whether the first frame was the stream's first (no seek before it)."""
        return self.first is not None and (self._beginning is None or self.first - self._beginning < _JUMP_SECONDS)

    def time_of(self, frame: av.VideoFrame) -> Fraction:
        """The time of the next frame, in seconds."""
        base = frame.time_base or self._tick
        unshifted = None if frame.pts is None else frame.pts * base
        if unshifted is not None and self.last is not None and 0 < self._shift < _JUMP_SECONDS and unshifted > self.last:
            self._shift = Fraction(0)
        stamped = None if unshifted is None else unshifted + self._shift
        if self.last is None:
            moment = stamped if stamped is not None else (self._beginning or Fraction(0))
            self.first = moment
        elif stamped is None:
            moment = self.last + self._whole_ticks(self._nominal)
        elif stamped > self.last:
            moment = stamped
        elif self.last - stamped > _NOMINAL_STEPS * self._nominal:
            moment = self.last + self._whole_ticks(self._nominal)
            self._shift += moment - stamped
        else:
            moment = self.last + self._tick
        self.last, self._lasts = moment, self.duration_of(frame)
        return moment

    def duration_of(self, frame: av.VideoFrame) -> Fraction:
        """How long the frame is shown: as it says, else the nominal frame duration."""
        base = frame.time_base or self._tick
        return frame.duration * base if frame.duration else self._whole_ticks(self._nominal)

    def _whole_ticks(self, seconds: Fraction) -> Fraction:
        return max(1, round(seconds / self._tick)) * self._tick
