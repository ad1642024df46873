"""VGG-19 up to relu4_1 in AdaIN's normalised form: the frozen judge of the paper's losses.

The weights are the user's (or the training machine's) own; nothing of them is part of this project.

Source: Simonyan & Zisserman 2014, arXiv:1409.1556; normalised as by Gatys et al. 2016; layout of the state dict as in
pytorch-AdaIN's `vgg_normalised.pth` (Sequential indices 0, 2, 5, ..., 29).
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
LAYER_WIDTHS = (64, 128, 256, 512)

# Name -> key in the state dict, in order; a pooling layer stands before the names in POOLED.
CONVOLUTIONS = {
    "conv1_1": "2",
    "conv1_2": "5",
    "conv2_1": "9",
    "conv2_2": "12",
    "conv3_1": "16",
    "conv3_2": "19",
    "conv3_3": "22",
    "conv3_4": "25",
    "conv4_1": "29",
}
WIDTHS = (64, 64, 128, 128, 256, 256, 256, 256, 512)
POOLED = ("conv2_1", "conv3_1", "conv4_1")


class Vgg19(nn.Module):
    """Frozen feature extractor.

    The 1x1 convolution that stands first in the public weights (RGB -> BGR, times 255, minus the ImageNet means) is kept
    as a layer of its own, since reflection padding comes after it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = nn.Conv2d(3, 3, 1)
        inputs = (3, *WIDTHS[:-1])
        self.convolutions = nn.ModuleDict(
            {name: nn.Conv2d(i, o, 3) for name, i, o in zip(CONVOLUTIONS, inputs, WIDTHS, strict=True)}
        )
        self.requires_grad_(requires_grad=False)

    @classmethod
    def load(cls, path: Path) -> "Vgg19":
        """Read weights in the layout of `vgg_normalised.pth`, cut after relu4_1 or not; any float dtype.

        Raises:
            ValueError: A tensor is missing or has another shape.
        """
        state = torch.load(path, map_location="cpu", weights_only=True)
        keys = {"preprocess": "0"} | {f"convolutions.{name}": key for name, key in CONVOLUTIONS.items()}
        network = cls()
        wanted = network.state_dict()
        found: dict[str, Tensor] = {}
        for ours, theirs in keys.items():
            for kind in ("weight", "bias"):
                tensor = state.get(f"{theirs}.{kind}")
                shape = wanted[f"{ours}.{kind}"].shape
                if tensor is None or tensor.shape != shape:
                    got = "nothing" if tensor is None else tuple(tensor.shape)
                    raise ValueError(f"{path}: wanted '{theirs}.{kind}' of shape {tuple(shape)}, got {got}")
                found[f"{ours}.{kind}"] = tensor.float()
        network.load_state_dict(found)
        return network.eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Features after relu1_1 ... relu4_1.

        Args:
            image: (N, 3, H, W) float in [0, 1], RGB; H and W at least 16.

        Returns:
            Layer name -> (N, C, H/s, W/s) with C = 64, 128, 256, 512 and s = 1, 2, 4, 8 (sizes rounded up).
        """
        features = self.preprocess(image)
        outputs: dict[str, Tensor] = {}
        for name, convolution in self.convolutions.items():
            if name in POOLED:
                features = F.max_pool2d(features, 2, ceil_mode=True)
            features = F.relu(convolution(F.pad(features, (1, 1, 1, 1), mode="reflect")))
            layer = name.replace("conv", "relu")
            if layer in LAYERS:
                outputs[layer] = features
        return outputs
