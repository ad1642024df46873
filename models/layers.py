"""Layers that parts of `fast` share."""

from torch import Tensor, nn


def conv(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (over the stride) and replicates the border."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, padding_mode="replicate")


def straight_through_clamp(image: Tensor) -> Tensor:
    """Clamp to [0, 1] with the gradient of the identity: a pixel that left the range can still come back."""
    return image + (image.clamp(0, 1) - image).detach()
