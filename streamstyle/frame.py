"""The one thing that travels through the program."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB, rows from the top, C-contiguous."""


class Planes:
    """A picture as videos keep it, in 8 bits: light by itself, and colors, in fewer pixels. Not to be written to.

    To make RGB of a large picture costs as much as to decode it, so that is done when somebody asks, once.

    Attributes:
        light: (H, W) uint8.
        colors: How blue and how red it is, (h, w) uint8 each: H and W, or the half of either.
        to_rgb: (3, 4) float64: what cv2.transform takes to make RGB of the three.
    """

    def __init__(self, light: Image, blue: Image, red: Image, to_rgb: NDArray[np.float64]) -> None:
        """Nothing is copied."""
        self.light, self.colors, self.to_rgb = light, (blue, red), to_rgb
        self._rgb: Image | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """That of the picture in RGB."""
        height, width = self.light.shape
        return height, width, 3

    @property
    def rgb(self) -> Image:
        """(H, W, 3) uint8 RGB."""
        if self._rgb is None:
            self._rgb = _merged(self)
        return self._rgb

    def each(self, change: Callable[[Image], Image]) -> "Planes":
        """Another picture: the same done to each plane."""
        blue, red = self.colors
        return Planes(change(self.light), change(blue), change(red), self.to_rgb)


def _merged(planes: Planes) -> Image:
    height, width = planes.light.shape
    grown = []
    for color in planes.colors:
        across, down = (2 if half < whole else 1 for half, whole in zip(color.shape[::-1], (width, height), strict=True))
        # An odd side's last pixel has a whole pixel of color.
        grown.append(cv2.resize(color, None, fx=across, fy=down, interpolation=cv2.INTER_LINEAR)[:height, :width])
    return cv2.transform(cv2.merge([planes.light, *grown]), planes.to_rgb).astype(np.uint8, copy=False)


Picture: TypeAlias = Image | Planes


def rgb_of(picture: Picture) -> Image:
    """(H, W, 3) uint8 RGB."""
    return picture.rgb if isinstance(picture, Planes) else picture


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and its place in time.

    Attributes:
        picture: (H, W, 3) uint8 RGB, or the planes of which that can be made; `image` is RGB in any case.
        index: 0, 1, 2, ... in the order in which the source gave the frames.
        time: Exact presentation time in seconds on the source's own clock. A file's time stamps may start anywhere.
        duration: Exact seconds until the next frame as the source states it, or None where it does not say.
        captured_at: `time.monotonic()` when the frame reached this program, in seconds.
        alpha: Of a photo: (H, W) uint8, 0 where it is transparent; None where all is opaque. Its painting keeps it.
    """

    picture: Picture
    index: int
    time: Fraction
    duration: Fraction | None = None
    captured_at: float = 0.0
    alpha: NDArray[np.uint8] | None = None

    @property
    def image(self) -> Image:
        """The picture as (H, W, 3) uint8 RGB."""
        return rgb_of(self.picture)

    def with_image(self, picture: Picture) -> "Frame":
        """The same moment with another picture."""
        return replace(self, picture=picture)
