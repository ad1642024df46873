import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.fast import Fast, FastConfig  # noqa: E402
from training.prices import rounding  # noqa: E402
from training.prices.rounding import Rounding, rounded, rounded_weight, rounding_loss  # noqa: E402
from training.prices.smooth import draw_smoothed  # noqa: E402


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    torch.manual_seed(3)
    return Fast(
        FastConfig(half=8, quarter=8, eighth=16, blocks=2, style=16, sixteenth=16, deep_blocks=1, embedding=0, looks=0)
    )


@pytest.fixture
def content():
    return torch.rand(2, 3, 64, 48, generator=draw(5))


@pytest.fixture
def code(network, content):
    return {name: part.detach() for name, part in network.encoder(content[:, :, :48])[0].items()}


ONE = torch.ones(2, 1, 1, 1)


def test_rounded_values_are_bytes_between_the_bounds_and_zero_is_one_of_them():
    low, high = torch.tensor(-0.5), torch.tensor(1.5)
    values = torch.linspace(-1, 2, 1001)
    near = rounded(values, low, high)
    within = (values >= low) & (values <= high)
    step = 2.0 / 255
    assert (near - values)[within].abs().max() <= step / 2 + 1e-6
    assert len((near / step).round().unique()) == 256
    assert near.min() >= low - step / 2
    assert near.max() <= high + step / 2
    assert float(rounded(torch.zeros(1), low, high)) == 0.0


def test_rounding_an_empty_range_leaves_zeros():
    nothing = torch.zeros(3)
    assert torch.equal(rounded(nothing, torch.tensor(0.0), torch.tensor(0.0)), nothing)
    assert torch.equal(rounded_weight(torch.zeros(2, 1, 3, 3)), torch.zeros(2, 1, 3, 3))


def test_the_gradient_is_that_of_the_identity():
    values = torch.rand(50, generator=draw()).requires_grad_()
    (rounded(values, torch.tensor(0.0), torch.tensor(1.0)) * torch.arange(50)).sum().backward()
    assert torch.equal(values.grad, torch.arange(50.0))


def test_each_output_channel_of_a_kernel_has_its_own_scale():
    weight = torch.randn(2, 3, 3, 3, generator=draw())
    weight[1] *= 1e-3
    near = rounded_weight(weight)
    for kernel, approximation in zip(weight, near, strict=True):
        step = kernel.abs().max() / 127
        assert (kernel - approximation).abs().max() <= step / 2 + 1e-9
        assert not torch.equal(kernel, approximation)


class OneLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 1)

    def forward(self, content, _alpha, _code):
        return self.layer(content)


def test_ranges_follow_what_was_seen_and_forget_slowly(monkeypatch):
    monkeypatch.setattr(rounding, "FORGETTING", 0.5)
    trained = Rounding(OneLayer())
    for value, highest in ((4.0, 4.0), (1.0, 2.0), (1.0, 1.0), (-3.0, 0.5)):
        trained.stylize(torch.full((1, 1, 2, 2), value), ONE, {})
        assert float(trained.highest["layer"]) == highest
    assert float(trained.lowest["layer"]) == -3.0


def test_a_rounded_pass_differs_a_little_and_leaves_the_network_as_it_was(network, content, code):
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    exact = network.stylizer(content, ONE, code)
    other = Rounding(network.stylizer).stylize(content, ONE, code)
    error = float((exact - other).detach().square().mean().sqrt())
    assert 1e-5 < error < 0.05
    assert torch.equal(network.stylizer(content, ONE, code), exact)  # no hook was left
    assert all(torch.equal(parameter, before[name]) for name, parameter in network.named_parameters())


def test_every_convolution_is_rounded(network, content, code):
    trained = Rounding(network.stylizer)
    trained.stylize(content, ONE, code)
    convolutions = {name for name, part in network.stylizer.named_modules() if isinstance(part, nn.Conv2d)}
    assert set(trained.highest) == convolutions
    assert all(float(trained.highest[name]) > 0 for name in convolutions)


def test_training_against_it_makes_rounding_show_less(network, content, code):
    with torch.no_grad():
        network.stylizer.residual.weight.mul_(10)  # otherwise the picture is hardly painted on
    trained = Rounding(network.stylizer)
    optimizer = torch.optim.Adam(network.stylizer.parameters(), lr=1e-3)

    def step():
        pictures = draw_smoothed(content, draw(1))
        loss = rounding_loss(trained, pictures, network.stylizer(pictures, ONE, code), code, ONE)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    first = step()
    assert math.isfinite(first)
    last = [step() for _ in range(40)][-1]
    assert last < 0.7 * first
