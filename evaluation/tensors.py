"""Pictures as tensors; loads torch."""

import numpy as np
import torch

from streamstyle.frame import Image


def as_tensor(image: Image, device: str = "cpu") -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].to(device).float() / 255
