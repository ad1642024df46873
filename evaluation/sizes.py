"""Photos and paintings in the sizes in which they are evaluated; needs no torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamstyle.frame import Image
from streamstyle.media.resize import resize, resize_short_side
from streamstyle.styles.code import STYLE_SIZE


@dataclass(frozen=True, slots=True)
class Painting:
    """A style by its picture.

    Attributes:
        key: The file's name: no other painting has it.
        image: (H, W, 3) uint8 RGB, short side STYLE_SIZE: what systems encode and results are compared with.
    """

    key: str
    image: Image

    @property
    def name(self) -> str:
        """What to call it: the file's name without its ending."""
        return Path(self.key).stem


def as_painting(key: str, image: Image) -> Painting:
    """A painting as it is encoded: its middle, at most twice as long as wide, at STYLE_SIZE."""
    height, width = image.shape[:2]
    longest = 2 * min(height, width)
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    middle = image[top : top + longest, left : left + longest]
    return Painting(key, np.ascontiguousarray(resize_short_side(middle, STYLE_SIZE)))


def crop_to(image: Image, width: int, height: int) -> Image:
    """Scale a picture and crop it at the center; (height, width, 3)."""
    scale = max(width / image.shape[1], height / image.shape[0])
    scaled = resize(image, max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale)))
    top, left = (scaled.shape[0] - height) // 2, (scaled.shape[1] - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])
