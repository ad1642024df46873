"""Frames that a program makes, to where a program wants them: python examples/custom_source_and_sink.py strip.png."""

import sys
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

import streamstyle as st


class Waves(st.Source):
    def __init__(self, frames: int) -> None:
        self.info, self.warnings = st.SourceInfo("waves", 160, 120, frame_rate=Fraction(10), frame_count=frames), []

    def __iter__(self) -> Iterator[st.Frame]:
        y, x = np.mgrid[-60:60, -80:80]
        for index in range(self.info.frame_count or 0):
            level = 127 + 127 * np.sin(np.hypot(x, y)[..., None] / np.array((7, 8, 9)) - index / 2)
            yield st.Frame(level.astype(np.uint8), index, time=Fraction(index, 10))

    def close(self) -> None: ...


class Strip(st.Sink):
    def __init__(self, path: str) -> None:
        self.destination, self.warnings, self.images = path, [], list[st.Image]()

    def write(self, frame: st.Frame) -> None:
        self.images.append(frame.image)

    def close(self) -> None:
        st.save(self.destination or "", np.hstack(self.images), overwrite=True)

    def abort(self) -> None: ...


if __name__ == "__main__":
    painter = st.load()
    painter.run(Waves(frames=6), Strip(sys.argv[1]), painter.look("great-wave"))
