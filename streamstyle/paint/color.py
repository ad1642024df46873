"""Colour statistics and their matching, on whole frames, cheap enough for every frame.

Source: Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer", arXiv:1606.05897 (linear colour transfer
by mean and covariance); Pitie & Kokaram 2007 (the Monge-Kantorovich form, which moves colours least).
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.frame import Image

Matrix = NDArray[np.float64]

# Variance of 2 levels: keeps the inverse of a flat or gray picture's covariance finite, invisible in any other.
_RIDGE = 4.0
_SAMPLE_PIXELS = 16_384
_MAX_GAIN = 3.0
_MEMORY_SECONDS = 0.065
"""Of the averages that a stream's colours are matched by. What the stylized mean strays from its average is shown with the
match's gain, so that a longer memory makes more flicker, not less."""


@dataclass(frozen=True, slots=True)
class ColorStats:
    """Distribution of a picture's colours.

    Attributes:
        mean: (3,) float64, levels 0..255, RGB.
        covariance: (3, 3) float64, squared levels.
    """

    mean: Matrix
    covariance: Matrix

    @classmethod
    def of(cls, image: Image) -> "ColorStats":
        """Statistics of a picture, from an even sample of its pixels.

        Args:
            image: (H, W, 3) uint8 RGB.
        """
        step = max(1, int((image.shape[0] * image.shape[1] / _SAMPLE_PIXELS) ** 0.5))
        pixels = image[::step, ::step].reshape(-1, 3).astype(np.float64)
        mean = pixels.mean(axis=0)
        centred = pixels - mean
        return cls(mean, centred.T @ centred / len(pixels))

    def toward(self, other: "ColorStats", share: float) -> "ColorStats":
        """A mixture: share 0 is these statistics, 1 the other's."""
        return ColorStats(
            self.mean + share * (other.mean - self.mean),
            self.covariance + share * (other.covariance - self.covariance),
        )


def _root(matrix: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(matrix)
    root: Matrix = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def match_matrix(source: ColorStats, target: ColorStats, strength: float = 1.0) -> Matrix:
    """The affine map that gives the source's colours the target's mean and covariance.

    Args:
        source: Of the picture to change.
        target: Of the picture whose colours are wanted.
        strength: 0 changes nothing, 1 goes all the way.

    Returns:
        (3, 4) float64 for levels 0..255: `matrix @ [r, g, b, 1]`. Its gain is at most 3 in any direction, so that
        a nearly flat picture does not explode. Of all such maps it moves colours least.

    Source: Pitie & Kokaram 2007, Monge-Kantorovich linear colour mapping.
    """
    ridge = _RIDGE * np.eye(3)
    wanted = target.covariance + ridge
    root = _root(source.covariance + ridge)
    inverse = np.linalg.inv(root)
    gain = inverse @ _root(root @ wanted @ root) @ inverse
    left, values, right = np.linalg.svd(gain)
    gain = (left * np.minimum(values, _MAX_GAIN)) @ right
    matrix = np.hstack([gain, (target.mean - gain @ source.mean)[:, None]])
    return strength * matrix + (1 - strength) * np.eye(3, 4)


def recolor(image: Image, matrix: Matrix) -> Image:
    """Apply a `match_matrix` to every pixel; (H, W, 3) uint8 in and out, clamped and rounded."""
    return cv2.transform(image, matrix).astype(np.uint8, copy=False)


def keep_chroma(content: Image, stylized: Image, strength: float = 1.0) -> Image:
    """The stylized picture's luminance with the content's chroma, pixel by pixel.

    Args:
        content: (H, W, 3) uint8 RGB.
        stylized: Of the same size.
        strength: 0 leaves the stylized picture as it is, 1 goes all the way.

    Source: Gatys et al. 2016, arXiv:1606.05897, section 5.2 (luminance-only transfer); BT.601 luma and chroma.
    """
    luma = cv2.cvtColor(stylized, cv2.COLOR_RGB2YCrCb)
    chroma = cv2.cvtColor(content, cv2.COLOR_RGB2YCrCb)
    cv2.mixChannels([chroma], [luma], [1, 1, 2, 2])
    kept = cv2.cvtColor(luma, cv2.COLOR_YCrCb2RGB)
    if strength < 1:
        kept = cv2.addWeighted(kept, strength, stylized, 1 - strength, 0)
    return kept.astype(np.uint8, copy=False)


class Followed:
    """Colour statistics of a stream, followed with a short memory so that noise in them does not become flicker."""

    def __init__(self) -> None:
        self._past: ColorStats | None = None

    def update(self, now: ColorStats, *, seconds: float, afresh: bool) -> ColorStats:
        """The steady statistics.

        Args:
            now: Of the next frame.
            seconds: Since the frame before.
            afresh: Whether to begin a new average, as after a cut.
        """
        known = None if afresh else self._past
        self._past = now if known is None else now.toward(known, math.exp(-seconds / _MEMORY_SECONDS))
        return self._past
