"""`fast`: a small arbitrary-style network for plain CPUs, AdaIN at heart; one family, one file, to be read from the top.

Four ideas make it cheap and robust:

1.  *RGB first.* The photo's RGB mean and deviation are matched to the style's (AdaIN at level 0). The network sees the
    matched photo; what it paints is added to a blurred copy of it, since the photo's own finest texture is no stroke.
    Colours are right before the first step of training, shapes survive, and `alpha` scales it all, so that alpha = 0 is
    the input itself, exactly.
2.  *Dense 3x3 convolutions at 1/4 and 1/8 resolution*, few channels at 1/2, none at full size: what a CPU is good at.
    Space-to-depth leads in, pixel shuffle leads out.
3.  *AdaIN in every block.* A separate style encoder (`models.style_encoder`), which runs once per style and so may be
    wider, says what mean and deviation every channel of every modulated layer is to have: the style code.
4.  *A deep stage at 1/16*, amid the blocks: wide channels are cheap there, and what relu3_1 and relu4_1 of VGG see of a
    painting (its larger strokes and shapes) is where a small network lacks most.

Borders are padded by replication inside, so that any size works, down to one pixel, and no dark or coloured frame
appears. 2.9 GMAC per 640x360 frame (`python -m export.count`).

Source: Huang & Belongie 2017, arXiv:1703.06868 (AdaIN); Shi et al. 2016, arXiv:1609.05158 (pixel shuffle);
Odena et al. 2016 (nearest upsampling before a convolution leaves no checkerboard).
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import StyleCode, adain, channel_stats
from models.dead_leaves import dead_leaves
from models.layers import conv, straight_through_clamp
from models.style_encoder import Seen, StyleEncoder

SIZE_MULTIPLE = 8
RGB_MAX_GAIN = 2.5
RGB_EPS = 1e-5
PLAIN = 2 / 255
"""A frame of less deviation than this has less and less painted onto it: in one plain colour (a title card, a fade to
black), AdaIN after AdaIN would blow up the rounding of the arithmetic into a pattern."""
FEATURE_EPS = 1e-3
BOLDER, MORE_COLORFUL = 1.05, 1.08
"""Factors on the deviations of a painting's code: on layers, and on its colors. What training asks for beside style leaves
pictures with .86 of their paintings' contrast; with these they have .90, at the same rank by texture."""
LOOKED_AT = 128
"""Side of the pictures that the style encoder has painted to see what a code does."""


@dataclass(frozen=True, slots=True)
class FastConfig:
    """Widths of the network; stored with the weights.

    Attributes:
        half: Channels at 1/2 resolution.
        quarter: Channels at 1/4 resolution.
        eighth: Channels at 1/8 resolution.
        blocks: Residual blocks at 1/8 resolution.
        sixteenth: Channels at 1/16 resolution; 0 for a network without this stage.
        deep_blocks: Residual blocks at 1/16 resolution.
        style: Channels of the style encoder at 1/8 resolution.
        embedding: Width of the style encoder's second path (`models.style_encoder`); 0 for a network without it.
        looks: How often the encoder looks at what its code paints and corrects it.
    """

    half: int = 24
    quarter: int = 48
    eighth: int = 64
    blocks: int = 5
    style: int = 128
    sixteenth: int = 112
    deep_blocks: int = 2
    embedding: int = 256
    looks: int = 3

    def modulated(self) -> dict[str, int]:
        """Name -> channels of the layers whose statistics the style sets."""
        layers = {"rgb": 3, "entry": self.eighth}
        for block in range(self.blocks):
            layers[f"block{block}_inner"] = self.eighth
            layers[f"block{block}_outer"] = self.eighth
        if self.sixteenth:
            layers["deep_entry"] = self.sixteenth
            for block in range(self.deep_blocks):
                layers[f"deep{block}_inner"] = self.sixteenth
                layers[f"deep{block}_outer"] = self.sixteenth
        layers["quarter"] = self.quarter
        layers["half"] = self.half
        return layers


def upsample(features: Tensor) -> Tensor:
    """Nearest neighbour, twice the size."""
    return F.interpolate(features, scale_factor=2.0, mode="nearest")


