"""Cutting a smaller network of `fast` out of a trained one: those channels and blocks go that the rest can best replace.

Of a width (say the channels at 1/4) those channels go that a linear map of the others replaces best, as seen by the
convolutions that read them; the map is then multiplied into these convolutions' weights. Of the blocks at 1/8 those go
without which the picture changes least.

Source: Luo et al. 2017, "ThiNet", arXiv:1707.06342 (channels chosen greedily by what the next layer sees; least
squares).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product

import torch
from torch import Tensor, nn

from models.fast import Fast, FastConfig
from models.style_encoder import StyleEncoder

StyleCode = dict[str, Tensor]

_WIDTHS = {
    "half_in": ("half", ""),
    "quarter_in": ("quarter", "half"),
    "eighth_in": ("eighth", "quarter"),
    "blocks": ("eighth", "eighth"),
    "deep.down": ("sixteenth", "eighth"),
    "deep.blocks": ("sixteenth", "sixteenth"),
    "deep.up": ("eighth", "sixteenth"),
    "quarter_out": ("quarter", "eighth"),
    "half_out": ("half", "quarter"),
    "residual": ("", "half"),
}
"""Convolutions of the stylizer by the beginning of their name -> the width of what they write and of what they read."""
_RIDGE = 1e-4
"""Added to second moments, as a share of their mean, so that they can be inverted."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What of the large network the small one has.

    Attributes:
        channels: Width (half, quarter, eighth, sixteenth) -> the large network's channels.
        blocks: The large network's blocks at 1/8.
    """

    channels: Mapping[str, Tensor]
    blocks: tuple[int, ...]

    def source(self, name: str) -> str:
        """What a layer or tensor of the small network is called in the large one."""
        return re.sub(r"(?<!deep\.)(\bblocks\.|\bblock)(\d+)", lambda m: f"{m[1]}{self.blocks[int(m[2])]}", name)

    def of_layer(self, layer: str) -> Tensor:
        """The large network's channels of a modulated layer of the small one, but for `rgb`."""
        width = "eighth" if layer.startswith(("entry", "block")) else layer
        return self.channels["sixteenth" if layer.startswith("deep") else width]

    def code(self, code: Mapping[str, Tensor], config: FastConfig) -> StyleCode:
        """The large network's style code, cut to the small one's layers of this configuration."""
        cut = {f"rgb_{kind}": code[f"rgb_{kind}"] for kind in ("mean", "std")}
        for layer in config.modulated():
            if layer != "rgb":
                for kind in ("mean", "std"):
                    cut[f"{layer}_{kind}"] = code[f"{self.source(layer)}_{kind}"][:, self.of_layer(layer)]
        return cut


@torch.no_grad()
def pruned(large: Fast, config: FastConfig, photos: Tensor, code: StyleCode) -> tuple[Fast, Kept]:
    """A network of fewer channels and blocks.

    Args:
        large: Is trained.
        config: With the encoder's sizes and the blocks at 1/16 of the large one.
        photos: (N, 3, H, W) float in [0, 1], to see what can go.
        code: Of N styles.

    Returns:
        The small network, and what it has of the large one.
    """
    alpha = torch.ones(len(photos), 1, 1, 1)
    wanted, moments = _observed(large.stylizer, photos, alpha, code)
    channels = {width: _chosen(large, width, getattr(config, width), moments) for width in _widths()}
    # Blocks before and after the stage at 1/16 stay there.
    middle, before = large.config.blocks // 2, config.blocks // 2
    first = combinations(range(middle), before)
    second = combinations(range(middle, large.config.blocks), config.blocks - before)
    best: tuple[float, Fast, Kept] | None = None
    for blocks in (one + other for one, other in product(first, second)):
        kept = Kept(channels, blocks)
        small = _cut(large, config, kept, moments)
        error = float((small.stylizer(photos, alpha, kept.code(code, config)) - wanted).abs().mean())
        if best is None or error < best[0]:
            best = error, small, kept
    assert best is not None
    return best[1], best[2]


def _observed(stylizer: nn.Module, photos: Tensor, alpha: Tensor, code: StyleCode) -> tuple[Tensor, dict[str, Tensor]]:
    """What is painted, and name of each convolution -> (C, C), second moments of what it reads."""
    moments: dict[str, Tensor] = {}

    def observe(name: str, features: Tensor) -> None:
        flat = features.float().transpose(0, 1).flatten(1)
        moments[name] = flat @ flat.T / flat.shape[1]

    convolutions = {name: part for name, part in stylizer.named_modules() if isinstance(part, nn.Conv2d)}
    hooks = [
        part.register_forward_pre_hook(lambda _part, inputs, name=name: observe(name, inputs[0]))
        for name, part in convolutions.items()
    ]
    try:
        return stylizer(photos, alpha, code), moments
    finally:
        for hook in hooks:
            hook.remove()


