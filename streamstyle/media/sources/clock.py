"""Exact, ever-increasing times for the frames of a video stream."""

from collections import deque
from fractions import Fraction

import av
from av.video.stream import VideoStream

from streamstyle.media.sources.skipping import LONGEST_GAP, must_be_skipped

_JUMP_SECONDS = 1
_NOMINAL_STEPS = Fraction(3, 2)
# As many may be out of order in H.264 and HEVC.
_REORDERED_FRAMES = 16


class Clock:
    """Turns the time stamps of one stream into times that always increase.

    Time stamps are taken as they are, as exact fractions. Where a frame has none, it follows the one before by the nominal
    frame duration. One that does not increase is moved one tick behind the one before; a jump back by more than a frame
    and a half, to where the clock was before (joined recordings), shifts all that follow, and so does a long jump ahead in
    a container whose clock may jump. Stamps that are only out of order lie between those before.

    Attributes:
        first: Time of the first frame, or None before it.
        last: Time of the latest frame, or None before the first.
        skipped: Seconds of jumps ahead that were left out.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._tick = stream.time_base or Fraction(1, 90_000)
        rate = stream.average_rate or stream.guessed_rate
        self._nominal = 1 / Fraction(rate) if rate else Fraction(1, 25)
        self._beginning = None if stream.start_time is None else stream.start_time * self._tick
        self._shift = self.skipped = Fraction(0)
        self._longest_gap = LONGEST_GAP if must_be_skipped(stream.container) else None  # type: ignore[arg-type]  # that is read
        self._lasts = Fraction(0)
        self._recent: deque[Fraction] = deque(maxlen=_REORDERED_FRAMES)
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
        stamped = None if frame.pts is None else frame.pts * base + self._shift
        if self.last is None:
            moment = stamped if stamped is not None else (self._beginning or Fraction(0))
            self.first = moment
        elif stamped is None:
            moment = self.last + self._whole_ticks(self._nominal)
        elif stamped > self.last and (self._longest_gap is None or stamped - self.last <= self._longest_gap):
            moment = stamped
        elif stamped > self.last or (self.last - stamped > _NOMINAL_STEPS * self._nominal and self._was_there(stamped)):
            moment = self.last + self._whole_ticks(self._nominal)
            self.skipped += max(stamped - moment, Fraction(0))
            self._shift += moment - stamped
            self._recent.clear()
            stamped = moment
        else:
            moment = self.last + self._tick
        self.last, self._lasts = moment, self.duration_of(frame)
        if stamped is not None:
            self._recent.append(stamped)
        return moment

    def _was_there(self, moment: Fraction) -> bool:
        return moment <= min(self._recent, default=moment) or moment in self._recent

    def duration_of(self, frame: av.VideoFrame) -> Fraction:
        """How long the frame is shown: as it says, else the nominal frame duration."""
        base = frame.time_base or self._tick
        return frame.duration * base if frame.duration else self._whole_ticks(self._nominal)

    def _whole_ticks(self, seconds: Fraction) -> Fraction:
        return max(1, round(seconds / self._tick)) * self._tick
