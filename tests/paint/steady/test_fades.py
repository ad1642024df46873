from itertools import pairwise

import cv2
import numpy as np
import pytest

from evaluation.measures.temporal import known_motion, sharpness, warping_error
from streamstyle.paint.steady import changes, steadier
from streamstyle.paint.steady.changes import Observer
from streamstyle.paint.steady.light import SAME_LIGHT, light_between, relit
from streamstyle.paint.steady.steadier import Steadier
from tests.paint.steady.test_temporal import HEIGHT, WIDTH, scene, shaking, steadied, view


def lit(picture, gain, offset=0.0):
    return (picture.astype(np.float32) * gain + offset).clip(0, 255).astype(np.uint8)


def pale(right=0, **noise):
    """A scene far from black and white."""
    return lit(view(right, **noise), 0.5, 60)


def clouds():
    """A scene of soft gradients, in which what is brighter looks like what was further on."""
    return cv2.GaussianBlur(scene(height=HEIGHT, width=WIDTH), (0, 0), 9)


def fading(pictures):
    """Pictures that fade in, by some levels a frame."""
    return [lit(picture, 0.3 + 0.6 * index / len(pictures)) for index, picture in enumerate(pictures)]


def motions(contents):
    observer = Observer()
    return [observer.observe(content).motion for content in contents][1:]


@pytest.mark.parametrize(("gain", "offset"), [(1.1, 0), (0.85, 0), (1, 6), (1, -9), (0.9, 20), (1.05, -3)])
def test_another_light_is_found(gain, offset):
    before, now = pale(), lit(pale(), gain, offset)
    found = relit(light_between(before, now), before, now)
    assert found is not None
    assert np.abs(found.astype(int) - now).mean() < 1
    assert np.abs(before.astype(int) - now).mean() > 2


def test_each_channel_has_a_light_of_its_own():
    before = pale()
    now = np.dstack([lit(before[..., 0], 1.1), lit(before[..., 1], 1.0), lit(before[..., 2], 0.9)])
    found = relit(light_between(before, now), before, now)
    assert found is not None
    assert np.abs(found.astype(int) - now).mean() < 1


def test_without_another_light_there_is_none():
    others = (view(), view(noise=3, seed=2), view(right=1))  # noise, or motion alone
    assert all(relit(light_between(view(), other), view(), other) is None for other in others)
    entered = view()
    cv2.circle(entered, (60, 90), 40, (250, 250, 250), -1)  # raises every mean
    assert abs(entered.mean() - view().mean()) > 5
    assert relit(light_between(view(), entered), view(), entered) is None


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (9, 200)])
@pytest.mark.parametrize("level", [0, 255])
def test_flat_pictures_of_any_size(height, width, level):
    before, now = (np.full((height, width, 3), value, np.uint8) for value in (level, 100))
    found = relit(light_between(before, now), before, now)
    assert found is not None
    assert (found == now).all()


def test_a_fade_is_no_motion(monkeypatch):
    contents = fading([clouds()] * 14)
    assert all(motion is not None and motion.fades and not motion.parts for motion in motions(contents))
    monkeypatch.setattr(changes, "light_between", lambda before, now: SAME_LIGHT)
    assert sum(bool(motion.parts) for motion in motions(contents)) > len(contents) // 2  # what it looks like


def test_what_moves_in_a_fade_is_found():
    for motion in motions(fading([view(2 * index, noise=1, seed=index) for index in range(14)]))[6:]:
        assert motion is not None
        assert sum(part.places[..., 0].size for part in motion.parts) > 0.5 * HEIGHT * WIDTH
        moved = np.concatenate([(part.places - _grid(part.area)).reshape(-1, 2) for part in motion.parts])
        assert np.median(moved[:, 0]) == pytest.approx(2, abs=0.5)


def _grid(area):
    rows, columns = area
    x, y = np.meshgrid(np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop))
    return np.dstack([x, y]).astype(np.float32)


def test_a_fade_is_steadied_and_stays_crisp(monkeypatch):
    """Strokes differ from frame to frame as the networks' do in a fade; mixing alone would blur them."""
    contents = fading([clouds()] * 24)
    raw = shaking([view()] * len(contents), amount=25.0, stroke=1.5)
    rest = known_motion(HEIGHT, WIDTH, 0, 0)

    def judged(frames):
        errors = [warping_error(*pair, rest) for pair in pairwise(frames[8:])]
        return np.mean(errors), np.mean([sharpness(frame) for frame in frames[8:]])

    error, crisp = judged(raw)
    steady_error, steady_crisp = judged(steadied(contents, raw))
    assert error > 3 * steady_error
    monkeypatch.setattr(steadier.Crispness, "restore", lambda self, mixed, fresh, areas: mixed)
    soft = judged(steadied(contents, raw))[1]
    assert steady_crisp > 1.1 * soft
    assert steady_crisp < 1.05 * crisp


def test_a_lamp_that_is_switched_on_shows_at_once():
    observer, holder = Observer(), Steadier()
    dark, bright = lit(pale(), 0.6), pale()
    for content in [dark] * 5 + [bright]:
        shown = holder.steady(content, observer.observe(content).motion)  # painted as it is
    assert abs(shown.astype(int) - bright).mean() < 3


def test_another_scene_in_another_light_is_a_cut():
    observer = Observer()
    observer.observe(lit(view(), 0.4))
    assert observer.observe(scene(seed=8, height=HEIGHT, width=WIDTH)).cut


def test_what_enters_does_not_count_for_the_light():
    before, now = pale(), lit(pale(), 0.9)
    before[:, :60], now[:, :66] = 250, 250
    light, mean = light_between(before, now), pale().mean((0, 1))
    np.testing.assert_allclose(light.of(mean), 0.9 * mean, atol=1)


def test_a_fade_slower_than_a_level_per_frame_is_found():
    before, now = pale(noise=2, seed=1), lit(pale(noise=2, seed=2), 0.995, 0.5)  # `lit` rounds down
    mean = before.mean((0, 1))
    np.testing.assert_allclose(light_between(before, now).of(mean) - mean, -0.005 * mean, atol=0.3)


@pytest.mark.parametrize("rate", [10, 25, 60])
def test_a_fade_of_a_second_is_no_cut_at_any_rate(rate):
    observer = Observer()
    shares = np.abs(1 - np.arange(0, 2, 1 / rate))
    seen = [observer.observe(lit(view(), share), index / rate) for index, share in enumerate(shares)]
    assert [changes.cut for changes in seen] == [True] + [False] * (len(seen) - 1)


@pytest.mark.parametrize(("gain", "offset"), [(1.6, 20), (1, 90)])
def test_a_flash_is_no_cut_but_breaks_averages(gain, offset):
    observer = Observer()
    contents = [pale()] * 3 + [lit(pale(), gain, offset)] + [pale()] * 2
    seen = [observer.observe(content) for content in contents]
    assert [changes.cut for changes in seen] == [True, False, False, False, False, False]
    assert [changes.breaks for changes in seen] == [True, False, False, True, True, False]


def test_a_whip_pan_is_no_cut():
    """Two widths of the picture a second, at 30 frames."""
    observer = Observer()
    assert [observer.observe(view(17 * index)).cut for index in range(6)] == [True] + [False] * 5
