"""What decides while training whether a picture is painted like a painting: correlations of VGG's features at three sizes.

The paper's style loss compares means and deviations of every channel, the diagonal of a layer's covariance. It can be met
by a tinted photo: which channels fire *together* is what makes a stroke. Here whole covariances are compared, of the
picture and of its copies at 1/2 and 1/4, so that strokes of 2 to 40 pixels count.

Per layer, with C the covariance of the channels over space and m their mean,

    2 (1 - cos(C, C*)) + log^2(tr C / tr C*) + |m - m*|^2 / (2 |m*|^2)

where * is the painting. A cosine and the logarithm of a trace have their minimum at the painting's own contrast; a squared
difference of covariances has it at a lower one whenever the two are not parallel, and so washes pictures out.

Source: Gatys et al. 2016 (correlations of features); Huang & Belongie 2017 (the normalised VGG-19 to relu4_1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from models.adain import channel_stats
from models.vgg import LAYERS, POOLED, Vgg19

WEIGHTS = {
    1: {"relu1_1": 0.5, "relu2_1": 1.0, "relu3_1": 1.0},
    2: {"relu1_1": 0.25, "relu2_1": 0.5, "relu3_1": 1.0, "relu4_1": 1.0},
    4: {"relu1_1": 0.25, "relu2_1": 0.5, "relu3_1": 1.0, "relu4_1": 1.0},
}
"""Reduction of the picture -> layer -> weight in the mean."""
CONTENT_REDUCTION = 2
CONTENT_LAYERS = {"relu4_1": 1.0, "relu3_1": 0.3}
PAINTING_SIDE = 432
"""Short side in pixels at which a painting is looked at; larger than the photos, so that its strokes are, too."""
GRIDS = (2, 4, 8, 16)
GRID_WINDOW = 64
_EPS = 1e-8


@dataclass(frozen=True, slots=True)
class Statistics:
    """Means and covariances of the channels of one layer.

    Attributes:
        mean: (N, C) float32.
        covariance: (N, C, C) float32 or, where it is kept, float16.
    """

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """Of (N, C, H, W), in any precision."""
        flat = features.permute(0, 2, 3, 1).flatten(1, 2)  # (N, H W, C): no copy of a picture in channels_last
        mean = flat.mean(1, dtype=torch.float32)
        centred = flat - mean[:, None].to(flat.dtype)
        return cls(mean, (centred.transpose(1, 2) @ centred).float() / flat.shape[1])

    def half(self) -> Self:
        """With the covariance in half precision, to be kept."""
        return type(self)(self.mean, self.covariance.half())

    @classmethod
    def stacked(cls, several: Sequence[Self]) -> Self:
        """Of several pictures, one row each, in float32."""
        return cls(torch.cat([one.mean for one in several]), torch.cat([one.covariance.float() for one in several]))

    def distance(self, wanted: Self) -> Tensor:
        """How far from a painting's: (N,) float32, 0 where all is the same."""
        cosine = F.cosine_similarity(self.covariance.flatten(1), wanted.covariance.flatten(1), dim=1, eps=_EPS)
        contrast = torch.log((_trace(self.covariance) + _EPS) / (_trace(wanted.covariance) + _EPS))
        shift = (self.mean - wanted.mean).square().sum(1) / (wanted.mean.square().sum(1) + _EPS)
        return 2 * (1 - cosine) + contrast.square() + shift / 2


def _trace(covariance: Tensor) -> Tensor:
    return covariance.diagonal(dim1=1, dim2=2).sum(1)


Target = dict[tuple[int, str], Statistics]
"""(reduction, layer) -> statistics of a painting."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the critic saw of pictures.

    Attributes:
        statistics: (reduction, layer) -> statistics; only of the first pictures at full size, if so asked.
        content: Layer -> (N, C, H, W), what the content is compared by.
    """

    statistics: Target
    content: dict[str, Tensor]


