from itertools import pairwise

import cv2
import numpy as np
import pytest

from evaluation.measures.temporal import (
    background_drift,
    background_jump,
    find_motion,
    known_motion,
    sharpness,
    strip,
    warping_error,
)
from streamstyle.look.look import Region
from streamstyle.paint.steady.changes import Motion, Observer, Part, _around, _moves
from streamstyle.paint.steady.flow import grid, inside, moved
from streamstyle.paint.steady.steadier import Steadier
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.store import CodeCache
from tests.looks import plain

HEIGHT, WIDTH = 180, 256


def scene(seed=0, height=2 * HEIGHT, width=2 * WIDTH):
    """Soft blobs of all sizes: something that motion can be found in."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for scale in (4, 16, 64):
        noise = rng.normal(0, 1, (height // scale + 2, width // scale + 2, 3)).astype(np.float32)
        picture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return (128 + 35 * picture).clip(0, 255).astype(np.uint8)


BIG = scene()


def view(right=0, down=0, *, noise=0.0, seed=0):
    part = BIG[20 + down : 20 + down + HEIGHT, 20 + right : 20 + right + WIDTH].astype(np.float32)
    part = part + np.random.default_rng(seed).normal(0, noise, part.shape) if noise else part
    return np.ascontiguousarray(part.clip(0, 255).astype(np.uint8))


def steadied(contents, stylized):
    observer, steadier, results = Observer(), Steadier(), []
    for content, picture in zip(contents, stylized, strict=True):
        results.append(steadier.steady(picture, observer.observe(content).motion))
    return results


def shaking(pictures, amount=12.0, stroke=0.0):
    """What a style makes of noise: strokes, of this deviation in pixels, that differ in every frame."""
    rng = np.random.default_rng(9)
    frames = []
    for picture in pictures:
        noise = rng.normal(0, 1, picture.shape)
        if stroke:
            noise = cv2.GaussianBlur(noise, (0, 0), stroke)
        frames.append((picture + amount / noise.std() * noise).clip(0, 255).astype(np.uint8))
    return frames


def error(frames, motion):
    return np.mean([warping_error(a, b, motion) for a, b in pairwise(frames[4:])])


def test_a_still_scene_is_still():
    contents = [view(noise=3, seed=index) for index in range(14)]
    raw = shaking(contents)
    rest = known_motion(HEIGHT, WIDTH, 0, 0)
    assert error(raw, rest) > 4 * error(steadied(contents, raw), rest)


def test_a_moving_scene_is_steadier_and_stays_in_place():
    contents = [view(3 * index, index, noise=2, seed=index) for index in range(14)]
    clean = [view(3 * index, index) for index in range(14)]
    raw = shaking(contents, stroke=1.5)
    steady = steadied(contents, raw)
    motion = known_motion(HEIGHT, WIDTH, -3, -1)
    assert error(raw, motion) > 2 * error(steady, motion)
    inner = (slice(12, -12), slice(12, -12))
    off = [np.abs(frame[-1][inner].astype(int) - clean[-1][inner]).mean() for frame in (steady, raw)]
    assert off[0] < off[1] / 1.5  # nearer to the scene where it is now: nothing lags behind
    assert sharpness(steady[-1]) > 0.9 * sharpness(clean[-1])


def test_what_moves_keeps_its_finest_detail():
    """Noise of single pixels stands for detail that no motion predicts: a moving scene keeps it, a still one does not."""
    moving, still = ([view(step * index, noise=2, seed=index) for index in range(10)] for step in (3, 0))
    kept = []
    for contents in (moving, still):
        raw = shaking(contents)
        kept.append(sharpness(steadied(contents, raw)[-1]) / sharpness(raw[-1]))
    assert kept[0] > 0.8
    assert kept[1] < 0.6


def strokes_passing_by(frames=40, step=1.5):
    """A scene that moves by halves of pixels, which blurs what is moved along: its content, and how it is to be painted."""
    noise = np.random.default_rng(4).normal(0, 1, BIG.shape).astype(np.float32)
    strokes = cv2.GaussianBlur(noise, (0, 0), 1.3)
    painting = (BIG + 25 * strokes / strokes.std()).clip(0, 255).astype(np.uint8)
    contents, painted = [], []
    for index in range(frames):
        to_view = np.array([[1, 0, -20 - step * index], [0, 1, -20]], np.float32)
        contents.append(cv2.warpAffine(BIG, to_view, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC))
        painted.append(cv2.warpAffine(painting, to_view, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC))
    return contents, painted


def test_what_moves_is_shown_as_crisp_as_it_is_painted():
    contents, painted = strokes_passing_by()
    shown = steadied(contents, shaking(painted, amount=10, stroke=1.0))
    inner = (slice(12, -12), slice(12, -12))
    kept = [sharpness(frame[inner]) / sharpness(clean[inner]) for frame, clean in zip(shown, painted, strict=True)][10:]
    assert 0.9 < np.mean(kept) < 1.1
    assert np.mean(kept[-10:]) == pytest.approx(np.mean(kept[:10]), abs=0.03)


def test_what_is_remembered_is_not_sharpened(monkeypatch):
    contents, painted = strokes_passing_by(12)
    remembered, shown = [], []
    for _ in range(2):
        observer, steadier = Observer(), Steadier()
        for content, picture in zip(contents, painted, strict=True):
            last = steadier.steady(picture, observer.observe(content).motion)
        shown.append(last)
        remembered.append(steadier._before)
        monkeypatch.setattr(
            "streamstyle.paint.steady.sharpen.Crispness.restore", lambda _self, mixed, _fresh, _areas: mixed
        )
    np.testing.assert_array_equal(*remembered)
    assert sharpness(shown[0]) > 1.05 * sharpness(shown[1])


def test_a_cut_starts_anew():
    contents = [view()] * 4 + [255 - view(40, 30)] * 2
    observer = Observer()
    motions = [observer.observe(content).motion for content in contents]
    assert [motion is None for motion in motions] == [True, False, False, False, True, False]
    raw = shaking(contents)
    np.testing.assert_array_equal(steadied(contents, raw)[4], raw[4])


def test_what_moves_leaves_no_ghost():
    """A disk crosses a still scene, 20 pixels a frame: where it was, the scene is back at once."""
    contents, background = [], view()
    for index in range(8):
        frame = background.copy()
        cv2.circle(frame, (30 + 20 * index, 90), 24, (250, 20, 20), -1)
        contents.append(frame)
    last = steadied(contents, contents)[-1]
    behind = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(behind, (30 + 20 * 6, 90), 20, 1, -1)
    cv2.circle(behind, (30 + 20 * 7, 90), 28, 0, -1)
    assert behind.sum() > 100
    ghost = np.abs(last.astype(int) - background)[behind == 1].mean()
    assert ghost < 6
    disk = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(disk, (30 + 20 * 7, 90), 18, 1, -1)
    assert np.abs(last[disk == 1].astype(int) - (250, 20, 20)).mean() < 6


def test_another_size_starts_anew():
    observer = Observer()
    observer.observe(view())
    assert observer.observe(np.ascontiguousarray(view()[:100, :90])).cut


def test_a_region_that_comes_back_starts_anew(tmp_path):
    stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path))
    code, other = stylizer.encoder.find("kiss"), stylizer.encoder.find("great-wave")
    mask = np.ones((HEIGHT, WIDTH), np.float32)
    looks = {True: plain(code, temporal="on", regions=(Region(mask, other),)), False: plain(code, temporal="on")}
    contents = [view(noise=6, seed=index) for index in range(4)]
    memory = stylizer.memory()
    shown = [stylizer.stylize(contents[index], looks[index != 2], memory) for index in range(4)]
    fresh, steady = stylizer.stylize(contents[3], looks[True]), stylizer.stylize(contents[1], looks[True])
    assert np.abs(shown[3].astype(int) - fresh).mean() < 0.5 * np.abs(shown[1].astype(int) - steady).mean()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 300), (16, 16), (181, 97), (365, 491)])
def test_any_size(height, width):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (height, width, 3), np.uint8)] * 3
    for frame in steadied(frames, frames):
        assert np.abs(frame.astype(int) - frames[0]).max() <= 1


def test_a_still_video_through_the_model_is_stiller(tmp_path):
    stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path))
    code = stylizer.encoder.find("starry-night")
    contents = [view(noise=4, seed=index) for index in range(10)]
    rest = known_motion(HEIGHT, WIDTH, 0, 0)
    errors = {}
    for mode in ("off", "on"):
        memory = stylizer.memory()
        errors[mode] = error([stylizer.stylize(frame, plain(code, temporal=mode), memory) for frame in contents], rest)
    assert errors["on"] < errors["off"] / 3


def test_a_photo_is_not_changed_by_it(tmp_path):
    stylizer = Stylizer("fast", "cpu", CodeCache(tmp_path))
    code = stylizer.encoder.find("kiss")
    np.testing.assert_array_equal(
        stylizer.stylize(view(), plain(code, temporal="on")), stylizer.stylize(view(), plain(code))
    )


# The metrics, on cases whose value is known.


def test_a_perfectly_moved_picture_has_no_warping_error():
    assert warping_error(view(), view(5, 2), known_motion(HEIGHT, WIDTH, -5, -2)) == 0
    assert warping_error(view(), view(), known_motion(HEIGHT, WIDTH, 0, 0)) == 0


def test_a_constant_change_is_the_warping_error():
    dark = np.full((40, 60, 3), 51, np.uint8)
    assert warping_error(dark, dark + 51, known_motion(40, 60, 0, 0)) == pytest.approx(0.2)
    jumped = [dark, dark, dark + 10, dark + 12]
    everywhere = np.ones((40, 60), bool)
    assert background_jump(jumped, everywhere) == 10
    assert background_drift(jumped, everywhere) == 12


def test_motion_is_found_in_the_input_and_what_is_uncovered_is_left_out():
    found = find_motion(view(), view(4, 1))
    inner = (slice(20, -20), slice(20, -20))
    apart = np.abs(found.places - known_motion(HEIGHT, WIDTH, -4, -1).places)[inner]
    assert np.median(apart) < 0.15
    assert found.seen[inner].mean() > 0.95
    assert warping_error(view(), view(4, 1), found) < 0.01
    flat = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    np.testing.assert_array_equal(find_motion(flat, flat).places, grid(HEIGHT, WIDTH))


def test_moving_by_whole_pixels_is_exact_and_places_outside_are_known():
    picture = view()
    places = grid(HEIGHT, WIDTH) + np.array([3, 2], np.float32)
    result = moved(picture, places)
    np.testing.assert_array_equal(result[:-2, :-3], picture[2:, 3:])
    assert inside(places).mean() == pytest.approx((HEIGHT - 2) * (WIDTH - 3) / (HEIGHT * WIDTH))


def test_a_strip_is_a_row_over_time():
    frames = [view(index) for index in range(5)]
    np.testing.assert_array_equal(strip(frames, 7)[3], frames[3][7])


def test_where_nothing_moves_the_picture_is_left_as_it_is():
    """Only rectangles around what moved are resampled; the new picture's detail, here none, takes the old one's place."""
    still = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    steadier = Steadier()
    steadier.steady(still, None)
    area = (slice(20, 60), slice(30, 90))
    ones = np.ones((HEIGHT, WIDTH), np.float32)
    other = (slice(60, 70), slice(0, 20))
    parts = tuple(Part(part, grid(HEIGHT, WIDTH)[part] + np.float32(1)) for part in (area, other))
    motion = Motion(ones, parts)
    steady = steadier.steady(np.zeros_like(still), motion)
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[area] = outside[other] = False
    assert np.array_equal(steady[outside], still[outside])
    for part, before in ((other, still[61:71, 1:21]), (area, still[21:61, 31:91])):
        fine = before.astype(np.int16) - cv2.blur(before.astype(np.int16), (3, 3))
        meets_itself = np.clip(fine, -2, 2)
        assert np.array_equal(steady[part], (before - fine + meets_itself).clip(0, 255))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [((0, 1), (0, 1)), ((3, 29), (5, 6)), ((53, 54), (95, 96)), ((14, 15), (3, 40)), ((0, 54), (0, 96))],
)
def test_the_area_holds_everything_that_moves(rows, columns):
    where = np.zeros((54, 96), np.uint8)
    where[slice(*rows), slice(*columns)] = 1
    areas = _around(where, (384, 216))
    large = cv2.resize(where.astype(np.float32), (384, 216), interpolation=cv2.INTER_LINEAR)
    covered = np.zeros(large.shape, int)
    for area in areas:
        large[area] = 0
        covered[area] += 1
    assert large.max() == 0
    assert covered.max() == 1
    most = (-(-(np.ptp(rows) + 2) // 15) + 1) * 15 * (np.ptp(columns) + 3)
    assert covered.sum() <= 16 * most


def test_bands_of_rows_have_rectangles_of_their_own():
    where = np.zeros((54, 96), np.uint8)
    where[2, 5:9] = where[50, 80:90] = 1
    top, bottom = _around(where, (384, 216))
    assert (top[0], bottom[0]) == (slice(0, 60), slice(180, 216))
    assert top[1].stop < bottom[1].start
    assert _around(np.zeros_like(where), (384, 216)) == []


def test_rectangles_meet_without_a_gap_where_sizes_do_not_divide():
    areas = _around(np.ones((53, 97), np.uint8), (331, 187))
    assert [area[0].start for area in areas[1:]] == [area[0].stop for area in areas[:-1]]
    assert (areas[0][0].start, areas[-1][0].stop) == (0, 187)
    assert all(area[1] == slice(0, 331) for area in areas)


def test_specks_of_motion_are_taken_for_none():
    change = np.zeros((40, 60), np.uint8)
    flow = np.zeros((40, 60, 2), np.float32)
    change[:, 30:] = 60
    flow[10, 50] = flow[25:27, 45] = 5
    assert _moves(change, flow).sum() == 0
    flow[10:16, 40:50] = 5
    found = _moves(change, flow)
    assert found[10:16, 40:50].all()
    assert found.sum() == 60


def test_what_looks_the_same_rests_whatever_the_flow_says():
    flow = np.full((40, 60, 2), 5, np.float32)
    assert _moves(np.ones((40, 60), np.uint8), flow).sum() == 0
    assert _moves(np.full((40, 60), 60, np.uint8), flow).all()


def test_nothing_is_resampled_where_only_noise_changes():
    rng = np.random.default_rng(8)
    observer = Observer()
    observer.observe(view(0))
    noisy = (view(0) + rng.normal(0, 2, view(0).shape)).clip(0, 255).astype(np.uint8)
    motion = observer.observe(noisy).motion
    assert motion is not None
    assert motion.parts == ()
    assert motion.share.mean() > 0.6
