"""From the processing size back to the frame's own, with the content's edges.

A picture stylized at a smaller size is soft when it is enlarged. What the content itself lost on the way down, the fine
part of its luminance, is known exactly; added to the enlarged picture it brings the outlines back.
"""

import cv2
import numpy as np

from streamstyle.frame import Image


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
    """Fit a picture into a size, keeping its shape, on black.

    Args:
        image: (H, W, 3) uint8 RGB.
        width: In pixels.
        height: Likewise.

    Returns:
        (height, width, 3) uint8 RGB; the picture itself where it has that size.
    """
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    scaled = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    fitted = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    fitted[top : top + inner[1], left : left + inner[0]] = scaled
    return fitted


def enlarge(stylized: Image, small: Image, content: Image) -> Image:
    """Scale a stylized picture to the content's size and give it the content's fine edges.

    Args:
        stylized: (h, w, 3) uint8 RGB.
        small: The content at that size, (h, w, 3) uint8 RGB.
        content: (H, W, 3) uint8 RGB, larger.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    height, width = content.shape[:2]
    coarse = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_LINEAR)
    fine = cv2.subtract(cv2.cvtColor(content, cv2.COLOR_RGB2GRAY), coarse, dtype=cv2.CV_16S)
    enlarged = cv2.resize(stylized, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.add(enlarged, cv2.merge([fine, fine, fine]), dtype=cv2.CV_8U).astype(np.uint8, copy=False)
