"""Sizes of pictures."""

from typing import overload

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image, Picture, Planes, rgb_of

_ROWS = 256


def resize_short_side(image: Image, short_side: int) -> Image:
    """Scale a picture so that its short side has so many pixels, keeping its shape; (H, W, 3) uint8 in and out."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


@overload
def within(picture: Image, short_side: int | None) -> Image: ...


@overload
def within(picture: Picture, short_side: int | None) -> Picture: ...


def within(picture: Picture, short_side: int | None) -> Picture:
    """The picture itself, or smaller where its short side is longer than wanted; None: as long as it likes."""
    if short_side is None or short_side >= min(picture.shape[:2]):
        return picture
    scale = short_side / min(picture.shape[:2])
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    if isinstance(picture, Planes):
        return picture.each(lambda plane: _smaller(plane, width, height))
    return _smaller(picture, width, height)


def _smaller(image: Image, width: int, height: int) -> Image:
    """A picture or a plane at a size, for every frame of a stream, hence in a third of the time that means of areas take.

    Whole doublings are areas of four pixels, which are fast; for the rest a small blur has the variance of an area.
    """
    while min(image.shape[0] / height, image.shape[1] / width) >= 2 and not any(side % 2 for side in image.shape[:2]):
        image = resize(image, image.shape[1] // 2, image.shape[0] // 2)
    times = max(image.shape[0] / height, image.shape[1] / width)
    if times >= 2:
        return resize(image, width, height)
    beside = max(0.0, (times**2 - 1) / 24)  # colors, which have fewer pixels, may become larger
    blurred = cv2.sepFilter2D(image, -1, *(np.array([beside, 1 - 2 * beside, beside], np.float32),) * 2)
    return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def resize(image: Image, width: int, height: int) -> Image:
    """Scale a picture to a size: areas are averaged on the way down, cubic interpolation on the way up."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=method).astype(np.uint8, copy=False)


def letterboxed(picture: Picture, width: int, height: int) -> Picture:
    """Scale a picture into a size, keeping its shape, with black bars.

    Args:
        picture: (H, W, 3) uint8 RGB, or planes.
        width: In pixels.
        height: In pixels.

    Returns:
        (height, width, 3) uint8 RGB; the picture itself where it has that size.
    """
    if picture.shape[:2] == (height, width):
        return picture
    image = rgb_of(picture)
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    scaled = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = scaled
    return canvas


def over_white(color: Image, alpha: NDArray[np.uint8]) -> Image:
    """Lay a transparent picture over white.

    Args:
        color: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Returns:
        (H, W, 3) uint8, exact to the level.
    """
    result = np.empty_like(color)
    for top in range(0, color.shape[0], _ROWS):
        rows = slice(top, top + _ROWS)
        opaque = alpha[rows, :, None].astype(np.uint16)
        result[rows] = (color[rows] * opaque + (255 - opaque) * np.uint16(255) + 127) // 255
    return result
