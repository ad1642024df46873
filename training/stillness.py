"""Training for stillness: the same scene, moved a little and with sensor noise, must give the same strokes, moved alike.

Costs no pass through VGG. It also takes away patterns that hang on the network's own grid of 2, 4 and 8 pixels instead of
on the scene, and from its borders: what is at the border of the moved copy was further inside before. (While borders were
left out of the comparison, that is where the network learnt to put what the style loss still asked for: a row of blobs,
16 pixels apart.)

Source: Wang et al. 2020, "Consistent Video Style Transfer via Relaxation and Regularization" (ReReVST): warp and noise of
the input, L1 between the outputs; whole pixels of motion here, so that nothing is resampled.
"""

from typing import Protocol

import torch
from torch import Tensor

MOST_PIXELS = 16
BORDER = 8
BORDER_WEIGHT = 3.0
"""A border is a small part of a large picture, but one where everybody looks."""
MOST_NOISE = 0.03
"""Standard deviation of the noise, up to; webcams in a dim room have about 0.02."""


class Stylize(Protocol):
    """The network under some styles and strengths: (N, 3, H, W), its place in the scene in pixels -> (N, 3, H, W)."""

    def __call__(self, content: Tensor, offset: tuple[int, int], /) -> Tensor: ...  # noqa: D102 - said above


def draw_offset(generator: torch.Generator, most: int) -> tuple[int, int]:
    """Whole pixels down and right, from 0 to `most` each."""
    down, right = torch.randint(0, most + 1, (2,), generator=generator).tolist()
    return down, right


def stillness_loss(
    content: Tensor,
    result: Tensor,
    stylize: Stylize,
    generator: torch.Generator,
    offset: tuple[int, int] = (0, 0),
) -> Tensor:
    """How far the result of a moved and noisy copy is from the moved result.

    Args:
        content: (N, 3, H, W) float in [0, 1].
        result: Its stylized version.
        stylize: The network under the same styles and strengths.
        generator: Draws motion and noise; on the CPU.
        offset: What `result` was painted with: the moved copy's grain moves with the scene.

    Returns:
        A scalar: mean absolute difference, in units of the full range; at the copy's borders BORDER_WEIGHT times that.
    """
    height, width = content.shape[2:]
    down, right = draw_offset(generator, MOST_PIXELS)
    deviation = MOST_NOISE * torch.rand(len(content), 1, 1, 1, generator=generator)
    part = content[:, :, down : height - MOST_PIXELS + down, right : width - MOST_PIXELS + right]
    noise = torch.randn(part.shape, generator=generator) * deviation
    moved = stylize((part + noise.to(part.device)).clamp(0, 1), (offset[0] + down, offset[1] + right))
    there = result[:, :, down : height - MOST_PIXELS + down, right : width - MOST_PIXELS + right]
    difference = (moved.float() - there.float()).abs().mean(dim=(0, 1))
    weights = torch.full_like(difference, BORDER_WEIGHT)
    weights[BORDER:-BORDER, BORDER:-BORDER] = 1.0
    return (difference * weights).mean()
