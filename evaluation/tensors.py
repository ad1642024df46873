"""Pictures as tensors; loads torch."""

import numpy as np
import torch

from streamstyle.frame import Image


def as_tensor(image: Image, device: str = "cpu") -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].to(device).float() / 255


def as_image(picture: torch.Tensor) -> Image:
    """(3, H, W) float, clamped to [0, 1] -> (H, W, 3) uint8."""
    levels = picture.clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())
