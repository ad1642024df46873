"""Frames that tell which one they are, also after JPEG, H.264 and a painting: black and white tiles count in binary."""

import numpy as np

from streamstyle.frame import Image

_COLUMNS, _ROWS = 4, 3
BITS = _COLUMNS * _ROWS - 2
"""The first tile is always black, the second always white; the others are the number."""


def clock_face(index: int, width: int, height: int) -> Image:
    """The number as tiles, (height, width, 3)."""
    tiles = [0, 1, *(index >> bit & 1 for bit in range(BITS))]
    grid = np.array(tiles, np.uint8).reshape(_ROWS, _COLUMNS) * 255
    rows = np.arange(height) * _ROWS // height
    columns = np.arange(width) * _COLUMNS // width
    return np.repeat(grid[rows[:, None], columns[None, :], None], 3, axis=2)


def read_clock(image: Image) -> int:
    """The number on the face."""
    height, width = image.shape[0] // _ROWS, image.shape[1] // _COLUMNS
    gray = image.astype(np.float64).mean(2)
    levels = [
        gray[height * row + height // 4 : height * (row + 1) - height // 4, width * column + width // 4 :][
            :, : width // 2
        ].mean()
        for row in range(_ROWS)
        for column in range(_COLUMNS)
    ]
    middle = (levels[0] + levels[1]) / 2
    return sum(1 << bit for bit, level in enumerate(levels[2:]) if (level > middle) == (levels[1] > levels[0]))
