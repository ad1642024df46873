"""All figures of one stylized picture, against its photo and its painting."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch
from torch import Tensor

from evaluation.measures import effectiveness
from evaluation.measures.coherence import edge_agreement, luma, ssim
from evaluation.measures.effectiveness import Basis, Moments, Projections
from evaluation.measures.temporal import sharpness
from evaluation.sizes import Painting
from evaluation.tensors import as_tensor
from models.losses import DEEPEST, Stats, content_loss, content_target, style_loss
from models.vgg import LAYERS as LOSS_LAYERS
from models.vgg import WIDTHS, Vgg19
from streamstyle.frame import Image
from streamstyle.paint.color import ColorStats

WANTED_LAYERS = (*effectiveness.LAYERS, *LOSS_LAYERS)
"""What to load: `Vgg19.load(path, WANTED_LAYERS, as_available=True)`."""
_REMEMBERED = 300


@dataclass(frozen=True, slots=True)
class _Known:
    """What is computed once of a photo or a painting."""

    projections: Mapping[str, tuple[effectiveness.Array, effectiveness.Array]]
    inside: Mapping[str, Moments]
    stats: Stats
    deepest: Tensor
    colors: ColorStats


class Scorer:
    """Measures pictures; the same picture always gives the same figures.

    Attributes:
        layers: Of VGG, that E is measured at.
    """

    def __init__(self, vgg: Vgg19, *, draws: int, seed: int, device: str = "cpu") -> None:
        """Take a network.

        Args:
            vgg: With the WANTED_LAYERS that its weights reach.
            draws: Random projections per layer.
            seed: Of the projections.
            device: Where VGG runs.
        """
        self._vgg = vgg.to(device)
        self._device = device
        self.layers = tuple(layer for layer in vgg.layers if layer in effectiveness.LAYERS)
        self._projections = Projections({layer: WIDTHS[layer] for layer in self.layers}, draws, seed)
        self._basis: Basis | None = None
        self._known: dict[bytes, _Known] = {}

    @torch.no_grad()
    def moments(self, image: Image) -> dict[str, Moments]:
        """Layer -> moments of one picture."""
        features = self._vgg(as_tensor(image, self._device))
        return {layer: effectiveness.moments(features[layer]) for layer in self.layers}

    def use_basis(self, basis: Basis) -> None:
        """Measure the published E in this basis."""
        self._basis = basis
        self._known.clear()

    @torch.no_grad()
    def _look(self, image: Image) -> _Known:
        features = self._vgg(as_tensor(image, self._device))
        moments = {layer: effectiveness.moments(features[layer]) for layer in self.layers}
        return _Known(
            self._projections.of(moments),
            self._basis.within(moments) if self._basis else {},
            Stats.of(features),
            features[DEEPEST],
            ColorStats.of(image),
        )

    def _remember(self, image: Image) -> _Known:
        """As `_look`; photos and paintings come up again and again."""
        key = sha256(image.tobytes()).digest()
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._look(image)
        return self._known[key]

    @torch.no_grad()
    def measure(self, content: Image, painting: Painting, result: Image) -> dict[str, float]:
        """All figures of metrics.METRICS, and E of every layer.

        Args:
            content: (H, W, 3) uint8 RGB.
            painting: Of any size.
            result: Of the content's size.
        """
        style, photo = self._remember(painting.image), self._remember(content)
        got = photo if result is content else self._look(result)
        by_layer = effectiveness.projected_by_layer(got.projections, style.projections)
        published = effectiveness.in_basis(got.inside, style.inside)
        coherence = ssim(luma(content), luma(result))
        target = content_target(photo.deepest, style.stats)
        figures = {
            "E": effectiveness.projected(got.projections, style.projections),
            "E_by_layer": float(np.mean(list(by_layer.values()))),
            **({"E_yeh": float(np.mean(list(published.values())))} if published else {}),
            "C": coherence.value,
            "C_luminance": coherence.luminance,
            "C_contrast": coherence.contrast,
            "C_structure": coherence.structure,
            "edges": edge_agreement(content, result),
            "Lc": float(content_loss({DEEPEST: got.deepest}, target)),
            "Ls": float(style_loss(got.stats, style.stats)),
            "color_to_style": color_distance(got.colors, style.colors),
            "color_to_content": color_distance(got.colors, photo.colors),
            "sharpness": sharpness(result),
        }
        figures |= {f"E_{layer}": value for layer, value in by_layer.items()}
        figures |= {f"E_yeh_{layer}": value for layer, value in published.items()}
        return figures


def color_distance(first: ColorStats, second: ColorStats) -> float:
    """Frechet distance of two Gaussians of colors, as a share of the range: 0 for the same mean and covariance.

    Source: Dowson & Landau 1982; |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), and its root.
    """
    root = _root(first.covariance)
    between = (
        np.trace(first.covariance) + np.trace(second.covariance) - 2 * np.trace(_root(root @ second.covariance @ root))
    )
    apart = float(np.square(first.mean - second.mean).sum() + between)
    return float(np.sqrt(max(apart, 0.0))) / 255


def _root(matrix: effectiveness.Array) -> effectiveness.Array:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    root: effectiveness.Array = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
