"""A picture made of overlapping disks: no photo, and yet with the statistics of photos at every scale.

Source: Lee, Mumford & Huang 2001, "Occlusion models for natural images: a statistical study of a scale-invariant dead
leaves model", IJCV 41: radii of density r^-3 occlude one another.
"""

import numpy as np
import torch
from torch import Tensor

_SMALLEST = 4.0


def dead_leaves(size: int, *, disks: int = 4000, seed: int = 7) -> Tensor:
    """(1, 3, size, size) uint8 RGB; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    image = np.full((size, size, 3), 0.5)
    y, x = np.mgrid[:size, :size]
    largest = size / 2
    for _ in range(disks):
        radius = (_SMALLEST**-2 + rng.random() * (largest**-2 - _SMALLEST**-2)) ** -0.5
        centre_x, centre_y = rng.uniform(-radius, size + radius, 2)
        inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < radius * radius
        colour = np.clip(rng.beta(1.2, 1.5) + rng.normal(0, 0.12, 3), 0, 1)
        shade = ((x - centre_x) * rng.normal() + (y - centre_y) * rng.normal()) / (2 * radius) * 0.15
        grain = rng.normal(0, 0.02, (size, size, 1))
        image[inside] = np.clip(colour + shade[..., None] + grain, 0, 1)[inside]
    pixels = np.ascontiguousarray(np.rint(image.transpose(2, 0, 1)[None] * 255).astype(np.uint8))
    return torch.from_numpy(pixels)