def _widths() -> list[str]:
    return list(dict.fromkeys(read for _written, read in _WIDTHS.values() if read))


def _width(name: str, place: int) -> str:
    """The width of what a convolution writes (0) or reads (1)."""
    return next(widths[place] for beginning, widths in _WIDTHS.items() if name.startswith(beginning))


def _map(moments: Tensor, kept: list[int] | Tensor, gone: list[int] | Tensor) -> tuple[Tensor, Tensor]:
    """The linear map from channels that are kept to those that go, (gone, kept), and what it leaves: (gone, gone)."""
    ridge = _RIDGE * moments.diagonal().mean() * torch.eye(len(kept))
    inverse = torch.linalg.inv(moments[kept][:, kept] + ridge)
    across = moments[gone][:, kept]
    return across @ inverse, moments[gone][:, gone] - across @ inverse @ across.T


def _chosen(large: Fast, width: str, number: int, moments: Mapping[str, Tensor]) -> Tensor:
    """The channels of a width to keep, in order: one after the other goes, each the one that costs least."""
    readers = [
        (moments[name], part.weight.transpose(0, 1).flatten(1))
        for name, part in large.stylizer.named_modules()
        if name in moments and _width(name, 1) == width
    ]
    kept = list(range(getattr(large.config, width)))

    def cost(candidate: int) -> float:
        rest = [channel for channel in kept if channel != candidate]
        gone = [channel for channel in range(getattr(large.config, width)) if channel not in rest]
        return sum(
            float((_map(moment, rest, gone)[1] @ weight[gone] * weight[gone]).sum() / (moment @ weight * weight).sum())
            for moment, weight in readers
        )

    while len(kept) > number:
        kept.remove(min(kept, key=cost))
    return torch.tensor(kept)


def _cut(large: Fast, config: FastConfig, kept: Kept, moments: Mapping[str, Tensor]) -> Fast:
    """The small network, with the weights of what is gone in those of what is kept."""
    small = Fast(config)
    old = large.stylizer.state_dict()
    for name, tensor in small.stylizer.state_dict().items():
        tensor.copy_(_cut_convolution(name, old[kept.source(name)], kept, moments))
    take_encoder(small, large, kept)
    return small.eval()


@torch.no_grad()
def take_encoder(small: Fast, large: Fast, kept: Kept) -> None:
    """Give a small network the style encoder of a large one, cut to what it has of it."""
    old = large.state_dict()
    rows, old_rows = (_head_rows(network.encoder) for network in (small, large))
    for name, tensor in small.state_dict().items():
        if name.startswith(("encoder.heads", "encoder.correction", "encoder.turn")):
            # One row per channel; of the perceptrons' two, for means and for deviations.
            for layer, place in rows.items():
                chosen = old_rows[kept.source(layer)].start + kept.of_layer(layer)
                for half in range(1 if "heads" in name else 2):
                    shift, old_shift = (half * len(network.encoder.heads.weight) for network in (small, large))
                    tensor[place.start + shift : place.stop + shift] = old[name][chosen + old_shift]
        elif not name.startswith("stylizer."):
            tensor.copy_(old[name])


def _cut_convolution(name: str, source: Tensor, kept: Kept, moments: Mapping[str, Tensor]) -> Tensor:
    module, _, kind = name.rpartition(".")
    written, read = (_width(name, place) for place in (0, 1))
    if written:
        source = source[kept.channels[written]]
    if not read or kind == "bias":
        return source
    stays = kept.channels[read]
    gone = torch.tensor([channel for channel in range(source.shape[1]) if channel not in stays.tolist()], dtype=torch.long)
    replaced = _map(moments[kept.source(module)], stays, gone)[0]
    return source[:, stays] + torch.einsum("ogyx,gk->okyx", source[:, gone], replaced)


def _head_rows(encoder: StyleEncoder) -> dict[str, slice]:
    """Where in the encoder's heads each layer's channels are."""
    rows, first = {}, 0
    for layer, channels in encoder.layers.items():
        rows[layer] = slice(first, first + channels)
        first += channels
    return rows
