from types import SimpleNamespace

import numpy as np
import pytest

from streamstyle.errors import StyleError
from streamstyle.live.controls import FADE_SECONDS, Controls, Settings, StyleFolder
from streamstyle.styles.code import StyleCode

FRAME = np.zeros((48, 64, 3), np.uint8)


class FakeStylizer:
    def __init__(self):
        self.encoded = []
        self.encoder = SimpleNamespace(find=self.find)

    def find(self, name, size=256):
        if name == "broken":
            raise StyleError("style 'broken' is not a picture")
        self.encoded.append(name)
        return StyleCode(name, "1", {"x_mean": np.full((1, 1, 1, 1), len(name), np.float32)})


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
    assert controls.style_name == "ccccc"


def test_a_switch_in_the_middle_of_a_fade_goes_on_from_what_is_seen(controls):
    controls.pick(2)
    controls.clock.now += FADE_SECONDS / 2
    before = value(controls)
    controls.pick(1)
    assert value(controls) == pytest.approx(before)
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 3


def test_styles_are_encoded_once_and_beside_the_stream(controls):
    waiting = []
    controls.beside = waiting.append
    controls.pick(1)
    assert value(controls) == 1
    assert controls.stylizer.encoded == ["a"]
    waiting.pop()()
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 3
    controls.pick(0)
    controls.pick(1)
    assert waiting == []
    assert controls.stylizer.encoded == ["a", "bbb"]


def test_stepping_goes_around(controls):
    names = []
    for _ in range(3):
        controls.step(1)
        names.append(controls.style_name)
    assert names == ["bbb", "ccccc", "a"]
    controls.step(-1)
    assert controls.style_name == "ccccc"


def test_a_blend_is_half_of_each_and_goes_back(controls):
    controls.toggle_blend()
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 2
    controls.toggle_blend()
    controls.clock.now += FADE_SECONDS
    assert value(controls) == 1


def test_a_style_that_cannot_be_used_is_said_and_the_stream_goes_on(controls):
    controls.add(["broken"], show=True)
    assert controls.message[0] == "style 'broken' is not a picture"
    assert value(controls) == 1
    controls.pick(7)
    assert controls.message[0] == "there is no style 8"


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
    controls.next_color()
    assert controls.look(FRAME).color == "content"
    controls.next_color()
    assert controls.look(FRAME).color == "luma"
    controls.next_color()
    assert controls.look(FRAME).color == "style"
    controls.toggle_mirror()
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


def test_a_folder_that_goes_away_is_no_failure(tmp_path):
    folder = StyleFolder(tmp_path)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert folder.scan() == []
    moved.rename(tmp_path)
