"""Photos with grain in their flat places, as users' frames have it (`streamstyle.paint.grain`).

A network that never saw grain takes it for detail, or for noise to leave alone; one that did learns to make strokes of it.
"""

import torch
from torch import Tensor

from models.pictures import to_float, to_uint8
from streamstyle.look.recipe import GRAIN
from streamstyle.paint.grain import grained


def with_grain(photo: Tensor, strength: float) -> Tensor:
    """A photo, (1, 3, H, W) float in [0, 1], with grain of a strength in [0, 1], in 8 bits; without any as it is."""
    if strength == 0:
        return photo
    pixels = to_uint8(photo)[0].contiguous().cpu().numpy()
    return to_float(torch.from_numpy(grained(pixels, strength))[None]).to(photo.device)


def draw_grained(photos: Tensor, alpha: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Some of the photos with as much grain as looks have by default, less where alpha is less, the others as they are.

    Args:
        photos: (N, 3, H, W) float in [0, 1].
        alpha: (N, 1, 1, 1) in [0, 1]: how strongly each will be painted over.
        share: Of the photos, in [0, 1].
        generator: Draws which; and how each is turned before, since the pattern is always the same. On the CPU.

    Returns:
        As photos; grained ones are rounded to 8 bits.
    """
    chosen = (torch.rand(len(photos), generator=generator) < share).tolist()
    turns = torch.randint(0, 2, (len(photos), 2), generator=generator).tolist()
    rows = []
    for photo, strength, does, turn in zip(photos[:, None], alpha.flatten().tolist(), chosen, turns, strict=True):
        axes = [axis + 2 for axis in range(2) if turn[axis]]
        rows.append(with_grain(photo.flip(axes), GRAIN * strength).flip(axes) if does else photo)
    return torch.cat(rows).contiguous(memory_format=torch.channels_last)
