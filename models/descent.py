"""What a style's code should change by, to paint a scene better: the gradient of the paper's losses, as plain layers.

Runtimes for inference know no gradients. So the derivative of stylizer and judge is written out here, as convolutions and
sums that export like any network. Only the code has a derivative: what of the stylizer comes before its first modulated
layer is the same at every step, and no weight moves.

A function here that computes something also returns how a gradient is pulled back through it, so that each derivative
stands beside what it is of. `tests/test_descent.py` compares them with autograd's.

Source: Huang & Belongie 2017, arXiv:1703.06868, equations 11 to 13, for the losses; Gatys et al. 2016 for descent on them.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import StyleCode, adain, channel_stats
from models.fast import FEATURE_EPS, RGB_EPS, RGB_MAX_GAIN, Fast, ResidualBlock, presence, upsample
from models.losses import EPS
from models.vgg import LAYER_WIDTHS, LAYERS, POOLED, Vgg19

Pull = Callable[[Tensor], Tensor]
"""The gradient at what a function returned -> the gradient at what it was given."""

RANGE_WEIGHT = 100.0
"""Price of colours outside [0, 1], as in training."""


class Judged(NamedTuple):
    """What one pass found out.

    Attributes:
        losses: (N, 2): content and style.
        statistics: (N, S): the judge's statistics of the painted picture.
        features: (N, 512, H/8, W/8): its deepest features.
        slopes: Name of a code's tensor -> gradient, of a deviation for its logarithm; each (N, C, 1, 1).
    """

    losses: Tensor
    statistics: Tensor
    features: Tensor
    slopes: dict[str, Tensor]


class Descent(nn.Module):
    """Paints a scene, judges it, and says how the code should change."""

    def __init__(self, network: Fast, judge: Vgg19) -> None:
        super().__init__()
        self.network, self.judge = network, judge

    def forward(
        self, scene: Tensor, strength: Tensor, style_weight: Tensor, wanted: Tensor, content: Tensor, code: StyleCode
    ) -> Judged:
        """One pass.

        Args:
            scene: (N, 3, H, W) float in [0, 1], H and W multiples of 8, 32 at least.
            strength: (N, 1, 1, 1): 1 to paint; at 0 the scene itself is judged, which tells `wanted` of a painting and
                `content` of a scene.
            style_weight: (1, 1), lambda of the paper.
            wanted: (N, S), the judge's statistics of the painting.
            content: (N, 512, H/8, W/8), its deepest features of the scene.
            code: Of the style.
        """
        slopes: dict[str, Tensor] = {}
        painted, pull_code = _painted(self.network, scene, strength, code, slopes)
        clamped = painted.clamp(0, 1)
        seen, pull_seen = _seen(self.judge, clamped)
        wanted_means, wanted_stds = _parts(wanted)
        target = adain(content, wanted_means[-1], wanted_stds[-1], eps=EPS)
        away = seen[-1] - target
        content_loss = away.square().mean((1, 2, 3))
        style_loss = torch.zeros_like(content_loss)
        means, stds, pulled = [], [], []
        for features, wanted_mean, wanted_std in zip(seen, wanted_means, wanted_stds, strict=True):
            mean, std = channel_stats(features, EPS)
            by_mean, by_std = mean - wanted_mean, std - wanted_std
            style_loss = style_loss + (by_mean.square() + by_std.square()).mean((1, 2, 3))
            pulled.append(_share(features) * style_weight[:, :, None, None] * (by_mean + by_std / std * (features - mean)))
            means.append(mean)
            stds.append(std)
        pulled[-1] = pulled[-1] + _share(away) * away
        outside = painted - clamped
        price = outside * (RANGE_WEIGHT * _share(outside))
        # Through the clamp as if it were not there, as in training: a pixel that left the range can come back.
        pull_code(pull_seen(pulled) + price)
        statistics = torch.cat(means + stds, 1).flatten(1)
        return Judged(torch.stack([content_loss, style_loss], 1), statistics, seen[-1], slopes)


def _share(features: Tensor) -> float:
    """What one value of (N, C, H, W) counts in the derivative of a mean of squares."""
    return 2 / (features.shape[1] * features.shape[2] * features.shape[3])


def _parts(statistics: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Means and deviations of each layer, (N, C, 1, 1), out of (N, S)."""
    parts = torch.split(statistics[:, :, None, None], [*LAYER_WIDTHS, *LAYER_WIDTHS], dim=1)
    return list(parts[: len(LAYER_WIDTHS)]), list(parts[len(LAYER_WIDTHS) :])


