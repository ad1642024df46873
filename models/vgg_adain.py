"""`vgg19`: the paper's own system. VGG-19 to relu4_1, AdaIN, and a decoder that mirrors it.

    content --VGG-19--> relu4_1 --AdaIN(style mean, style std)--> t --decoder--> stylized

The encoder is frozen; only the decoder was ever trained. It mirrors the encoder layer by layer, with nearest-neighbour
upsampling where the encoder pools, reflection padding in both (against the checkerboard and the dark borders of zero
padding), and no normalisation layers: those would pull every sample to one style.

*Variance*: population (divide by n), as in the authors' Lua code, for which the public weights were trained.
pytorch-AdaIN divides by n - 1 without saying so; at relu4_1 of a 256x256 picture (n = 1024) that is 0.05 % of a deviation.

*Alpha* blends features (equation 14): alpha = 0 gives the decoder's reconstruction of the content, not the content itself.

Source: Huang & Belongie 2017, arXiv:1703.06868, section 6.1 and figure 2; the decoder's layers as in the authors' release.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adain import StyleCode, adain, channel_stats
from models.state import read_state, take
from models.vgg import Vgg19

ENCODED = "relu4_1"
SIZE_MULTIPLE = 8
SMALLEST = 16  # reflection needs two pixels at 1/8
EPS = 1e-5

DECODER_KEYS = {
    "conv4_1": "1",
    "conv3_4": "5",
    "conv3_3": "8",
    "conv3_2": "11",
    "conv3_1": "14",
    "conv2_2": "18",
    "conv2_1": "21",
    "conv1_2": "25",
    "conv1_1": "28",
}
"""The mirrored convolutions in order -> their keys in the layout of pytorch-AdaIN's `decoder.pth`."""
DECODER_WIDTHS = (512, 256, 256, 256, 256, 128, 128, 64, 64, 3)
UPSAMPLED = ("conv4_1", "conv3_1", "conv2_1")
"""The picture doubles after each of these."""


class Decoder(nn.Module):
    """relu4_1 features back to a picture."""

    def __init__(self) -> None:
        super().__init__()
        pairs = zip(DECODER_KEYS, DECODER_WIDTHS, DECODER_WIDTHS[1:], strict=False)
        self.convolutions = nn.ModuleDict({name: nn.Conv2d(inputs, outputs, 3) for name, inputs, outputs in pairs})

    @classmethod
    def load(cls, path: Path) -> "Decoder":
        """Read weights in the layout of pytorch-AdaIN's `decoder.pth`, or ours (`.safetensors`); any float dtype.

        Raises:
            ValueError: The file cannot be read, or is not a decoder.
        """
        state = read_state(path)
        if "0.weight" in state or any(name.startswith("features.") for name in state):
            raise ValueError(f"'{path}' holds an encoder; the decoder (decoder.pth) is wanted here")
        decoder = cls()
        ours = any(name.startswith("convolutions.") for name in state)
        names = {f"convolutions.{name}": f"convolutions.{name}" if ours else key for name, key in DECODER_KEYS.items()}
        decoder.load_state_dict(take(state, names, decoder.state_dict(), path))
        return decoder.eval()

    def forward(self, features: Tensor) -> Tensor:
        """Decode.

        Args:
            features: (N, 512, H, W) float; H and W at least 2.

        Returns:
            (N, 3, 8 H, 8 W) float, RGB, about [0, 1], not clamped.
        """
        last = next(reversed(DECODER_KEYS))
        for name, convolution in self.convolutions.items():
            features = convolution(F.pad(features, (1, 1, 1, 1), mode="reflect"))
            if name != last:
                features = F.relu(features)
            if name in UPSAMPLED:
                features = F.interpolate(features, scale_factor=2.0, mode="nearest")
        return features


def _larger(first: int, second: int) -> int:
    """max() of two sizes that stays a variable when the graph is exported."""
    larger: int = torch.sym_max(first, second)  # type: ignore[no-untyped-call]
    return larger


