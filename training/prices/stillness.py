"""Training for stillness: the same scene, moved a little and with sensor noise, must give the same strokes, moved alike.

Costs no pass through VGG. It also takes away patterns that hang on the network's own grid of 2, 4 and 8 pixels instead of
on the scene, and from its borders: what is at the border of the moved copy was further inside before. (While borders were
left out of the comparison, that is where the network learnt to put what the style loss still asked for: a row of blobs,
16 pixels apart.)

Source: Wang et al. 2020, "Consistent Video Style Transfer via Relaxation and Regularization" (ReReVST): warp and noise of
the input, L1 between the outputs; whole pixels of motion here, so that nothing is resampled.
"""

from collections.abc import Callable

import torch
from torch import Tensor

MOST_PIXELS = 16
BORDER = 8
BORDER_WEIGHT = 3.0
"""A border is a small part of a large picture, but one where everybody looks."""
MOST_NOISE = 0.03
"""Standard deviation of the noise, up to; webcams in a dim room have about 0.02."""


def stillness_loss(
    content: Tensor, result: Tensor, stylize: Callable[[Tensor], Tensor], generator: torch.Generator
) -> Tensor:
    """How far the result of a moved and noisy copy is from the moved result.

    Args:
        content: (N, 3, H, W) float in [0, 1].
        result: Its stylized version.
        stylize: The network under the same styles and strengths; takes what `content` is.
        generator: Draws motion and noise; on the CPU.

    Returns:
        A scalar: mean absolute difference, in units of the full range; at the copy's borders BORDER_WEIGHT times that.
    """
    height, width = content.shape[2:]
    down, right = (int(value) for value in torch.randint(0, MOST_PIXELS + 1, (2,), generator=generator))
    deviation = MOST_NOISE * torch.rand(len(content), 1, 1, 1, generator=generator)
    part = content[:, :, down : height - MOST_PIXELS + down, right : width - MOST_PIXELS + right]
    noise = torch.randn(part.shape, generator=generator) * deviation
    moved = stylize((part + noise.to(part.device)).clamp(0, 1))
    there = result[:, :, down : height - MOST_PIXELS + down, right : width - MOST_PIXELS + right]
    difference = (moved.float() - there.float()).abs().mean(dim=(0, 1))
    weights = torch.full_like(difference, BORDER_WEIGHT)
    weights[BORDER:-BORDER, BORDER:-BORDER] = 1.0
    return (difference * weights).mean()
