"""The style encoder: what each of its steps adds, and the picture that it looks at."""

import pytest
import torch

from models.adain import channel_stats
from models.dead_leaves import dead_leaves
from models.fast import BOLDER, MORE_COLORFUL, Fast, FastConfig

SMALL = {"half": 8, "quarter": 12, "eighth": 16, "blocks": 1, "style": 32, "sixteenth": 0}


def _network(**more):
    torch.manual_seed(5)
    return Fast(FastConfig(**SMALL, **more)).eval()


def _styles(number=2, seed=0):
    return torch.rand(number, 3, 64, 48, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_every_part_learns(looks):
    network = _network(embedding=24, looks=looks)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(2):  # the first step moves the corrections away from zero, the second all before them
        optimizer.zero_grad()
        code, _ = network.encode(_styles())
        sum(tensor.square().mean() for tensor in code.values()).backward()
        optimizer.step()
    # All but the first bias before a normalisation by statistics, which takes it away again.
    still = [name for name, p in network.encoder.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert still == []
    assert (network.stylizer.half_in.weight.grad is not None) == bool(looks)


@torch.no_grad()
def test_deviations_stay_positive_whatever_the_perceptrons_say():
    network = _network(embedding=24, looks=2)
    for layer in (network.encoder.correction, network.encoder.turn):
        torch.nn.init.normal_(layer.bias, std=100)
    code = network.style_encoder(_styles())
    assert all(bool((tensor > 0).all()) for name, tensor in code.items() if name.endswith("_std"))
    assert all(bool(tensor.isfinite().all()) for tensor in code.values())


@torch.no_grad()
@pytest.mark.parametrize("look", [0, 1])
def test_every_look_sees_what_was_painted(look):
    network = _network(embedding=24, looks=2)
    torch.nn.init.normal_(network.encoder.turn.weight, std=0.1)
    network.stylizer.residual.weight.mul_(20)
    before = network.style_encoder(_styles())["entry_mean"]
    network.looked_at[look] = 1 - network.looked_at[look]
    assert (network.style_encoder(_styles())["entry_mean"] - before).abs().max() > 1e-4


@torch.no_grad()
def test_colours_are_the_paintings_own():
    code = _network(embedding=24, looks=2).encode(_styles())[0]
    mean, std = channel_stats(_styles())
    assert torch.equal(code["rgb_mean"], mean)
    assert torch.equal(code["rgb_std"], std)


@torch.no_grad()
def test_what_is_painted_with_is_bolder_than_what_is_trained_with():
    network = _network(embedding=24, looks=2)
    trained, painted = network.encode(_styles())[0], network.style_encoder(_styles())
    assert list(painted) == list(trained)
    for name, values in trained.items():
        gain = 1 if name.endswith("_mean") else MORE_COLORFUL if name == "rgb_std" else BOLDER
        assert torch.equal(painted[name], values * gain)


def test_the_picture_is_always_the_same_and_like_a_photo():
    picture = dead_leaves(64)
    assert torch.equal(picture, dead_leaves(64))
    assert (picture.shape, picture.dtype) == ((1, 3, 64, 64), torch.uint8)
    assert not torch.equal(picture, dead_leaves(64, seed=8))
    # The amplitude of photos falls about as 1 / frequency: halving the size keeps most of the deviation.
    values = dead_leaves(256).float()
    half = torch.nn.functional.avg_pool2d(values, 2)
    noise = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 256, 256), 2).std() / torch.rand(1, 3, 256, 256).std()
    assert half.std() / values.std() > 0.85
    assert noise < 0.6
