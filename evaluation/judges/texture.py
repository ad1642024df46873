"""Which painting is a result in, told by its texture alone? The right one should rank first among many.

Deep features of gray pictures, so that colours cannot help, projected on random directions; of each projection the sorted
values are compared, which is the sliced Wasserstein distance of the two pictures' distributions of features.

What is shared with training: VGG-19's weights and two of its layers (the critic of `models.critic` and the paper's losses
look at them, too). What is not: pictures are gray and of one local contrast; directions are drawn here, from a seed that
nothing else uses; whole distributions around their means are compared, in one size, where the critic compares covariances
in three, and the paper's losses means and deviations; and the figure is a rank among paintings, which no loss knows.

Source: Rabin et al. 2011, "Wasserstein barycenter and its application to texture mixing"; Heitz et al. 2021, "A sliced
Wasserstein loss for neural texture synthesis", arXiv:2006.07229, for features of VGG.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.measures.coherence import luma
from models.vgg import WIDTHS, Vgg19, convolution_of
from streamstyle.frame import Image

LAYERS = ("relu3_1", "relu4_1")
PROJECTIONS = 64
"""Random projections of each layer."""
QUANTILES = 128
"""Quantiles of each projection at which distributions are compared."""
SEED = 2_029_029
AROUND = 24.0
"""Deviation in pixels of the surroundings that local contrast is told from."""
FAINT = 8.0
"""Levels that are added to local deviations: what is fainter is left faint."""
_CONTRAST, _MIDDLE = 0.2, 0.45
"""Deviation and mean of the pictures that VGG sees; those of photos, about."""

Signature = NDArray[np.float32]
"""(len(LAYERS), PROJECTIONS, QUANTILES): the sorted values."""


class TextureJudge:
    """Sees pictures, and compares what it saw."""

    def __init__(self, vgg: Path) -> None:
        """Read the weights of VGG-19.

        Raises:
            ValueError: They cannot be used.
        """
        self._vgg = Vgg19.load(vgg, LAYERS)
        rng = np.random.default_rng(SEED)
        self._directions = [_directions(rng, WIDTHS[convolution_of(layer)]) for layer in LAYERS]

    @torch.inference_mode()
    def see(self, image: Image) -> Signature:
        """The texture of a picture.

        Args:
            image: (H, W, 3) uint8 RGB, at least 32 x 32.
        """
        plane = torch.from_numpy(evened(image))
        features = self._vgg(plane.expand(1, 3, -1, -1))
        rows = []
        for layer, directions in zip(LAYERS, self._directions, strict=True):
            flat = features[layer][0].flatten(1)  # (C, H W)
            values = (directions @ flat).sort(1).values  # (PROJECTIONS, H W)
            at = (torch.arange(QUANTILES) + 0.5) / QUANTILES * values.shape[1]
            rows.append(values[:, at.long()])
        signature: Signature = torch.stack(rows).numpy()
        return signature


def evened(image: Image) -> NDArray[np.float32]:
    """Gray, of the same brightness and contrast everywhere: (H, W) float32 around _MIDDLE."""
    plane = luma(image)
    around = cv2.GaussianBlur(plane, (0, 0), AROUND)
    variance = cv2.GaussianBlur(np.square(plane - around), (0, 0), AROUND)
    even: NDArray[np.float32] = (_MIDDLE + _CONTRAST * (plane - around) / np.sqrt(variance + FAINT**2)).astype(np.float32)
    return even


def distances(seen: Signature, paintings: Sequence[Signature]) -> NDArray[np.float64]:
    """How far the textures of paintings are from a picture's: squared sliced Wasserstein distances.

    Of each projection the mean is taken off first: means are what networks are trained to meet, even tinted photos do.
    Each layer counts by how much the paintings differ in it.

    Args:
        seen: Of the picture.
        paintings: At least two.

    Returns:
        One per painting.
    """
    gallery, own = _centred(np.stack(paintings)), _centred(seen)
    spread = gallery.var(0).mean((1, 2))  # (layers,)
    apart = np.square(gallery - own).mean((2, 3))
    return np.asarray((apart / np.maximum(spread, 1e-12)).mean(1), np.float64)


def _centred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    centred: NDArray[np.float32] = values - values.mean(-1, keepdims=True)
    return centred


def rank(seen: Signature, paintings: Sequence[Signature], right: int) -> int:
    """Place of the right painting by distance: 1 where no other is nearer."""
    apart = distances(seen, paintings)
    return 1 + int((apart < apart[right]).sum())


def _directions(rng: np.random.Generator, channels: int) -> torch.Tensor:
    """(PROJECTIONS, channels) float32, of length 1."""
    drawn = rng.standard_normal((PROJECTIONS, channels))
    return torch.from_numpy((drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32))
