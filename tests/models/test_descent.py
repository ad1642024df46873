"""The written-out gradient is that of the losses."""

import pytest
import torch

from models.descent import RANGE_WEIGHT, Descent
from models.fast import Fast
from models.layers import straight_through_clamp
from models.losses import DEEPEST, Stats, content_loss, content_target, style_loss
from models.vgg import LAYER_WIDTHS, Vgg19

WEIGHT = 1.7


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = Fast().double().requires_grad_(requires_grad=False)
    with torch.no_grad():  # what begins at next to nothing would hide its gradient
        network.stylizer.residual.weight.mul_(20)
        network.stylizer.deep.up.weight.normal_(0, 0.1)
    return network


@pytest.fixture(scope="module")
def judge():
    """Of random weights that neither fade nor grow from layer to layer."""
    torch.manual_seed(1)
    judge = Vgg19().double()
    for layer in judge.convolutions.values():
        torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return judge.eval()


def ones(value=1.0):
    return torch.full((1, 1, 1, 1), value, dtype=torch.double)


def seen(descent, picture, code):
    """What is told of a picture that is not painted."""
    height, width = (side // 8 for side in picture.shape[2:])
    blank = torch.zeros(1, 2 * sum(LAYER_WIDTHS)).double(), torch.zeros(1, LAYER_WIDTHS[-1], height, width).double()
    return descent(picture, ones(0.0), torch.ones(1, 1).double(), *blank, code)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (72, 104), (40, 88)])  # 9 and 5 eighths are odd
def test_slopes_are_the_gradient_of_the_losses(network, judge, height, width):
    drawn = torch.Generator().manual_seed(height)
    scene, painting = (torch.rand(1, 3, *size, generator=drawn).double() for size in ((height, width), (64, 64)))
    descent, code = Descent(network, judge), network.encode(painting)[0]
    wanted, content = seen(descent, painting, code).statistics, seen(descent, scene, code).features
    got = descent(scene, ones(), torch.full((1, 1), WEIGHT).double(), wanted, content, code)

    moved = {
        name: (part.log() if name.endswith("_std") else part.clone()).requires_grad_()
        for name, part in code.items()
        if not name.startswith("rgb_")
    }
    made = {name: part.exp() if name.endswith("_std") else part for name, part in moved.items()}
    painted = network.stylizer(scene, ones(), dict(code) | made)
    of_painting = Stats.of(judge(painting))
    target = content_target(judge(scene)[DEEPEST], of_painting)
    features = judge(straight_through_clamp(painted))
    lc, ls = content_loss(features, target).sum(), style_loss(Stats.of(features), of_painting).sum()
    outside = (painted - painted.clamp(0, 1)).square().mean()
    assert outside > 0
    gradients = torch.autograd.grad(lc + WEIGHT * ls + RANGE_WEIGHT * outside, list(moved.values()))

    # The losses of training are summed in float32.
    torch.testing.assert_close(got.losses[0].float(), torch.stack([lc, ls]).float(), rtol=1e-5, atol=0)
    assert got.slopes.keys() == moved.keys()
    for name, gradient in zip(moved, gradients, strict=True):
        atol = 1e-12 + 1e-5 * float(gradient.abs().max())
        torch.testing.assert_close(
            got.slopes[name], gradient, rtol=1e-5, atol=atol, msg=lambda text, n=name: f"{n}: {text}"
        )


def test_without_strength_the_picture_itself_is_judged(network, judge):
    picture = torch.rand(1, 3, 48, 64).double()
    code = network.encode(torch.rand(1, 3, 64, 64).double())[0]
    got, features = seen(Descent(network, judge), picture, code), judge(picture)
    stats = Stats.of(features)
    torch.testing.assert_close(got.features, features[DEEPEST])
    torch.testing.assert_close(got.statistics.float(), torch.cat(stats.means + stats.stds, 1).flatten(1))
