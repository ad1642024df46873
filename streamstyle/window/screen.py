"""Is there a screen that a window can open on? OpenCV must not be asked: without one it ends the whole process."""

import ctypes
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from streamstyle.errors import SinkError
from streamstyle.window.wheel import WheelGrab

REMEDY = "use --no-window with --virtual-camera, --record or --mjpeg"
_X_PORT = 6000
_PATIENCE_SECONDS = 3.0


class Screen:
    """A screen that windows can open on."""

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        release: Callable[[], object] | None = None,
        grab_wheel: Callable[[], WheelGrab] | None = None,
    ) -> None:
        """A screen.

        Args:
            size: Width and height in pixels, or None where the system does not say.
            release: What ends the connection by which it was asked, if there is one.
            grab_wheel: Takes the mouse wheel before OpenCV does, over windows that are open; None where that is no X.
        """
        self.size, self.grab_wheel = size, grab_wheel
        self._release = release

    def release(self) -> None:
        """Let go of the display, when the last window is closed. May be called again, with no effect.

        Not before the first one is open: a display that the last program leaves may restart, and refuse the next a while.
        """
        if self._release is not None:
            self._release()
            self._release = None


def find_screen(*, wayland: bool = False) -> Screen:
    """Make sure that a window can be opened.

    Args:
        wayland: Whether the caller's windows work without X11.

    Raises:
        SinkError: There is no display, or it refuses us.
    """
    if sys.platform == "win32":
        metrics = ctypes.windll.user32.GetSystemMetrics
        return Screen((int(metrics(0)), int(metrics(1))))
    if sys.platform == "darwin" or (wayland and _wayland_answers()):
        return Screen()
    display = os.environ.get("DISPLAY", "")
    if not display:
        if os.environ.get("WAYLAND_DISPLAY") and not wayland:
            raise SinkError(f"no X display, which this OpenCV needs even on Wayland; install xwayland, or {REMEDY}")
        raise SinkError(f"no display: neither DISPLAY nor WAYLAND_DISPLAY is set; {REMEDY}")
    return _ask_x(display)


def _ask_x(display: str) -> Screen:
    """The first screen of an X display."""
    _knock(display)
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return Screen()  # without this library no X program runs, so OpenCV uses something else
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    connection = x11.XOpenDisplay(display.encode())
    if not connection:
        raise SinkError(f"the display '{display}' refuses this user (see xhost and XAUTHORITY), or is not there; {REMEDY}")
    for function in (x11.XDisplayWidth, x11.XDisplayHeight):
        function.argtypes = [ctypes.c_void_p, ctypes.c_int]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    size = int(x11.XDisplayWidth(connection, 0)), int(x11.XDisplayHeight(connection, 0))
    return Screen(size, partial(x11.XCloseDisplay, connection), partial(WheelGrab, x11, connection))


def _knock(display: str) -> None:
    """Fail soon where another computer's display does not answer: X itself would try for minutes."""
    host, colon, number = display.rpartition(":")
    host = host.rpartition("/")[2].strip("[]")  # tcp/host:0 and [::1]:0 are allowed too
    number = number.partition(".")[0]
    if not colon or not number.isdecimal():
        raise SinkError(f"DISPLAY='{display}' names no display, it should look like :0; correct it, or {REMEDY}")
    if host in {"", "unix"} or display.startswith("/"):
        return
    try:
        socket.create_connection((host, _X_PORT + int(number)), timeout=_PATIENCE_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise SinkError(f"the display '{display}' does not answer ({error}); correct DISPLAY, or {REMEDY}") from error


def _wayland_answers() -> bool:
    """Whether a Wayland compositor listens."""
    name = os.environ.get("WAYLAND_DISPLAY")
    if not name:
        return False
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "")) / name  # an absolute name replaces the folder
    with socket.socket(socket.AF_UNIX) as listener:
        listener.settimeout(_PATIENCE_SECONDS)
        try:
            listener.connect(str(path))
        except OSError:
            return False
    return True
