import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from evaluation.measures.effectiveness import FLOOR, Basis  # noqa: E402
from evaluation.measures.metrics import METRICS  # noqa: E402
from evaluation.measures.scorer import WANTED_LAYERS, Scorer, color_distance  # noqa: E402
from evaluation.sizes import Painting  # noqa: E402
from models.vgg import Vgg19  # noqa: E402
from streamstyle.paint.color import ColorStats  # noqa: E402
from tests.vgg import save_random_vgg  # noqa: E402


@pytest.fixture(scope="module")
def vgg():
    torch.manual_seed(0)
    return Vgg19(WANTED_LAYERS).eval()


def picture(seed, height=36, width=48):
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def scorer(vgg):
    scorer = Scorer(vgg, draws=16, seed=0)
    scorer.use_basis(Basis.of([scorer.moments(picture(seed)) for seed in range(10, 13)]))
    return scorer


def test_the_features_of_e_are_those_before_the_relu(vgg):
    with torch.no_grad():
        got = vgg(torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0)))
    assert float(got["conv3_1"].min()) < 0
    assert torch.equal(got["relu3_1"], got["conv3_1"].clamp(min=0))


def test_the_photo_itself_has_all_the_content_and_the_painting_itself_all_the_style(scorer):
    photo, painting = picture(0), Painting("oil.png", picture(1))
    own = scorer.measure(photo, painting, photo)
    assert own["C"] == pytest.approx(1)
    assert own["edges"] == 1
    assert own["color_to_content"] == pytest.approx(0, abs=1e-6)
    copied = scorer.measure(photo, painting, painting.image)
    best = -np.log(FLOOR)
    assert copied["E"] == copied["E_by_layer"] == copied["E_yeh"] == pytest.approx(best)
    assert copied["Ls"] == pytest.approx(0, abs=1e-9)
    assert copied["color_to_style"] == pytest.approx(0, abs=1e-6)
    assert all(copied[key] > own[key] for key in ("E", "E_by_layer", "E_yeh"))


def test_a_painting_of_itself_has_the_papers_content_as_well(scorer):
    photo = picture(2)
    assert scorer.measure(photo, Painting("a.png", photo), photo)["Lc"] == pytest.approx(0, abs=1e-6)


def test_all_named_figures_are_there_and_the_same_every_time(scorer, vgg):
    photo, painting, result = picture(0), Painting("oil.png", picture(1)), picture(3)
    first = scorer.measure(photo, painting, result)
    assert {metric.key for metric in METRICS} <= set(first)
    assert {f"E_{layer}" for layer in scorer.layers} <= set(first)
    again = Scorer(vgg, draws=16, seed=0)
    again.use_basis(scorer._basis)
    assert again.measure(photo, painting, result) == first


def test_weights_that_end_early_give_the_layers_they_have(tmp_path):
    save_random_vgg(tmp_path / "vgg.pth")
    scorer = Scorer(Vgg19.load(tmp_path / "vgg.pth", WANTED_LAYERS, as_available=True), draws=4, seed=0)
    assert scorer.layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1")


def test_the_distance_of_colors_with_equal_spread_is_that_of_their_means():
    covariance = np.diag([400.0, 900.0, 100.0])
    first, second = (
        ColorStats(np.array([100.0, 90.0, 80.0]), covariance),
        ColorStats(np.array([103.0, 94.0, 80.0]), covariance),
    )
    assert color_distance(first, second) == pytest.approx(5 / 255)


def test_the_distance_of_colors_with_equal_means_is_that_of_their_deviations():
    """Diagonal covariances: the deviations 20 and 26 differ by 6, 30 and 38 by 8."""
    mean = np.zeros(3)
    first, second = (ColorStats(mean, np.diag(np.square(each))) for each in ([20.0, 30.0, 5.0], [26.0, 38.0, 5.0]))
    assert color_distance(first, second) == pytest.approx(10 / 255)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_have_finite_figures(vgg, level):
    """A title card, a white wall: no variance anywhere, in the photos of the basis either."""
    flat = np.full((36, 48, 3), level, np.uint8)
    scorer = Scorer(vgg, draws=4, seed=0)
    scorer.use_basis(Basis.of([scorer.moments(flat)]))
    for content, painting, result in ((flat, picture(0), flat), (picture(0), flat, picture(1)), (flat, flat, 255 - flat)):
        figures = scorer.measure(content, Painting("flat.png", painting), result)
        assert np.isfinite(list(figures.values())).all(), figures
