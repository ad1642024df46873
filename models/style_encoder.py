"""The style encoder of `fast`: a painting -> its style code. It runs once per style, so it may be wide, and look again.

Three steps:

1.  *Statistics of feature maps.* A trunk of convolutions down to 1/8 and a linear map to the channels of every modulated
    layer; the means and standard deviations of these maps are a first code.
2.  *An embedding.* Means and deviations of every layer of the trunk, and of a deeper one down to 1/16, go through a small
    perceptron that corrects the first code: means by addition, deviations by a factor. What a decoder's layers must be
    set to is no linear function of a painting's statistics.
3.  *Looks at what it paints.* The stylizer paints a fixed picture with the code; the same statistics of what came out,
    compared with those of the painting, show what the code lacks, and another perceptron corrects it; several times, each
    with a picture and a comparison of its own. A closed loop must know only which way to turn a knob, an open one how far.

Why: with the decoder left alone and a painting's code found by descent instead, the style loss of held-out paintings fell
by 44 % (docs/lab/experiments.md): the encoder was what held `fast` back, not the part that runs for every frame.

Source: Carreira et al. 2016, "Human Pose Estimation with Iterative Error Feedback", arXiv:1507.06550, for corrections that
are learnt from what the last one led to; Huang & Belongie 2017 for the statistics.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import channel_stats
from models.layers import conv

MOST_LOG_GAIN = 2.0
"""A perceptron's factor on a deviation lies between exp(-this) and exp(this)."""


class Seen(NamedTuple):
    """What the encoder saw of a style, apart from its code.

    Attributes:
        embedded: (N, E), the embedding; of width 0 where there is none.
        pooled: (N, P) float32, the statistics of every layer of the trunk.
    """

    embedded: Tensor
    pooled: Tensor


