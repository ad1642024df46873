"""The exported form of `fast` is the same function."""

import pytest
import torch

from models.adain import StyleCode
from models.fast import Fast
from models.folded import FoldedStylizer, FoldedUpConv, folded
from models.layers import conv, macs


@pytest.fixture
def network():
    torch.manual_seed(3)
    net = Fast().eval()
    # Enough to see: the last convolution starts near zero.
    net.stylizer.residual.weight.data.mul_(20)
    torch.nn.init.normal_(net.stylizer.deep.up.weight, std=0.05)  # starts at zero
    return net


@pytest.mark.parametrize("size", [(64, 96), (97, 131), (7, 3), (1, 1)])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@torch.no_grad()
def test_it_computes_what_the_stylizer_computes(network, size, alpha):
    content, strength = torch.rand(1, 3, *size), torch.full((1, 1, 1, 1), alpha)
    code: StyleCode = network.sample_code()
    wanted = network.stylizer(content, strength, code)
    got = FoldedStylizer(network.stylizer)(content, strength, code)
    assert (got - wanted).abs().max() < 1e-4
    if alpha == 0:
        assert torch.equal(got, content)


@torch.no_grad()
def test_an_upsampling_convolution_takes_four_ninths_of_the_work():
    plain = conv(5, 7)
    folded_form = FoldedUpConv(plain)
    large = folded_form(torch.rand(1, 5, 6, 8))
    assert large.shape == (1, 7, 12, 16)
    assert macs(plain, large) == 12 * 16 * 7 * 5 * 9
    assert macs(folded_form.conv, large) == 12 * 16 * 7 * 5 * 4


@torch.no_grad()
def test_a_flat_picture_stays_finite_and_equal(network):
    content, strength = torch.full((1, 3, 40, 40), 0.9), torch.ones(1, 1, 1, 1)
    code = network.sample_code()
    assert (
        folded(network.stylizer)(content, strength, code) - network.stylizer(content, strength, code)
    ).abs().max() < 1e-3


def test_other_families_are_left_alone():
    other = torch.nn.Identity()
    assert folded(other) is other
