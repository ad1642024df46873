"""`feedforward`: a network trained for one painting, or for a few, with conditional instance norm.

    content --conv--> full --stride 2--> 1/2 --stride 2--> 1/4 --residual blocks--> 1/4 --up, conv--> 1/2 --up, conv--> full

Every convolution but the last is normalised by the mean and deviation of its features over the photo itself (instance
norm): scaling the photo's contrast or shifting its brightness changes nothing. All convolutions are shared by the
paintings; each painting has scales and shifts of its own (conditional instance norm).

*The style code* is the learned shift (`<layer>_mean`) and scale (`<layer>_std`) of each normalised layer: after
normalising, those are the mean and deviation which the layer's features get, exactly as in an AdaIN code. So codes blend
as AdaIN codes do. One thing differs: a scale may be negative.

*Alpha* is not in these papers: the result moves linearly from the content, at 0, to the network's output, at 1.

Borders are replicated inside: a shift of brightness passes a convolution as a shift up to the very edge (zeros would
break that), any size from one pixel works, and no frame shows. As instance norm lifts whatever contrast there is, a nearly
flat frame is lifted too, noise included.

Source: Johnson et al. 2016, arXiv:1603.08155 (the layers; ours are narrower, with nearest upsampling for strided
transposed convolutions and a sigmoid for the scaled tanh); Ulyanov et al. 2016, arXiv:1607.08022 (instance norm);
Dumoulin et al. 2017, arXiv:1610.07629 (conditional instance norm).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import StyleCode, channel_stats

COARSEST = 4
EPS = 1e-5
OUTER_KERNEL = 9


@dataclass(frozen=True, slots=True)
class FeedForwardConfig:
    """Shape of the network; stored with the weights.

    Attributes:
        styles: How many paintings it knows.
        width: Channels at full size; twice as many at 1/2 and four times at 1/4. Johnson et al. have 32.
        blocks: Residual blocks at 1/4.

    Raises:
        ValueError: A value is out of its range.
    """

    styles: int = 1
    width: int = 16
    blocks: int = 5

    def __post_init__(self) -> None:
        if self.styles < 1:
            raise ValueError(f"wanted at least one style, got {self.styles}")
        if self.width < 1 or self.blocks < 0:
            raise ValueError(f"wanted a width of 1 or more and 0 or more blocks, got {self.width} and {self.blocks}")

    def normalised(self) -> dict[str, int]:
        """Name -> channels of the normalised layers, in the order of use."""
        full, half, quarter = self.width, 2 * self.width, 4 * self.width
        layers = {"full_in": full, "half_in": half, "quarter_in": quarter}
        for block in range(self.blocks):
            layers[f"block{block}_inner"] = quarter
            layers[f"block{block}_outer"] = quarter
        return layers | {"half_out": half, "full_out": full}


def conv(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps the size (over the stride) and replicates the border; a norm after it would undo a bias."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, padding_mode="replicate", bias=bias)


def upsample(features: Tensor) -> Tensor:
    """Nearest neighbour, twice the size."""
    return F.interpolate(features, scale_factor=2.0, mode="nearest")


def widened(features: Tensor) -> Tensor:
    """Half precision as float32, for sums over many values; others as they are."""
    return features.to(torch.promote_types(features.dtype, torch.float32))


def instance_norm(features: Tensor) -> Tensor:
    """Mean 0 and deviation 1 of every sample and channel over space; (N, C, H, W) in, at least float32 out.

    Source: Ulyanov et al. 2016, arXiv:1607.08022, equation 4; population variance.
    """
    features = widened(features)
    mean, std = channel_stats(features, EPS)
    return (features - mean) / std


class Stylizer(nn.Module):
    """The part that runs for every frame: convolutions and norms, the styles' scales and shifts come as a code."""

    def __init__(self, config: FeedForwardConfig) -> None:
        super().__init__()
        full, half, quarter = config.width, 2 * config.width, 4 * config.width
        self.blocks = config.blocks
        convolutions = {
            "full_in": conv(3, full, kernel=OUTER_KERNEL),
            "half_in": conv(full, half, stride=2),
            "quarter_in": conv(half, quarter, stride=2),
        }
        for block in range(config.blocks):
            convolutions[f"block{block}_inner"] = conv(quarter, quarter)
            convolutions[f"block{block}_outer"] = conv(quarter, quarter)
        convolutions |= {"half_out": conv(quarter, half), "full_out": conv(half, full)}
        self.convolutions = nn.ModuleDict(convolutions)
        self.picture = conv(full, 3, kernel=OUTER_KERNEL, bias=True)

    def forward(self, content: Tensor, alpha: Tensor, code: StyleCode) -> Tensor:
        """Stylize.

        Args:
            content: (N, 3, H, W) float in [0, 1], RGB, any H and W.
            alpha: (N, 1, 1, 1) float: 0 is the content itself, 1 the full style.
            code: `<layer>_mean` and `<layer>_std`, (1, C, 1, 1), (N, C, 1, 1), or (1, C, h, w) in the layer's own size.

        Returns:
            (N, 3, H, W) float, in [0, 1] for alpha in [0, 1].
        """
        height, width = content.shape[2:]
        padded = F.pad(content, (0, -width % COARSEST, 0, -height % COARSEST), mode="replicate")
        features = F.relu(self._layer("full_in", padded * 2 - 1, code))  # (N, width, H, W)
        features = F.relu(self._layer("half_in", features, code))  # (N, 2 width, H/2, W/2)
        features = F.relu(self._layer("quarter_in", features, code))  # (N, 4 width, H/4, W/4)
        for block in range(self.blocks):
            inner = F.relu(self._layer(f"block{block}_inner", features, code))
            features = features + self._layer(f"block{block}_outer", inner, code)
        features = F.relu(self._layer("half_out", upsample(features), code))
        features = F.relu(self._layer("full_out", upsample(features), code))
        stylized = torch.sigmoid(widened(self.picture(features)))[:, :, :height, :width]
        return content + alpha * (stylized - content)

    def _layer(self, layer: str, features: Tensor, code: StyleCode) -> Tensor:
        """Convolution, norm, then the style's scale and shift."""
        return instance_norm(self.convolutions[layer](features)) * code[f"{layer}_std"] + code[f"{layer}_mean"]


