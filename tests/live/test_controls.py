import threading
from dataclasses import replace

import numpy as np
import pytest

from streamstyle.errors import ModelError, StyleError
from streamstyle.live.controls import Controls
from streamstyle.live.crossfade import FADE_SECONDS
from streamstyle.live.state import Settings
from streamstyle.live.watch import StyleFolder
from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline
from tests.fakes import FakeStylizer

FRAME = np.zeros((48, 64, 3), np.uint8)


class Clock:
    now = 10.0

    def __call__(self):
        return self.now


@pytest.fixture
def controls():
    controls = Controls(FakeStylizer(), Settings(("a", "bbb", "ccccc")), clock=Clock())
    controls.start()
    return controls


def value(controls):
    return float(controls.look(FRAME).code.tensors["x_mean"].item())


def test_a_switch_fades_and_arrives(controls):
    assert value(controls) == 1
    controls.pick(2)
    seen = [value(controls)]
    for _ in range(6):
        controls.clock.now += FADE_SECONDS / 6
        seen.append(value(controls))
    assert seen[0] == 1
    assert seen[-1] == 5
    assert seen == sorted(seen)
    assert 1 < seen[3] < 5
    assert controls.state.style == "ccccc"


def test_a_switch_in_the_middle_of_a_fade_goes_on_from_what_is_seen(controls):
    controls.pick(2)
    controls.clock.now += FADE_SECONDS / 2
    before = value(controls)
    controls.pick(1)
    assert value(controls) == pytest.approx(before)
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 3


def test_styles_are_encoded_once_and_in_the_background(controls):
    waiting = []
    controls.requests.in_background = waiting.append
    controls.pick(1)
    assert value(controls) == 1
    assert controls.stylizer.encoder.asked == ["a"]
    waiting.pop()()
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 3
    controls.pick(0)
    controls.pick(1)
    assert waiting == []
    assert controls.stylizer.encoder.asked == ["a", "bbb"]


class Background:
    """Takes work and does it when the test says so, in any order."""

    def __init__(self, controls):
        self.waiting = []
        controls.requests.in_background = self.waiting.append

    def do(self, index=0):
        self.waiting.pop(index)()


class Scenes:
    """Counts how often the mask of each look is opened and closed."""

    def __init__(self, monkeypatch):
        self.opened, self.closed, outer = [], [], self
        self.while_opening = lambda: None

        class Track:
            def __init__(self, uri, count, **_):
                self.uri, self.warnings = uri, []
                outer.opened.append(uri)
                outer.while_opening()

            def at(self, _seconds, height, width):
                whole = np.ones((height, width), np.float32)
                return [whole, 1 - whole]

            def close(self):
                outer.closed.append(self.uri)

        monkeypatch.setattr("streamstyle.look.player.MaskTrack", Track)


def masked(name, mask="m.png"):
    return Recipe((name, "keep"), mask=mask)


def later(controls, seconds=FADE_SECONDS):
    controls.clock.now += seconds
    return value(controls)


def test_a_slow_style_that_comes_after_a_later_wish_does_not_win(controls):
    background = Background(controls)
    controls.pick(1)
    background.do()
    controls.pick(2)
    assert controls.state.waiting
    controls.pick(1)
    assert not controls.state.waiting
    background.do()
    assert later(controls) == 3
    assert controls.state.style == "bbb"
    assert controls.settings.recipe.style == ("bbb",)


def test_a_style_that_is_overtaken_while_it_is_encoded_is_not_shown(controls):
    background, find = Background(controls), controls.stylizer.encoder.find

    def encode(name, size=256):
        if name == "bbb":
            controls.pick(2)
        return find(name, size)

    controls.stylizer.encoder.find = encode
    controls.pick(1)
    background.do()
    assert controls.state.style == "a"
    assert controls.state.waiting
    background.do()
    assert controls.state.style == "ccccc"
    assert later(controls) == 5
    controls.pick(1)  # what was encoded for nothing is known from now on
    assert background.waiting == []


def test_wishes_that_were_overtaken_before_their_turn_are_not_worked_off(controls):
    background = Background(controls)
    controls.add(["dddd", "eeeee"])
    for index in (1, 2, 3, 4):
        controls.pick(index)
    for _ in range(4):
        background.do()
    assert controls.stylizer.encoder.asked == ["a", "eeeee"]
    assert later(controls) == 5


@pytest.mark.parametrize("late", ["what was wished for first comes last", "in turn"])
def test_every_look_is_released_once_whatever_comes_last(controls, monkeypatch, late):
    scenes, background = Scenes(monkeypatch), Background(controls)
    wishes = iter(("two", "three"))

    def wish_for_another():
        if (mask := next(wishes, None)) is not None:
            controls.apply(masked("bbb", mask))
            if late != "in turn":
                background.do()

    scenes.while_opening = wish_for_another
    controls.apply(masked("bbb", "one"))
    while background.waiting:
        background.do()
    later(controls)
    later(controls)
    assert controls.settings.recipe.mask == "three"
    assert sorted(scenes.closed) == ["one", "two"]
    controls.close()
    controls.close()
    assert sorted(scenes.closed) == sorted(scenes.opened) == ["one", "three", "two"]


