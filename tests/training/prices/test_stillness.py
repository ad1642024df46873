import pytest

torch = pytest.importorskip("torch")

from training.prices import stillness  # noqa: E402


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def content():
    return torch.rand(2, 3, 48, 56, generator=draw(5))


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(stillness, "MOST_NOISE", 0.0)


def invert(images):
    return 1 - images


def on_a_grid(images):
    """Lines on every fourth row of the frame, wherever the scene is."""
    lines = (torch.arange(images.shape[2]) % 4 == 0).float()[:, None]
    return images * (1 - 0.5 * lines)


@pytest.mark.usefixtures("quiet")
def test_what_moves_with_the_scene_costs_nothing(content):
    for seed in range(6):
        loss = stillness.stillness_loss(content, invert(content), invert, draw(seed))
        assert float(loss) < 1e-6


@pytest.mark.usefixtures("quiet")
def test_what_hangs_on_the_grid_costs(content):
    losses = [float(stillness.stillness_loss(content, on_a_grid(content), on_a_grid, draw(seed))) for seed in range(12)]
    assert max(losses) > 0.1
    assert sum(loss > 0.1 for loss in losses) >= 6  # all but whole multiples of four rows


def along_the_border(images):
    """A bright line on the last row of the frame, wherever the scene is."""
    line = (torch.arange(images.shape[2]) == images.shape[2] - 1).float()[:, None]
    return images + line


@pytest.mark.usefixtures("quiet")
def test_what_hangs_on_the_border_costs(content):
    losses = [
        float(stillness.stillness_loss(content, along_the_border(content), along_the_border, draw(seed)))
        for seed in range(12)
    ]
    assert sum(loss > 0.02 for loss in losses) >= 10  # all but the copies that keep the border where it is


def test_a_pixel_of_the_border_costs_more(content):
    nothing = torch.zeros_like(content)

    def loss_of_a_row(row):
        spot = nothing[:, :, stillness.MOST_PIXELS :, stillness.MOST_PIXELS :].clone()
        spot[:, :, row] = 1
        return float(stillness.stillness_loss(nothing, nothing, lambda _: spot, draw()))

    assert loss_of_a_row(0) > 1.5 * loss_of_a_row(15)


def test_noise_costs_what_is_made_of_it(content):
    once = stillness.stillness_loss(content, invert(content), invert, draw())
    thrice = stillness.stillness_loss(content, 3 * content, lambda images: 3 * images, draw())
    assert float(thrice) == pytest.approx(3 * float(once), rel=1e-4)
    assert 0 < float(once) < stillness.BORDER_WEIGHT * stillness.MOST_NOISE


def test_gradients_reach_both_results(content):
    gain = torch.ones((), requires_grad=True)
    result = content * gain
    stillness.stillness_loss(content, result, lambda images: images * gain.detach(), draw()).backward()
    assert float(gain.grad.abs()) > 0
