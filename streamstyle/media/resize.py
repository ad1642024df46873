"""Sizes of pictures; and from the processing size back to the frame's own, with the content's edges.

A picture stylized at a smaller size is soft when it is enlarged. What the content itself lost on the way down, the fine
part of its luminance, is known exactly. It is added where and as far as the stylized picture follows the content there:
outlines come back, while noise, small texture, and edges that were painted over stay away, so that strokes stay strokes.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image

_WINDOW = (5, 5)
"""Pixels across and down in which the stylized picture is compared with the content."""
_FLAT = 60.0
"""Variance of the content's luminance in a window below which it is noise rather than an edge; in levels squared."""
_DOUBLINGS = 2
_MUCH_LARGER = 1.5
"""How many times the doubled size the frame must have: 1080p at 300 is doubled once, 720p is not, which saves time live."""
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
    """The picture itself, or smaller where its short side is longer than wanted; None: as long as it likes."""
    return image if short_side is None or short_side >= min(image.shape[:2]) else resize_short_side(image, short_side)


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

    Nothing gets lighter or darker than the painting is around it, so there is no halo. All that is done at full size is
    done in bytes, which is several times faster than in wider numbers.

    Args:
        stylized: (h, w, 3) uint8 RGB.
        small: The content at that size, (h, w, 3) uint8 RGB.
        content: (H, W, 3) uint8 RGB, larger.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    size = content.shape[1], content.shape[0]
    gray_small, gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), cv2.cvtColor(content, cv2.COLOR_RGB2GRAY)
    share = cv2.resize(_followed(stylized, gray_small), size, interpolation=cv2.INTER_LINEAR)
    coarse = cv2.resize(gray_small, size, interpolation=cv2.INTER_LINEAR)
    enlarged = cv2.resize(_doubled(stylized, content.shape[0]), size, interpolation=cv2.INTER_CUBIC)
    for fine, apply in ((cv2.subtract(gray, coarse), cv2.add), (cv2.subtract(coarse, gray), cv2.subtract)):
        enlarged = apply(enlarged, cv2.cvtColor(cv2.multiply(fine, share, scale=1 / 255), cv2.COLOR_GRAY2RGB))
    return _in_range(enlarged, stylized)


def _followed(stylized: Image, gray: cv2.Mat | NDArray[Any]) -> NDArray[np.uint8]:
    """How far the stylized picture's luminance follows the content's around each place: 255 for all the way, 0 for not.

    The slope of a linear fit in a small window, as in guided filters (He et al. 2013).
    """

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(plane, _WINDOW).astype(np.float32, copy=False)

    light, painted = gray.astype(np.float32), cv2.cvtColor(stylized, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean_light = mean(light)
    slope = (mean(light * painted) - mean_light * mean(painted)) / (mean(light * light) - mean_light**2 + _FLAT)
    share: NDArray[np.uint8] = (255 * slope.clip(0, 1)).astype(np.uint8)
    return share


def _doubled(stylized: Image, height: int) -> Image:
    """Twice as large, again and again while the frame is much larger still, with strokes as crisp as before."""
    for _ in range(_DOUBLINGS):
        if _MUCH_LARGER * 2 * stylized.shape[0] > height:
            break
        soft = cv2.resize(stylized, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        sharp = cv2.addWeighted(soft, 1 + _SHARPER, cv2.GaussianBlur(soft, (0, 0), 2.0), -_SHARPER, 0)
        stylized = _in_range(sharp, stylized)
    return stylized


def _in_range(enlarged: cv2.Mat | NDArray[Any], stylized: Image) -> Image:
    """Within the lightest and darkest of the stylized picture around each place."""
    size = enlarged.shape[1], enlarged.shape[0]
    least, most = (
        cv2.resize(around(stylized, _AROUND), size, interpolation=cv2.INTER_LINEAR) for around in (cv2.erode, cv2.dilate)
    )
    return cv2.min(cv2.max(enlarged, least), most).astype(np.uint8, copy=False)


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
