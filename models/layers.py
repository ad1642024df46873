"""Layers that parts of `fast` share."""

from torch import Tensor, nn


def conv(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (over the stride) and replicates the border."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, padding_mode="replicate")


def straight_through_clamp(image: Tensor) -> Tensor:
    """Clamp to [0, 1] with the gradient of the identity: a pixel that left the range can still come back."""
    return image + (image.clamp(0, 1) - image).detach()


CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def macs(layer: nn.Module, output: Tensor) -> int:
    """Multiply-accumulates of a convolution, plain or transposed, for an output (N, C, H, W) of one sample."""
    assert isinstance(layer, CONVOLUTIONS)
    # Of a transposed kernel, only every stride-th tap falls on a given output pixel, along each axis.
    taps = layer.weight.numel() // (layer.stride[0] * layer.stride[1] if layer.transposed else 1)
    return output[0, 0].numel() * taps
