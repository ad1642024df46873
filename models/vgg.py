"""VGG-19: the frozen encoder of the paper's own system, and the judge of all losses.

The weights are the user's (or the training machine's) own; nothing of them is part of this project.

Source: Simonyan & Zisserman 2014, arXiv:1409.1556; normalised as by Gatys et al. 2016 (each channel's mean activation is
about 1); reflection padding as in the authors' AdaIN code. Two layouts of the state dict are read: pytorch-AdaIN's
`vgg_normalised.pth` (Sequential indices 0, 2, 5, ..., 29, ...) and torchvision's `vgg19` (features.0, features.2, ...).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.state import State, read_state, take

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""The layers of the paper's losses."""
LAYER_WIDTHS = (64, 128, 256, 512)

WIDTHS = {
    "conv1_1": 64,
    "conv1_2": 64,
    "conv2_1": 128,
    "conv2_2": 128,
    "conv3_1": 256,
    "conv3_2": 256,
    "conv3_3": 256,
    "conv3_4": 256,
    "conv4_1": 512,
    "conv4_2": 512,
    "conv4_3": 512,
    "conv4_4": 512,
    "conv5_1": 512,
}
"""Convolutions in order, with their output channels."""
POOLED = ("conv2_1", "conv3_1", "conv4_1", "conv5_1")
"""A pooling layer stands before each of these."""

CONVOLUTIONS = dict(zip(WIDTHS, ("2", "5", "9", "12", "16", "19", "22", "25", "29", "32", "35", "38", "42"), strict=True))
"""Name -> key in the layout of `vgg_normalised.pth`."""
TORCHVISION = dict(zip(WIDTHS, ("0", "2", "5", "7", "10", "12", "14", "16", "19", "21", "23", "25", "28"), strict=True))
"""Name -> key in torchvision's `vgg19().features`."""
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def convolution_of(layer: str) -> str:
    """`relu4_1` -> `conv4_1`."""
    return layer.replace("relu", "conv")


def _up_to(layers: Sequence[str]) -> list[str]:
    """All convolutions that the layers need."""
    order = list(WIDTHS)
    return order[: 1 + max(order.index(convolution_of(layer)) for layer in layers)]


class Vgg19(nn.Module):
    """Frozen feature extractor.

    The 1x1 convolution that stands first in the public weights (RGB -> BGR, times 255, minus the ImageNet means; with
    torchvision's weights: minus the means, over the deviations) is a layer of its own: reflection padding comes after it.

    Attributes:
        layers: Those whose features `forward` returns, from shallow to deep: `relu4_1`, or `conv4_1` for what the
            convolution gives before its ReLU.
    """

    def __init__(self, layers: Sequence[str] = LAYERS) -> None:
        super().__init__()
        self.layers = tuple(layers)
        self.preprocess = nn.Conv2d(3, 3, 1)
        names = _up_to(layers)
        inputs = (3, *(WIDTHS[name] for name in names))
        self.convolutions = nn.ModuleDict(
            {name: nn.Conv2d(i, WIDTHS[name], 3) for name, i in zip(names, inputs, strict=False)}
        )
        self.requires_grad_(requires_grad=False)

    @classmethod
    def load(cls, path: Path, layers: Sequence[str] = LAYERS, *, as_available: bool = False) -> "Vgg19":
        """Read weights in one of the two layouts; any float dtype; the file may hold more than is wanted.

        Args:
            path: The file.
            layers: Whose features are wanted.
            as_available: Leave out layers that the file does not reach, instead of failing.

        Raises:
            ValueError: The file cannot be read, or a tensor is missing or has another shape.
        """
        state = read_state(path)
        keys, state = _layout(state, path)
        if as_available:
            held = [layer for layer in layers if all(f"{keys[name]}.weight" in state for name in _up_to([layer]))]
            layers = held or layers
        network = cls(layers)
        names = {f"convolutions.{name}": keys[name] for name in network.convolutions}
        found = take(state, names | {"preprocess": "preprocess"}, network.state_dict(), path)
        network.load_state_dict(found)
        return network.eval()

    def half(self) -> "Vgg19":
        """Half precision for the convolutions; the first layer stays float32 (see forward)."""
        super().half()
        self.preprocess.float()
        return self

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Features after each of `layers`.

        Args:
            image: (N, 3, H, W) float in [0, 1], RGB; H and W at least 9 for relu4_1, 17 for relu5_1.

        Returns:
            Layer name -> (N, C, H/s, W/s); for `LAYERS` C = 64, 128, 256, 512 and s = 1, 2, 4, 8 (sizes rounded up).
        """
        # The offsets of up to 124 want full precision also where the convolutions run in half.
        features = self.preprocess(image).to(self.convolutions["conv1_1"].weight.dtype)
        outputs: dict[str, Tensor] = {}
        for name, convolution in self.convolutions.items():
            if name in POOLED:
                features = F.max_pool2d(features, 2, ceil_mode=True)
            features = convolution(F.pad(features, (1, 1, 1, 1), mode="reflect"))
            if name in self.layers:
                outputs[name] = features
            features = F.relu(features)
            layer = name.replace("conv", "relu")
            if layer in self.layers:
                outputs[layer] = features
        return outputs


def _layout(state: State, path: Path) -> tuple[dict[str, str], State]:
    """Which layout a state dict has: convolution -> key, and the state with the entry `preprocess` added."""
    features = {name.removeprefix("features."): tensor for name, tensor in state.items() if name.startswith("features.")}
    state = features or state
    first = state.get("0.weight")
    if first is not None and first.shape == (3, 3, 1, 1):
        bias = state.get("0.bias", torch.zeros(3))
        return CONVOLUTIONS, state | {"preprocess.weight": first, "preprocess.bias": bias}
    if first is not None and first.shape == (64, 3, 3, 3):
        mean, std = torch.tensor(_IMAGENET_MEAN), torch.tensor(_IMAGENET_STD)
        weight = torch.diag(1 / std)[:, :, None, None]
        return TORCHVISION, state | {"preprocess.weight": weight, "preprocess.bias": -mean / std}
    if "1.weight" in state and state["1.weight"].shape == (256, 512, 3, 3):
        raise ValueError(f"'{path}' holds an AdaIN decoder; the encoder (vgg_normalised.pth) is wanted here")
    got = "nothing" if first is None else tuple(first.shape)
    raise ValueError(
        f"'{path}' is not a VGG-19: wanted '0.weight' of shape (3, 3, 1, 1), as in vgg_normalised.pth, or of shape "
        f"(64, 3, 3, 3), as in torchvision's vgg19, got {got}"
    )
