"""Grain: a still, irregular pattern that `fast` adds to its features: something to paint with where a photo is smooth.

A convolutional network can make nothing out of nothing: in a sky it either paints no stroke at all, or blows up what little
there is (sensor noise, which flickers; its own grid, which shows as a lattice). Grain is something that is always there,
irregular, and the same in every frame. The network learns how much of it each channel takes.

A pattern is a sum of plane waves with whole numbers of periods in PERIOD pixels. So it can be computed at any offset, for
training, where it moves with the scene; it repeats without a seam, so a tile is all that a runtime needs; it needs no file.

Source: Ulyanov et al. 2016, "Texture Networks", arXiv:1603.03417 (noise as what textures are made of); Karras et al. 2019,
arXiv:1812.04948, section 3.2 (learnt strength per channel); Karras et al. 2017, arXiv:1710.10196, section 4.1 (RATE). They
draw noise anew; ours is fixed, since ours are videos.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

PERIOD = 512
"""Side in pixels of the square after which a pattern repeats."""
WAVES = 48
"""Plane waves in a pattern; so many look like none."""
PATTERNS = 8
SHORTEST, LONGEST = 2.2, 9.0
"""Wave lengths, in samples: the shortest is what a grid of samples can just show."""
FIRST_STRENGTH = 0.1
"""Deviation of a new network's strengths, of both signs. At zero, chance alone would say which way to go."""
RATE = 10.0
"""How much faster strengths learn than kernels: they are as large as features, and Adam's steps as small as for kernels."""


class Grain(nn.Module):
    """Patterns at one resolution, with a learnt strength for every channel.

    Attributes:
        strength: (C, PATTERNS); times RATE it is in units of the features.
    """

    tile: Tensor
    frequencies: Tensor
    phases: Tensor

    def __init__(self, channels: int, stride: int) -> None:
        """Draw the patterns; the same ones for the same stride, always.

        Args:
            channels: Of the features.
            stride: Pixels of the picture between two samples of the features; divides PERIOD.
        """
        super().__init__()
        self.stride = stride
        self.strength = nn.Parameter(FIRST_STRENGTH / RATE * torch.randn(channels, PATTERNS))
        frequencies, phases = _draw_waves(stride)
        # Not in the file of the weights: they follow from the numbers above.
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.register_buffer("phases", phases, persistent=False)
        side = PERIOD // stride
        # In half precision the tile is small in a graph, and the same for all who use it.
        self.register_buffer("tile", self._patterns(side, side, (0, 0)).half().float(), persistent=False)

    def forward(self, height: int, width: int, offset: tuple[int, int] = (0, 0)) -> Tensor:
        """What is added to features.

        Args:
            height: Of the features.
            width: Likewise.
            offset: Pixels by which the picture's upper left corner lies below and right of the pattern's.

        Returns:
            (1, C, height, width) float32.
        """
        patterns = self._patterns(height, width, offset) if any(offset) else self._tiled(height, width)
        return (RATE * self.strength @ patterns.flatten(1)).view(1, -1, height, width)

    def _tiled(self, height: int, width: int) -> Tensor:
        """(PATTERNS, height, width) from the upper left corner on."""
        side = self.tile.shape[1]
        rows, columns = (torch.arange(length, device=self.tile.device) % side for length in (height, width))
        return self.tile.index_select(1, rows).index_select(2, columns)

    def _patterns(self, height: int, width: int, offset: tuple[int, int]) -> Tensor:
        """(PATTERNS, height, width) of mean 0 and deviation 1."""
        down, right = (
            start + self.stride * torch.arange(length, device=self.phases.device, dtype=torch.float32)
            for start, length in zip(offset, (height, width), strict=True)
        )
        turns = 2 * math.pi / PERIOD
        along_y = turns * self.frequencies[..., 0, None] * down + self.phases[..., None]  # (PATTERNS, WAVES, height)
        along_x = turns * self.frequencies[..., 1, None] * right
        # cos(a + b), as two products that sum over the waves on the way.
        patterns = torch.einsum("kmh,kmw->khw", along_y.cos(), along_x.cos())
        patterns = patterns - torch.einsum("kmh,kmw->khw", along_y.sin(), along_x.sin())
        return patterns * math.sqrt(2 / WAVES)


def _draw_waves(stride: int) -> tuple[Tensor, Tensor]:
    """Frequencies (PATTERNS, WAVES, 2), in periods per PERIOD down and right, and phases (PATTERNS, WAVES)."""
    rng = np.random.default_rng(stride)
    shape = PATTERNS, WAVES
    length = stride * np.exp(rng.uniform(math.log(SHORTEST), math.log(LONGEST), shape))
    direction = rng.uniform(0, 2 * math.pi, shape)
    waves = np.rint(PERIOD / length[..., None] * np.stack([np.cos(direction), np.sin(direction)], axis=-1))
    return torch.from_numpy(waves).float(), torch.from_numpy(rng.uniform(0, 2 * math.pi, shape)).float()
