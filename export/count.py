"""Multiply-accumulates and parameters of the stylizer: `python -m export.count`."""

from typing import Any

import torch
from torch import Tensor, nn

from models.fast import Fast
from models.folded import folded
from models.layers import CONVOLUTIONS, macs


def count_macs(network: Fast, height: int, width: int) -> int:
    """Multiply-accumulates of the convolutions for one frame of this size, in the form that is exported."""
    total = 0
    stylizer = folded(network.stylizer).eval()

    def add(module: nn.Module, _inputs: Any, output: Tensor) -> None:  # noqa: ANN401 - torch's hook signature
        nonlocal total
        total += macs(module, output)

    code = network.sample_code()  # before anything is counted: the encoder also runs the stylizer
    hooks = [module.register_forward_hook(add) for module in stylizer.modules() if isinstance(module, CONVOLUTIONS)]
    with torch.no_grad():
        stylizer(torch.rand(1, 3, height, width), torch.ones(1, 1, 1, 1), code)
    for hook in hooks:
        hook.remove()
    return total


def main() -> None:
    """Print the counts."""
    network = Fast().eval()
    for width, height in ((640, 360), (1280, 720), (1920, 1080)):
        print(f"{width}x{height}: {count_macs(network, height, width) / 1e9:.2f} GMAC per frame")
    for name, part in (("stylizer", network.stylizer), ("style encoder", network.encoder)):
        print(f"{name}: {sum(parameter.numel() for parameter in part.parameters()):,} parameters")


if __name__ == "__main__":
    main()
