from dataclasses import replace

import cv2
import numpy as np
import pytest

from streamstyle.errors import StyleError, UsageError
from streamstyle.live.controls import Controls
from streamstyle.live.crossfade import FADE_SECONDS
from streamstyle.live.state import Settings
from streamstyle.look.player import Player
from streamstyle.look.recipe import STROKE_SIZES, Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.styles.code import StyleCode
from tests.fakes import FakeStylizer

FRAME = np.zeros((40, 60, 3), np.uint8)
VALUES = {"a": 1.0, "b": 3.0, "c": 9.0}


def find_style(name, size=256):
    if name not in VALUES:
        raise StyleError(f"style '{name}' is neither a file nor a built-in style")
    return StyleCode(name, "1", {"x": np.full((1, 1, 1, 1), VALUES[name], np.float32)})


class HalfPeople:
    """People are on the left."""

    def follow(self, image):
        mask = np.zeros(image.shape[:2], np.float32)
        mask[:, : image.shape[1] // 2] = 1
        return mask


@pytest.fixture(autouse=True)
def half_people(monkeypatch):
    monkeypatch.setattr("streamstyle.look.player.find_people", HalfPeople)


def lines(*texts):
    return tuple(map(Timeline.parse, texts))


def value(code):
    return float(code.tensors["x"].item())


@pytest.fixture
def mask(tmp_path):
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:20] = 255
    path = tmp_path / "mask.png"
    cv2.imwrite(str(path), picture)
    return str(path)


def seen(look, row, column):
    """(style value, alpha) of a pixel that belongs to one region alone."""
    for region in look.regions:
        if region.mask[row, column] > 0.99:
            return value(region.code), region.alpha
    assert sum(region.mask[row, column] for region in look.regions) < 0.01
    return value(look.code), look.alpha


def test_a_blend_travels_over_time_and_its_corners_are_the_styles():
    player = Player(Recipe(("a", "b"), weights=lines("1@0,0@4", "0@0,1@4")), find_style)
    looks = [player.look(seconds, FRAME) for seconds in (100, 101, 104, 110)]  # any clock: the first call is zero
    assert [value(look.code) for look in looks] == [1, 1.5, 3, 3]
    assert looks[0].code.name == "a"
    assert looks[2].code.tensors["x"] is player._codes["b"].tensors["x"]
    assert {look.alpha for look in looks} == {1}


def test_strength_travels_and_may_differ_between_styles():
    player = Player(Recipe(("a",), alpha=lines("0@0,1@5")), find_style)
    assert [player.look(t, FRAME).alpha for t in (0, 2.5, 5, 9)] == [0, 0.5, 1, 1]
    # 1/2 (1 a + 0) + 1/2 (0.5 b + 0.5 content): at strength 3/4, two thirds a and a third b
    look = Player(Recipe(("a", "b"), alpha=lines("1", "0.5")), find_style).look(0, FRAME)
    assert look.alpha == pytest.approx(0.75)
    assert value(look.code) == pytest.approx((2 * 1 + 3) / 3)
    silent = Player(Recipe(("a", "b"), alpha=lines("0", "0")), find_style).look(0, FRAME)
    assert silent.alpha == 0


def test_a_mask_gives_each_style_its_place_and_strength(mask):
    look = Player(Recipe(("a", "b"), alpha=lines("0.25", "1"), mask=mask), find_style).look(0, FRAME)
    assert seen(look, 5, 30) == (1, 0.25)
    assert seen(look, 35, 30) == (3, 1)


def test_with_a_mask_one_style_alone_leaves_the_black_part_as_it_is(mask):
    for style in (("a",), ("a", "keep")):
        look = Player(Recipe(style, mask=mask), find_style).look(0, FRAME)
        assert seen(look, 5, 30) == (1, 1)
        assert seen(look, 35, 30)[1] == 0


@pytest.mark.parametrize(
    ("person", "background", "left", "right"),
    [("keep", "style", (None, 0), (1, 1)), ("style", "keep", (1, 1), (None, 0)), ("b", "c", (3, 1), (9, 1))],
)
def test_people_and_background(person, background, left, right):
    player = Player(Recipe(("a",), person=person, background=background), find_style)
    look = player.look(0, FRAME)
    for column, (style, alpha) in ((5, left), (55, right)):
        got = seen(look, 20, column)
        assert got[1] == alpha
        assert style is None or got[0] == style


def test_people_and_a_mask_together(mask):
    player = Player(Recipe(("a", "b"), mask=mask, person="keep"), find_style)
    look = player.look(0, FRAME)
    assert seen(look, 5, 5)[1] == seen(look, 35, 5)[1] == 0
    assert seen(look, 5, 55) == (1, 1)
    assert seen(look, 35, 55) == (3, 1)


