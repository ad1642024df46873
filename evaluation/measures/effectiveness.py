"""E: how much of the painting's style has arrived. Three numbers under three names.

- `projected`: E as the project's report defines it. VGG-19 features at conv1_1 ... conv5_1 (as deep as the weights go;
  what the convolution gives, before its ReLU) are projected on random unit vectors, one per layer and draw; the projections
  of all layers together, each layer counting the same, have a mean and a deviation; E = -log of the mean over 128 draws of
  the Kullback-Leibler divergence between the result's normal and the painting's.
- `projected_by_layer`: the same with a normal of its own for each layer, and -log of the mean over draws, averaged over the
  layers. The report's sentence can be read this way, too.
- `in_basis`: the published form of Yeh et al. 2020. Per layer, -log of the divergence between two Gaussians of as many
  dimensions as the layer's PCA basis has, averaged over the layers. (They weigh layers by what people preferred; those
  weights are not used here.)

Divergences are KL(result || painting), and at least FLOOR, so that a painting compared with itself has the finite E of
-log FLOOR = 27.6: the largest there is.

All of it runs in torch, whose number of threads can be set; numpy's would work against them.

Source: Yeh et al. 2020, "Improving Style Transfer with Calibrated Metrics", WACV, arXiv:1910.09447.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
BASIS_SIZES = dict(zip(LAYERS, (32, 48, 128, 256, 256), strict=True))
"""Dimensions of the PCA basis of each layer, as published."""
DRAWS = 128
FLOOR = 1e-12
_RIDGE = 1e-3
"""Added to covariances in a basis, as a share of the variance along the basis' last direction."""
_NEGLIGIBLE = 1e-5
"""Directions with a smaller share of the first one's variance are left out: conv1_1 sees 27 numbers, so beyond 27 of its 64
channels there is nothing, and shortly before that there is what picture files leave of fine colors."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean (C,) and covariance (C, C) of a layer's features over space."""

    mean: Array
    covariance: Array


def moments(features: Tensor) -> Moments:
    """Of one picture's features.

    Args:
        features: (1, C, H, W) float.

    Returns:
        float64; population covariance.
    """
    flat = features[0].flatten(1).double()
    mean = flat.mean(dim=1)
    centered = flat - mean[:, None]
    covariance = centered @ centered.T / flat.shape[1]
    return Moments(mean.cpu().numpy(), covariance.cpu().numpy())