def _relu(features: Tensor) -> tuple[Tensor, Pull]:
    positive = F.relu(features)
    return positive, lambda slope: slope * (positive > 0)


def _turned(layer: nn.Conv2d) -> Tensor:
    """The kernels that pull a gradient back through a convolution of stride 1."""
    return layer.weight.flip(2, 3).transpose(0, 1)


def _convolved(layer: nn.Conv2d, features: Tensor) -> tuple[Tensor, Pull]:
    """A 3x3 convolution that replicates the border (`models.layers.conv`), of stride 1 or 2."""
    height, width = features.shape[2:]

    def pull(slope: Tensor) -> Tensor:
        if layer.stride == (1, 1):
            padded = F.conv2d(slope, _turned(layer), padding=2)
        else:
            padded = F.conv_transpose2d(slope, layer.weight, stride=2)
            padded = F.pad(padded, (0, width + 2 - padded.shape[3], 0, height + 2 - padded.shape[2]))
        # What replicated pixels were told goes to those that they replicate.
        rows = [padded[:, :, :1] + padded[:, :, 1:2], padded[:, :, 2:-2], padded[:, :, -2:-1] + padded[:, :, -1:]]
        padded = torch.cat(rows, 2)
        columns = [padded[..., :1] + padded[..., 1:2], padded[..., 2:-2], padded[..., -2:-1] + padded[..., -1:]]
        return torch.cat(columns, 3)

    convolved: Tensor = layer(features)
    return convolved, pull


def _modulated(features: Tensor, code: StyleCode, layer: str, slopes: dict[str, Tensor]) -> tuple[Tensor, Pull]:
    """AdaIN of one named layer; pulled back, it leaves the slopes of its part of the code."""
    mean, std = channel_stats(features, FEATURE_EPS)
    normal = (features - mean) / std
    wanted = code[f"{layer}_std"]

    def pull(slope: Tensor) -> Tensor:
        along = (slope * normal).mean((2, 3), keepdim=True)
        flat = slope.mean((2, 3), keepdim=True)
        count = slope.shape[2] * slope.shape[3]
        slopes[f"{layer}_mean"] = flat * count
        slopes[f"{layer}_std"] = along * count * wanted
        return (slope - flat - normal * along) * (wanted / std)

    return normal * wanted + code[f"{layer}_mean"], pull


def _upsampled(features: Tensor) -> tuple[Tensor, Pull]:
    return upsample(features), lambda slope: F.avg_pool2d(slope, 2) * 4


def _chain(pulls: list[Pull]) -> Pull:
    """All of them, the last one first."""

    def pull(slope: Tensor) -> Tensor:
        for step in reversed(pulls):
            slope = step(slope)
        return slope

    return pull


def _block(
    block: ResidualBlock, features: Tensor, code: StyleCode, name: str, slopes: dict[str, Tensor]
) -> tuple[Tensor, Pull]:
    inner, pull_inner = _convolved(block.inner, features)
    inner, pull_inner_code = _modulated(inner, code, f"{name}_inner", slopes)
    inner, pull_relu = _relu(inner)
    outer, pull_outer = _convolved(block.outer, inner)
    outer, pull_outer_code = _modulated(outer, code, f"{name}_outer", slopes)
    through = _chain([pull_inner, pull_inner_code, pull_relu, pull_outer, pull_outer_code])
    return features + outer, lambda slope: slope + through(slope)


def _deepened(network: Fast, features: Tensor, code: StyleCode, slopes: dict[str, Tensor]) -> tuple[Tensor, Pull]:
    stage = network.stylizer.deep
    assert stage is not None  # of the networks that are shipped
    height, width = features.shape[2:]
    deep, pull = _convolved(stage.down, features)
    pulls = [pull]
    for layer in (lambda part: _modulated(part, code, "deep_entry", slopes), _relu):
        deep, pull = layer(deep)
        pulls.append(pull)
    for index, block in enumerate(stage.blocks):
        assert isinstance(block, ResidualBlock)
        deep, pull = _block(block, deep, code, f"deep{index}", slopes)
        pulls.append(pull)
    raised, pull = _upsampled(deep)
    pulls.append(pull)
    added, pull = _convolved(stage.up, raised)
    pulls.append(pull)
    through = _chain(pulls)

    def pull_all(slope: Tensor) -> Tensor:
        # An odd size was rounded up on the way down.
        whole = F.pad(slope, (0, added.shape[3] - width, 0, added.shape[2] - height))
        return slope + through(whole)

    return features + added[:, :, :height, :width], pull_all


