"""Pictures of another shape than the one that was agreed on."""

import cv2
import numpy as np

from streamstyle.frame import Image


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
