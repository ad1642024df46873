from fractions import Fraction

import numpy as np
import pytest

from streamstyle.api.values import LookFields, checked_image, exact, recipe_from
from streamstyle.errors import UsageError
from streamstyle.look.recipe import LOOK_FIELDS, Recipe
from streamstyle.look.timeline import Timeline


def test_the_fields_are_those_of_the_command_line():
    assert {"style", *LookFields.__annotations__} == set(LOOK_FIELDS)


def test_nothing_given_is_what_the_command_line_gives():
    assert recipe_from(["kiss"], None, {}) == recipe_from(["kiss"], None, dict.fromkeys(LookFields.__annotations__))
    assert recipe_from(["kiss"], None, {}) == Recipe(("kiss",))


def test_numbers_may_be_written_in_three_ways():
    line = Timeline(((0.0, 0.1), (3.3333333333, 1.0)))
    recipe = recipe_from(["a", "b", "c"], None, {"alpha": [0.25, "0@0,1@5", line]})
    assert recipe.alpha == (Timeline.constant(0.25), Timeline.parse("0@0,1@5"), line)
    assert recipe_from(["a"], None, {"alpha": np.float32(0.5)}).alpha == (Timeline.constant(0.5),)
    assert recipe_from(["a"], None, {"alpha": "0@0,1@5"}).alpha == (Timeline.parse("0@0,1@5"),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alpha", 1.5),
        ("alpha", "0@0,2@5"),
        ("alpha", Timeline(((0.0, -1.0),))),
        ("alpha", "a lot"),
        ("weights", [-1]),
        ("color", "pink"),
        ("color_strength", 2),
        ("temporal", "strong"),
        ("grain", float("nan")),
        ("style_size", 3),
        ("feather", -1),
    ],
)
def test_values_out_of_range_are_refused_by_name(field, value):
    with pytest.raises(UsageError, match=field):
        recipe_from(["kiss"], None, {field: value})


def test_a_field_that_there_is_not_is_refused_as_python_does():
    with pytest.raises(TypeError, match="no field 'aplha'"):
        recipe_from(["kiss"], None, {"aplha": 1})


def test_times_are_exact():
    assert exact(0.1) == exact("0.1") == Fraction(1, 10)
    assert exact("1:02.5") == Fraction(125, 2)
    assert exact(Fraction(1, 3)) == Fraction(1, 3)
    assert exact(None) is None
    for wrong in (-1, "soon", float("nan")):
        with pytest.raises(UsageError, match="wanted seconds"):
            exact(wrong)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        "photo.png",
    ],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(UsageError, match="wanted a picture"):
        checked_image(image)
    good = np.zeros((4, 6, 3), np.uint8)[:, ::2]
    assert checked_image(good).flags["C_CONTIGUOUS"]