class Critic:
    """VGG-19 at three sizes."""

    def __init__(self, vgg: Path, precision: torch.dtype = torch.float32) -> None:
        """Read the weights.

        Args:
            vgg: The normalised VGG-19; see models.vgg.
            precision: Of its convolutions.

        Raises:
            ValueError: The weights cannot be used.
        """
        network = Vgg19.load(vgg, LAYERS).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._first = network.preprocess
        self._convolutions = network.convolutions.to(precision)
        self._precision = precision

    def _features(self, pictures: Tensor, layers: Mapping[str, float]) -> dict[str, Tensor]:
        """Features of some layers. Borders are zeros, as when the network was trained, which takes half the time."""
        features = self._first(pictures).to(self._precision).contiguous(memory_format=torch.channels_last)
        found: dict[str, Tensor] = {}
        for name, convolution in self._convolutions.items():
            if name in POOLED:
                features = F.max_pool2d(features, 2, ceil_mode=True)
            features = F.relu(F.conv2d(features, convolution.weight, convolution.bias, padding=1))
            layer = name.replace("conv", "relu")
            if layer in layers:
                found[layer] = features
            if len(found) == len(layers):
                break
        return found

    def see(self, pictures: Tensor, *, at_full_size: int | None = None) -> Seen:
        """Look at pictures.

        Args:
            pictures: (N, 3, H, W) float in [0, 1], H and W at least 64.
            at_full_size: How many of them, from the first on, are looked at in full size, which is most of the work; all
                by default.
        """
        statistics: Target = {}
        content: dict[str, Tensor] = {}
        for reduction, weights in WEIGHTS.items():
            looked_at = pictures[:at_full_size] if reduction == 1 else F.avg_pool2d(pictures, reduction)
            features = self._features(looked_at, weights)
            for layer in weights:
                statistics[reduction, layer] = Statistics.of(features[layer])
            if reduction == CONTENT_REDUCTION:
                content = {layer: features[layer] for layer in CONTENT_LAYERS}
        return Seen(statistics, content)

    @torch.no_grad()
    def content(self, photos: Tensor) -> dict[str, Tensor]:
        """What the content of photos is compared by; (N, 3, H, W) float in [0, 1]."""
        return self._features(F.avg_pool2d(photos, CONTENT_REDUCTION), CONTENT_LAYERS)

    @torch.no_grad()
    def target(self, painting: Tensor) -> Target:
        """The statistics of a painting, in half precision, to be kept.

        Args:
            painting: (3, H, W) uint8 RGB; all of it is looked at, at a short side of PAINTING_SIDE.
        """
        scale = PAINTING_SIDE / min(painting.shape[1:])
        size = [max(64, round(side * scale / 4) * 4) for side in painting.shape[1:]]
        picture = F.interpolate(
            painting[None].float() / 255, size, mode="bicubic", antialias=scale < 1, align_corners=False
        )
        return {key: statistics.half() for key, statistics in self.see(picture.clamp(0, 1)).statistics.items()}


def style_distance(seen: Target, wanted: Sequence[Target]) -> Tensor:
    """How far pictures are from being painted like their paintings.

    Args:
        seen: Of N pictures, at full size perhaps of fewer.
        wanted: Of N paintings.

    Returns:
        A scalar: the weighted mean over layers, each a mean over the pictures that were looked at.
    """
    total = torch.zeros(())
    for (reduction, layer), got in seen.items():
        target = Statistics.stacked([one[reduction, layer] for one in wanted[: len(got.mean)]])
        total = total + WEIGHTS[reduction][layer] * got.distance(target).mean()
    return total / sum(weight for layers in WEIGHTS.values() for weight in layers.values())


def content_distance(got: dict[str, Tensor], wanted: dict[str, Tensor]) -> Tensor:
    """How far the shapes in pictures are from those in photos: a scalar; contrast and mean of each channel do not count."""
    total = torch.zeros(())
    for layer, weight in CONTENT_LAYERS.items():
        total = total + weight * (_normalised(got[layer]) - _normalised(wanted[layer])).square().mean()
    return total


def _normalised(features: Tensor) -> Tensor:
    mean, std = channel_stats(features.float(), 1e-3)
    return (features - mean) / std


def grid_energy(change: Tensor) -> Tensor:
    """How much of what was painted repeats every 2, 4, 8 or 16 pixels, as a network's own grid does and strokes do not.

    Args:
        change: (N, 3, H, W), result minus photo; H and W at least GRID_WINDOW.

    Returns:
        A scalar: the variance of what remains when windows are folded at each period, summed over the periods.
    """
    windows = F.unfold(change, GRID_WINDOW, stride=GRID_WINDOW).transpose(1, 2)
    windows = windows.reshape(-1, 3, GRID_WINDOW, GRID_WINDOW)
    total = torch.zeros(())
    for period in GRIDS:
        repeats = GRID_WINDOW // period
        folded = windows.reshape(-1, 3, repeats, period, repeats, period).mean((2, 4))
        total = total + (folded - folded.mean((2, 3), keepdim=True)).square().mean()
    return total
