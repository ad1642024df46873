"""Fewer frames of a source than it has."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from streamstyle.frame import Frame
from streamstyle.media.sources.base import Source


class ThinnedSource(Source):
    """Another source at a lower rate: of each step of time the first frame, with its own time."""

    def __init__(self, inner: Source, rate: int) -> None:
        """Wrap a source, which is closed with this one.

        Args:
            inner: Open, not yet read.
            rate: Frames per second that are yielded at most.
        """
        self._inner, self._step = inner, Fraction(1, rate)
        info = inner.info
        self.warnings = inner.warnings
        if info.frame_rate is not None and info.frame_rate > rate:
            count = info.frame_count and max(1, round(info.frame_count * rate / info.frame_rate))
            self.info = replace(info, frame_rate=Fraction(rate), frame_count=count)
        else:
            self.info = info

    def __iter__(self) -> Iterator[Frame]:
        """Those frames; each lasts to the end of its step, or longer as it does by itself."""
        begin: Fraction | None = None
        step, index = -1, 0
        for frame in self._inner:
            begin = frame.time if begin is None else begin
            now = int((frame.time - begin) / self._step)
            if now > step:
                lasts = None if frame.duration is None else max(frame.duration, self._step)
                yield replace(frame, index=index, duration=lasts)
                step, index = now, index + 1

    def close(self) -> None:
        """Close the other one."""
        self._inner.close()