class FeedForward(nn.Module):
    """The stylizer with the scales and shifts of the styles it was trained on."""

    family = "feedforward"
    size_multiple = 1
    style_encoder = None

    def __init__(self, config: FeedForwardConfig | None = None) -> None:
        super().__init__()
        self.config = config or FeedForwardConfig()
        self.bytes_per_pixel = 48 * self.config.width
        layers = self.config.normalised()
        self.stylizer = Stylizer(self.config)
        self.shifts = nn.ParameterDict({name: torch.zeros(self.config.styles, size) for name, size in layers.items()})
        self.scales = nn.ParameterDict({name: torch.ones(self.config.styles, size) for name, size in layers.items()})

    @property
    def code_names(self) -> list[str]:
        """Names of the style code's tensors, in the order of the graphs."""
        return [f"{layer}_{kind}" for layer in self.config.normalised() for kind in ("mean", "std")]

    def codes(self, indices: Tensor) -> dict[str, Tensor]:
        """The codes of several styles, one per sample of a batch.

        Args:
            indices: (N,) int64 in [0, styles).

        Returns:
            Name -> (N, C, 1, 1) float32, in the order of `code_names`; gradients reach the rows of these styles only.
        """
        code: dict[str, Tensor] = {}
        for layer in self.config.normalised():
            code[f"{layer}_mean"] = self.shifts[layer][indices][:, :, None, None]
            code[f"{layer}_std"] = self.scales[layer][indices][:, :, None, None]
        return code

    @torch.no_grad()
    def style_code(self, index: int = 0) -> dict[str, Tensor]:
        """The code of one style, a copy of its own.

        Args:
            index: Of the painting, in the order of training.

        Returns:
            Name -> (1, C, 1, 1) float32.

        Raises:
            IndexError: There is no such style.
        """
        if not 0 <= index < self.config.styles:
            raise IndexError(f"wanted a style from 0 to {self.config.styles - 1}, got {index}")
        return self.codes(torch.tensor([index], device=self.shifts["full_in"].device))

    def sample_code(self) -> StyleCode:
        """The code of the first style."""
        return self.style_code(0)

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """Stylize each content with the style of the same place in `style`, (N,) int64; the others as in the stylizer."""
        stylized: Tensor = self.stylizer(content, alpha, self.codes(style))
        return stylized


def mix(codes: Sequence[StyleCode], weights: Iterable[float]) -> dict[str, Tensor]:
    """The weighted sum of style codes; weights that sum to 1 interpolate.

    Source: Dumoulin et al. 2017, arXiv:1610.07629, section 3.3.
    """
    pairs = list(zip(codes, weights, strict=True))
    return {name: torch.stack([weight * code[name] for code, weight in pairs]).sum(dim=0) for name in codes[0]}