def test_a_look_that_comes_after_the_end_is_released(controls, monkeypatch):
    scenes, background = Scenes(monkeypatch), Background(controls)
    scenes.while_opening = controls.close
    controls.apply(masked("bbb"))
    background.do()
    assert scenes.closed == scenes.opened == ["m.png"]


def test_looks_of_one_mask_share_it_and_it_is_released_once(controls, monkeypatch):
    scenes = Scenes(monkeypatch)
    controls.apply(masked("bbb"))
    later(controls)
    controls.apply(masked("ccccc"))
    later(controls)
    later(controls)
    assert (scenes.opened, scenes.closed) == (["m.png"], [])
    controls.apply(Recipe(("a",)))
    later(controls)
    later(controls)
    controls.close()
    assert scenes.closed == ["m.png"]


def test_what_is_shared_with_a_look_that_went_meanwhile_is_opened_anew(controls, monkeypatch):
    scenes, background = Scenes(monkeypatch), Background(controls)
    controls.apply(masked("bbb"))
    background.do()
    controls.look(FRAME)
    controls.apply(masked("ccccc"))  # will share the mask
    late = background.waiting.pop()
    assert controls.go_back(StyleError("it cannot be painted"))
    assert scenes.closed == ["m.png"]
    late()
    background.do()
    assert scenes.opened == ["m.png", "m.png"]
    assert later(controls) == 5
    controls.close()
    assert scenes.closed == ["m.png", "m.png"]


def test_numbers_that_change_while_a_style_is_on_its_way_hold_for_both(controls):
    background = Background(controls)
    controls.pick(1)
    controls.change_alpha(-4)
    assert controls.look(FRAME).alpha == 0.6
    assert len(background.waiting) == 1
    background.do()
    assert later(controls) == 3
    assert controls.look(FRAME).alpha == 0.6


def test_a_style_that_fails_late_is_said_and_what_is_shown_is_wanted_again(controls):
    told = []
    controls.tell, background = told.append, Background(controls)
    controls.change_alpha(-2)
    controls.add(["broken"], show=True)
    controls.change_alpha(-1)
    background.do()
    assert told == [controls.state.message.text] == ["style 'broken' is not a picture"]
    assert not controls.state.waiting
    recipe = controls.settings.recipe
    assert (recipe.style, str(recipe.alpha[0])) == (("a",), "0.7")
    controls.step(1)  # not stuck at the one that cannot be had
    assert controls.state.style == "a"
    controls.step(1)
    background.do()
    assert controls.state.style == "bbb"


def test_a_style_that_fails_in_an_unheard_of_way_is_said_as_well(controls):
    def find(name, size=256):
        raise ZeroDivisionError("of all things")

    controls.stylizer.encoder.find = find
    controls.pick(1)
    assert controls.state.message.text == "ZeroDivisionError: of all things"
    assert value(controls) == 1


def test_a_look_that_cannot_be_painted_gives_way_to_the_one_before(controls, monkeypatch):
    scenes = Scenes(monkeypatch)
    assert value(controls) == 1
    controls.apply(replace(masked("ccccc"), color="luma"))
    value(controls)
    assert controls.go_back(StyleError("it cannot be painted"))
    assert value(controls) == 1
    assert controls.state.message.text == "the look before goes on: it cannot be painted"
    assert (controls.state.style, controls.settings.recipe.style, controls.settings.color) == ("a", ("a",), "style")
    assert scenes.closed == ["m.png"]
    assert not controls.go_back(StyleError("nor can that"))


def test_a_look_counts_as_painted_when_its_fade_is_over(controls):
    value(controls)
    controls.pick(2)
    later(controls, FADE_SECONDS / 2)
    assert controls.go_back(StyleError("the two cannot be mixed"))
    assert value(controls) == 1
    controls.pick(2)
    later(controls)
    later(controls)
    later(controls)
    assert not controls.go_back(StyleError("too late"))
    assert value(controls) == 5


def test_numbers_that_cannot_be_painted_go_back_alone(controls):
    value(controls)
    controls.change(lambda recipe: replace(recipe, color="luma"))
    assert controls.look(FRAME).color == "luma"
    assert controls.go_back(StyleError("not in these colors"))
    assert controls.look(FRAME).color == controls.settings.color == "style"
    assert not controls.go_back(StyleError("nor in those"))


def test_anything_of_a_look_can_be_changed_and_nonsense_is_said(controls):
    controls.change(lambda recipe: replace(recipe, style=("a", "bbb"), weights=(Timeline.constant(1.0),) * 2))
    assert later(controls) == 2
    assert controls.settings.index == 0
    controls.change(lambda recipe: replace(recipe, color="sepia"))
    assert "sepia" in controls.state.message.text
    controls.change(lambda recipe: replace(recipe, nonsense="style"))
    assert "TypeError" in controls.state.message.text
    assert later(controls) == 2


