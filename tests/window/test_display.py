"""Finding a display, and the environment of a toolkit."""

import os
import sys

import pytest

from streamstyle.errors import SinkError
from streamstyle.window import screen as display
from streamstyle.window.qt import Toolkit

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
