"""Small pictures of the styles, made between frames."""

import numpy as np
import pytest

from streamstyle.live.controls import Controls
from streamstyle.live.state import Settings
from streamstyle.live.thumbnails import SIDE, Thumbnails
from tests.fakes import FakeStylizer

FRAME = np.full((480, 640, 3), 40, np.uint8)


@pytest.fixture
def controls():
    controls = Controls(FakeStylizer(), Settings(("a", "broken", "ccc"), index=2))
    controls.stylizer.seconds_to_prepare = 0
    controls.start()
    return controls


def test_they_come_one_by_one_the_shown_style_first_and_broken_ones_never(controls):
    thumbnails = Thumbnails(controls)
    thumbnails.paint_one()
    assert controls.state.thumbnails == {}
    thumbnails.take(FRAME)
    seen = []
    for _ in range(4):
        thumbnails.paint_one()
        seen.append(tuple(controls.state.thumbnails))
    assert seen == [("ccc",), ("ccc", "a"), ("ccc", "a"), ("ccc", "a")]
    small = controls.state.thumbnails["a"]
    assert small.shape == (SIDE, round(SIDE * 4 / 3), 3)
    assert (small == 215).all()


def test_another_frame_begins_anew_and_late_work_for_the_first_is_left_out(controls):
    waiting = []
    controls.requests.in_background = waiting.append
    thumbnails = Thumbnails(controls)
    thumbnails.take(FRAME)
    late = waiting.pop()
    thumbnails.take(FRAME + 100)
    waiting.pop()()
    waiting.pop()()
    late()
    assert waiting == []
    thumbnails.paint_one()
    assert (controls.state.thumbnails["ccc"] == 115).all()
