"""The window: with a stand-in for OpenCV's, and with the real one on a virtual screen."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamstyle import display, toolkit, window
from streamstyle.display import Screen
from streamstyle.errors import SinkError
from streamstyle.keys import Action, Command
from streamstyle.toolkit import Toolkit
from streamstyle.window import Window, fitting, opening_size

ROOT = Path(__file__).resolve().parent.parent
RED = np.full((90, 160, 3), (255, 0, 0), np.uint8)


class StandIn:
    """OpenCV with one window that lives in memory; all else is OpenCV's own."""

    def __init__(self):
        self.calls = []
        self.keys = []
        self.shown = None
        self.size = None
        self.place = (0, 0)
        self.visible = 1.0
        self.full_screen = 0.0
        self.fails_when_closed = False

    def __getattr__(self, name):
        return getattr(cv2, name)

    def namedWindow(self, name, flags):  # noqa: N802
        self.calls.append("open")
        self.size = (400, 300)

    def imshow(self, name, image):
        assert self.visible, "a closed window was opened again"
        self.calls.append("show")
        self.shown = image.copy()

    def resizeWindow(self, name, width, height):  # noqa: N802
        self.calls.append(("resize", width, height))
        self.size = (width, height)

    def moveWindow(self, name, x, y):  # noqa: N802
        self.place = (x, y)

    def setWindowTitle(self, name, title):  # noqa: N802
        self.calls.append(("title", title))

    def getWindowImageRect(self, name):  # noqa: N802
        return (*self.place, *self.size)

    def getWindowProperty(self, name, which):  # noqa: N802
        if not self.visible and self.fails_when_closed:
            raise cv2.error("NULL guiReceiver")
        return self.visible if which == cv2.WND_PROP_VISIBLE else self.full_screen

    def setWindowProperty(self, name, which, value):  # noqa: N802
        assert which == cv2.WND_PROP_FULLSCREEN
        self.full_screen = float(value)

    def waitKeyEx(self, milliseconds):  # noqa: N802
        return self.keys.pop(0) if self.keys else -1

    def waitKey(self, milliseconds):  # noqa: N802
        return -1

    def destroyWindow(self, name):  # noqa: N802
        self.calls.append("destroy")
        if not self.visible:
            raise cv2.error("NULL window")


@pytest.fixture
def stand_in(monkeypatch):
    stand_in = StandIn()
    monkeypatch.setattr(window, "cv2", stand_in)
    monkeypatch.setattr(window, "find_toolkit", lambda: Toolkit(wayland=False))
    monkeypatch.setattr(window, "find_screen", lambda wayland: Screen((1600, 1000)))
    return stand_in


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
    assert fitting(picture, view) == size


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


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="displays are named so on Linux")


@LINUX
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "neither DISPLAY nor WAYLAND_DISPLAY"),
        (":987", "is not there"),
        ("nonsense", "names no display"),
        ("localhost:987", "does not answer"),
        ("[::1]:987", "does not answer"),
        ("tcp/localhost:987.0", "does not answer"),
        (":", "names no display"),
        ("no such host:0", "does not answer"),
        ("localhost:99999", "does not answer"),
    ],
)
def test_a_display_that_cannot_be_used_is_said_with_the_remedy(monkeypatch, name, message):
    monkeypatch.setenv("DISPLAY", name)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(SinkError, match=message) as caught:
        display.find_screen()
    assert "--no-window" in str(caught.value)
    assert "\n" not in str(caught.value)


