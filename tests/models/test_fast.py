"""What `fast` promises beyond its family's contract."""

import torch

from models.fast import Fast, FastConfig, presence

SMALL = {"half": 8, "quarter": 12, "eighth": 16, "blocks": 3, "style": 32}


def _network(**more):
    torch.manual_seed(5)
    network = Fast(FastConfig(**SMALL, **more)).eval()
    network.stylizer.residual.weight.data.mul_(20)
    return network


@torch.no_grad()
def test_the_deep_stage_adds_nothing_before_it_has_learnt():
    with_stage = _network(sixteenth=20)
    without = Fast(FastConfig(**SMALL, sixteenth=0)).eval()
    without.stylizer.load_state_dict(with_stage.stylizer.state_dict(), strict=False)
    content, alpha = torch.rand(2, 3, 37, 50), torch.ones(2, 1, 1, 1)
    code = {name: torch.rand(2, *tensor.shape[1:]) for name, tensor in with_stage.sample_code().items()}
    # Not bit by bit: a convolution of more channels may add up in another order.
    torch.testing.assert_close(
        with_stage.stylizer(content, alpha, code), without.stylizer(content, alpha, code), rtol=0, atol=1e-5
    )


def test_the_deep_stage_learns():
    network = _network(sixteenth=20)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(2):  # the first step moves the way back up from zero, the second all before it
        optimizer.zero_grad()
        network(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64), torch.ones(1, 1, 1, 1)).square().mean().backward()
        optimizer.step()
    stage = network.stylizer.deep
    assert all(parameter.grad.abs().max() > 0 for parameter in (stage.up.weight, stage.down.weight))


@torch.no_grad()
def test_the_deep_stage_matters_to_the_picture():
    stylizer, content, alpha = _network(sixteenth=20).stylizer, torch.rand(1, 3, 64, 64), torch.ones(1, 1, 1, 1)
    code = {name: torch.rand_like(tensor) for name, tensor in _network(sixteenth=20).sample_code().items()}
    before = stylizer(content, alpha, code)
    torch.nn.init.normal_(stylizer.deep.up.weight, std=0.2)
    assert (stylizer(content, alpha, code) - before).abs().max() > 1e-2


@torch.no_grad()
def test_nothing_is_painted_onto_a_plain_frame():
    """AdaIN would make a pattern of the rounding errors; what has a little contrast is painted as ever."""
    network, alpha = _network(sixteenth=20), torch.ones(1, 1, 1, 1)
    code = {name: torch.rand_like(tensor) for name, tensor in network.sample_code().items()}
    plain = network.stylizer(torch.full((1, 3, 48, 64), 90 / 255), alpha, code)
    assert plain.std(dim=(2, 3)).max() < 1e-6
    stds = torch.tensor([0, 1, 2, 40]).reshape(4, 1, 1, 1).expand(4, 3, 1, 1) / 255
    shares = presence((stds.square() + 1e-5).sqrt()).flatten()
    torch.testing.assert_close(shares, torch.tensor([0, 0.25, 1, 1]), atol=1e-3, rtol=0)
