"""What the search promises."""

import tarfile
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.gatys.objective import WANTED_LAYERS, Losses, Objective, Settings  # noqa: E402
from models.gatys.optimisation import Result, stylize  # noqa: E402
from models.pictures import read_picture  # noqa: E402
from models.vgg import LAYERS, Vgg19  # noqa: E402
from tests.models.gatys.network import clouds, random_vgg  # noqa: E402

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
WEIGHTS = DATA / "weights" / "vgg_normalised_relu4_1.pth"
FEW = Settings(steps=8)


@pytest.fixture(scope="module")
def vgg():
    return random_vgg()


@pytest.mark.parametrize("start", ["content", "noise"])
def test_the_loss_falls_and_the_best_picture_is_returned(vgg, start):
    result = stylize(clouds(1), clouds(2), vgg, Settings(start=start, steps=25, content_weight=1e-3))
    assert len(result.losses) == 25
    assert result.best.total == min(losses.total for losses in result.losses)
    assert result.reduction == pytest.approx(result.losses[0].total / result.best.total)
    assert result.reduction > 3
    assert result.picture.shape == (1, 3, 40, 48)
    assert float(result.picture.min()) >= 0
    assert float(result.picture.max()) <= 1
    # What is told is the loss of what is returned.
    objective = Objective(clouds(1), clouds(2), vgg, Settings(content_weight=1e-3))
    assert objective(result.picture)[1].total == pytest.approx(result.best.total, rel=1e-4)


def test_a_content_that_is_its_own_style_stays_as_it_is(vgg):
    white = clouds(1)
    white[:, :, :20] = 1.0  # a value at the end of the range must not be lost beyond it
    result = stylize(white, white, vgg, FEW)
    assert float((result.picture - white).abs().max()) < 1e-3
    assert result.best.total < 1e-10
    assert result.reduction >= 1


def test_white_can_become_dark(vgg):
    white, dark = torch.ones(1, 3, 24, 24), torch.full((1, 3, 24, 24), 0.2)
    result = stylize(white, dark, vgg, Settings(content_weight=0, steps=15))
    assert float(result.picture.mean()) < 0.9


def test_the_same_seed_gives_the_same_picture_and_another_does_not(vgg):
    def run(seed):
        return stylize(clouds(1), clouds(2), vgg, Settings(start="noise", seed=seed, steps=4)).picture

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


@torch.no_grad()
def test_the_caller_may_have_switched_gradients_off(vgg):
    assert stylize(clouds(1), clouds(2), vgg, FEW).reduction > 1.5


def test_one_step_is_the_start(vgg):
    result = stylize(clouds(1), clouds(2), vgg, Settings(steps=1))
    assert torch.equal(result.picture, clouds(1))
    assert result.reduction == 1


def test_every_evaluation_is_told_with_the_best_picture(vgg):
    told = []
    result = stylize(clouds(1), clouds(2), vgg, FEW, lambda *step: told.append(step))
    assert [number for number, _, _ in told] == list(range(1, 9))
    assert tuple(losses for _, losses, _ in told) == result.losses
    assert torch.equal(told[-1][2], result.picture)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_scale_of_the_weights_does_not_matter(vgg, scale):
    plain = stylize(clouds(1), clouds(2), vgg, Settings(content_weight=1.0, style_weight=10.0, steps=10))
    scaled = stylize(clouds(1), clouds(2), vgg, Settings(content_weight=scale, style_weight=10 * scale, steps=10))
    assert scaled.reduction == pytest.approx(plain.reduction, rel=0.02)


def test_nothing_is_changed_but_the_result(vgg):
    content, style = clouds(1), clouds(2)
    before = {name: tensor.clone() for name, tensor in vgg.state_dict().items()}
    stylize(content, style, vgg, FEW)
    assert torch.equal(content, clouds(1))
    assert torch.equal(style, clouds(2))
    assert all(torch.equal(tensor, before[name]) for name, tensor in vgg.state_dict().items())
    assert vgg.layers == LAYERS


def test_a_loss_that_is_not_finite_ends_the_search_with_the_best_picture(vgg, monkeypatch):
    count = 0
    honest = Objective.__call__

    def broken(self, picture):
        nonlocal count
        count += 1
        total, losses = honest(self, picture)
        return (total * torch.nan, Losses(float("nan"), 0.0, 0.0)) if count > 5 else (total, losses)

    monkeypatch.setattr(Objective, "__call__", broken)
    result = stylize(clouds(1), clouds(2), vgg, Settings(steps=30))
    assert len(result.losses) == 5
    assert bool(result.picture.isfinite().all())
    assert result.best == min(result.losses, key=lambda losses: losses.total)


def test_a_start_without_a_finite_loss_is_an_error(vgg):
    with pytest.raises(ValueError, match="not finite; lower the weights"):
        stylize(clouds(1), clouds(2), vgg, Settings(style_weight=1e39))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (torch.rand(3, 40, 40), r"content: wanted \(1, 3, H, W\) with H and W at least 9, got \(3, 40, 40\)"),
        (torch.rand(1, 3, 8, 40), "at least 9"),
        (torch.rand(2, 3, 40, 40), "wanted"),
        (torch.zeros(1, 3, 40, 40, dtype=torch.uint8), "wanted torch.float32 on cpu like .* got torch.uint8 on cpu"),
        (torch.rand(1, 3, 40, 40) * 255, r"wanted values in \[0, 1\]"),
        (torch.full((1, 3, 40, 40), torch.nan), r"wanted values in \[0, 1\], got nan"),
    ],
)
def test_unusable_pictures_are_named(vgg, picture, words):
    with pytest.raises(ValueError, match=words):
        stylize(picture, clouds(2), vgg, FEW)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"content_weight": -1.0}, "content_weight: wanted a number from 0 on, got -1"),
        ({"style_weight": float("nan")}, "style_weight"),
        ({"steps": 0}, "steps: wanted at least 1, got 0"),
        ({"history": 0}, "history"),
        ({"start": "style"}, "start: wanted content or noise"),
        ({"content_layer": "conv4"}, "layers like relu4_1, got 'conv4'"),
    ],
)
def test_senseless_settings_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        Settings(**settings)


def test_a_reduction_to_nothing_is_infinite():
    start, end = Losses(1.0, 0.0, 1.0), Losses(0.0, 0.0, 0.0)
    assert Result(clouds(1), (start, end), end, "relu4_1", LAYERS).reduction == float("inf")
    assert Result(clouds(1), (end,), end, "relu4_1", LAYERS).reduction == 1.0


@pytest.mark.skipif(not WEIGHTS.exists(), reason="needs ../shared")
def test_from_noise_the_loss_falls_more_than_a_hundredfold(tmp_path):
    for kind in ("contents", "styles"):
        with tarfile.open(DATA / f"{kind}.tar") as tar:
            member = next(entry for entry in tar if entry.isfile())
            (tmp_path / kind).write_bytes(tar.extractfile(member).read())
    content, style = read_picture(tmp_path / "contents", 48), read_picture(tmp_path / "styles", 48)
    vgg = Vgg19.load(WEIGHTS, WANTED_LAYERS, as_available=True)
    result = stylize(content, style, vgg, Settings(start="noise", steps=70))
    assert (result.content_layer, result.style_layers) == ("relu4_1", LAYERS)
    assert result.reduction > 100
