from fractions import Fraction

import pytest

from streamstyle.files.segments.grid import LEAD_FRAMES, Grid
from streamstyle.media.sources.base import SourceInfo


def info(seconds, rate=Fraction(30), **more):
    return SourceInfo("film", 64, 48, frame_rate=rate, duration=seconds, **more)


@pytest.mark.parametrize("rate", [Fraction(1), Fraction(24000, 1001), Fraction(30), Fraction(60)])
def test_what_is_thrown_away_is_under_3_percent(rate):
    grid = Grid.of(info(7200.0, rate))
    assert LEAD_FRAMES / (grid.length * rate) < 0.03
    assert grid.lead <= grid.window < grid.length


def test_a_film_of_two_hours():
    grid = Grid.of(info(7200.0))
    assert (grid.length, grid.count) == (30, 240)
    assert [grid.mark(index) for index in (0, 1, 239, 240)] == [0, 30, 7170, None]


@pytest.mark.parametrize(
    "short",
    [
        info(60.0),
        info(None),
        info(600.0, is_live=True),
        info(600.0, is_still=True),
        info(600.0, Fraction(1)),  # 600 frames
    ],
)
def test_what_is_not_divided(short):
    assert Grid.of(short) is None


def test_without_a_rate_25_is_taken():
    assert Grid.of(info(600.0, None)).length == Fraction(840, 25)
