"""A mask's edges along the picture's: the guided filter."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image

Plane = NDArray[np.float32]

_SUM = np.ones((1, 3), np.float32)  # of three channels


def align(mask: Plane, small: Image, image: Image, radius: int, eps: float) -> Plane:
    """Enlarge a mask so that its edges lie on those of the picture.

    In every window the mask is taken for a linear function of the picture's colors; those functions are found at a small
    size, enlarged, and applied to the picture in full.

    Args:
        mask: (h, w) float32.
        small: The picture at that size, (h, w, 3) uint8 RGB.
        image: The picture, (H, W, 3) uint8 RGB.
        radius: Of the windows, in pixels of the mask.
        eps: Variance of colors, in 0..1 squared, that is no edge yet: the smaller, the finer the edges that are followed.

    Returns:
        (H, W) float32; may leave the mask's range slightly.

    Source: He, Sun and Tang 2013, "Guided image filtering" (color guide, eq. 14 to 16); He and Sun 2015, "Fast guided
    filter", arXiv:1505.00996 (coefficients at a small size).
    """
    guide = small.astype(np.float32) * np.float32(1 / 255)
    gain, offset = _coefficients(mask, guide, radius, eps)
    height, width = image.shape[:2]
    gain = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
    aligned = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
    aligned += cv2.transform(cv2.multiply(gain, image, scale=1 / 255, dtype=cv2.CV_32F), _SUM)
    return aligned


def _coefficients(mask: Plane, guide: NDArray[np.float32], radius: int, eps: float) -> tuple[Plane, Plane]:
    """Gain (h, w, 3) and offset (h, w), averaged over all windows that hold a pixel."""

    def box(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        size = 2 * radius + 1
        return cv2.boxFilter(plane, -1, (size, size), borderType=cv2.BORDER_REFLECT).astype(np.float32, copy=False)

    mean, mean_mask = box(guide), box(mask)
    covariance = box(guide * mask[..., None]) - mean * mean_mask[..., None]
    red, green, blue = cv2.split(guide)
    r, g, b = cv2.split(mean)
    rr, rg, rb = box(red * red) - r * r + eps, box(red * green) - r * g, box(red * blue) - r * b
    gg, gb, bb = box(green * green) - g * g + eps, box(green * blue) - g * b, box(blue * blue) - b * b + eps
    # The inverse of the symmetric matrix by cofactors: numpy's solver takes one small matrix after the other.
    irr, irg, irb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    igg, igb, ibb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = rr * irr + rg * irg + rb * irb
    cr, cg, cb = cv2.split(covariance)
    gain = cv2.merge(
        [
            (irr * cr + irg * cg + irb * cb) / determinant,
            (irg * cr + igg * cg + igb * cb) / determinant,
            (irb * cr + igb * cg + ibb * cb) / determinant,
        ]
    )
    offset = mean_mask - (gain * mean).sum(axis=2)
    return box(gain.astype(np.float32, copy=False)), box(offset)