class StyleEncoder(nn.Module):
    """A painting's style code: means and standard deviations, one pair per modulated layer.

    Attributes:
        layers: Modulated layer -> channels, without `rgb`, whose statistics are the picture's own.
        embedding: Width of the embedding; 0 for an encoder with the first step only.
    """

    usual_mean: Tensor
    usual_std: Tensor

    def __init__(self, modulated: Mapping[str, int], width: int, embedding: int, looks: int) -> None:
        super().__init__()
        self.layers = {name: channels for name, channels in modulated.items() if name != "rgb"}
        channels = sum(self.layers.values())
        self.trunk = nn.Sequential(
            conv(12, width // 4),
            nn.ReLU(),
            conv(width // 4, width // 2, stride=2),
            nn.ReLU(),
            conv(width // 2, width, stride=2),
            nn.ReLU(),
            conv(width, width),
            nn.ReLU(),
            conv(width, width),
            nn.ReLU(),
        )
        self.heads = nn.Conv2d(width, channels, 1)
        self.embedding = embedding
        if embedding:
            deep = width * 5 // 4
            self.deep = nn.Sequential(conv(width, deep, stride=2), nn.ReLU(), conv(deep, deep), nn.ReLU())
            pooled = 2 * (3 + width // 4 + width // 2 + 3 * width + 2 * deep)
            # What the pooled statistics usually are, so that the perceptrons see them at one scale.
            self.register_buffer("usual_mean", torch.zeros(pooled))
            self.register_buffer("usual_std", torch.ones(pooled))
            self.embed_in = nn.Linear(pooled, embedding)
            self.embed_out = nn.Linear(embedding, embedding)
            self.correction = starting_at_zero(nn.Linear(embedding, 2 * channels))
        if looks:
            # Of what a look sees: what is lacking, the style, and (from the second on) what the look before returned.
            self.compare = nn.ModuleList(nn.Linear((2 if look == 0 else 3) * embedding, embedding) for look in range(looks))
            self.turn = starting_at_zero(nn.Linear(embedding, 2 * channels))

    def forward(self, style: Tensor) -> tuple[dict[str, Tensor], Seen]:
        """Encode a style: the first two steps.

        Args:
            style: (N, 3, H, W) float in [0, 1], RGB, H and W multiples of 8.

        Returns:
            `<layer>_mean` and `<layer>_std`, each (N, C, 1, 1), for every layer of `FastConfig.modulated()`, and what
            was seen.
        """
        features, pooled = self.look(style)
        mean, std = channel_stats(self.heads(features))
        embedded = self.embed(pooled)
        if self.embedding:
            mean, std = _corrected(mean, std, self.correction(embedded))
        rgb_mean, rgb_std = channel_stats(style)
        return {"rgb_mean": rgb_mean, "rgb_std": rgb_std} | self._named(mean, std), Seen(embedded, pooled)

    def embed(self, pooled: Tensor) -> Tensor:
        """(N, P), the statistics of a trunk -> (N, E), their embedding; of width 0 without perceptrons."""
        if not self.embedding:
            return pooled[:, :0]
        usual = (pooled - self.usual_mean) / self.usual_std
        hidden = F.silu(self.embed_in(usual.to(self.embed_in.weight.dtype)))
        return hidden + F.silu(self.embed_out(hidden))

    def lacking(self, wanted: Tensor, got: Tensor) -> Tensor:
        """What a picture lacks of a style, by the statistics of both: (N, P) each -> (N, E)."""
        difference = (wanted - got) / self.usual_std
        return F.linear(difference.to(self.embed_in.weight.dtype), self.embed_in.weight)

    def look_again(
        self, look: int, code: Mapping[str, Tensor], seen: Seen, painted: Tensor, previous: Tensor | None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The third step: a better code, from the difference between the painting and what its code painted.

        Args:
            look: Which look this is, from 0.
            code: The code that `painted` was painted with.
            seen: What `forward` saw of the style.
            painted: (N, 3, h, w) float in [0, 1].
            previous: What the look before returned; None for the first.

        Returns:
            The better code, and the result of this look, (N, E).
        """
        lacking = self.lacking(seen.pooled, self.look(painted)[1])
        inputs = [lacking, seen.embedded] if previous is None else [lacking, seen.embedded, previous]
        result = F.silu(self.compare[look](torch.cat(inputs, 1)))
        return self.corrected(code, self.turn(result)), result

    def corrected(self, code: Mapping[str, Tensor], correction: Tensor) -> dict[str, Tensor]:
        """A code after a perceptron's (N, 2 C); the painting's own colours stay."""
        mean, std = (torch.cat([code[f"{name}_{kind}"] for name in self.layers], 1) for kind in ("mean", "std"))
        return dict(code) | self._named(*_corrected(mean, std, correction))

    def _named(self, mean: Tensor, std: Tensor) -> dict[str, Tensor]:
        widths = list(self.layers.values())
        code: dict[str, Tensor] = {}
        means, stds = torch.split(mean, widths, dim=1), torch.split(std, widths, dim=1)
        for name, layer_mean, layer_std in zip(self.layers, means, stds, strict=True):
            code[f"{name}_mean"], code[f"{name}_std"] = layer_mean, layer_std
        return code

    def look(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """Features at 1/8, and the pooled statistics of every layer (N, P), float32."""
        features = F.pixel_unshuffle(style * 4 - 2, 2).to(self.heads.weight.dtype)
        maps = [style * 4 - 2]
        for layer in self.trunk:
            features = layer(features)
            if isinstance(layer, nn.ReLU):
                maps.append(features)
        deep = features
        for layer in self.deep if self.embedding else ():
            deep = layer(deep)
            if isinstance(layer, nn.ReLU):
                maps.append(deep)
        statistics = [part.float() for feature_map in maps for part in channel_stats(feature_map)]
        return features, torch.cat(statistics, 1).flatten(1)


def starting_at_zero(layer: nn.Linear) -> nn.Linear:
    """The layer, with a result of 0 until it has learnt."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _corrected(mean: Tensor, std: Tensor, correction: Tensor) -> tuple[Tensor, Tensor]:
    """Means (N, C, 1, 1) moved, deviations scaled by a perceptron's (N, 2 C)."""
    shift, log_gain = correction[:, :, None, None].float().chunk(2, dim=1)
    return mean + shift, std * (MOST_LOG_GAIN * torch.tanh(log_gain / MOST_LOG_GAIN)).exp()