def test_a_state_that_was_read_stays_as_it_was(controls):
    before = controls.state
    controls.mirror(True)
    assert not before.settings.mirror
    controls.mirror(True)
    assert controls.settings.mirror
    controls.mirror()
    assert not controls.settings.mirror


def test_changes_by_many_threads_are_all_made_by_the_owner(controls):
    def more(number):
        for _ in range(50):
            controls.mirror()
            controls.add([f"{number}"])
            controls.add([f"{number} {len(controls.settings.styles)}"])

    threads = [threading.Thread(target=more, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert controls.settings.styles == ("a", "bbb", "ccccc")  # nobody but the owner has touched it
    controls.owner.attend()
    assert set("01234567") < set(controls.settings.styles)
    assert len(set(controls.settings.styles)) == len(controls.settings.styles)
    assert not controls.settings.mirror  # toggled 400 times


def test_stepping_goes_around(controls):
    names = []
    for _ in range(3):
        controls.step(1)
        names.append(controls.state.style)
    assert names == ["bbb", "ccccc", "a"]
    controls.step(-1)
    assert controls.state.style == "ccccc"


def test_a_blend_is_half_of_each_and_goes_back(controls):
    controls.toggle_blend()
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 2
    controls.toggle_blend()
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 1


def test_a_style_that_cannot_be_used_is_said_and_the_stream_goes_on(controls):
    controls.add(["broken"], show=True)
    assert controls.state.message[0] == "style 'broken' is not a picture"
    assert value(controls) == 1
    controls.pick(7)
    assert controls.state.message[0] == "there is no style 8"


def test_alpha_stays_between_0_and_1_in_tenths(controls):
    controls.change_alpha(1)
    assert controls.look(FRAME).alpha == 1
    for _ in range(3):
        controls.change_alpha(-1)
    assert controls.look(FRAME).alpha == 0.7
    for _ in range(12):
        controls.change_alpha(-1)
    assert controls.look(FRAME).alpha == 0


def test_colors_and_mirror_switch(controls):
    controls.next_value("color")
    assert controls.look(FRAME).color == "content"
    controls.next_value("color")
    assert controls.look(FRAME).color == "luma"
    controls.next_value("color")
    assert controls.look(FRAME).color == "style"
    controls.mirror()
    assert controls.settings.mirror


def test_a_dropped_picture_is_reported_once_and_only_when_it_is_whole(tmp_path):
    folder = StyleFolder(tmp_path)
    assert folder.scan() == []
    path = tmp_path / "new.png"
    path.write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("no picture")
    assert folder.scan() == []
    path.write_bytes(b"half and more")
    assert folder.scan() == []
    assert folder.scan() == [path]
    assert folder.scan() == []
    path.write_bytes(b"another picture")
    assert folder.scan() == []
    assert folder.scan() == [path]  # whoever paints it, saves it now and then
    assert folder.scan() == []


def test_a_style_whose_file_has_changed_is_encoded_anew_and_shown(controls):
    found = []
    find = controls.stylizer.encoder.find
    controls.stylizer.encoder.find = lambda name, size=256: found.append(name) or find(name, size)
    shown = controls.playing.player
    controls.renew(["b"])
    assert (found, controls.playing.player) == ([], shown)  # it is not on show
    controls.renew(["a"])
    assert found == ["a"]
    assert controls.playing.player is not shown
    assert controls.state.style == "a"


def test_a_folder_that_goes_away_is_no_failure(tmp_path):
    folder = StyleFolder(tmp_path)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert folder.scan() == []
    moved.rename(tmp_path)


@pytest.mark.parametrize("field", ["color", "strokes", "grain", "temporal"])
def test_a_key_goes_through_the_usual_values_of_a_field_and_says_which(controls, field):
    first = getattr(controls.settings.recipe, field)
    seen, words = [], []
    for _ in range(6):
        controls.next_value(field)
        seen.append(getattr(controls.settings.recipe, field))
        words.append(controls.state.message.text)
    assert first in seen
    assert len(set(seen)) == len(set(words)) > 1
    assert seen[: len(set(seen))] * 3 >= seen


def test_an_unusual_value_is_followed_by_the_first_usual_one(controls):
    controls.change(lambda recipe: replace(recipe, strokes=123))
    controls.next_value("strokes")
    assert controls.settings.recipe.strokes == "fine"


def test_where_people_cannot_be_found_that_is_said_and_nothing_changes(controls, monkeypatch):
    def find_people():
        raise ModelError("the model that finds people is not installed")

    monkeypatch.setattr("streamstyle.look.player.find_people", find_people)
    controls.next_value("people")
    assert "is not installed" in controls.state.message.text
    assert controls.settings.recipe.person == "style"


def test_own_styles_come_before_those_that_are_shipped_and_the_chosen_one_stays(controls):
    controls.add(["kiss"])
    controls.pick(3)
    controls.add(["x.png", "y.png"])
    assert controls.settings.styles == ("a", "bbb", "ccccc", "x.png", "y.png", "kiss")
    assert controls.settings.styles[controls.settings.index] == "kiss"
    controls.add(["z.png"], show=True)
    assert controls.settings.styles[controls.settings.index] == "z.png"
