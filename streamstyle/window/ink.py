"""What is laid over a picture: shades, rounded panels and text, as layers that are made once and used for many frames."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image
from streamstyle.window import text as glyphs

Color = tuple[int, int, int]

WHITE: Color = (252, 252, 250)
MUTED: Color = (205, 206, 210)
DIM: Color = (168, 170, 176)
RED: Color = (255, 66, 54)
AMBER: Color = (255, 190, 70)
SHADE: Color = (10, 11, 14)
# How dark: over a white picture muted text on a bar, and dim text on a panel, still have a contrast of 4.5 to 1.
BAR, PILL, PANEL = 0.72, 0.74, 0.84
SMALLEST_TEXT = 9
"""The smallest height of text, in pixels."""


@dataclass(frozen=True, slots=True)
class Room:
    """The picture's size, and the text's that goes with it, in pixels."""

    height: int
    width: int
    text: int

    @property
    def margin(self) -> int:
        """What is kept free at the sides."""
        return round(0.9 * self.text)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text."""

    text: str
    color: Color = MUTED
    bold: bool = False
    keep: int = 0
    """Where there is no room for all, the pieces with the least of this go first."""

    def width(self, size: int) -> int:
        """Columns that it takes."""
        return glyphs.width(self.text, size, bold=self.bold)


class Layer:
    """A rectangle over the picture: `picture * stays + added`."""

    def __init__(self, y: int, x: int, height: int, width: int) -> None:
        """A clear layer.

        Args:
            y: Row of its upper edge in the picture.
            x: Column of its left edge.
            height: In pixels.
            width: In pixels.
        """
        self.y, self.x = y, x
        self._stays = np.full((height, width, 3), 255, np.uint8)
        self._added = np.zeros((height, width, 3), np.uint8)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self._stays.shape[0], self._stays.shape[1]

    def stamp(self, ink: NDArray[np.uint8], y: int, x: int, color: Color, opacity: float = 1.0) -> None:
        """Print ink, (h, w) uint8, in a color; what lies outside the layer is cut off."""
        height, width = self.shape
        top, left = max(0, y), max(0, x)
        ink = ink[top - y : max(top - y, height - y), left - x : max(left - x, width - x)]
        if not ink.size:
            return
        here = slice(top, top + ink.shape[0]), slice(left, left + ink.shape[1])
        stays, added = self._stays[here], self._added[here]
        clear = cv2.cvtColor(255 - cv2.convertScaleAbs(ink, alpha=opacity), cv2.COLOR_GRAY2RGB)
        printed = cv2.merge([cv2.convertScaleAbs(ink, alpha=opacity * channel / 255) for channel in color])
        cv2.multiply(stays, clear, dst=stays, scale=1 / 255)
        cv2.multiply(added, clear, dst=added, scale=1 / 255)
        cv2.add(added, printed, dst=added)

    def shade(self, covers: NDArray[np.float64]) -> None:
        """Darken a clear layer row by row, by a share from 0 to 1 each."""
        height, width = self.shape
        self._stays.reshape(height, 3 * width)[:] = np.rint(255 * (1 - covers))[:, None]
        added = np.rint(covers[:, None] * np.array(SHADE)).astype(np.uint8)
        self._added = np.tile(added, (1, width)).reshape(height, width, 3)

    def write(self, text: Text, size: int, middle: int, x: int) -> None:
        """Print text whose capitals are centered on a row."""
        ink = glyphs.mask(text.text, size, bold=text.bold)
        self.stamp(ink, middle + round(0.35 * size) - glyphs.ascent(size), x - 1, text.color)

    def lay_over(self, canvas: Image) -> None:
        """Draw it, in place."""
        height, width = self.shape
        spot = canvas[self.y : self.y + height, self.x : self.x + width]
        cv2.multiply(spot, self._stays, dst=spot, scale=1 / 255)
        cv2.add(spot, self._added, dst=spot)


@lru_cache(maxsize=8)
def rounded(height: int, width: int, radius: int) -> NDArray[np.uint8]:
    """Ink of a rectangle with round corners, anti-aliased.

    Returns:
        (height, width) uint8, read-only.
    """
    radius = min(radius, height // 2, width // 2)
    # The distance of each pixel's center from the rectangle that the corners' centers span.
    rows = np.maximum(0, np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius))
    columns = np.maximum(0, np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius))
    distance = np.hypot(rows[:, None], columns[None, :])
    ink: NDArray[np.uint8] = np.rint(255 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint8)
    ink.flags.writeable = False
    return ink