def test_what_cannot_be_played_is_said():
    for recipe, error in (
        (Recipe(), "wanted --style"),
        (Recipe(("a",), mask="absent.png"), "does not exist"),
        (Recipe(("keep",), mask="absent.png"), "every region is kept"),
    ):
        with pytest.raises(UsageError, match=error):
            Player(recipe, find_style)
    with pytest.raises(StyleError, match="'z'"):
        Player(Recipe(("a",), person="z"), find_style)


@pytest.mark.parametrize(("strokes", "size"), [("fine", 420), ("medium", 300), ("bold", 220), (333, 333)])
def test_strokes_set_the_size_unless_another_is_asked_for(strokes, size):
    player = Player(Recipe(("a",), strokes=strokes), find_style)
    assert player.look(0, FRAME).size == size
    assert player.look(0, FRAME, 100).size == 100
    player.recipe = replace(player.recipe, strokes="bold")
    assert player.look(0, FRAME).size == STROKE_SIZES["bold"]


@pytest.mark.parametrize(("faces", "said"), [(0.5, 0), (0.0, 0), (0.8, 1)])
def test_who_asks_for_faces_without_the_model_is_told(tmp_path, monkeypatch, faces, said):
    monkeypatch.setenv("STREAMSTYLE_MODELS", str(tmp_path))
    warnings = Player(Recipe(("a",), faces=faces), find_style).warnings
    assert len(warnings) == said
    assert all("run: streamstyle install faces" in warning for warning in warnings)


def test_built_in_styles_say_that_their_brush_is_fixed():
    player = Player(Recipe(("a",), style_size=512), find_style)
    assert player.warnings == ["--style-size needs image files; these styles keep their strokes: a"]


class Live:
    """Controls over the fake styles, with a clock of their own."""

    def __init__(self, recipe):
        self.now = 0.0
        stylizer = FakeStylizer()
        stylizer.encoder.find = find_style
        self.controls = Controls(stylizer, Settings(tuple(VALUES), recipe=recipe), clock=lambda: self.now)
        self.controls.start()
        self.controls.look(FRAME)

    def later(self, seconds=FADE_SECONDS):
        self.now += seconds
        return self.controls.look(FRAME)


def test_a_masked_look_fades_region_by_region(mask):
    live = Live(Recipe(("a", "b"), mask=mask))
    live.controls.pick(2)
    half = live.later(FADE_SECONDS / 2)
    assert seen(half, 5, 30)[0] == pytest.approx(5)
    assert seen(half, 35, 30)[0] == 3
    assert seen(live.later(), 5, 30)[0] == 9
    live.controls.toggle_blend()
    assert "own place" in live.controls.state.message[0]


def test_a_look_is_taken_up_whole_and_strengths_stay_tunable(mask):
    live = Live(Recipe(("a",)))
    live.controls.apply(Recipe(("b", "c"), weights=lines("1", "3"), alpha=lines("0.6"), color="luma"))
    look = live.later()
    assert (value(look.code), look.alpha, look.color) == (7.5, 0.6, "luma")
    live.controls.change_alpha(1)
    assert live.later().alpha == 0.7
    live.controls.apply(Recipe(("b",), mask=mask))
    assert seen(live.later(), 5, 30) == (3, 1)
    live.controls.apply(Recipe(("z",)))
    assert "'z'" in live.controls.state.message[0]
    assert seen(live.later(), 5, 30) == (3, 1)


def test_keep_is_never_offered_as_a_style(mask):
    live = Live(Recipe(("a",)))
    live.controls.apply(Recipe(("b", "keep"), mask=mask))
    assert live.controls.settings.styles == ("a", "b", "c")
    live.controls.apply(Recipe(("c",)))
    for _ in range(3):
        live.controls.step(1)
    assert live.controls.settings.recipe.style == ("c",)


def test_a_look_without_styles_keeps_those_that_are_shown(mask):
    live = Live(Recipe(("a", "keep"), mask=mask))
    live.controls.apply(Recipe(color="luma", mask=mask))
    assert live.controls.settings.recipe.style == ("a", "keep")
    live.controls.apply(Recipe(color="content"))
    assert "'keep' stands for a region" in live.controls.state.message[0]
    assert live.later().color == "luma"


def test_people_are_found_by_one_alone(monkeypatch):
    made = []

    def find_people():
        made.append(HalfPeople())
        return made[-1]

    monkeypatch.setattr("streamstyle.look.player.find_people", find_people)
    live = Live(Recipe(("a",), person="keep"))
    live.controls.pick(1)
    live.later()
    assert len(made) == 1
