"""Does a result have the contrast of its painting?"""

import numpy as np

from streamstyle.frame import Image


def contrast(result: Image, painting: Image) -> float:
    """Deviation of the colours against the painting's: 1 for as much, below 1 for a washed-out result.

    The root of the summed variances of R, G and B over all pixels, each channel around its own mean, so that brightness
    does not count.

    Args:
        result: (H, W, 3) uint8 RGB.
        painting: Of any size.

    Returns:
        The ratio; infinite for a painting of one plain colour.
    """
    wanted = _deviation(painting)
    return _deviation(result) / wanted if wanted else float("inf")


def _deviation(image: Image) -> float:
    return float(np.sqrt(image.reshape(-1, 3).var(0, dtype=np.float64).sum()))
