"""What the equations say, and which layers are taken."""

import pytest

torch = pytest.importorskip("torch")

from models.gatys.objective import (  # noqa: E402
    STYLE_LAYERS,
    WANTED_LAYERS,
    Objective,
    Settings,
    choose_layers,
    content_loss,
    total_variation,
)
from models.gatys.optimisation import noise, smallest_side, stylize  # noqa: E402
from models.losses import gram, gram_loss  # noqa: E402
from models.vgg import LAYERS, Vgg19  # noqa: E402
from tests.models.gatys.network import clouds, random_vgg  # noqa: E402


@pytest.fixture(scope="module")
def vgg():
    return random_vgg()


@pytest.fixture(scope="module")
def shallow():
    return random_vgg(("relu1_1", "relu2_1"))


# What the equations say.


def test_the_gram_matrix_of_known_features():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # two channels, two positions
    wanted = torch.tensor([[[1 + 4, 3 - 2], [3 - 2, 9 + 1]]]) / 2
    torch.testing.assert_close(gram(features), wanted)


def test_the_style_loss_is_a_quarter_of_the_mean_squared_difference():
    features = {"relu1_1": torch.tensor([[[[2.0]], [[0.0]]]])}  # Gram matrix [[4, 0], [0, 0]]
    assert float(gram_loss(features, {"relu1_1": torch.zeros(1, 2, 2)})) == pytest.approx(16 / 4 / 4)


def test_the_content_loss_is_half_the_mean_squared_difference():
    assert float(content_loss(torch.full((1, 2, 3, 3), 5.0), torch.full((1, 2, 3, 3), 2.0))) == pytest.approx(4.5)


def test_the_noise_is_faint_and_smooth():
    picture = noise(torch.Size((1, 3, 64, 80)), seed=3)
    assert float(picture.mean()) == pytest.approx(0.5, abs=1e-3)
    assert float(picture.std()) == pytest.approx(0.12, abs=1e-3)
    # What changes from pixel to pixel is far less than white noise would have.
    assert float(picture.diff(dim=3).std()) < 0.8 * 0.12


def test_the_variation_of_a_ramp_is_its_squared_slope():
    ramp = torch.arange(5.0).expand(1, 3, 4, 5) * 0.1
    assert float(total_variation(ramp)) == pytest.approx(0.01)


def test_the_total_weighs_the_parts(shallow):
    settings = Settings(content_weight=3.0, style_weight=5.0, variation_weight=7.0)
    picture = clouds(3)
    total, losses = Objective(clouds(1), clouds(2), shallow, settings)(picture)
    wanted = 3 * losses.content + 5 * losses.style + 7 * float(total_variation(picture))
    assert losses.total == pytest.approx(wanted, rel=1e-5)
    assert losses.total == float(total)
    assert min(losses.content, losses.style) > 0


def test_a_picture_that_is_its_own_content_and_style_has_no_loss(vgg):
    _, losses = Objective(clouds(1), clouds(1), vgg, Settings())(clouds(1))
    assert losses.content == 0
    assert losses.style < 1e-12


def test_the_gradient_is_what_finite_differences_say(shallow):
    objective = Objective(
        clouds(1, 7, 6).double(), clouds(2, 8, 5).double(), shallow.double(), Settings(content_weight=1, variation_weight=1)
    )
    picture = (clouds(3, 7, 6).double() * 0.8 + 0.1).requires_grad_()
    try:
        assert torch.autograd.gradcheck(lambda x: objective(x)[0], picture, eps=1e-6, atol=1e-6)
    finally:
        shallow.float()


# Which layers are taken.


@pytest.mark.parametrize(
    ("held", "content", "style"),
    [
        (WANTED_LAYERS, "relu4_2", STYLE_LAYERS),
        (LAYERS, "relu4_1", LAYERS),
        (("relu1_1", "relu3_1"), "relu3_1", ("relu1_1", "relu3_1")),
        (("relu1_1", "relu4_2", "relu4_3"), "relu4_2", ("relu1_1",)),
    ],
)
def test_the_deepest_layer_up_to_the_papers_is_the_content(held, content, style):
    assert choose_layers(Vgg19(held), Settings()) == (content, style)


def test_a_network_without_the_layers_is_refused(shallow):
    with pytest.raises(ValueError, match="got one with relu1_1, relu2_1"):
        choose_layers(shallow, Settings(style_layers=("relu3_1",)))


def test_all_five_style_layers_work_at_the_smallest_size():
    least = smallest_side(WANTED_LAYERS)
    assert least == 17
    picture = clouds(1, least, least)
    result = stylize(picture, clouds(2, least, 30), random_vgg(WANTED_LAYERS), Settings(steps=2))
    assert (result.content_layer, result.style_layers) == ("relu4_2", STYLE_LAYERS)
    with pytest.raises(ValueError, match="H and W at least 17, got \\(1, 3, 16, 17\\)"):
        stylize(picture[:, :, 1:], picture, random_vgg(WANTED_LAYERS), Settings(steps=8))
