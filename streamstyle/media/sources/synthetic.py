"""A clip that the program draws itself: something to try it with, and to test it with."""

import time
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np

from streamstyle.frame import Frame, Image
from streamstyle.media.sources.base import Source, SourceInfo


class SyntheticSource(Source):
    """Hills, a sun and drifting balls under a moving sky; the same frames for the same arguments."""

    def __init__(
        self, width: int = 640, height: int = 360, frames: int = 120, rate: Fraction = Fraction(24), seed: int = 0
    ) -> None:
        """Prepare the background, which does not move.

        Args:
            width: In pixels.
            height: In pixels.
            frames: How many to yield.
            rate: Frames per second.
            seed: Another number, another landscape.
        """
        self.info = SourceInfo(
            "synthetic",
            width,
            height,
            frame_rate=rate,
            time_base=1 / rate,
            frame_count=frames,
            duration=float(frames / rate),
        )
        self.warnings = []
        self._closed = False
        rng = np.random.default_rng(seed)
        self._clouds = cv2.resize(rng.random((6, 12), dtype=np.float32), (width * 2, height), interpolation=cv2.INTER_CUBIC)
        self._grain = rng.normal(0, 6, (height, width, 1)).astype(np.float32)
        self._hills = [(rng.uniform(0.5, 0.85), rng.uniform(2, 7), rng.uniform(0, 6)) for _ in range(3)]
        self._balls = rng.random((5, 6))

    def __iter__(self) -> Iterator[Frame]:
        """The frames."""
        assert self.info.frame_rate is not None  # set above
        for index in range(self.info.frame_count or 0):
            if self._closed:
                return
            seconds = index / self.info.frame_rate
            yield Frame(self._draw(float(seconds)), index, seconds, 1 / self.info.frame_rate, time.monotonic())
        self._closed = True

    def _draw(self, seconds: float) -> Image:
        height, width = self.info.height, self.info.width
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
        drift = int(seconds * width / 20) % width
        cloud = self._clouds[:, drift : drift + width, None]
        sky = np.array((90, 150, 220), np.float32) + (cloud - 0.3) * 120 - y[:, :, None] * 40
        for layer, (level, frequency, phase) in enumerate(sorted(self._hills)):
            ridge = level + 0.08 * np.sin(x * frequency + phase + seconds * 0.1 * layer)
            shade = np.array((60 + 25 * layer, 110 - 20 * layer, 60), np.float32) + self._grain
            sky = np.where((y > ridge)[:, :, None], shade, sky)
        picture = np.ascontiguousarray(sky.clip(0, 255).astype(np.uint8))
        for fx, fy, radius, *color in self._balls:
            centre = (
                int(width * (0.5 + 0.45 * np.sin(seconds * (0.3 + fx) + 6 * fy))),
                int(height * (0.5 + 0.4 * np.cos(seconds * (0.4 + fy) + 6 * fx))),
            )
            tone = tuple(int(60 + 190 * value) for value in color)
            cv2.circle(picture, centre, max(2, int(height * (0.04 + 0.07 * radius))), tone, -1, cv2.LINE_AA)
        return picture

    def close(self) -> None:
        """Stop at the next frame."""
        self._closed = True
