"""Grain: the same everywhere and always, irregular, and what a smooth picture is painted with."""

import copy
from pathlib import Path

import pytest
import torch

from models.fast import Fast, FastConfig, grown
from models.grain import LONGEST, PATTERNS, PERIOD, RATE, Grain
from training.checkpoint import load_fast

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "fast.safetensors"

ONE = torch.ones(1, 1, 1, 1)


def one_pattern_per_channel(stride):
    grain = Grain(PATTERNS, stride)
    grain.strength.data.copy_(torch.eye(PATTERNS) / RATE)
    return grain.requires_grad_(requires_grad=False)


@pytest.mark.parametrize("stride", [8, 16])
def test_patterns_have_mean_zero_and_deviation_one(stride):
    side = PERIOD // stride
    patterns = one_pattern_per_channel(stride)(side, side)
    assert patterns.shape == (1, PATTERNS, side, side)
    assert patterns.mean((2, 3)).abs().max() < 1e-3
    assert (patterns.std((2, 3)) - 1).abs().max() < 0.1


def test_a_pattern_repeats_nothing_within_its_period():
    pattern = one_pattern_per_channel(8)(64, 64)[0]
    spectrum = torch.fft.fft2(pattern)
    alike = torch.fft.ifft2(spectrum.abs().square()).real / pattern.square().sum((1, 2))[:, None, None]
    far = int(LONGEST)
    assert alike[:, 0, 0] == pytest.approx(torch.ones(PATTERNS), abs=0.05)
    assert alike[:, far : 64 - far, far : 64 - far].abs().max() < 0.6


def test_a_part_of_a_scene_has_the_grain_of_that_part():
    coarse, fine = Grain(3, 8), Grain(3, 1)
    fine.frequencies, fine.phases, fine.strength = coarse.frequencies, coarse.phases, coarse.strength
    everywhere = fine(200, 220, (PERIOD, 0))  # one whole period off: computed, not out of the tile
    torch.testing.assert_close(
        coarse(9, 11, (37, 50)), everywhere[:, :, 37 : 37 + 72 : 8, 50 : 50 + 88 : 8], atol=1e-4, rtol=0
    )


def test_the_tile_is_the_pattern_and_has_no_seam():
    grain = Grain(5, 16)
    side = PERIOD // 16
    large = grain(2 * side + 3, side + 7)
    computed = grain(2 * side + 3, side + 7, (PERIOD, PERIOD))
    torch.testing.assert_close(large, computed, atol=2e-3, rtol=0)
    assert torch.equal(large[:, :, :side, :7], large[:, :, side : 2 * side, side : side + 7])


def test_it_is_the_same_for_all_and_needs_no_file():
    first, second = one_pattern_per_channel(8), one_pattern_per_channel(8)
    assert torch.equal(first(20, 30), second(20, 30))
    assert not torch.equal(first(20, 30), one_pattern_per_channel(16)(20, 30))
    assert list(first.state_dict()) == ["strength"]


@pytest.fixture(scope="module")
def trained():
    network = load_fast(SHIPPED)[0]
    torch.manual_seed(3)
    return grown(network, FastConfig()).eval()


@pytest.fixture
def network(trained):
    return copy.deepcopy(trained)


@torch.no_grad()
def test_a_smooth_picture_is_painted_with_it(network):
    smooth = torch.linspace(0.3, 0.7, 128).expand(1, 3, 96, 128)
    code = network.sample_code()
    with_grain = network.stylizer(smooth, ONE, code)
    for part in (network.stylizer, network.stylizer.deep):
        part.grain.strength.zero_()
    without = network.stylizer(smooth, ONE, code)
    # A picture whose rows are alike is painted in rows that are alike, but for the grid of 16 pixels, unless there is
    # something else to go by.
    assert without[:, :, 24:72:16].std(2).max() < 1e-4
    assert with_grain[:, :, 24:72:16].std(2).mean() > 2e-3


@torch.no_grad()
def test_a_crop_with_its_offset_is_painted_as_in_the_scene(network):
    scene, code = torch.rand(1, 3, 256, 256), network.sample_code()
    whole = network.stylizer(scene, ONE, code)[:, :, 64:, 64:]
    errors = [
        (network.stylizer(scene[:, :, 64:, 64:], ONE, code, offset) - whole)[:, :, 64:-64, 64:-64].abs().mean()
        for offset in ((64, 64), (0, 0))
    ]
    assert errors[0] < 0.7 * errors[1]


def test_networks_without_it_are_still_there(network):
    plain = Fast(FastConfig(grain=False))
    assert not any("grain" in name for name in plain.state_dict())
    assert [name for name in network.state_dict() if "grain" in name] == [
        "stylizer.deep.grain.strength",
        "stylizer.grain.strength",
    ]


def test_training_finds_its_strength(network):
    smooth = torch.linspace(0.3, 0.7, 64).expand(1, 3, 64, 64)
    painted = network.stylizer(smooth, ONE, network.sample_code(), (5, 9))
    painted.std().backward()
    for part in (network.stylizer, network.stylizer.deep):
        assert part.grain.strength.grad.abs().max() > 0
