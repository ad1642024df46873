"""Muon: orthogonal updates, that learn, and that a checkpoint can resume."""

import torch
from torch import nn

from training.optimizer import Muon, orthogonalized


def test_every_direction_of_an_update_is_about_as_long() -> None:
    generator = torch.Generator().manual_seed(3)
    for shape in [(24, 108), (64, 64), (300, 48)]:
        values = torch.linalg.svdvals(orthogonalized(torch.randn(shape, generator=generator)))
        assert values.shape[0] == min(shape)
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_the_update_keeps_the_directions_of_the_gradient() -> None:
    generator = torch.Generator().manual_seed(4)
    left = torch.linalg.qr(torch.randn(16, 16, generator=generator)).Q
    right = torch.linalg.qr(torch.randn(40, 16, generator=generator)).Q
    matrix = left @ torch.diag(torch.linspace(1, 3, 16)) @ right.T
    overlap = left.T @ orthogonalized(matrix) @ right
    assert (overlap - torch.diag(overlap.diagonal())).abs().max() < 1e-3
    assert overlap.diagonal().min() > 0.5


def _fit(steps: int, *, saved_after: int | None = None) -> tuple[list[float], nn.Sequential]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))
    wanted = nn.Conv2d(3, 3, 3, padding=1).requires_grad_(requires_grad=False)
    images = torch.randn(4, 3, 16, 16)
    optimizer = Muon(network.parameters(), lr=0.02)
    losses = []
    for step in range(steps):
        if step == saved_after:
            state = optimizer.state_dict()
            optimizer = Muon(network.parameters(), lr=0.5)
            optimizer.load_state_dict(state)
        loss = (network(images) - wanted(images)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, network


def test_it_learns() -> None:
    losses, _ = _fit(60)
    assert losses[-1] < 0.2 * losses[0]


def test_it_goes_on_from_its_state() -> None:
    _, through = _fit(12)
    _, resumed = _fit(12, saved_after=6)
    for one, other in zip(through.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
