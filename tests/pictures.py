"""Pictures compared."""

import numpy as np

from streamstyle.frame import Image


def psnr(got: Image, wanted: Image) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures in dB; 138 where they are equal."""
    return float(10 * np.log10(255**2 / max(1e-9, float(((got.astype(float) - wanted) ** 2).mean()))))