def presence(content_std: Tensor) -> Tensor:
    """How much is to be painted onto a content of this deviation: (N, 3, 1, 1) -> (N, 1, 1, 1), 1 but for plain frames."""
    variance = content_std.square() - RGB_EPS
    return (variance.mean(1, keepdim=True) / PLAIN**2).clamp(0, 1)


class ResidualBlock(nn.Module):
    """Two convolutions, each followed by AdaIN, around an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = conv(channels, channels)
        self.outer = conv(channels, channels)

    def forward(self, features: Tensor, code: StyleCode, name: str) -> Tensor:
        """The block of this name under a style code; (N, C, H, W) in and out."""
        inner = F.relu(modulate(self.inner(features), code, f"{name}_inner"))
        return features + modulate(self.outer(inner), code, f"{name}_outer")


def modulate(features: Tensor, code: StyleCode, layer: str) -> Tensor:
    """AdaIN of one named layer under a style code."""
    return adain(features, code[f"{layer}_mean"], code[f"{layer}_std"], eps=FEATURE_EPS)


class DeepStage(nn.Module):
    """Down to 1/16, residual blocks there, and back up as an addition, which starts at zero."""

    def __init__(self, config: FastConfig) -> None:
        super().__init__()
        self.down = conv(config.eighth, config.sixteenth, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(config.sixteenth) for _ in range(config.deep_blocks))
        self.up = conv(config.sixteenth, config.eighth)
        nn.init.zeros_(self.up.weight)

    def forward(self, features: Tensor, code: StyleCode) -> Tensor:
        """(N, eighth, H, W), any size -> the same."""
        deep = F.relu(modulate(self.down(features), code, "deep_entry"))
        for index, block in enumerate(self.blocks):
            deep = block(deep, code, f"deep{index}")
        height, width = features.shape[2:]
        added: Tensor = self.up(upsample(deep))[:, :, :height, :width]
        return features + added


def blurred(image: Tensor) -> Tensor:
    """What the strokes lie on: the photo without its finest texture, which is no stroke; means over 4x4 pixels, enlarged.

    (N, C, H, W), H and W multiples of 4 -> the same.
    """
    return F.interpolate(F.avg_pool2d(image, 4), scale_factor=4.0, mode="bilinear")


class Stylizer(nn.Module):
    """The part that runs for every frame."""

    def __init__(self, config: FastConfig) -> None:
        super().__init__()
        self.half_in = conv(12, config.half)
        self.quarter_in = conv(config.half, config.quarter, stride=2)
        self.eighth_in = conv(config.quarter, config.eighth, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(config.eighth) for _ in range(config.blocks))
        self.deep = DeepStage(config) if config.sixteenth else None
        self.quarter_out = conv(config.eighth, config.quarter)
        self.half_out = conv(config.quarter, config.half)
        self.residual = conv(config.half, 12)
        with torch.no_grad():
            self.residual.weight.mul_(0.1)

    def forward(self, content: Tensor, alpha: Tensor, code: StyleCode) -> Tensor:
        """Stylize.

        Args:
            content: (N, 3, H, W) float in [0, 1], RGB, any H and W.
            alpha: (N, 1, 1, 1) float in [0, 1]: 0 is the content itself, 1 the full style.
            code: What StyleEncoder returns.

        Returns:
            (N, 3, H, W) float, about [0, 1], not clamped.
        """
        height, width = content.shape[2:]
        matched = adain(content, code["rgb_mean"], code["rgb_std"], eps=RGB_EPS, max_gain=RGB_MAX_GAIN)
        matched = content + alpha * (matched - content)
        padded = F.pad(matched, (0, -width % SIZE_MULTIPLE, 0, -height % SIZE_MULTIPLE), mode="replicate")
        unshuffled = F.pixel_unshuffle(padded * 4 - 2, 2).to(self.half_in.weight.dtype)
        half = F.relu(self.half_in(unshuffled))  # (N, half, H/2, W/2)
        quarter = F.relu(self.quarter_in(half))  # (N, quarter, H/4, W/4)
        features = F.relu(modulate(self.eighth_in(quarter), code, "entry"))  # (N, eighth, H/8, W/8)
        for index, block in enumerate(self.blocks):
            if self.deep is not None and index == len(self.blocks) // 2:
                features = self.deep(features, code)
            features = block(features, code, f"block{index}")
        features = F.relu(modulate(self.quarter_out(upsample(features)), code, "quarter") + quarter)
        features = F.relu(modulate(self.half_out(upsample(features)), code, "half") + half)
        residual = F.pixel_shuffle(self.residual(features), 2)[:, :, :height, :width]
        present = alpha * presence(channel_stats(content, RGB_EPS)[1])
        coarse = blurred(padded)[:, :, :height, :width]
        return matched + present * (coarse - matched + residual.to(matched.dtype))


class CompleteEncoder(nn.Module):
    """A painting -> the style code that it is painted with: all steps of `models.style_encoder`, and somewhat bolder."""

    def __init__(self, network: "Fast") -> None:
        super().__init__()
        self.network = network

    def forward(self, style: Tensor) -> StyleCode:
        """(N, 3, H, W) float in [0, 1], H and W multiples of 8 -> `<layer>_mean` and `<layer>_std`, (N, C, 1, 1) each."""
        code = self.network.encode(style)[0]
        gains = dict.fromkeys((name for name in code if name.endswith("_std")), BOLDER) | {"rgb_std": MORE_COLORFUL}
        return {name: values * gains.get(name, 1.0) for name, values in code.items()}


class Fast(nn.Module):
    """Style encoder and stylizer together, as they are trained."""

    family = "fast"
    bytes_per_pixel = 300
    size_multiple = SIZE_MULTIPLE

    def __init__(self, config: FastConfig | None = None) -> None:
        super().__init__()
        self.config = config or FastConfig()
        config = self.config
        self.encoder = StyleEncoder(config.modulated(), config.style, config.embedding, config.looks)
        self.stylizer = Stylizer(self.config)
        if config.looks:
            # Made up at first, and learnt along.
            self.looked_at = nn.Parameter(_made_up_picture().repeat(config.looks, 1, 1, 1))

    @property
    def style_encoder(self) -> CompleteEncoder:
        """What turns paintings into codes."""
        return CompleteEncoder(self)

    @property
    def code_names(self) -> list[str]:
        """Names of the style code's tensors, in the order of the graphs."""
        return [f"{layer}_{kind}" for layer in self.config.modulated() for kind in ("mean", "std")]

    @torch.no_grad()
    def sample_code(self) -> StyleCode:
        """The code of a plain gradient."""
        ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
        code: StyleCode = self.style_encoder(ramp)
        return code

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """Stylize each content with the style of the same index; shapes as in the parts."""
        stylized: Tensor = self.stylizer(content, alpha, self.style_encoder(style))
        return stylized

    def encode(self, style: Tensor) -> tuple[StyleCode, Tensor]:
        """The style code of paintings, and their embedding.

        Args:
            style: (N, 3, H, W) float in [0, 1], RGB, H and W multiples of 8.

        Returns:
            The code, and (N, E): what the encoder's perceptrons see, of width 0 in a network without them.
        """
        code, seen = self.complete(style)
        return code, seen.embedded

    def complete(self, style: Tensor) -> tuple[StyleCode, Seen]:
        """The style code of paintings, and all that the encoder saw of them.

        Args:
            style: As for `encode`.
        """
        code, seen = self.encoder(style)
        previous: Tensor | None = None
        alpha = torch.ones(len(style), 1, 1, 1, device=style.device)
        for look in range(self.config.looks):
            picture = straight_through_clamp(self.looked_at[look]).expand(len(style), -1, -1, -1)
            painted = straight_through_clamp(self.stylizer(picture, alpha, code))
            code, previous = self.encoder.look_again(look, code, seen, painted, previous)
        return code, seen


@cache
def _made_up_picture() -> Tensor:
    """(1, 3, LOOKED_AT, LOOKED_AT) float in [0, 1]; drawn once, since it takes seconds."""
    return dead_leaves(LOOKED_AT).float().div(255)