def _fit(image: Tensor) -> Tensor:
    """Repeat the last row and column until both sides are multiples of 8, and at least 16."""
    height, width = image.shape[2:]
    right = _larger(-width % SIZE_MULTIPLE, SMALLEST - width)
    below = _larger(-height % SIZE_MULTIPLE, SMALLEST - height)
    return F.pad(image, (0, right, 0, below), mode="replicate")


class StyleEncoder(nn.Module):
    """A painting's style code: mean and deviation of its relu4_1."""

    def __init__(self, vgg: Vgg19) -> None:
        super().__init__()
        self.vgg = vgg

    def forward(self, style: Tensor) -> dict[str, Tensor]:
        """Encode a style.

        Args:
            style: (N, 3, H, W) float in [0, 1], RGB, any H and W.

        Returns:
            `relu4_1_mean` and `relu4_1_std`, each (N, 512, 1, 1) float32.
        """
        height, width = style.shape[2:]
        missing = (0, _larger(0, SMALLEST - width), 0, _larger(0, SMALLEST - height))
        padded = F.pad(style, missing, mode="replicate")
        mean, std = channel_stats(self.vgg(padded)[ENCODED], EPS)
        return {f"{ENCODED}_mean": mean, f"{ENCODED}_std": std}


class Stylizer(nn.Module):
    """The part that runs for every frame: encoder, AdaIN, decoder."""

    def __init__(self, vgg: Vgg19, decoder: Decoder) -> None:
        super().__init__()
        self.vgg = vgg
        self.decoder = decoder

    def forward(self, content: Tensor, alpha: Tensor, code: StyleCode) -> Tensor:
        """Stylize.

        Args:
            content: (N, 3, H, W) float in [0, 1], RGB, any H and W.
            alpha: (N, 1, 1, 1) float in [0, 1]: 0 reconstructs the content, 1 is the full style. Or
                (N, 1, h, w), as the code.
            code: What StyleEncoder returns.

        Returns:
            (N, 3, H, W) float, about [0, 1], not clamped.
        """
        height, width = content.shape[2:]
        features = self.vgg(_fit(content))[ENCODED]
        target = adain(features, code[f"{ENCODED}_mean"], code[f"{ENCODED}_std"], eps=EPS)
        stylized: Tensor = self.decoder(features + alpha.to(features.dtype) * (target - features))
        return stylized[:, :, :height, :width].to(content.dtype)


class VggAdain(nn.Module):
    """Style encoder and stylizer together."""

    family = "vgg19"
    bytes_per_pixel = 1500
    size_multiple = 1  # the stylizer pads sizes itself, and a painting's statistics should not see repeated borders

    def __init__(self, vgg: Vgg19 | None = None, decoder: Decoder | None = None) -> None:
        super().__init__()
        vgg = vgg or Vgg19()
        self.style_encoder = StyleEncoder(vgg)
        self.stylizer = Stylizer(vgg, decoder or Decoder())

    @property
    def code_names(self) -> list[str]:
        """Names of the style code's tensors, in the order of the graphs."""
        return [f"{ENCODED}_mean", f"{ENCODED}_std"]

    @torch.no_grad()
    def sample_code(self) -> StyleCode:
        """The code of a plain gradient."""
        ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
        code: StyleCode = self.style_encoder(ramp)
        return code

    @torch.no_grad()
    def reconstruction_error(self) -> float:
        """How badly the decoder undoes the encoder: 0 is perfect, 1 no better than a gray picture.

        A decoder knows only the encoder it was trained with; with another one it paints noise.
        """
        y, x = torch.meshgrid(torch.linspace(0, 1, 96), torch.linspace(0, 1, 128), indexing="ij")
        image = torch.stack([x, y, 0.5 + 0.4 * torch.sin(9 * x) * torch.cos(7 * y)])[None]
        nothing = torch.zeros(1, 1, 1, 1)
        result = self.stylizer(image, nothing, self.style_encoder(image)).clamp(0, 1)
        return float((result - image).square().mean() / (image - image.mean((2, 3), keepdim=True)).square().mean())

    def forward(self, content: Tensor, style: Tensor, alpha: Tensor) -> Tensor:
        """Stylize each content with the style of the same index; shapes as in the parts."""
        stylized: Tensor = self.stylizer(content, alpha, self.style_encoder(style))
        return stylized
