"""The one thing that travels through the program."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB, rows from the top, C-contiguous."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An image and its place in time.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        index: 0, 1, 2, ... in the order in which the source gave the frames.
        time: Exact presentation time in seconds on the source's own clock. A file's time stamps may start anywhere.
        duration: Exact seconds until the next frame as the source states it, or None where it does not say.
        captured_at: `time.monotonic()` when the frame reached this program, in seconds.
        alpha: Of a photo: (H, W) uint8, 0 where it is transparent; None where all is opaque. Its painting keeps it.
    """

    image: Image
    index: int
    time: Fraction
    duration: Fraction | None = None
    captured_at: float = 0.0
    alpha: NDArray[np.uint8] | None = None

    def with_image(self, image: Image) -> "Frame":
        """The same moment with another picture."""
        return replace(self, image=image)
