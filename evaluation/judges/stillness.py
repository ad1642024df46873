"""Does a result stay still when the photo only trembles?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streamstyle.frame import Image

NOISE = 0.02
"""Deviation of the noise, as a share of the range."""
SHIFT = 3
"""Pixels across: no multiple of any stride of a network."""
_MARGIN = 16
"""Pixels along each border that are not compared: what came in from outside is there."""


@dataclass(frozen=True, slots=True)
class Stillness:
    """How much results differ.

    Attributes:
        noise: Mean absolute difference, in levels, between the results of a photo and of the photo with noise.
        shift: The same of a photo and of the photo moved by SHIFT pixels, with the results laid on each other.
    """

    noise: float
    shift: float


def stillness(photo: Image, result: Image, stylize: Callable[[Image], Image]) -> Stillness:
    """Ask for the results of two photos that are nearly the same.

    Args:
        photo: (H, W, 3) uint8 RGB, at least 64 x 64.
        result: Of the photo.
        stylize: Gives the result of any photo of this size.
    """
    noise = np.random.default_rng(0).normal(0, NOISE * 255, photo.shape)
    noisy = np.rint((photo + noise).clip(0, 255)).astype(np.uint8)
    moved = np.pad(photo[:, SHIFT:], ((0, 0), (0, SHIFT), (0, 0)), mode="edge")
    inside = slice(_MARGIN, -_MARGIN)
    back = np.roll(stylize(moved), SHIFT, axis=1)
    return Stillness(_difference(stylize(noisy), result), _difference(back[inside, inside], result[inside, inside]))


def _difference(first: Image, second: Image) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())