def kl_normal(mean1: Array, variance1: Array, mean2: Array, variance2: Array) -> Array:
    """KL(N1 || N2) of normals on a line, element by element; variances above 0."""
    return 0.5 * (np.log(variance2 / variance1) + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


def kl_gaussian(first: Moments, second: Moments) -> float:
    """KL(N1 || N2) of Gaussians with invertible covariances."""
    mean1, covariance1, mean2, covariance2 = (
        torch.from_numpy(array) for each in (first, second) for array in (each.mean, each.covariance)
    )
    factor1, factor2 = torch.linalg.cholesky(covariance1), torch.linalg.cholesky(covariance2)
    whitened = torch.linalg.solve_triangular(factor2, factor1, upper=False)
    apart = torch.linalg.solve_triangular(factor2, (mean1 - mean2)[:, None], upper=False)
    log_ratio = 2 * (factor2.diagonal().log().sum() - factor1.diagonal().log().sum())
    return 0.5 * float(whitened.square().sum() + apart.square().sum() - len(mean1) + log_ratio)


def effect(divergence: float) -> float:
    """-log of a divergence, which counts as FLOOR where it is less: rounding can make it 0, or a little negative."""
    return -float(np.log(max(divergence, FLOOR)))


class Projections:
    """Random unit vectors, the same for every picture: `draws` of them per layer."""

    def __init__(self, widths: Mapping[str, int], draws: int = DRAWS, seed: int = 0) -> None:
        """Draw.

        Args:
            widths: Layer -> channels.
            draws: How many.
            seed: Each layer's vectors depend on it and on the layer's place in LAYERS only.
        """
        self._vectors: dict[str, Array] = {}
        for layer, width in widths.items():
            vectors = np.random.default_rng([seed, LAYERS.index(layer)]).normal(size=(draws, width))
            self._vectors[layer] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def of(self, picture: Mapping[str, Moments]) -> dict[str, tuple[Array, Array]]:
        """Layer -> mean and variance of the projections, (draws,) each: exact, without projecting every position."""
        found = {}
        for layer, vectors in self._vectors.items():
            draws, covariance = torch.from_numpy(vectors), torch.from_numpy(picture[layer].covariance)
            variance = ((draws @ covariance) * draws).sum(dim=1).clamp(min=0) + FLOOR
            found[layer] = (vectors @ picture[layer].mean, variance.numpy())
        return found


def projected(result: Mapping[str, tuple[Array, Array]], painting: Mapping[str, tuple[Array, Array]]) -> float:
    """E as the project's report defines it; both as `Projections.of` gives them."""
    return effect(float(kl_normal(*_together(result), *_together(painting)).mean()))


def projected_by_layer(
    result: Mapping[str, tuple[Array, Array]], painting: Mapping[str, tuple[Array, Array]]
) -> dict[str, float]:
    """Layer -> E of that layer alone."""
    return {layer: effect(float(kl_normal(*result[layer], *painting[layer]).mean())) for layer in painting}


def _together(layers: Mapping[str, tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and variance, (draws,) each, of all layers' projections together, each layer counting the same."""
    means = np.stack([mean for mean, _ in layers.values()])
    squares = np.stack([variance + mean**2 for mean, variance in layers.values()])
    mean = means.mean(axis=0)
    return mean, squares.mean(axis=0) - mean**2


@dataclass(frozen=True, slots=True)
class Basis:
    """The directions along which natural photos vary most, for each layer.

    Attributes:
        vectors: Layer -> (C, K), orthonormal columns.
        ridges: Layer -> what is added to the variances in this basis.
        pictures: How many photos it is of.
    """

    vectors: dict[str, Array]
    ridges: dict[str, float]
    pictures: int

    @classmethod
    def of(cls, photos: Sequence[Mapping[str, Moments]]) -> "Basis":
        """PCA over all positions of all photos, each photo counting the same.

        Raises:
            ValueError: There are no photos.
        """
        if not photos:
            raise ValueError("wanted photos to find the PCA basis of, got none")
        vectors, ridges = {}, {}
        for layer in photos[0]:
            mean = np.mean([photo[layer].mean for photo in photos], axis=0)
            second = np.mean([p[layer].covariance + np.outer(p[layer].mean, p[layer].mean) for p in photos], axis=0)
            found = torch.linalg.eigh(torch.from_numpy(second - np.outer(mean, mean)))
            values, directions = (tensor.numpy() for tensor in found)
            kept = min(BASIS_SIZES[layer], max(1, int((values > _NEGLIGIBLE * values[-1]).sum())))
            vectors[layer] = directions[:, ::-1][:, :kept].copy()
            ridges[layer] = _RIDGE * max(float(values[::-1][kept - 1]), 1e-9)
        return cls(vectors, ridges, len(photos))

    def save(self, path: Path) -> None:
        """Write it; whole, or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        arrays: dict[str, Any] = {f"vectors {layer}": vectors for layer, vectors in self.vectors.items()}
        arrays |= {f"ridge {layer}": np.float64(ridge) for layer, ridge in self.ridges.items()}
        with partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, pictures=np.int64(self.pictures), **arrays)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Basis | None":
        """What `save` wrote; None where there is nothing that can be read."""
        try:
            with np.load(path) as file:
                layers = [name.removeprefix("vectors ") for name in file.files if name.startswith("vectors ")]
                vectors = {layer: file[f"vectors {layer}"] for layer in layers}
                return cls(vectors, {layer: float(file[f"ridge {layer}"]) for layer in layers}, int(file["pictures"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def within(self, picture: Mapping[str, Moments]) -> dict[str, Moments]:
        """Layer -> moments in this basis, (K,) and (K, K), with the ridge."""
        inside = {}
        for layer, vectors in self.vectors.items():
            turned = torch.from_numpy(vectors)
            covariance = (turned.T @ torch.from_numpy(picture[layer].covariance) @ turned).numpy()
            inside[layer] = Moments(
                picture[layer].mean @ vectors,
                (covariance + covariance.T) / 2 + self.ridges[layer] * np.eye(vectors.shape[1]),
            )
        return inside


def in_basis(result: Mapping[str, Moments], painting: Mapping[str, Moments]) -> dict[str, float]:
    """Layer -> the published E of that layer; both as `Basis.within` gives them."""
    return {layer: effect(kl_gaussian(result[layer], painting[layer])) for layer in painting}