def _painted(
    network: Fast, scene: Tensor, strength: Tensor, code: StyleCode, slopes: dict[str, Tensor]
) -> tuple[Tensor, Callable[[Tensor], object]]:
    """What the stylizer paints, and what brings a gradient at it into the slopes."""
    stylizer = network.stylizer
    matched = adain(scene, code["rgb_mean"], code["rgb_std"], eps=RGB_EPS, max_gain=RGB_MAX_GAIN)
    matched = scene + strength * (matched - scene)
    half = F.relu(stylizer.half_in(F.pixel_unshuffle(matched * 4 - 2, 2)))
    quarter = F.relu(stylizer.quarter_in(half))
    features, pull_entry = _modulated(stylizer.eighth_in(quarter), code, "entry", slopes)
    features, pull = _relu(features)
    pulls = [pull_entry, pull]
    for index, block in enumerate(stylizer.blocks):
        if index == len(stylizer.blocks) // 2:
            features, pull = _deepened(network, features, code, slopes)
            pulls.append(pull)
        assert isinstance(block, ResidualBlock)
        features, pull = _block(block, features, code, f"block{index}", slopes)
        pulls.append(pull)
    for layer, beside, name in ((stylizer.quarter_out, quarter, "quarter"), (stylizer.half_out, half, "half")):
        features, pull_up = _upsampled(features)
        features, pull_layer = _convolved(layer, features)
        features, pull_code = _modulated(features, code, name, slopes)
        features, pull = _relu(features + beside)
        pulls += [pull_up, pull_layer, pull_code, pull]
    residual, pull = _convolved(stylizer.residual, features)
    pulls.append(pull)
    share = strength * presence(channel_stats(scene, RGB_EPS)[1])
    through = _chain(pulls)
    return matched + share * F.pixel_shuffle(residual, 2), lambda slope: through(F.pixel_unshuffle(slope * share, 2))


def _seen(judge: Vgg19, picture: Tensor) -> tuple[list[Tensor], Callable[[list[Tensor]], Tensor]]:
    """The judge's features of a picture, layer by layer, and what pulls gradients at them back to the picture."""
    features: Tensor = judge.preprocess(picture)
    seen: list[Tensor] = []
    pulls: list[Pull] = []  # those since the layer before that is looked at
    between: list[list[Pull]] = []
    for name, layer in judge.convolutions.items():
        assert isinstance(layer, nn.Conv2d)
        if name in POOLED:
            features, pull = _pooled(features)
            pulls.append(pull)
        features, pull_layer = _reflected(layer, features)
        features, pull_relu = _relu(features)
        pulls += [pull_layer, pull_relu]
        if name.replace("conv", "relu") in LAYERS:
            seen.append(features)
            between.append(pulls)
            pulls = []

    def pull_all(slopes: list[Tensor]) -> Tensor:
        slope = torch.zeros_like(slopes[-1])
        for own, pulls in zip(reversed(slopes), reversed(between), strict=True):
            slope = _chain(pulls)(slope + own)
        return F.conv2d(slope, judge.preprocess.weight.transpose(0, 1))

    return seen, pull_all


def _pooled(features: Tensor) -> tuple[Tensor, Pull]:
    """Maxima of 2x2, of even sizes; of equal ones, all are told, but behind a ReLU only zeros are equal."""
    most = F.max_pool2d(features, 2)
    return most, lambda slope: upsample(slope) * (features == upsample(most))


def _reflected(layer: nn.Conv2d, features: Tensor) -> tuple[Tensor, Pull]:
    """A 3x3 convolution behind a border that is reflected."""

    def pull(slope: Tensor) -> Tensor:
        padded = F.conv2d(slope, _turned(layer), padding=2)
        for axis in (2, 3):
            first, own, last = (
                padded.narrow(axis, 0, 1),
                padded.narrow(axis, 1, padded.shape[axis] - 2),
                padded.narrow(axis, -1, 1),
            )
            side = own.shape[axis]
            parts = [
                own.narrow(axis, 0, 1),
                own.narrow(axis, 1, 1) + first,
                own.narrow(axis, 2, side - 4),
                own.narrow(axis, side - 2, 1) + last,
                own.narrow(axis, side - 1, 1),
            ]
            padded = torch.cat(parts, axis)
        return padded

    convolved: Tensor = layer(F.pad(features, (1, 1, 1, 1), mode="reflect"))
    return convolved, pull
