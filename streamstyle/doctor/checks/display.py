"""A screen to show a window on. To be replaced by streamstyle.window's own check where that is there."""

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2

from streamstyle.doctor.finding import Finding

AREA = "display"
_TIMEOUT_SECONDS = 3.0
_X11_SOCKETS = Path("/tmp/.X11-unix")
_HEADLESS = (
    "only a live window needs one; files, recordings and virtual cameras do not (to try one without a screen: xvfb-run)"
)


def findings() -> Iterator[Finding]:
    """The screen, then OpenCV's windows."""
    if sys.platform in {"win32", "darwin"}:
        yield Finding(AREA, "screen", "ok", "the system's own")
    else:
        yield screen(os.environ)
    yield windows(cv2.getBuildInformation())


def screen(environment: Mapping[str, str]) -> Finding:
    """Whether the display server that the environment names answers."""
    display, wayland = environment.get("DISPLAY"), environment.get("WAYLAND_DISPLAY")
    if display:
        problem = knock_x11(display)
        if not problem:
            return Finding(AREA, "screen", "ok", f"X11 answers (DISPLAY={display})")
        remedy = "log in on the machine's own screen, use ssh -X, or unset DISPLAY"
        return Finding(AREA, "screen", "failed", f"DISPLAY={display} does not answer: {problem}", remedy)
    if wayland:
        # The windows of OpenCV's packages speak X11 only, which Wayland desktops serve by Xwayland.
        problem = knock_wayland(wayland, environment.get("XDG_RUNTIME_DIR", ""))
        detail = (
            f"WAYLAND_DISPLAY={wayland} {f'does not answer: {problem}' if problem else 'answers'}, but DISPLAY is not set"
        )
        return Finding(AREA, "screen", "warning", detail, "install Xwayland, which OpenCV's windows need, and log in again")
    return Finding(AREA, "screen", "missing", "no screen: neither DISPLAY nor WAYLAND_DISPLAY is set", _HEADLESS)


def knock_x11(display: str) -> str:
    """Connect to an X server; returns why it cannot be, or nothing."""
    match = re.fullmatch(r"(?:unix)?(?P<host>.*):(?P<number>\d+)(?:\.\d+)?", display)
    if match is None:
        return "it is not the name of a display, like :0"
    host, number = match["host"], int(match["number"])
    if host and not host.startswith("/"):
        return _knock(lambda: socket.create_connection((host, 6000 + number), _TIMEOUT_SECONDS))
    place = str(_X11_SOCKETS / f"X{number}")
    # The server may listen by an abstract name only, where /tmp is another one (a container, a sandbox).
    problem = _knock(lambda: _connect(place))
    return problem and _knock(lambda: _connect(f"\0{place}")) and f"{problem} ({place})"


def knock_wayland(name: str, folder: str) -> str:
    """Connect to a Wayland compositor; returns why it cannot be, or nothing."""
    return _knock(lambda: _connect(str(Path(folder) / name)))


def _connect(place: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_TIMEOUT_SECONDS)
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection


def _knock(connect: Callable[[], socket.socket]) -> str:
    try:
        connect().close()
    except (OSError, OverflowError, UnicodeError) as error:
        return (getattr(error, "strerror", None) or str(error)).lower()
    return ""


def windows(build: str) -> Finding:
    """Whether this OpenCV can open windows, by its own account."""
    match = re.search(r"^\s*GUI:\s*(\S+)", build, re.MULTILINE)
    toolkit = match[1] if match else "NONE"
    if toolkit == "NONE":
        remedy = "for a live window run: pip uninstall -y opencv-python-headless; pip install opencv-python"
        return Finding(AREA, "windows", "missing", "this OpenCV is built without windows", remedy)
    return Finding(AREA, "windows", "ok", f"OpenCV has them ({toolkit})")
