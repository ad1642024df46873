"""Dead units are found and begin anew, and nothing that the network paints changes by it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from models.fast import Fast, FastConfig
from training import revive as command
from training.checkpoint import load_fast, save_weights
from training.revive import dead_units, revive

SMALL = {"half": 8, "quarter": 8, "eighth": 16, "blocks": 2, "style": 32, "sixteenth": 16, "embedding": 16, "looks": 2}


@pytest.fixture
def network():
    """With dead units in the trunk, a whole deep stage of them, and one in a residual block."""
    torch.manual_seed(3)
    network = Fast(FastConfig(**SMALL)).eval()
    encoder = network.encoder
    for linear in (encoder.correction, encoder.turn, network.stylizer.deep.up):
        nn.init.normal_(linear.weight, std=0.05)
    encoder.calibrate(pictures(0))
    with torch.no_grad():
        encoder.trunk[4].bias[:5] = -99
        encoder.deep[0].bias[:] = -99
        block = network.stylizer.blocks[1]
        block.inner.weight[2] = 0
        block.inner.bias[2] = 0
        row = (
            sum(size for name, size in list(encoder.layers.items()) if name in ("entry", "block0_inner", "block0_outer"))
            + 2
        )
        encoder.heads.weight[row], encoder.heads.bias[row] = 0, -9
    return network


def pictures(seed, number=6):
    drawn = torch.Generator().manual_seed(seed)
    small = torch.rand(number, 3, 8, 8, generator=drawn)
    return F.interpolate(small, (64, 64), mode="bicubic").clamp(0, 1)


def painted(network):
    with torch.no_grad():
        alpha = torch.ones(6, 1, 1, 1)
        return network(pictures(5), pictures(6), alpha)


def test_what_is_dead_is_revived_and_the_pictures_stay(network):
    before = painted(network)
    found = revive(network, pictures(1), pictures(2))
    assert found["trunk4"] >= 5
    assert found["deep0"] == len(network.encoder.deep[0].bias)
    assert found["block1_inner"] >= 1
    torch.testing.assert_close(painted(network), before, rtol=0, atol=2e-3)
    assert not revive(network, pictures(1), pictures(2))


def test_the_revived_fire_and_learn(network):
    dead, dead_after = dead_units(fired(network)), dead_units(fired(network, 7))
    assert dead[:5].all()
    revive(network, pictures(1), pictures(2))
    assert not dead_units(fired(network)).any()
    way_out = network.encoder.trunk[6].weight
    assert (way_out[~dead_after][:, dead] == 0).all()
    network(pictures(5), pictures(6), torch.ones(6, 1, 1, 1)).square().mean().backward()
    assert (way_out.grad[:, dead].abs().amax((0, 2, 3)) > 0).all()


def fired(network, layers=5):
    """What the third convolution of the trunk says of some pictures, or one further on."""
    features = F.pixel_unshuffle(pictures(1) * 4 - 2, 2)
    with torch.no_grad():
        return F.relu(network.encoder.trunk[:layers](features))


def test_the_living_are_left_alone(network):
    nn.init.normal_(network.encoder.trunk[4].bias, std=0.1)
    weights = network.encoder.trunk[2].weight.clone()
    revive(network, pictures(1), pictures(2))
    assert torch.equal(network.encoder.trunk[2].weight, weights)


def test_command(network, material, tmp_path, monkeypatch, capsys):
    weights = tmp_path / "w.safetensors"
    save_weights(network, weights, {})
    words = [
        "revive",
        "--weights",
        weights,
        "--contents",
        material / "photo",
        "--styles",
        material / "paint",
    ]
    monkeypatch.setattr("sys.argv", [*map(str, words), "--run", str(tmp_path / "run"), "--pictures", "8"])
    assert command.main() == 0
    assert "deep0 40" in capsys.readouterr().out
    assert not dead_units(fired(load_fast(tmp_path / "run" / "weights.safetensors")[0])).any()
    weights.write_bytes(b"")
    assert command.main() == 1
    assert "revive: " in capsys.readouterr().err
