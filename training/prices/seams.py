"""What seams cost: steps between neighbouring pixels that are larger at the borders of a network's own cells.

Nearest upsampling leaves cells of 4 and 8 pixels. Their borders differ in sign from place to place, so that neither a mean
over a grid nor the peaks of a spectrum see them; the energy of the steps does.
"""

import torch
from torch import Tensor

PERIOD = 8
_FAINT = 1e-5
"""Added to energies: a step of less than a level counts for nothing."""


def seams_price(result: Tensor) -> Tensor:
    """How unevenly the energy of steps is spread over the columns and rows of a cell.

    Args:
        result: (N, 3, H, W) float in [0, 1], H and W multiples of PERIOD.

    Returns:
        A scalar, 0 where no column or row of the cell stands out: the variance of the logarithm of the energy over the
        cell, the mean over pictures and both directions.
    """
    prices = []
    for plane in (result, result.transpose(2, 3)):
        steps = (plane - plane.roll(1, 3)).square().mean((1, 2))  # (N, W): between column x and the one before
        steps = steps.reshape(len(steps), -1, PERIOD)[:, 1:]  # the first cell's has the other border in it
        prices.append((steps.mean(1) + _FAINT).log().var(1, unbiased=False))
    return torch.stack(prices).mean()
