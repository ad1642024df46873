from itertools import pairwise

import cv2
import numpy as np
import pytest

from evaluation.measures.temporal import sharpness
from streamstyle.paint.steady.sharpen import Crispness

EVERYWHERE = [(slice(0, 180), slice(0, 256))]


def strokes(height=180, width=256, seed=0, softness=1.5):
    """Something painted: strokes about three pixels wide."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), softness)
    return (128 + 30 * soft / soft.std()).clip(0, 255).astype(np.uint8)


def softened(picture):
    return cv2.GaussianBlur(picture, (0, 0), 0.9)


def settled(crispness, mixed, fresh, areas, frames=20):
    for _ in range(frames):
        shown = crispness.restore(mixed, fresh, areas)
    return shown


def test_what_was_blurred_gets_its_detail_back():
    fresh = strokes()
    mixed = softened(fresh)
    assert sharpness(mixed) < 0.7 * sharpness(fresh)
    shown = settled(Crispness(), mixed, fresh, EVERYWHERE)
    assert 0.75 < sharpness(shown) / sharpness(fresh) < 1.1
    # Nearer to what it was, too: it is not only louder.
    assert np.abs(shown.astype(int) - fresh).mean() < 0.6 * np.abs(mixed.astype(int) - fresh).mean()


def test_what_is_crisp_is_left_alone():
    fresh = strokes()
    assert settled(Crispness(), fresh, fresh, EVERYWHERE) is fresh
    assert settled(Crispness(), fresh, softened(fresh), EVERYWHERE) is fresh


def test_flat_places_stay_flat():
    flat = np.full((180, 256, 3), 90, np.uint8)
    noisy = flat + np.random.default_rng(0).integers(0, 2, flat.shape, np.uint8)
    np.testing.assert_array_equal(settled(Crispness(), flat, noisy, EVERYWHERE), flat)


def test_only_what_moved_is_sharpened_and_the_mixed_picture_stays():
    fresh = strokes()
    mixed = softened(fresh)
    before = mixed.copy()
    shown = settled(Crispness(), mixed, fresh, [(slice(40, 70), slice(50, 100)), (slice(70, 90), slice(90, 120))])
    np.testing.assert_array_equal(mixed, before)
    changed = np.argwhere((shown != mixed).any(axis=2))
    # In whole blocks of 16 pixels around it.
    assert (changed.min(0) >= (32, 48)).all()
    assert (changed.max(0) < (96, 128)).all()
    assert sharpness(shown[44:66, 54:96]) > 0.75 * sharpness(fresh[44:66, 54:96])


def test_the_grid_of_a_network_is_no_detail_to_bring_back():
    """Every other pixel lighter, as upsampling leaves it."""
    grid = np.zeros((180, 256, 3), np.uint8)
    grid[::2, ::2] = 12
    soft = softened(strokes())
    assert sharpness(soft + grid) > 1.2 * sharpness(soft)
    assert settled(Crispness(), soft, soft + grid, EVERYWHERE) is soft


def test_it_comes_and_goes_by_and_by():
    fresh = strokes()
    mixed = softened(fresh)
    crispness = Crispness()
    rising = [sharpness(crispness.restore(mixed, fresh, EVERYWHERE)) for _ in range(6)]
    assert all(later > earlier for earlier, later in pairwise(rising))
    falling = [sharpness(crispness.restore(mixed, fresh, [])) for _ in range(30)]
    assert rising[-1] > falling[0] > falling[1] > falling[3]
    assert crispness.restore(mixed, fresh, []) is mixed
    settled(crispness, mixed, fresh, EVERYWHERE)
    crispness.forget()
    assert crispness.restore(mixed, fresh, []) is mixed


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 300), (16, 16), (33, 47), (181, 97)])
def test_any_size_up_to_the_border(height, width):
    fresh = strokes(height, width)
    mixed = cv2.blur(fresh, (3, 3))
    shown = settled(Crispness(), mixed, fresh, [(slice(0, height), slice(0, width))])
    assert shown.shape == fresh.shape
    if min(height, width) >= 16:
        last = (slice(height - 12, height), slice(width - 12, width))
        assert sharpness(shown[last]) > 1.1 * sharpness(mixed[last])


def test_another_size_begins_anew():
    crispness = Crispness()
    fresh = strokes()
    settled(crispness, softened(fresh), fresh, EVERYWHERE)
    small = np.ascontiguousarray(fresh[:90, :120])
    assert crispness.restore(small, small, []) is small
