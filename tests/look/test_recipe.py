import tomllib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from streamstyle.commands.main import build_parser
from streamstyle.errors import SinkError, UsageError
from streamstyle.look.look_file import read_recipe, save_recipe
from streamstyle.look.options import recipe_of
from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline

ALL = Recipe(
    style=("kiss", "great-wave", "scream"),
    alpha=tuple(map(Timeline.parse, ("1", "0.5@0,1@2", "0"))),
    color="content",
    color_strength=0.5,
    temporal="off",
    grain=0.25,
    style_size=400,
    strokes="bold",
    mask="mask.png",
    feather=3.5,
    person="keep",
    background="irises",
)
BLEND = Recipe(style=("kiss", "scream"), weights=tuple(map(Timeline.parse, ("1@0,0@5", "0.25"))))


def typed(*words):
    return recipe_of(build_parser().parse_args(["video", "in.mp4", *words]))


@pytest.mark.parametrize("recipe", [ALL, BLEND, Recipe(), Recipe(style=('a "quoted\\ name',))])
def test_a_saved_look_reads_back_the_same(tmp_path, recipe):
    save_recipe(recipe, tmp_path / "look.toml")
    assert read_recipe(tmp_path / "look.toml") == recipe
    assert [path.name for path in tmp_path.iterdir()] == ["look.toml"]


def test_files_beside_the_look_are_found_from_anywhere(tmp_path, monkeypatch):
    folder = tmp_path / "looks"
    folder.mkdir()
    for name in ("own.png", "mask.png"):
        cv2.imwrite(str(folder / name), np.zeros((9, 9, 3), np.uint8))
    monkeypatch.chdir(folder)
    recipe = Recipe(style=("own.png", "kiss"), mask=str(folder / "mask.png"))
    save_recipe(recipe, folder / "look.toml")
    assert tomllib.loads((folder / "look.toml").read_text())["mask"] == "mask.png"
    monkeypatch.chdir(tmp_path)
    found = read_recipe(folder / "look.toml")
    assert found.style == (str(folder / "own.png"), "kiss")
    assert found.mask == str(folder / "mask.png")


def test_a_look_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(SinkError, match="does not exist; make it first"):
        save_recipe(BLEND, tmp_path / "absent" / "look.toml")


def test_typed_options_win_over_the_files(tmp_path):
    save_recipe(BLEND, tmp_path / "look.toml")
    look = ("--look", str(tmp_path / "look.toml"))
    assert typed(*look) == BLEND
    assert typed(*look, "--alpha", "0.5", "--color", "luma") == replace(
        BLEND, alpha=(Timeline.constant(0.5),), color="luma"
    )
    assert typed(*look, "--style", "irises") == Recipe(style=("irises",))


def test_the_command_line_says_it_all():
    assert (
        typed(
            *("--style", "kiss", "great-wave", "scream", "--alpha", "1", "0.5@0,1@2", "0", "--color", "content"),
            *("--color-strength", "0.5", "--style-size", "400", "--strokes", "bold", "--mask", "mask.png"),
            *("--temporal", "off", "--grain", "0.25"),
            *("--feather", "3.5", "--person", "keep", "--background", "irises"),
        )
        == ALL
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"style": ("a",) * 9}, "at most 8 styles"),
        ({"style": ("a", "b"), "weights": (Timeline.constant(1),)}, "one of --weights per --style: 2, got 1"),
        ({"style": ("a",), "weights": (Timeline.constant(0),)}, "must not all be 0"),
        ({"style": ("a", "b"), "alpha": (Timeline.constant(1),) * 3}, "one per --style: 2, got 3"),
        ({"style": ("a", "b"), "weights": (Timeline.constant(1),) * 2, "mask": "m.png"}, "leave --weights or --mask"),
        ({"style": ("a", "keep")}, "'keep' stands for a region"),
        ({"color": "pink"}, "color: wanted one of style, content, luma, got .pink."),
    ],
)
def test_contradictions_are_named(wrong, words):
    with pytest.raises(UsageError, match=words):
        Recipe(**wrong)


def test_a_saved_look_replaces_only_a_look_and_only_when_allowed(tmp_path):
    look, other = tmp_path / "look.toml", tmp_path / "victim.mp4"
    other.write_bytes(b"precious")
    for overwrite, words in ((False, "exists; use --overwrite"), (True, "no look")):
        with pytest.raises(SinkError, match=words):
            save_recipe(BLEND, other, overwrite=overwrite)
    assert other.read_bytes() == b"precious"
    save_recipe(BLEND, look)
    with pytest.raises(SinkError, match="exists; use --overwrite"):
        save_recipe(Recipe(style=("kiss",)), look)
    save_recipe(Recipe(style=("kiss",)), look, overwrite=True)
    assert read_recipe(look).style == ("kiss",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["look.toml", "victim.mp4"]


def test_a_file_that_is_called_as_a_built_in_style_does_not_take_its_place_in_a_look(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kiss").touch()
    save_recipe(Recipe(style=("kiss",)), tmp_path / "look.toml")
    assert read_recipe(tmp_path / "look.toml").style == ("kiss",)
    save_recipe(Recipe(style=("./kiss",)), tmp_path / "own.toml")
    assert read_recipe(tmp_path / "own.toml").style == (str(tmp_path / "kiss"),)


def test_a_name_that_no_file_can_have_goes_through_a_look(tmp_path):
    save_recipe(Recipe(style=("kiss",), mask="x" * 300), tmp_path / "look.toml")
    assert read_recipe(tmp_path / "look.toml").mask == "x" * 300
