"""One table of a look's fields: command line, look files, checks, help, docs and the list for programs tell the same."""

import json
from dataclasses import fields

import numpy as np
import pytest

from streamstyle.commands.main import build_parser
from streamstyle.errors import UsageError
from streamstyle.look.look import Look
from streamstyle.look.look_file import read_recipe
from streamstyle.look.options import describe_look, recipe_of
from streamstyle.look.player import Player
from streamstyle.look.recipe import LOOK_FIELDS, PAINT_FIELDS, Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.styles.code import StyleCode

CODE = StyleCode("a", "1", {})
FRAME = np.zeros((8, 8, 3), np.uint8)

OTHERS = {
    "style": ("kiss", "scream"),
    "weights": (Timeline.parse("1@0,0@5"),),
    "alpha": (Timeline.constant(0.5),),
    "style_size": 300,
    "strokes": 300,
    "mask": "mask.png",
    "feather": 2.5,
    "person": "keep",
    "background": "scream",
    "color": "luma",
    "color_strength": 0.25,
    "temporal": "off",
    "grain": 0.75,
    "faces": 0.25,
}
"""A value of each field that is not its default."""

WRONG = {
    "weights": "-1",
    "alpha": "7",
    "style_size": "12",
    "strokes": "tiny",
    "feather": "-0.5",
    "color": "pink",
    "color_strength": "2",
    "temporal": "strong-ish",
    "grain": "nan",
    "faces": "1.5",
}
"""What no field of this name may hold."""


def typed(*words):
    return recipe_of(build_parser().parse_args(["video", "in.mp4", *words]))


def find_style(_name, _size):
    return CODE


def option(name):
    return "--" + name.replace("_", "-")


def test_every_field_of_a_recipe_is_in_the_table_and_has_another_value_here():
    assert {field.name for field in fields(Recipe)} == set(LOOK_FIELDS) == set(OTHERS)
    assert all(OTHERS[name] != known.default and known.help for name, known in LOOK_FIELDS.items())


@pytest.mark.parametrize("name", LOOK_FIELDS)
def test_a_value_comes_in_typed_and_from_programs(name):
    value = OTHERS[name]
    words = [str(item) for item in (value if isinstance(value, tuple) else (value,))]
    # One weight wants one style.
    style = ["--style", "kiss"] if name == "weights" else []
    assert getattr(typed(*style, option(name), *words), name) == value
    listed = words if isinstance(value, tuple) else words[0]
    assert LOOK_FIELDS[name].read(json.loads(json.dumps(listed))) == value


@pytest.mark.parametrize(("name", "text"), WRONG.items())
def test_what_is_out_of_range_is_refused_alike_everywhere(name, text, tmp_path, capsys):
    known = LOOK_FIELDS[name]
    (tmp_path / "look.toml").write_text(f'style = "kiss"\n{name} = "{text}"\n')
    with pytest.raises(UsageError) as from_file:
        read_recipe(tmp_path / "look.toml")
    assert str(from_file.value).endswith(f"line 2: {name}: wanted {known.wanted}, got '{text}'")
    with pytest.raises(SystemExit):
        typed(f"{option(name)}={text}")
    assert f"{option(name)}: wanted {known.wanted}, got '{text}'" in capsys.readouterr().err
    value = text if known.choices else float(text)
    if known.over_time:
        value = (Timeline.constant(value),)
    with pytest.raises(UsageError, match=f"{name}: wanted {known.wanted}, got '"):
        Recipe(**{name: value})


@pytest.mark.parametrize("value", [True, None, "0.5", [0.5], Timeline.constant(0.5)])
def test_another_type_is_refused(value):
    with pytest.raises(UsageError, match="grain: wanted a number from 0 to 1"):
        Recipe(grain=value)


@pytest.mark.parametrize("line", ["grain = [0.5]", "grain = true", "alpha = []", "style = [[1]]", "color = {a = 1}"])
def test_look_files_hold_plain_values(line, tmp_path):
    (tmp_path / "look.toml").write_text(line)
    with pytest.raises(UsageError, match=r"line 1: \w+: wanted "):
        read_recipe(tmp_path / "look.toml")


def test_a_frames_look_is_painted_as_the_recipe_says():
    def painted(look):
        return {name: getattr(look, name) for name in PAINT_FIELDS}

    other = Recipe(("a",), **{name: OTHERS[name] for name in PAINT_FIELDS})
    assert painted(Player(other, find_style).look(0.0, FRAME)) == painted(other) != painted(Recipe())
    assert painted(Look(CODE)) == painted(Recipe())
    with pytest.raises(UsageError, match="grain: wanted"):
        Look(CODE, grain=2.0)


def test_numbers_are_tuned_while_styles_and_masks_need_another_player():
    player = Player(Recipe(("a",)), find_style)
    tunable = {name for name in LOOK_FIELDS if player.fits(Recipe(**({"style": ("a",)} | {name: OTHERS[name]})))}
    assert tunable == {"weights", "alpha", "strokes", *PAINT_FIELDS}


def test_programs_can_read_the_table():
    table = json.loads(json.dumps(describe_look(), allow_nan=False))
    assert [row["name"] for row in table] == list(LOOK_FIELDS)
    for row in table:
        if row["default"] not in (None, []):
            assert LOOK_FIELDS[row["name"]].read(row["default"]) == LOOK_FIELDS[row["name"]].default
    grain = next(row for row in table if row["name"] == "grain")
    assert grain == {
        "name": "grain",
        "option": "--grain",
        "type": "number",
        "list": False,
        "over_time": False,
        "choices": [],
        "minimum": 0,
        "maximum": 1,
        "unit": "",
        "default": 0.5,
        "help": LOOK_FIELDS["grain"].help,
    }
