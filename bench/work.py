"""How much work a network does for one frame: counted by torch, layer by layer."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from bench.limit import Work
from models.fast import Fast
from models.folded import folded
from models.layers import CONVOLUTIONS, macs


def count(network: nn.Module, run: Callable[[], object]) -> Work:
    """Of the convolutions that a call runs.

    Args:
        network: Holds them.
        run: Sends one frame through it.
    """
    total = numbers = 0

    def add(module: nn.Module, inputs: Any, output: Tensor) -> None:  # noqa: ANN401 - torch's hook signature
        nonlocal total, numbers
        assert isinstance(module, CONVOLUTIONS)
        total += macs(module, output)
        numbers += inputs[0].numel() + output.numel() + module.weight.numel()

    hooks = [module.register_forward_hook(add) for module in network.modules() if isinstance(module, CONVOLUTIONS)]
    try:
        with torch.inference_mode():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    return Work(total, numbers)


@cache
def of_fast(width: int, height: int) -> Work:
    """In the form that is exported."""
    network = Fast().eval()
    stylizer = folded(network.stylizer).eval()
    with torch.inference_mode():
        code = network.style_encoder(torch.rand(1, 3, 64, 64))
    return _scaled(width, height, lambda frame: count(stylizer, lambda: stylizer(frame, torch.ones(1, 1, 1, 1), code)))


@cache
def of_vgg19(width: int, height: int) -> Work:
    """The paper's network."""
    from models.vgg_adain import VggAdain  # noqa: PLC0415 - large

    network = VggAdain().eval()
    code = network.sample_code()
    stylizer = network.stylizer
    return _scaled(width, height, lambda frame: count(stylizer, lambda: stylizer(frame, torch.ones(1, 1, 1, 1), code)))


def of_microast(network: nn.Module, width: int, height: int) -> Work:
    """Of a stylizer that takes the frame alone."""
    return _scaled(width, height, lambda frame: count(network, lambda: network(frame)))


def _scaled(width: int, height: int, of_frame: Callable[[Tensor], Work]) -> Work:
    """All of it grows with the pixels, so that a 4K frame need not be sent through to be counted."""
    part = max(1, min(width, height) // 180)
    small = of_frame(torch.rand(1, 3, height // part // 8 * 8 or 8, width // part // 8 * 8 or 8))
    pixels = (height // part // 8 * 8 or 8) * (width // part // 8 * 8 or 8)
    return Work(small.macs * width * height / pixels, small.numbers * width * height / pixels)
