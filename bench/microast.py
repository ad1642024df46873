"""MicroAST, to be timed and judged: our own port of the network from the paper, for the weights that its authors published.

The stylizer alone: a style's features and modulation are computed once, as `fast` encodes its styles.

Source: Wang et al. 2023, "MicroAST: Towards Super-Fast Ultra-Resolution Arbitrary Style Transfer", arXiv:2211.15313;
layer sizes as in the published state dicts.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import adain, channel_stats
from streamstyle.errors import UsageError

_PARTS = ("content_encoder", "style_encoder", "modulator", "decoder")
WEIGHT_FILES = tuple(f"{name}_iter_160000.pth.tar" for name in _PARTS)
"""File names of its weights, as the authors publish them."""


class _Conv(nn.Module):
    """A convolution with the borders reflected."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.pad = kernel // 2
        self.conv_layer = nn.Conv2d(inside, outside, kernel, stride, groups=groups)

    def forward(self, features: Tensor) -> Tensor:
        edges = [self.pad] * 4
        return self.conv_layer(F.pad(features, edges, mode="reflect") if self.pad else features)  # type: ignore[no-any-return]


class _Residual(nn.Module):
    """Two convolutions around a shortcut, which a style may modulate."""

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.conv1, self.conv2 = _Conv(channels, channels, 3), _Conv(channels, channels, 3)

    def forward(self, features: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        inner = F.relu(_modulated(self.conv1, features, scale, shift))
        return features + _modulated(self.conv2, inner, scale, shift)


def _modulated(convolution: _Conv, features: Tensor, scale: Tensor | None, shift: Tensor | None) -> Tensor:
    """With the filters scaled and their centres shifted, channel by channel: the paper's filter modulation."""
    plain: Tensor = convolution(features)
    return plain if scale is None or shift is None else plain * scale + features * shift


class _Encoder(nn.Module):
    """To a quarter of the size, in two levels of 64 channels."""

    def __init__(self) -> None:
        super().__init__()
        first = [_Conv(3, 16, 9), nn.ReLU(), _Conv(16, 32, 3, 2, groups=16), nn.ReLU(), _Conv(32, 32, 1), nn.ReLU()]
        second = [_Conv(32, 64, 3, 2, groups=32), nn.ReLU(), _Conv(64, 64, 1), nn.ReLU(), _Residual()]
        self.enc1 = nn.Sequential(*first, *second)
        self.enc2 = nn.Sequential(_Residual())

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        shallow = self.enc1(image)
        return shallow, self.enc2(shallow)


class _Modulator(nn.Module):
    """Scales and shifts of the decoder's filters, from a style's features."""

    def __init__(self) -> None:
        super().__init__()
        self.weight1, self.bias1, self.weight2, self.bias2 = (nn.Sequential(_Conv(64, 64, 3, groups=64)) for _ in range(4))

    def forward(self, shallow: Tensor, deep: Tensor) -> list[tuple[Tensor, Tensor]]:
        pairs = ((self.weight1, self.bias1, shallow), (self.weight2, self.bias2, deep))
        return [(_averaged(scale(features)), _averaged(shift(features))) for scale, shift, features in pairs]


def _averaged(features: Tensor) -> Tensor:
    return features.mean((2, 3), keepdim=True)


class _Decoder(nn.Module):
    """Back to the full size."""

    def __init__(self) -> None:
        super().__init__()
        self.dec1, self.dec2 = _Residual(), _Residual()
        twice = nn.Upsample(scale_factor=2, mode="bilinear")  # as trained: with `nearest` a grid covers everything
        halves = [twice, _Conv(64, 32, 3, groups=32), nn.ReLU(), _Conv(32, 32, 1), nn.ReLU()]
        fulls = [twice, _Conv(32, 16, 3, groups=16), nn.ReLU(), _Conv(16, 16, 1), nn.ReLU()]
        self.dec3 = nn.Sequential(*halves, *fulls, _Conv(16, 3, 9))

    def forward(
        self,
        content: tuple[Tensor, Tensor],
        style: tuple[Tensor, Tensor],
        modulation: list[tuple[Tensor, Tensor]],
    ) -> Tensor:
        features = self.dec1(adain(content[1], *channel_stats(style[1])), *modulation[1])
        features = self.dec2(adain(features, *channel_stats(style[0])), *modulation[0])
        return self.dec3(features)  # type: ignore[no-any-return]


class MicroAST(nn.Module):
    """One style, ready for frames."""

    def __init__(self, folder: Path, style: Tensor) -> None:
        """Load weights, and compute the features of a style.

        Args:
            folder: Holds the four published files.
            style: (1, 3, H, W) float32 in [0, 1].

        Raises:
            UsageError: A file is missing or holds other weights.
        """
        super().__init__()
        self.content_encoder, self.style_encoder = _Encoder(), _Encoder()
        self.modulator, self.decoder = _Modulator(), _Decoder()
        for name, file in zip(_PARTS, WEIGHT_FILES, strict=True):
            try:
                getattr(self, name).load_state_dict(torch.load(folder / file, map_location="cpu", weights_only=True))
            except (OSError, RuntimeError) as error:
                detail = str(error).splitlines()[0]
                raise UsageError(f"--microast: '{folder / file}' does not hold MicroAST's weights ({detail})") from error
        self.eval()
        with torch.inference_mode():
            self.style: tuple[Tensor, Tensor] = self.style_encoder(style)
            self.modulation: list[tuple[Tensor, Tensor]] = self.modulator(*self.style)

    def forward(self, content: Tensor) -> Tensor:
        """(N, 3, H, W) float32 in [0, 1] -> the same, painted."""
        return self.decoder(self.content_encoder(content), self.style, self.modulation)  # type: ignore[no-any-return]
