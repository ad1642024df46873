"""C: how much of the content is still there. Two forms under two names: SSIM, and the agreement of edges.

`ssim` is C as the project's report defines it. Yeh et al. 2020 measure C by the agreement of detected contours with those
that people drew in BSDS500; their detector is not here, so `edge_agreement` compares the result's edges with the content's
own, and is not their number.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image

K1, K2 = 0.01, 0.03
"""C1 = (K1 L)^2, C2 = (K2 L)^2, C3 = C2 / 2, with the range L = 255."""
_WINDOW, _SIGMA = 11, 1.5

_EDGE_SIGMA = 2.0
_EDGE_SHARE = 0.05
_TOLERANCE = 0.0075
"""How far edges may be apart, as a share of the diagonal; as in the benchmark of BSDS500."""

Plane = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ssim:
    """Means over the picture; `value` is the mean of the product, which is not the product of the means.

    Attributes:
        value: In [-1, 1]; 1 for equal pictures.
        luminance: In (0, 1].
        contrast: In (0, 1].
        structure: In [-1, 1].
    """

    value: float
    luminance: float
    contrast: float
    structure: float


def luma(image: Image) -> Plane:
    """Luminance of BT.601 in levels, not rounded: (H, W) float64."""
    weights: Plane = image.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return weights


def ssim(content: Plane, result: Plane, k1: float = K1, k2: float = K2) -> Ssim:
    """Structural similarity: luminance times contrast times structure, in Gaussian windows that lie wholly inside.

    Args:
        content: (H, W) float64 in levels, at least 11 x 11.
        result: Of the same size.
        k1: Sets C1.
        k2: Sets C2 and C3.

    Raises:
        ValueError: The sizes differ, or are below the window.

    Source: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", equations 6, 9 and
    10:
    l = (2 m1 m2 + C1) / (m1^2 + m2^2 + C1), c = (2 s1 s2 + C2) / (s1^2 + s2^2 + C2), s = (s12 + C3) / (s1 s2 + C3).
    """
    if content.shape != result.shape or min(content.shape) < _WINDOW:
        raise ValueError(
            f"wanted two pictures of one size from {_WINDOW}x{_WINDOW} on, got {content.shape}, {result.shape}"
        )
    c1, c2 = (k1 * 255) ** 2, (k2 * 255) ** 2
    c3 = c2 / 2
    mean1, mean2 = _windowed(content), _windowed(result)
    variance1 = np.maximum(_windowed(content * content) - mean1 * mean1, 0)
    variance2 = np.maximum(_windowed(result * result) - mean2 * mean2, 0)
    covariance = _windowed(content * result) - mean1 * mean2
    deviations = np.sqrt(variance1 * variance2)
    luminance = _ratio(2 * mean1 * mean2 + c1, mean1 * mean1 + mean2 * mean2 + c1)
    contrast = _ratio(2 * deviations + c2, variance1 + variance2 + c2)
    structure = _ratio(covariance + c3, deviations + c3)
    product = luminance * contrast * structure
    return Ssim(*(float(plane.mean()) for plane in (product, luminance, contrast, structure)))


def _windowed(plane: Plane) -> Plane:
    """Gaussian means of the windows that fit inside: (H - 10, W - 10)."""
    kernel = cv2.getGaussianKernel(_WINDOW, _SIGMA, cv2.CV_64F)
    half = _WINDOW // 2
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, kernel, kernel), np.float64)[half:-half, half:-half]


def _ratio(above: Plane, below: Plane) -> Plane:
    """Where both are 0, as with constants of 0 in black, nothing differs: 1."""
    return np.divide(above, below, out=np.ones_like(above), where=below != 0)


def edges(image: Image) -> NDArray[np.bool_]:
    """The strongest edges, thinned to a line: 5 % of the pixels of every picture, or fewer where there are fewer.

    A share, not a threshold, so that a result of little contrast is not taken to have lost its outlines.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        (H, W).
    """
    smooth = cv2.GaussianBlur(luma(image).astype(np.float32), (0, 0), _EDGE_SIGMA, borderType=cv2.BORDER_REFLECT_101)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REFLECT_101)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REFLECT_101)
    strength = cv2.magnitude(across, down)
    # A pixel is on a ridge of the gradient where it is no weaker than its two neighbors along the gradient.
    height, width = strength.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    length = np.maximum(strength, 1e-6)
    x, y = (across / length).astype(np.float32), (down / length).astype(np.float32)
    ahead = cv2.remap(strength, columns + x, rows + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    behind = cv2.remap(strength, columns - x, rows - y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    ridge = np.where((strength >= ahead) & (strength >= behind) & (strength > 1), strength, 0)
    wanted = max(1, round(_EDGE_SHARE * strength.size))
    found = np.sort(ridge[ridge > 0])[::-1]
    if found.size == 0:
        return np.zeros(strength.shape, bool)
    return np.asarray(ridge >= found[min(wanted, found.size) - 1])


def edge_agreement(content: Image, result: Image) -> float:
    """How far the result's edges are the content's, above chance: 1 for the same edges, about 0 for unrelated ones.

    The F-measure of both edge maps with a tolerance of 0.75 % of the diagonal, less what edges anywhere would give: with
    so wide a tolerance a third of all pixels counts as near.

    Args:
        content: (H, W, 3) uint8 RGB.
        result: Of the same size.

    Returns:
        At most 1; 1 where neither has edges, 0 where only one has.

    Source: the matching of Martin et al. 2004 with the tolerance of BSDS500, without one-to-one assignment; ours else.
    """
    first, second = edges(content), edges(result)
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    tolerance = max(1.0, _TOLERANCE * float(np.hypot(*first.shape)))
    near_first, near_second = (_distance(plane) <= tolerance for plane in (first, second))
    recall, precision = float(near_second[first].mean()), float(near_first[second].mean())
    agreement = _f(precision, recall)
    chance = _f(float(near_first.mean()), float(near_second.mean()))
    return (agreement - chance) / (1 - chance) if chance < 1 else 1.0


def _distance(marked: NDArray[np.bool_]) -> NDArray[np.float32]:
    return cv2.distanceTransform((~marked).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(np.float32)


def _f(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
