"""What a lattice costs: strokes that stand in a grid of any period where the photo has nothing.

A lattice of small signs is a few sharp peaks in the spectrum of what was painted; strokes spread their energy. So the price
is the share of a window's energy that stands out of its neighbourhood in the spectrum. A share and not an amount, since a
faint lattice on a bare wall is seen as well as a strong one. Contours of the photo have peaks, too: only smooth windows
count.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW = 64
SHORTEST, LONGEST = 5.0, 40.0
"""Periods in pixels that count."""
STANDS_OUT = 6.0
"""Times the mean of its neighbourhood at which a frequency begins to count: one in 400 of noise is above."""
_NEIGHBOURHOOD = 9
_SMOOTH = 4 / 255
"""Deviation of a photo's detail at which a window counts by a third."""
_DETAIL = 25
_BARE = 1e-5
"""Variance, less than a level's, below which a window has nothing painted in it."""

_FEW = 5.0
"""Smooth windows in a batch below which the mean counts less: a single one is chance."""


def lattice_price(result: Tensor, photos: Tensor) -> Tensor:
    """The share of what was painted in smooth places that stands in a grid.

    Args:
        result: (N, 3, H, W) float in [0, 1], H and W at least WINDOW.
        photos: As result.

    Returns:
        A scalar: 0 without peaks, about 0.001 for noise, towards 1 for a strict grid; the mean over smooth windows.
    """
    painted = _windows((result - photos).mean(1, keepdim=True))
    hann = torch.hann_window(WINDOW, periodic=False)
    taper = hann[:, None] * hann[None]
    spectrum = torch.fft.fft2((painted - painted.mean((1, 2), keepdim=True)) * taper)
    power = torch.fft.fftshift(spectrum, dim=(1, 2)).abs().square() / (WINDOW**4 * taper.square().mean())
    frequency = torch.fft.fftshift(torch.fft.fftfreq(WINDOW)) * WINDOW
    radius = (frequency[:, None].square() + frequency[None].square()).sqrt()
    counts = ((radius >= WINDOW / LONGEST) & (radius <= WINDOW / SHORTEST)).float()
    # Strokes have about the same energy in every octave: times the frequency squared, a flat spectrum is usual.
    flat = power * radius.square()
    usual = F.avg_pool2d(flat[:, None], _NEIGHBOURHOOD, 1, _NEIGHBOURHOOD // 2, count_include_pad=False)[:, 0]
    peaks = F.relu(flat - STANDS_OUT * usual) / radius.square().clamp(min=1)
    share = (peaks * counts).sum((1, 2)) / ((power * counts).sum((1, 2)) + _BARE)
    smoothness = _smoothness(photos)
    price: Tensor = (share * smoothness).sum() / (smoothness.sum() + _FEW)
    return price


@torch.no_grad()
def _smoothness(photos: Tensor) -> Tensor:
    """1 for windows without detail, towards 0 for others."""
    gray = photos.mean(1, keepdim=True)
    padded = F.pad(gray, (_DETAIL // 2,) * 4, mode="reflect")
    detail = _windows(gray - F.avg_pool2d(padded, _DETAIL, 1)).std((1, 2))
    return torch.exp(-(detail / _SMOOTH).square())


def _windows(plane: Tensor) -> Tensor:
    """(N, 1, H, W) as half overlapping windows: (M, WINDOW, WINDOW)."""
    return F.unfold(plane.float(), WINDOW, stride=WINDOW // 2).transpose(1, 2).reshape(-1, WINDOW, WINDOW)
