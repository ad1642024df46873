"""The paper's content and style losses, with targets that can be computed once and kept.

Source: Huang & Belongie 2017, arXiv:1703.06868, equations 11 to 13, on the normalised VGG-19. Lc compares relu4_1 of the
result with t = AdaIN(f(content), f(style)); Ls sums the mean squared differences of means and deviations over relu1_1 ...
relu4_1. Population variance throughout (see models.adain).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.adain import adain
from models.vgg import LAYERS

DEEPEST = LAYERS[-1]
EPS = 1e-5


class _FeatureStats(torch.autograd.Function):
    """Mean and deviation over space with a one-pass backward.

    The features of relu1_1 are the largest tensors of a training step; the derivative of both statistics is affine in
    them, so one multiply-add replaces the chain of five passes that autograd would record.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - torch's own context type
        # Sums in float32: half precision would lose the small variance next to the large mean.
        variance, mean = torch.var_mean(features.float(), dim=(2, 3), correction=0, keepdim=True)
        std = (variance + EPS).sqrt()
        ctx.save_for_backward(features, mean, std)
        return mean, std

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        features, mean, std = ctx.saved_tensors
        mean_gradient, std_gradient = gradients
        count = features.shape[2] * features.shape[3]
        slope = std_gradient / (count * std)
        offset = mean_gradient / count - slope * mean
        return torch.addcmul(offset.to(features.dtype), features, slope.to(features.dtype))


def feature_stats(features: Tensor) -> tuple[Tensor, Tensor]:
    """What `channel_stats` returns, always (N, C, 1, 1) float32, with a cheaper gradient."""
    mean, std = _FeatureStats.apply(features)  # type: ignore[no-untyped-call]
    return mean, std


@dataclass(frozen=True, slots=True)
class Stats:
    """Means and deviations of relu1_1 ... relu4_1, each (N, C, 1, 1) float32, in the order of LAYERS."""

    means: tuple[Tensor, ...]
    stds: tuple[Tensor, ...]

    @classmethod
    def of(cls, features: Mapping[str, Tensor]) -> "Stats":
        """The statistics of VGG features."""
        pairs = [feature_stats(features[layer]) for layer in LAYERS]
        return cls(tuple(mean for mean, _ in pairs), tuple(std for _, std in pairs))

    def minus(self, other: "Stats") -> "Stats":
        """Differences, layer by layer."""
        return Stats(
            tuple(a - b for a, b in zip(self.means, other.means, strict=True)),
            tuple(a - b for a, b in zip(self.stds, other.stds, strict=True)),
        )


def content_target(content_features: Tensor, style: Stats, alpha: Tensor | float = 1.0) -> Tensor:
    """The paper's t, at strength alpha.

    Args:
        content_features: (N, 512, H, W) relu4_1 of the content.
        style: Statistics of the style.
        alpha: (N, 1, 1, 1) or a number in [0, 1].

    Returns:
        (N, 512, H, W) float32: (1 - alpha) f(content) + alpha AdaIN(f(content), f(style)); equation 14.
    """
    plain = content_features.float()
    return plain + alpha * (adain(plain, style.means[-1], style.stds[-1], eps=EPS) - plain)


def content_loss(result: Mapping[str, Tensor], target: Tensor) -> Tensor:
    """Lc per sample: (N,) float32; equation 12."""
    return (result[DEEPEST].float() - target).square().mean(dim=(1, 2, 3))


def style_loss(result: Stats, style: Stats) -> Tensor:
    """Ls per sample: (N,) float32; equation 13, as mean squared differences."""
    total = torch.zeros(result.means[0].shape[0], device=result.means[0].device)
    for got, wanted in zip(result.means + result.stds, style.means + style.stds, strict=True):
        total = total + (got - wanted).square().mean(dim=(1, 2, 3))
    return total


def gram(features: Tensor) -> Tensor:
    """Gram matrices: correlations of channels, averaged over space.

    Args:
        features: (N, C, H, W) float.

    Returns:
        (N, C, C) float32, or float64 for such features.

    Source: Gatys et al. 2016, equation 3, divided by the number of positions so that sizes can be compared.
    """
    flat = (features if features.dtype == torch.float64 else features.float()).flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def gram_loss(result: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
    """Distance of Gram matrices per sample, summed over layers.

    Args:
        result: Layer -> features, (N, C, H, W).
        wanted: Layer -> Gram matrix, (N, C, C) or (1, C, C).

    Returns:
        (N,) float32: a quarter of the mean squared difference of each layer.

    Source: Gatys et al. 2016, equations 4 and 5, with unit weights for the layers.
    """
    per_layer = [(gram(result[layer]) - target).square().mean(dim=(1, 2)) / 4 for layer, target in wanted.items()]
    return torch.stack(per_layer).sum(dim=0)
