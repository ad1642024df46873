"""Noise of four octaves: something to paint strokes from where a photo has nothing."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

WAVELENGTHS = (8, 16, 32, 64)
DEVIATION = 0.02


def octave_noise(shape: torch.Size, generator: Generator) -> Tensor:
    """(N, 3, H, W) float32 of mean 0 and deviation about DEVIATION, equal shares of every octave."""
    number, channels, height, width = shape
    total = torch.zeros(shape)
    for length in WAVELENGTHS:
        coarse = torch.randn(number, channels, height // length + 2, width // length + 2, generator=generator)
        fine = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
        total += fine / fine.std()
    noise: Tensor = total * (DEVIATION / len(WAVELENGTHS) ** 0.5)
    return noise