@LINUX
def test_wayland_alone_is_not_enough_for_a_toolkit_of_x(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(SinkError, match="xwayland"):
        display.find_screen(wayland=False)
    with pytest.raises(SinkError, match="no display"):
        display.find_screen(wayland=True)


@LINUX
def test_a_wayland_that_listens_is_enough_for_a_toolkit_of_its_own(monkeypatch, tmp_path):
    import socket

    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-0"))
        compositor.listen()
        assert display.find_screen(wayland=True).size is None


def test_the_environment_is_as_before_once_the_window_is_open(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "wayland")
    monkeypatch.delenv("QT_LOGGING_RULES", raising=False)
    before = dict(os.environ)
    with Toolkit(wayland=False, platform="xcb").starting():
        assert os.environ["QT_QPA_PLATFORM"] == "xcb"
        assert "warning=false" in os.environ["QT_LOGGING_RULES"]
    assert dict(os.environ) == before


# From here on: real windows.

PROGRAM = """
import json, os, sys, time
import streamstyle
import av  # as the program does, whose windows must open all the same
import numpy as np
from streamstyle.errors import StreamstyleError
from streamstyle.keys import Command
from streamstyle.window import Window

def say(*words):
    print(json.dumps(words), flush=True)

image = np.full((90, 160, 3), (255, 0, 0), np.uint8)
try:
    for opening in range(int(sys.argv[1])):
        with Window("pictures") as window:
            deadline = time.monotonic() + 30
            pictures = int(os.environ.get("STREAMSTYLE_TEST_PICTURES", "1000000"))
            while time.monotonic() < deadline and not window.closed and pictures > 0:
                pictures -= 1
                window.show(image, "pictures in red")
                for action in window.actions(10):
                    say(action.command.name, action.style)
                    if action.command is Command.QUIT:
                        window.close()
        say("closed", opening)
except StreamstyleError as error:
    print(f"streamstyle: {error}", file=sys.stderr)
    sys.exit(1)
"""


def start(environment, openings=1, **more):
    command = [sys.executable, "-c", PROGRAM, str(openings)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


def environment_of(screen):
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"}}
    return kept if screen is None else kept | {"DISPLAY": screen}


@contextmanager
def virtual_screen(*options):
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1000x800x24", "-nolisten", "tcp", *options]
    server = subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def screen():
    missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: no virtual screen")
    if not cv2.currentUIFramework():
        pytest.skip("this OpenCV has no windows")
    # Without -noreset the screen starts anew whenever the last program leaves it, and xdotool comes and goes.
    with virtual_screen("-noreset") as name:
        yield name


def xdotool(screen, *arguments):
    command = ["xdotool", *arguments]
    return subprocess.run(
        command, env=environment_of(screen), capture_output=True, text=True, timeout=30, check=True
    ).stdout


def focused(screen):
    """The window's number, once it is there and takes the keys."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            number = xdotool(screen, "search", "--onlyvisible", "--name", "^pictures in red$").split()[-1]
            xdotool(screen, "windowfocus", "--sync", number)
        except (subprocess.CalledProcessError, IndexError):
            time.sleep(0.05)
        else:
            return number
    raise AssertionError("the window did not open")


class ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("sent", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 24),
    )


def press_x_button(screen, number):
    """What a window manager sends when the user clicks the cross."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x11.XOpenDisplay(screen.encode())
    protocols, close = (x11.XInternAtom(connection, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    event = ClientMessage(33, 0, 1, connection, int(number), protocols, 32, (close, 0, 0, 0, 0))
    x11.XSendEvent(connection, int(number), 0, 0, ctypes.byref(event))
    x11.XCloseDisplay(connection)


def said(program):
    return json.loads(program.stdout.readline())


def test_a_key_pressed_arrives_as_its_action(screen):
    program = start(environment_of(screen))
    try:
        number = focused(screen)
        for key, action in [
            ("n", ["NEXT_STYLE", None]),
            ("Left", ["PREVIOUS_STYLE", None]),
            ("Up", ["ALPHA_UP", None]),
            ("minus", ["ALPHA_DOWN", None]),
            ("KP_Add", ["ALPHA_UP", None]),
            ("7", ["PICK_STYLE", 6]),
            ("space", ["SNAPSHOT", None]),
            ("question", ["HELP", None]),
            ("F1", ["HELP", None]),
            ("M", ["MIRROR", None]),
            ("Escape", ["QUIT", None]),
        ]:
            xdotool(screen, "key", "--window", "0", key)
            assert said(program) == action, (key, number)
        assert said(program) == ["closed", 0]
        rest, errors = program.communicate(timeout=30)
        assert (program.returncode, rest, errors) == (0, "", "")
    finally:
        program.kill()
        program.communicate()


def test_locks_do_not_break_the_keys(screen):
    program = start(environment_of(screen))
    try:
        focused(screen)
        xdotool(screen, "key", "Caps_Lock", "Num_Lock")
        xdotool(screen, "key", "c")
        assert said(program) == ["COLOR", None]
        xdotool(screen, "key", "Right")
        assert said(program) == ["NEXT_STYLE", None]
        xdotool(screen, "key", "Caps_Lock", "Num_Lock")
    finally:
        program.kill()
        program.communicate()


def test_closing_the_window_is_noticed_and_it_can_be_opened_again(screen):
    program = start(environment_of(screen), openings=2)
    try:
        for opening in range(2):
            press_x_button(screen, focused(screen))
            assert said(program) == ["QUIT", None]
            assert said(program) == ["closed", opening]
        _, errors = program.communicate(timeout=30)
        assert (program.returncode, errors) == (0, "")
    finally:
        program.kill()
        program.communicate()


def test_red_is_red_on_the_screen(tmp_path):
    """On a new screen each time: without a window manager and with busy cores, about one window of OpenCV's in eight stays
    black for good, also in a program of five lines of OpenCV alone. Any colour but black and red is ours."""
    if shutil.which("import") is None:
        pytest.skip("ImageMagick's import is not installed")
    if shutil.which("xdotool") is None or shutil.which("Xvfb") is None:
        pytest.skip("xdotool or Xvfb is not installed")
    seen = []
    for _ in range(5):
        with virtual_screen("-noreset") as screen:
            seen.append(colour_on(screen, tmp_path / "window.png"))
        if seen[-1] == (0, 0, 255):
            return
        assert seen[-1] in {None, (0, 0, 0)}, seen
    raise AssertionError(f"none of five windows showed anything: {seen}")


def colour_on(screen, picture):
    """Blue, green and red of the window that the program opens on a screen; None where it is not of one colour."""
    program = start(environment_of(screen))
    colour, deadline = None, time.monotonic() + 6
    try:
        number = focused(screen)
        while time.monotonic() < deadline and colour in {None, (0, 0, 0)}:
            # While the window is being placed, the screen may not give its picture.
            command = ["import", "-window", number, str(picture)]
            if subprocess.run(command, env=environment_of(screen), timeout=30, check=False).returncode == 0:
                shot = cv2.imread(str(picture))
                plain = shot.shape == (360, 640, 3) and (shot == shot[0, 0]).all()
                colour = tuple(shot[0, 0].tolist()) if plain else None
            time.sleep(0.05)
    finally:
        program.kill()
        program.communicate()
    return colour


def test_a_desktop_that_asks_for_wayland_gets_an_x_window(screen):
    program = start(environment_of(screen) | {"QT_QPA_PLATFORM": "wayland", "XDG_SESSION_TYPE": "wayland"})
    try:
        focused(screen)
        xdotool(screen, "key", "q")
        assert said(program) == ["QUIT", None]
        _, errors = program.communicate(timeout=30)
        assert (program.returncode, errors) == (0, "")
    finally:
        program.kill()
        program.communicate()


@LINUX
@pytest.mark.parametrize("name", [None, ":987"])
def test_without_a_display_the_program_ends_with_its_own_code_and_one_line(name):
    if not cv2.currentUIFramework():
        pytest.skip("this OpenCV has no windows")
    program = start(environment_of(name))
    output, errors = program.communicate(timeout=60)
    assert (program.returncode, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert "--no-window with --virtual-camera, --record or --mjpeg" in errors


def test_a_screen_that_starts_anew_when_it_is_left_is_no_trouble(screen):
    with virtual_screen() as name:
        for _ in range(3):
            program = start(environment_of(name) | {"STREAMSTYLE_TEST_PICTURES": "3"})
            _, errors = program.communicate(timeout=60)
            assert (program.returncode, errors) == (0, "")


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


def test_pyav_loaded_before_opencv_is_refused_rather_than_hung(screen):
    code = "import av, numpy; from streamstyle.window import Window; Window().show(numpy.zeros((9, 9, 3), numpy.uint8))"
    environment = environment_of(screen)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    # Where the two packages bring no library in common the window simply opens.
    assert result.returncode == 0 or "import streamstyle or cv2 before av" in result.stderr


def test_the_package_loads_opencv_before_pyav():
    code = "import streamstyle.sources, sys; names = list(sys.modules); sys.exit(names.index('cv2') > names.index('av'))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
