"""The price of a lattice: grids of any period cost, strokes and noise do not, and contours of the photo are none."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the torch extra")

from training.prices.lattice import lattice_price  # noqa: E402

SIDE = 128


@pytest.fixture
def wall() -> torch.Tensor:
    """A photo with nothing in it."""
    return torch.full((1, 3, SIDE, SIDE), 0.5)


def signs(period: float, strength: float) -> torch.Tensor:
    """A small sign every so many pixels, both ways."""
    along = torch.arange(SIDE) * (2 * torch.pi / period)
    return strength * (along.cos()[:, None] * along.cos()[None]).expand(1, 3, SIDE, SIDE)


@pytest.mark.parametrize("period", [8, 11.3, 24])
@pytest.mark.parametrize("strength", [0.02, 0.2])
def test_grids_of_any_period_and_strength_cost(wall: torch.Tensor, period: float, strength: float) -> None:
    noise = 0.1 * strength * torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    assert float(lattice_price(wall + signs(period, strength) + noise, wall)) > 0.2


def test_noise_costs_next_to_nothing(wall: torch.Tensor) -> None:
    noise = 0.05 * torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    assert float(lattice_price(wall + noise, wall)) < 0.01


def test_bare_walls_cost_nothing(wall: torch.Tensor) -> None:
    assert float(lattice_price(wall, wall)) == 0


def test_contours_of_the_photo_do_not_count(wall: torch.Tensor) -> None:
    fence = wall + signs(16, 0.4)
    assert float(lattice_price(fence + signs(16, 0.2), fence)) < 0.01


def test_the_price_has_a_gradient_on_bare_walls(wall: torch.Tensor) -> None:
    result = wall.clone().requires_grad_()
    lattice_price(result, wall).backward()
    assert bool(result.grad.isfinite().all())
