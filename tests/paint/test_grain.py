"""Grain: flat places get something to paint with; all else stays as it is."""

import cv2
import numpy as np
import pytest

from streamstyle.errors import UsageError
from streamstyle.look.look import Region
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.paint.grain import grained
from streamstyle.paint.stylizer import Stylizer
from tests.looks import plain

HEIGHT, WIDTH = 192, 320
SKY = (slice(0, 96), slice(0, WIDTH))
GROUND = (slice(128, HEIGHT), slice(0, WIDTH))


def landscape(level=150, noise=0.0, seed=1):
    """A plain sky over coarse detail."""
    rng = np.random.default_rng(0)
    photo = np.full((HEIGHT, WIDTH, 3), level, np.float32)
    coarse = rng.integers(0, 256, (9, 40, 3)).astype(np.float32)
    photo[120:] = cv2.resize(coarse, (WIDTH, 72), interpolation=cv2.INTER_CUBIC)
    photo += np.random.default_rng(seed).normal(0, noise, photo.shape)
    return photo.clip(0, 255).astype(np.uint8)


def change(one, other):
    return one.astype(float) - other


def test_flat_places_get_a_pattern_and_detail_stays_to_the_bit():
    photo = landscape()
    before = photo.copy()
    added = change(grained(photo, 1.0), photo)
    np.testing.assert_array_equal(photo, before)
    assert added[SKY].std() > 5
    assert abs(added[SKY].mean()) < 0.3 * added[SKY].std()
    np.testing.assert_array_equal(added[GROUND], 0)


def test_its_strength_is_what_was_asked_for():
    photo = landscape()
    assert grained(photo, 0.0) is photo
    half, full = (change(grained(photo, strength), photo)[SKY].std() for strength in (0.5, 1.0))
    assert half == pytest.approx(full / 2, rel=0.1)


@pytest.mark.parametrize("level", [20, 255])
def test_dark_and_white_places_get_as_much_as_gray_ones(level):
    gray, photo = landscape(), landscape(level)
    wanted = change(grained(gray, 0.5), gray)[SKY].std() * photo.std() / gray.std()  # it goes by the frame's deviation
    got = grained(photo, 0.5)[SKY].astype(float)
    assert got.std() == pytest.approx(wanted, rel=0.2)
    assert ((got == 0) | (got == 255)).mean() < 0.05


def test_a_films_black_bars_stay_black():
    film = landscape()
    film[:40] = 0
    got = grained(film, 1.0)
    np.testing.assert_array_equal(got[:32], 0)
    assert change(got, film)[60:96].std() > 3


@pytest.mark.parametrize("level", [0, 100, 255])
def test_a_frame_of_one_colour_gets_none(level):
    photo = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
    np.testing.assert_array_equal(grained(photo, 1.0), photo)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (35, 80), (36, 36), (37, 53), (241, 999)])
def test_any_size_goes(height, width):
    photo = np.full((height, width, 3), 100, np.uint8)
    photo[:, : width // 4] = 200
    got = grained(photo, 1.0)
    assert got.shape == photo.shape
    assert got.dtype == np.uint8
    assert (got != photo).any() == (min(height, width) >= 36)


def test_it_stands_still_and_sensor_noise_does_not_move_it():
    frames = [landscape(noise=4, seed=seed) for seed in (1, 2)]
    first, second = (change(grained(frame, 0.5), frame)[SKY] for frame in frames)
    assert first.std() > 2
    assert np.abs(first - second).mean() < 0.1 * first.std()


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer(device="cpu")


def lattice(picture):
    """How much a picture's fine detail is like itself a few steps of 8 pixels further, at most, from 0 to 1."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = gray - cv2.GaussianBlur(gray, (0, 0), 8)
    power = float(np.square(fine).mean())
    steps = [(down, across) for down in (0, 8, 16, 24) for across in range(-24, 32, 8) if (down, across) > (0, 0)]
    return max(float((fine * np.roll(fine, step, (0, 1)))[24:, 24:-24].mean()) / power for step in steps)


@pytest.mark.parametrize("style", ["composition", "great-wave", "scream"])
def test_skies_get_strokes_instead_of_one_small_sign_all_over(stylizer, style):
    photo = landscape(noise=2)
    photo[:96] = (photo[:96] + np.linspace(-20, 20, WIDTH)[None, :, None]).astype(np.uint8)
    code = stylizer.encoder.find(style)
    bare, grainy = (stylizer.stylize(photo, plain(code, grain=grain)) for grain in (0.0, 1.0))
    assert lattice(grainy[SKY]) < 0.8 * lattice(bare[SKY])


def test_what_is_hardly_painted_has_hardly_any(stylizer):
    photo, code = landscape(), stylizer.encoder.find("kiss")
    faint = stylizer.stylize(photo, plain(code, 0.02, grain=1.0))
    assert np.abs(change(faint, stylizer.stylize(photo, plain(code, 0.02)))[SKY]).mean() < 1
    np.testing.assert_array_equal(stylizer.stylize(photo, plain(code, 0.0, grain=1.0)), photo)


def test_regions_have_it_by_their_own_strength(stylizer):
    photo, code, other = landscape(), stylizer.encoder.find("kiss"), stylizer.encoder.find("scream")
    right = np.zeros((HEIGHT, WIDTH), np.float32)
    right[:, 160:] = 1

    def looks(grain):
        return plain(code, 1.0, grain=grain, regions=(Region(right, other, 0.02),))

    added = np.abs(change(stylizer.stylize(photo, looks(1.0)), stylizer.stylize(photo, looks(0.0)))[SKY])
    assert added[:, :128].mean() > 3
    assert added[:, 192:].mean() < 1.5


def test_looks_have_it_unless_told_otherwise(stylizer):
    for recipe, wanted in ((Recipe(style=("kiss",)), 0.5), (Recipe(style=("kiss",), grain=0.0), 0.0)):
        player = Player(recipe, stylizer.encoder.find)
        assert player.look(0.0, landscape()).grain == wanted
        player.close()


@pytest.mark.parametrize("grain", [-0.1, 1.5, float("nan")])
def test_what_is_out_of_range_is_refused(stylizer, grain):
    with pytest.raises(UsageError, match="grain: wanted a number from 0 to 1, got"):
        plain(stylizer.encoder.find("kiss"), grain=grain)
