"""The window, with a stand-in for OpenCV's."""

import cv2
import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.window import qt as toolkit
from streamstyle.window import window
from streamstyle.window.keys import Action, Command
from streamstyle.window.screen import Screen
from streamstyle.window.window import Window, largest_within, opening_size

RED = np.full((90, 160, 3), (255, 0, 0), np.uint8)


def resizes(stand_in):
    return [call[1:] for call in stand_in.calls if call[0] == "resize"]


def test_keys_arrive_in_order_as_actions_and_others_not_at_all(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.keys = [ord("n"), ord("z"), ord("3"), 0xFF52]
    assert opened.actions() == [
        Action(Command.NEXT_STYLE),
        Action(Command.PICK_STYLE, 2),
        Action(Command.ALPHA_UP),
    ]
    assert opened.actions() == []


def test_red_is_shown_red_and_the_picture_left_alone(stand_in):
    image = RED.copy()
    image.flags.writeable = False
    Window().show(image)
    assert (stand_in.shown == (0, 0, 255)).all()
    assert np.array_equal(image, RED)


def test_full_screen_is_the_windows_own_affair(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.keys = [ord("f")]
    assert opened.actions() == []
    assert stand_in.full_screen == cv2.WINDOW_FULLSCREEN
    stand_in.keys = [ord("f")]
    assert opened.actions() == []
    assert stand_in.full_screen == cv2.WINDOW_NORMAL


def test_esc_leaves_full_screen_first_and_then_quits(stand_in):
    opened = Window()
    opened.show(RED)
    opened.toggle_full_screen()
    stand_in.keys = [27]
    assert opened.actions() == []
    assert stand_in.full_screen == cv2.WINDOW_NORMAL
    stand_in.keys = [27]
    assert opened.actions() == [Action(Command.QUIT)]


@pytest.mark.parametrize("fails", [False, True])
def test_closing_asks_to_quit_and_the_window_stays_closed(stand_in, fails):
    stand_in.fails_when_closed = fails
    with Window() as opened:
        opened.show(RED)
        assert not opened.closed
        stand_in.visible = 0.0
        for _ in range(2):
            assert opened.actions() == [Action(Command.QUIT)]
            opened.show(RED)
            assert opened.scaled(RED).shape[0] > 0
            opened.toggle_full_screen()
        assert opened.closed
    assert stand_in.calls.count("show") == 1


def test_closing_between_two_pictures_does_not_open_it_again(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.visible = 0.0
    opened.show(RED)
    assert opened.closed


def test_before_the_first_picture_there_are_no_actions(stand_in):
    assert Window().actions() == []
    assert stand_in.calls == []


def test_close_may_be_called_again_and_nothing_follows_it(stand_in):
    opened = Window()
    opened.show(RED)
    opened.close()
    opened.close()
    opened.show(RED)
    assert opened.actions() == []
    assert opened.closed
    assert stand_in.calls.count("destroy") == stand_in.calls.count("show") == 1


def test_the_window_is_closed_when_the_block_fails(stand_in):
    def use():
        with Window() as opened:
            opened.show(RED)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        use()
    assert "destroy" in stand_in.calls


def test_the_title_changes_at_most_twice_a_second(stand_in, monkeypatch):
    now = 100.0
    monkeypatch.setattr(window.time, "monotonic", lambda: now)
    opened = Window()
    for tick in range(20):
        now = 100 + tick / 10
        opened.show(RED, f"frame\n{tick}")
    titles = [call[1] for call in stand_in.calls if call[0] == "title"]
    assert titles == ["frame 0", "frame 5", "frame 10", "frame 15"]


def test_an_unchanged_title_is_not_set_again(stand_in, monkeypatch):
    opened = Window("name")
    now = 100.0
    monkeypatch.setattr(window.time, "monotonic", lambda: now)
    for tick in range(3):
        now = 100.0 + tick
        opened.show(RED, "name")
    assert not [call for call in stand_in.calls if call[0] == "title"]


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        ((640, 360), (640, 360)),
        ((1280, 720), (1280, 720)),
        ((160, 120), (640, 480)),
        ((3840, 2160), (1280, 720)),
        ((1080, 1920), (450, 800)),
        ((1, 1), (640, 640)),
        ((10_000, 1), (1280, 1)),
    ],
)
def test_the_window_opens_at_a_size_that_suits_picture_and_screen(picture, size):
    assert opening_size(picture, (1600, 1000)) == size


def test_an_unknown_screen_is_taken_for_a_small_one():
    assert opening_size((3840, 2160), None) == (1152, 648)


@pytest.mark.parametrize(
    ("picture", "view", "size"),
    [((640, 360), (1280, 800), (1280, 720)), ((640, 360), (300, 720), (300, 169)), ((641, 360), (1280, 720), (1280, 720))],
)
def test_pictures_fit_into_a_view_in_their_shape(picture, view, size):
    assert largest_within(picture, view) == size


def test_the_opening_size_is_given_once_and_the_users_size_kept(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.size = (900, 700)
    for _ in range(3):
        opened.show(RED)
    assert resizes(stand_in) == [(640, 360)]


def test_in_a_window_of_another_shape_the_picture_keeps_its_own_between_black(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.size = (400, 400)
    opened.show(RED)
    assert stand_in.shown.shape == (400, 400, 3)
    reddish = (stand_in.shown == (0, 0, 255)).all(-1)
    assert (reddish.sum(0) == 225).all()
    assert reddish[88:312].all()
    assert (stand_in.shown[~reddish] == 0).all()


def test_black_stays_black_when_the_window_was_larger(stand_in):
    opened = Window()
    opened.show(RED)
    for size in ((800, 450), (800, 800), (450, 450), (450, 900), (900, 450)):
        stand_in.size = size
        opened.show(opened.scaled(RED))
        assert not stand_in.shown[..., :2].any()
        red, black = (int((stand_in.shown[..., 2] == value).sum()) for value in (255, 0))
        assert red == pytest.approx(min(size[0], size[1] * 16 / 9) ** 2 * 9 / 16, rel=0.02)
        assert red + black == size[0] * size[1]


def test_a_picture_scaled_for_the_window_is_shown_pixel_by_pixel(stand_in):
    opened = Window()
    noise = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    for size in ((640, 360), (333, 333), (1000, 333), (77, 201)):
        opened.show(opened.scaled(noise))
        stand_in.size = size
        scaled = opened.scaled(noise)
        opened.show(scaled)
        height, width = scaled.shape[:2]
        top, left = (size[1] - height) // 2, (size[0] - width) // 2
        assert np.array_equal(stand_in.shown[top : top + height, left : left + width, ::-1], scaled)


def test_before_the_window_opens_pictures_are_scaled_to_what_it_will_be(stand_in):
    opened = Window()
    scaled = opened.scaled(RED)
    assert scaled.shape == (360, 640, 3)
    opened.show(scaled)
    assert stand_in.size == (640, 360)


def test_side_by_side_makes_the_window_wider_and_back_again(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.size, stand_in.place = (800, 450), (700, 300)
    opened.show(np.concatenate([RED, RED], axis=1))
    assert stand_in.size == (1280, 360)
    assert stand_in.place == (160, 320)
    opened.show(RED)
    assert stand_in.size == (800, 450)


def test_a_maximised_window_keeps_its_size(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.size = (1600, 940)
    opened.show(np.concatenate([RED, RED], axis=1))
    assert stand_in.size == (1600, 940)


def test_in_full_screen_nothing_is_resized(stand_in):
    opened = Window()
    opened.show(RED)
    opened.toggle_full_screen()
    stand_in.size = (1600, 1000)
    opened.show(np.concatenate([RED, RED], axis=1))
    assert len(resizes(stand_in)) == 1
    assert stand_in.shown.shape == (1000, 1600, 3)


def test_mirrored_views_are_shown_as_they_look(stand_in):
    image = RED.copy()
    image[:, :80] = (0, 255, 0)
    opened = Window()
    opened.show(image[:, ::-1])
    assert (stand_in.shown[0, 0] == (0, 0, 255)).all()


@pytest.mark.parametrize("image", [RED[..., 0], RED[..., :2], RED.astype(np.float32), RED[:0]])
def test_what_is_no_picture_is_refused(stand_in, image):
    with pytest.raises(SinkError, match="unexpected picture"):
        Window().show(image)


def test_an_opencv_without_windows_is_said(monkeypatch):
    monkeypatch.setattr(toolkit.cv2, "currentUIFramework", lambda: "")
    with pytest.raises(SinkError, match=r"headless.*pip install.*--no-window"):
        Window()


def test_a_window_that_does_not_open_is_one_error(stand_in, monkeypatch):
    def fail(*_):
        raise cv2.error("no luck")

    monkeypatch.setattr(stand_in, "namedWindow", fail)
    with pytest.raises(SinkError, match="does not open"):
        Window().show(RED)


def test_the_display_is_held_until_the_window_is_open(stand_in, monkeypatch):
    calls = stand_in.calls
    monkeypatch.setattr(window, "find_screen", lambda wayland: Screen((1600, 1000), lambda: calls.append("release")))
    opened = Window()
    assert calls == []
    opened.show(RED)
    opened.close()
    assert calls.index("open") < calls.index("release")
    assert calls.count("release") == 1


def test_the_display_is_let_go_without_a_picture_too(stand_in, monkeypatch):
    monkeypatch.setattr(window, "find_screen", lambda wayland: Screen(None, lambda: stand_in.calls.append("release")))
    with Window():
        pass
    assert stand_in.calls == ["release"]


def test_the_mouse_asks_for_strength_pauses_and_help(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.mouse(cv2.EVENT_MOUSEWHEEL, 10, 10, 120 << 16, None)
    stand_in.mouse(cv2.EVENT_MOUSEWHEEL, 10, 10, -120 << 16, None)
    stand_in.mouse(cv2.EVENT_MOUSEMOVE, 10, 10, 0, None)
    stand_in.mouse(cv2.EVENT_RBUTTONUP, 10, 10, 0, None)
    found = opened.actions()
    assert found == [Action(Command.ALPHA_UP), Action(Command.ALPHA_DOWN), Action(Command.HELP)]
    assert opened.actions() == []


def test_a_click_tells_where_on_the_picture_it_was(stand_in):
    opened = Window()
    opened.show(RED)
    stand_in.size = (640, 720)  # twice as high as the picture: bars above and below
    opened.show(RED)
    stand_in.mouse(cv2.EVENT_LBUTTONUP, 320, 360, 0, None)
    stand_in.mouse(cv2.EVENT_LBUTTONUP, 0, 180, 0, None)
    clicks = [action.place for action in opened.actions()]
    assert clicks[0] == pytest.approx((0.5, 0.5), abs=0.01)
    assert clicks[1] == pytest.approx((0.0, 0.0), abs=0.01)


def test_a_wheel_that_is_taken_before_opencv_counts_once(stand_in, monkeypatch):
    class Wheel:
        turns, is_ours = 2, True

        def steps(self):
            turned, self.turns = self.turns, 0
            return turned

    monkeypatch.setattr(window, "find_screen", lambda wayland: Screen((1600, 1000), None, Wheel))
    monkeypatch.setattr(stand_in, "currentUIFramework", lambda: "QT5", raising=False)
    opened = Window()
    opened.show(RED)
    stand_in.mouse(cv2.EVENT_MOUSEWHEEL, 10, 10, 120 << 16, None)
    assert opened.actions() == [Action(Command.ALPHA_UP)] * 2
    assert opened.actions() == []
