"""Smooth pictures of photos: walls and skies, of which photos for training have too few.

There every AdaIN blows up what little there is: the rounding of int8, sensor noise, and the grid of the network itself,
which then shows as a lattice of small signs. What is asked of a network on such pictures it hardly learns from photos.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

CELL = 16
"""Side in pixels of what is averaged."""
SMOOTH_FIRST = 4.0
"""Exponent of the uniform draw of how much detail is kept: half of the pictures keep less than a sixteenth."""


def smoothed(content: Tensor, share: Tensor) -> Tensor:
    """A photo with a share of its detail.

    Args:
        content: (N, 3, H, W), H and W multiples of CELL.
        share: (N, 1, 1, 1) in [0, 1]: 1 is the photo, 0 smooth colours.

    Returns:
        As content.
    """
    cells = F.avg_pool2d(content, CELL)
    smooth = F.interpolate(cells, size=content.shape[2:], mode="bicubic", align_corners=False).clamp(0, 1)
    return smooth + share * (content - smooth)


def draw_smoothed(content: Tensor, generator: torch.Generator) -> Tensor:
    """Photos with more or less of their detail, mostly less; `content` as in `smoothed`, the generator on the CPU."""
    share = torch.rand(len(content), 1, 1, 1, generator=generator).pow(SMOOTH_FIRST).to(content.device)
    return smoothed(content, share)
