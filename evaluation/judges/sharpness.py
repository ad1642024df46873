"""Is a result as crisp as its painting?"""

import numpy as np

from evaluation.measures.coherence import luma
from streamstyle.frame import Image


def sharpness(result: Image, painting: Image) -> float:
    """Gradients against the painting's, pixel for pixel: 1 for as crisp, below 1 for a soft result.

    The painting is the yardstick, not the photo: strokes have edges of their own that the photo lacks. It is taken at the
    size at which it was encoded, where one of its pixels is one of the result's. Contrast counts, too: see
    `judges.contrast`.

    Args:
        result: (H, W, 3) uint8 RGB.
        painting: As it was encoded.

    Returns:
        The ratio of the roots of the mean squared gradients; infinite for a painting of one plain colour.
    """
    wanted = _gradient(painting)
    return _gradient(result) / wanted if wanted else float("inf")


def _gradient(image: Image) -> float:
    """Root of the mean squared difference of neighbours, down and across, of the luminance in levels."""
    plane = luma(image)
    return float(np.sqrt(np.square(np.diff(plane, axis=0)).mean() + np.square(np.diff(plane, axis=1)).mean()))
