"""How far a picture is from its teacher's: place by place, and in how much there is of every size of stroke.

Differences of pixels alone are least where a small network paints what it is unsure of in a blur. So bands are compared one
by one, and beside them how strong each band is in every small window, wherever exactly its strokes lie.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

LEVELS = 4
WINDOW = 8
ENERGY = 1.0
"""Weight of the bands' strengths beside their differences."""
_EPS = 1e-5


def bands(pictures: Tensor) -> list[Tensor]:
    """The Laplacian pyramid of (N, 3, H, W), H and W multiples of 2 ** LEVELS: the finest band first, then what is left."""
    found = []
    for _level in range(LEVELS):
        low = F.avg_pool2d(pictures, 2)
        found.append(pictures - F.interpolate(low, scale_factor=2.0, mode="bilinear"))
        pictures = low
    return [*found, pictures]


def difference(pictures: Tensor, wanted: Tensor) -> Tensor:
    """Of (N, 3, H, W) each: a scalar, in units of pixel values."""
    total = torch.zeros(())
    for got, right in zip(bands(pictures), bands(wanted), strict=True):
        total = total + (got - right).abs().mean()
        if got.shape[2] >= WINDOW:
            total = total + ENERGY * (_strength(got) - _strength(right)).abs().mean()
    return total


def _strength(band: Tensor) -> Tensor:
    return (F.avg_pool2d(band.square(), WINDOW) + _EPS).sqrt()
