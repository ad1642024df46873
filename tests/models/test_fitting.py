"""What fits a style to the scene: how it begins, what it may change, and what it sees."""

import pytest
import torch

from models.fast import Fast, FastConfig
from models.fitting import LOOKS, SceneFit

SMALL = {"half": 8, "quarter": 12, "eighth": 16, "blocks": 1, "style": 32, "sixteenth": 0, "embedding": 24}


@pytest.fixture
def network():
    torch.manual_seed(5)
    network = Fast(FastConfig(**SMALL, looks=3)).eval()
    torch.nn.init.normal_(network.encoder.turn.weight, std=0.1)
    return network


def _pictures(seed, number=2):
    return torch.rand(number, 3, 64, 48, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_it_begins_as_the_encoders_last_look(network):
    fit, (code, seen) = SceneFit(network), network.complete(_pictures(0), looks=2)
    said = torch.rand(2, 24)
    painted = _pictures(1)
    ours, ours_said = fit(network, code, seen.pooled, painted, said)
    theirs, theirs_said = network.encoder.look_again(2, code, seen, painted, said)
    assert torch.equal(ours_said, theirs_said)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@torch.no_grad()
def test_it_looks_at_what_each_code_paints_on_the_scene(network):
    fit, (code, seen) = SceneFit(network), network.complete(_pictures(0))
    scene, full = _pictures(1), torch.ones(2, 1, 1, 1)
    first, said = fit(network, code, seen.pooled, network.stylizer(scene, full, code).clamp(0, 1), torch.zeros(2, 24))
    second, _ = fit(network, first, seen.pooled, network.stylizer(scene, full, first).clamp(0, 1), said)
    fitted = fit.fit(network, code, seen.pooled, scene)
    assert LOOKS == 2
    assert all(torch.equal(fitted[name], second[name]) for name in second)
    assert torch.equal(fitted["rgb_mean"], code["rgb_mean"])
    other = fit.fit(network, code, seen.pooled, _pictures(2))
    assert (other["entry_mean"] - fitted["entry_mean"]).abs().max() > 1e-4


def test_only_the_fit_learns(network):
    network.requires_grad_(requires_grad=False)
    fit, (code, seen) = SceneFit(network), network.complete(_pictures(0))
    optimizer = torch.optim.SGD(fit.parameters(), lr=0.1)
    for _ in range(2):  # the first step moves the correction away from zero
        optimizer.zero_grad()
        fitted = fit.fit(network, code, seen.pooled, _pictures(1))
        sum(tensor.square().mean() for tensor in fitted.values()).backward()
        optimizer.step()
    assert [name for name, p in fit.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []
    assert all(p.grad is None for p in network.parameters())


def test_a_network_that_does_not_look_cannot_be_fitted():
    with pytest.raises(ValueError, match="looks at what it paints"):
        SceneFit(Fast(FastConfig(**SMALL, looks=1)))
