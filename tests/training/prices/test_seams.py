import torch
from torch.nn import functional as F

from training.prices.seams import seams_price


def noise(size: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_smoothed_noise_has_no_seams_and_cells_have() -> None:
    even = F.avg_pool2d(noise(132), 5, 1)
    cells = F.interpolate(noise(32, 1), scale_factor=4.0, mode="nearest")
    assert seams_price(even) < 0.05
    assert seams_price(0.9 * even + 0.1 * cells) > 4 * seams_price(even)


def test_seams_are_seen_in_both_directions_and_whatever_the_contrast() -> None:
    even = F.avg_pool2d(noise(132), 5, 1)
    columns = even + 0.2 * F.interpolate(noise(128, 2)[:, :, :, ::8], size=(128, 128), mode="nearest")
    assert torch.isclose(seams_price(columns), seams_price(columns.transpose(2, 3)))
    assert torch.isclose(seams_price(columns), seams_price(0.5 * columns), rtol=0.1)


def test_a_plain_picture_costs_nothing() -> None:
    assert seams_price(torch.full((1, 3, 64, 64), 0.5)) == 0
