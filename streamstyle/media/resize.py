"""Sizes of pictures; and from the processing size back to the frame's own, with the content's edges.

A picture stylized at a smaller size is soft when it is enlarged. What the content itself lost on the way down, the fine
part of its luminance, is known exactly. It is added where and as far as the stylized picture follows the content there:
outlines come back, while noise, small texture, and edges that were painted over stay away, so that strokes stay strokes.
"""

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from streamstyle.frame import Image

_WINDOW = (3, 3)
"""Pixels across and down, at half the stylized picture's size, in which it is compared with the content."""
_FLAT = 30.0
"""Variance of the content's luminance in a window below which it is noise rather than an edge; in levels squared."""
_NOISE = 8
"""Levels of contrast that are left to the noise of a camera, so that a still picture does not tremble."""
_LARGER, _MUCH_LARGER, _FAR_LARGER = 3.0, 4.0, 6.0
"""Times its size from which a picture is enlarged by cubic interpolation, is doubled as it is sharpened, and so once more.
1080p at 300 is not doubled, which takes half the time."""
_SHARPER = 0.5
_AROUND = np.ones((3, 3), np.uint8)
"""What is around a pixel of the stylized picture."""
_ROWS = 256


def resize_short_side(image: Image, short_side: int) -> Image:
    """Scale a picture so that its short side has so many pixels, keeping its shape; (H, W, 3) uint8 in and out."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def within(image: Image, short_side: int | None) -> Image:
    """The picture itself, or smaller where its short side is longer than wanted; None: as long as it likes.

    For every frame of a stream, hence in a third of the time that means of areas take: whole doublings are areas of four
    pixels, which are fast; for the rest a small blur has the variance of an area.
    """
    if short_side is None or short_side >= min(image.shape[:2]):
        return image
    scale = short_side / min(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    while min(image.shape[0] / height, image.shape[1] / width) >= 2 and not any(side % 2 for side in image.shape[:2]):
        image = resize(image, image.shape[1] // 2, image.shape[0] // 2)
    times = max(image.shape[0] / height, image.shape[1] / width)
    if times >= 2:
        return resize(image, width, height)
    beside = (times**2 - 1) / 24
    blurred = cv2.sepFilter2D(image, -1, *(np.array([beside, 1 - 2 * beside, beside], np.float32),) * 2)
    return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def resize(image: Image, width: int, height: int) -> Image:
    """Scale a picture to a size: areas are averaged on the way down, cubic interpolation on the way up."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=method).astype(np.uint8, copy=False)


def letterboxed(image: Image, width: int, height: int) -> Image:
    """Scale a picture into a size, keeping its shape, with black bars.

    Args:
        image: (H, W, 3) uint8 RGB.
        width: In pixels.
        height: In pixels.

    Returns:
        (height, width, 3) uint8 RGB; the picture itself where it has that size.
    """
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    scaled = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = scaled
    return canvas


def enlarge(stylized: Image, small: Image, content: Image) -> Image:
    """Scale a stylized picture to the content's size and give it the content's edges where it has them.

    These do not make it lighter or darker than the painting is around them, so there is no halo. How much they may change
    is found at the smaller size. What is left to do at full size is in bytes, a few times faster than in wider numbers.

    Args:
        stylized: (h, w, 3) uint8 RGB.
        small: The content at that size, (h, w, 3) uint8 RGB.
        content: (H, W, 3) uint8 RGB, larger.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    coarse = _gray(small)
    contrast = cv2.subtract(cv2.dilate(coarse, _AROUND), cv2.erode(coarse, _AROUND))
    followed = cv2.multiply(contrast, _grown(_followed(_gray(stylized), coarse), small), scale=1 / 255)
    times = content.shape[0] / stylized.shape[0]
    crisp, darkest, lightest = _sharpened(stylized, times)
    less_noise = cv2.subtract(followed, _NOISE)  # type: ignore[call-overload]  # a number will do
    light, room = _gray(crisp), _grown(less_noise, crisp)
    limit = cv2.min(cv2.subtract(light, _gray(darkest)), cv2.subtract(_gray(lightest), light))
    most = _grown(cv2.min(room, limit), content)
    known = _grown(_grown(coarse, crisp), content)
    enlarged = _grown(crisp, content, cv2.INTER_CUBIC if times >= _LARGER else cv2.INTER_LINEAR)
    for top in range(0, content.shape[0], _ROWS):  # few enough to stay in the cache
        rows = slice(top, top + _ROWS)
        seen, part = _gray(content[rows]), enlarged[rows]
        # Bytes have no sign: first what is lighter than the coarse content, then what is darker.
        for apply, above, below in ((cv2.add, seen, known[rows]), (cv2.subtract, known[rows], seen)):
            fine = cv2.min(cv2.subtract(above, below), most[rows])
            apply(part, cv2.cvtColor(fine, cv2.COLOR_GRAY2RGB), dst=part)
    return enlarged


def _followed(painted: Image, light: Image) -> Image:
    """How far the stylized picture's luminance follows the content's around each place: 255 for all the way, 0 for not.

    The slope of a linear fit in a small window, as in guided filters (He et al. 2013).

    Args:
        painted: (h, w) uint8.
        light: The content's, of the same form.

    Returns:
        (about h / 2, w / 2) uint8.
    """

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(plane, _WINDOW).astype(np.float32, copy=False)

    width, height = (max(1, side // 2) for side in painted.shape[::-1])
    # An odd row or column is left out: whole areas of four pixels are ten times faster.
    x, y = (resize(plane[: 2 * height, : 2 * width], width, height).astype(np.float32) for plane in (light, painted))
    slope = (mean(x * y) - mean(x) * mean(y)) / (mean(x * x) - mean(x) ** 2 + np.float32(_FLAT))
    share: Image = (255 * slope.clip(0, 1)).astype(np.uint8)
    return share


def _sharpened(stylized: MatLike, times: float) -> tuple[MatLike, MatLike, MatLike]:
    """A picture that will be enlarged so many times, larger already where that is much, with strokes as crisp as before.

    Returns:
        The picture, and the darkest and the lightest that the stylized picture is around each place.
    """
    darkest, lightest = cv2.erode(stylized, _AROUND), cv2.dilate(stylized, _AROUND)
    factor = 2 if times >= _MUCH_LARGER else 1
    for _ in range(2 if times >= _FAR_LARGER else 1):
        sharp = cv2.addWeighted(stylized, 1 + _SHARPER, cv2.GaussianBlur(stylized, (3, 3), 0), -_SHARPER, 0)
        sharp = cv2.resize(sharp, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        darkest, lightest = _grown(darkest, sharp), _grown(lightest, sharp)
        stylized = cv2.min(cv2.max(sharp, darkest, dst=sharp), lightest, dst=sharp)
    return stylized, darkest, lightest


def _gray(picture: MatLike) -> Image:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _grown(picture: MatLike, like: MatLike, interpolation: int = cv2.INTER_LINEAR) -> Image:
    """At the size of another."""
    return cv2.resize(picture, like.shape[1::-1], interpolation=interpolation).astype(np.uint8, copy=False)


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
