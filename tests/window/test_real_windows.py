"""Real windows on a virtual screen."""

import ctypes
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.window.screens import environment_of, virtual_screen, xdotool

ROOT = Path(__file__).resolve().parents[2]
RED = np.full((90, 160, 3), (255, 0, 0), np.uint8)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="displays are named so on Linux")

PROGRAM = """
import json, os, sys, time
import streamstyle.media  # loads OpenCV first
import av  # as the program does, whose windows must open all the same
import numpy as np
from streamstyle.errors import StreamstyleError
from streamstyle.window.keys import Command
from streamstyle.window.window import Window

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
        program.communicate(timeout=60)


def test_the_wheel_and_clicks_arrive_and_nothing_is_zoomed(screen, tmp_path):
    if shutil.which("import") is None:
        pytest.skip("ImageMagick's import is not installed")
    program = start(environment_of(screen))
    try:
        number = focused(screen)
        xdotool(screen, "mousemove", "--window", number, "80", "45")
        time.sleep(0.3)
        for button, action in (("4", "ALPHA_UP"), ("4", "ALPHA_UP"), ("5", "ALPHA_DOWN"), ("1", "PAUSE"), ("3", "HELP")):
            xdotool(screen, "click", button)
            assert said(program) == [action, None]
        subprocess.run(
            ["import", "-window", number, str(tmp_path / "w.png")], env=environment_of(screen), check=True, timeout=100
        )
        seen = cv2.imread(str(tmp_path / "w.png")).reshape(-1, 3)
        assert len(np.unique(seen, axis=0)) == 1  # zoomed, a navigator would be drawn over it
    finally:
        program.kill()
        program.communicate(timeout=60)


TAKEN = """
import streamstyle
import numpy as np
from streamstyle.window.screen import find_screen
from streamstyle.window.window import Window

with Window("pictures in red") as window:
    window.show(np.zeros((90, 160, 3), np.uint8))
    window.actions(300)
    other = find_screen()
    print(window._mouse._wheel is not None, other.grab_wheel().is_ours)
    other.release()
"""


def test_a_wheel_that_is_taken_ends_nothing(screen):
    result = subprocess.run(
        [sys.executable, "-c", TAKEN],
        cwd=ROOT,
        env=environment_of(screen),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.stdout.split(), result.stderr) == (["True", "False"], "")


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
        program.communicate(timeout=60)


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
        program.communicate(timeout=60)


def test_red_is_red_on_the_screen(tmp_path):
    """On a new screen each time: without a window manager and with busy cores, about one window of OpenCV's in eight stays
    black for good, also in a program of five lines of OpenCV alone. Any color but black and red is ours."""
    if shutil.which("import") is None:
        pytest.skip("ImageMagick's import is not installed")
    if shutil.which("xdotool") is None or shutil.which("Xvfb") is None:
        pytest.skip("xdotool or Xvfb is not installed")
    seen = []
    for _ in range(5):
        with virtual_screen("-noreset") as screen:
            seen.append(color_on(screen, tmp_path / "window.png"))
        if seen[-1] == (0, 0, 255):
            return
        assert seen[-1] in {None, (0, 0, 0)}, seen
    raise AssertionError(f"none of five windows showed anything: {seen}")


def color_on(screen, picture):
    """Blue, green and red of the window that the program opens on a screen; None where it is not of one color."""
    program = start(environment_of(screen))
    color, deadline = None, time.monotonic() + 6
    try:
        number = focused(screen)
        while time.monotonic() < deadline and color in {None, (0, 0, 0)}:
            # While the window is being placed, the screen may not give its picture.
            command = ["import", "-window", number, str(picture)]
            if subprocess.run(command, env=environment_of(screen), timeout=30, check=False).returncode == 0:
                shot = cv2.imread(str(picture))
                plain = shot.shape == (360, 640, 3) and (shot == shot[0, 0]).all()
                color = tuple(shot[0, 0].tolist()) if plain else None
            time.sleep(0.05)
    finally:
        program.kill()
        program.communicate(timeout=60)
    return color


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
        program.communicate(timeout=60)


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


def test_pyav_loaded_before_opencv_is_refused_rather_than_hung(screen):
    code = (
        "import av, numpy; from streamstyle.window.window import Window; Window().show(numpy.zeros((9, 9, 3), numpy.uint8))"
    )
    environment = environment_of(screen)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    # Where the two packages bring no library in common the window simply opens.
    assert result.returncode == 0 or "import streamstyle or cv2 before av" in result.stderr


def test_the_package_loads_opencv_before_pyav():
    code = (
        "import streamstyle.media.sources, sys; names = list(sys.modules); sys.exit(names.index('cv2') > names.index('av'))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
