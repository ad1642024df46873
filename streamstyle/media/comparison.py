"""An original and its painting in one picture: side by side, or with a line between them."""

import math
from typing import Literal

import numpy as np

from streamstyle.frame import Image
from streamstyle.media.resize import resize

Comparison = Literal["side", "line"]
COMPARISONS: tuple[Comparison, ...] = ("side", "line")

_WHITE = (252, 252, 250)
_ROUND_SECONDS = 6.0
"""Time that the line takes to go there and back."""
_REACH = 0.42
"""How far the line goes from the middle, as a share of the width."""


def size_of(comparison: Comparison | None, width: int, height: int) -> tuple[int, int]:
    """Width and height of a comparison of two pictures of a size."""
    return (2 * width, height) if comparison == "side" else (width, height)


def compared(comparison: Comparison, original: Image, painted: Image, seconds: float | None) -> Image:
    """Both in one picture.

    Args:
        comparison: How.
        original: (H, W, 3) uint8 RGB.
        painted: (H, W, 3) uint8 RGB.
        seconds: On the stream's clock, by which the line moves; None for photos, where it stands in the middle.

    Returns:
        (H, W', 3) uint8 RGB.
    """
    if comparison == "side":
        return side_by_side(original, painted)
    share = 0.5 if seconds is None else 0.5 - _REACH * math.cos(2 * math.pi * seconds / _ROUND_SECONDS)
    width = painted.shape[1]
    place = min(max(round(share * width), 0), width)
    both = np.concatenate([original[:, :place], painted[:, place:]], axis=1)
    _draw_line(both, place)
    return both


def side_by_side(original: Image, painted: Image) -> Image:
    """Two pictures side by side, at the height of the second, a thin line between them.

    Args:
        original: (h, w, 3) uint8 RGB.
        painted: (H, W, 3) uint8 RGB.

    Returns:
        (H, W', 3) uint8 RGB: the original scaled to height H in its own shape, then the painted picture.
    """
    height = painted.shape[0]
    across = max(1, round(original.shape[1] * height / original.shape[0]))
    both = np.concatenate([resize(original, across, height), painted], axis=1)
    _draw_line(both, across)
    return both


def _draw_line(both: Image, place: int) -> None:
    half = max(1, round(both.shape[0] / 540))
    both[:, max(0, place - half) : place + half] = _WHITE
