import numpy as np
import pytest

from streamstyle.paint.color import ColorStats
from streamstyle.paint.steady.changes import Observer
from streamstyle.paint.steady.exposure import SteadyStats, bounded, exposed, measure
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.code import StyleCode
from streamstyle.styles.store import CodeCache
from tests.looks import plain
from tests.paint.steady.test_temporal import HEIGHT, WIDTH, scene, view


def stats(mean, deviation):
    return ColorStats(np.full(3, float(mean)), np.eye(3) * float(deviation) ** 2)


def with_visitor(picture, columns):
    """A white wall comes in from the left."""
    picture = picture.copy()
    picture[:, :columns] = 250
    return picture


@pytest.fixture
def stylizer(tmp_path):
    return Stylizer("fast", "cpu", CodeCache(tmp_path), precision="fp32")


def test_a_frame_by_its_own_statistics_comes_out_as_before(stylizer):
    code, picture = stylizer.encoder.find("kiss"), view()
    own = measure(picture)
    same = exposed(code, own, own)
    for name in code.tensors:
        np.testing.assert_allclose(same.tensors[name], code.tensors[name], rtol=1e-6, atol=1e-7)


def test_the_first_step_of_the_graph_goes_by_the_statistics_that_are_given():
    """(x - m) / s * S' + M' with the frame's own m and s is (x - m') / s' * S + M."""
    rng = np.random.default_rng(2)
    tensors = {name: rng.random((1, 3, 1, 1)).astype(np.float32) for name in ("rgb_mean", "rgb_std")}
    picture, own, steady = view(), measure(view()), stats(90, 31)
    code = exposed(StyleCode("s", "1", tensors), own, steady).tensors
    pixels = picture.reshape(-1, 3).astype(np.float64) / 255
    std = np.sqrt(pixels.var(axis=0) + 1e-5)
    got = (pixels - pixels.mean(axis=0)) / std * code["rgb_std"].ravel() + code["rgb_mean"].ravel()
    wanted = (pixels - 90 / 255) / np.sqrt((31 / 255) ** 2 + 1e-5) * tensors["rgb_std"].ravel() + tensors[
        "rgb_mean"
    ].ravel()
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_codes_without_colours_are_left_alone():
    code = StyleCode("s", "1", {"style_mean": np.zeros((1, 4, 1, 1), np.float32)})
    assert exposed(code, stats(10, 1), stats(20, 2)) is code


def follow(pictures, rate=30):
    """Own and steady statistics of every frame."""
    observer, steady = Observer(), SteadyStats()
    return [steady.update(picture, observer.observe(picture, index / rate)) for index, picture in enumerate(pictures)]


@pytest.mark.parametrize("rate", [10, 25, 60])
def test_statistics_are_followed_slowly_in_seconds(rate):
    (first, _), *_, (own, followed) = follow([view()] + [with_visitor(view(), 20)] * round(rate / 2), rate)
    gone = (followed.mean - first.mean) / (own.mean - first.mean)
    np.testing.assert_allclose(gone, 1 - np.exp(-0.5 / 1.1), atol=0.05)


def test_a_pause_does_not_outweigh_the_past():
    observer, steady = Observer(), SteadyStats()
    first, _ = steady.update(view(), observer.observe(view(), 0.0))
    own, followed = steady.update(with_visitor(view(), 20), observer.observe(with_visitor(view(), 20), 60.0))
    assert np.abs(followed.mean - first.mean).max() < 0.1 * np.abs(own.mean - first.mean).max()


def test_a_picture_that_is_repeated_comes_to_rest():
    followed = follow([view()] + [with_visitor(view(), 20)] * 150)[1:]
    assert followed[0][1].mean != pytest.approx(followed[0][0].mean, abs=1)
    np.testing.assert_array_equal(followed[-1][1].mean, followed[-1][0].mean)


def test_a_change_of_light_is_followed_at_once():
    for own, followed in follow([view() // 2 + 40 + more for more in range(0, 62, 2)]):
        assert followed.mean == pytest.approx(own.mean, abs=0.5)


def test_steady_statistics_are_never_far_from_the_frames_own():
    result = bounded(stats(200, 90), stats(100, 10))
    assert result.mean == pytest.approx(np.full(3, 106))
    assert np.sqrt(np.diag(result.covariance)) == pytest.approx(np.full(3, 14))
    assert bounded(stats(101, 11), stats(100, 10)).mean == pytest.approx(np.full(3, 101))
    _, (own, followed), (other, anew) = follow([view(), view() // 8, scene(seed=8, height=HEIGHT, width=WIDTH)])
    assert np.abs(followed.mean - own.mean).max() <= 0.6 * np.sqrt(np.diag(own.covariance)).max() + 1e-9
    assert anew.mean == pytest.approx(other.mean)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_are_no_trouble(stylizer, level):
    memory, code = stylizer.memory(), stylizer.encoder.find("kiss")
    for picture in (view(), np.full_like(view(), level), view()):
        result = stylizer.stylize(picture, plain(code, temporal="on"), memory)
        assert result.shape == picture.shape
    tensors = exposed(code, measure(np.full_like(view(), level)), measure(view())).tensors
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def _change_of_the_rest(stylizer, looks):
    """How far the right half is from what it was, at the end, when something white has come in on the left."""
    contents = [with_visitor(view(), 8 * max(0, index - 3)) for index in range(14)]
    memory = stylizer.memory()
    shown = [stylizer.stylize(content, look, memory).astype(int) for content, look in zip(contents, looks, strict=True)]
    rest = np.s_[:, 160:]
    return np.abs(shown[-1][rest].mean(axis=(0, 1)) - shown[3][rest].mean(axis=(0, 1))).max()


def test_what_comes_in_hardly_changes_the_rest(stylizer):
    code = stylizer.encoder.find("great-wave")
    off = _change_of_the_rest(stylizer, [plain(code)] * 14)
    followed = _change_of_the_rest(stylizer, [plain(code, temporal="on")] * 14)
    assert followed < 0.7 * off
