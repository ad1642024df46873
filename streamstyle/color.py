"""Colour statistics and their matching, on whole frames, cheap enough for every frame.

Source: Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer", arXiv:1606.05897 (linear colour transfer
by mean and covariance); Pitie & Kokaram 2007 (the Monge-Kantorovich form, which moves colours least).
"""

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


def match_matrix(source: ColorStats, target: ColorStats) -> Matrix:
    """The affine map that gives the source's colours the target's mean and covariance.

    Args:
        source: Of the picture to change.
        target: Of the picture whose colours are wanted.

    Returns:
        (3, 4) float64 for levels 0..255: `matrix @ [r, g, b, 1]`. Its gain is at most 3 in any direction, so that a nearly
        flat picture does not explode.

    Source: Pitie & Kokaram 2007, Monge-Kantorovich linear colour mapping.
    """
    ridge = _RIDGE * np.eye(3)
    root = _root(source.covariance + ridge)
    inverse = np.linalg.inv(root)
    gain = inverse @ _root(root @ (target.covariance + ridge) @ root) @ inverse
    values, vectors = np.linalg.eigh((gain + gain.T) / 2)
    gain = (vectors * np.clip(values, 0, _MAX_GAIN)) @ vectors.T
    return np.hstack([gain, (target.mean - gain @ source.mean)[:, None]])


def recolor(image: Image, matrix: Matrix) -> Image:
    """Apply a `match_matrix` to every pixel; (H, W, 3) uint8 in and out, clamped and rounded."""
    return cv2.transform(image, matrix).astype(np.uint8, copy=False)


class ColorKeeper:
    """Gives stylized frames the colours of their content, steadily over time.

    Both distributions are followed with a short memory, so that noise in them does not become flicker, and start anew
    when the content jumps (a cut).
    """

    def __init__(self, memory: float = 0.8, jump: float = 25.0) -> None:
        """Start without a past.

        Args:
            memory: Share of the past in each new estimate, 0..1.
            jump: Change of the content's mean, in levels, that counts as a cut.
        """
        self.memory, self.jump = memory, jump
        self._past: tuple[ColorStats, ColorStats] | None = None

    def keep(self, content: Image, stylized: Image) -> Image:
        """The stylized frame in the content's colours; both (H, W, 3) uint8 RGB, sizes may differ."""
        now = ColorStats.of(content), ColorStats.of(stylized)
        if self._past is not None and np.abs(now[0].mean - self._past[0].mean).max() < self.jump:
            now = now[0].toward(self._past[0], self.memory), now[1].toward(self._past[1], self.memory)
        self._past = now
        return recolor(stylized, match_matrix(now[1], now[0]))
