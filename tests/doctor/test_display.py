import os
import socket

import pytest

from streamstyle.doctor.checks import display
from streamstyle.doctor.checks.display import knock_x11, screen, windows


@pytest.fixture
def sockets(tmp_path_factory, monkeypatch):
    """A folder for X11 sockets; short, for their names may not be long."""
    folder = tmp_path_factory.mktemp("x")
    monkeypatch.setattr(display, "_X11_SOCKETS", folder)
    return folder


@pytest.fixture
def listening():
    """Opens servers that answer."""
    servers = []

    def listen(family, address):
        server = socket.socket(family, socket.SOCK_STREAM)
        servers.append(server)
        server.bind(address)
        server.listen()
        return server

    yield listen
    for server in servers:
        server.close()


posix = pytest.mark.skipif(os.name == "nt", reason="Unix sockets")


def test_no_screen_is_only_missing():
    finding = screen({})
    assert finding.state == "missing"
    assert "DISPLAY" in finding.detail
    assert finding.remedy


@posix
def test_an_x_server_that_answers_is_fine(sockets, listening):
    listening(socket.AF_UNIX, str(sockets / "X7"))
    assert screen({"DISPLAY": ":7"}).state == "ok"
    assert screen({"DISPLAY": ":7.0", "WAYLAND_DISPLAY": "wayland-0"}).state == "ok"


@posix
@pytest.mark.usefixtures("sockets")
def test_an_x_server_that_does_not_answer_is_a_failure():
    finding = screen({"DISPLAY": ":98765"})
    assert finding.state == "failed"
    assert "DISPLAY=:98765" in finding.detail
    assert "X98765" in finding.detail


@pytest.mark.parametrize("name", ["nonsense", ":", ":x", "\0:0", "localhost:999999"])
def test_a_display_that_is_none_is_a_failure(name):
    assert screen({"DISPLAY": name}).state == "failed"


def test_a_display_behind_a_network_is_reached_by_tcp(listening):
    port = listening(socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
    if port < 6000:
        pytest.skip("the system gave a port below those of X11")
    assert knock_x11(f"127.0.0.1:{port - 6000}.0") == ""


@posix
def test_wayland_alone_is_a_warning_since_opencv_speaks_x11(listening, tmp_path_factory):
    folder = tmp_path_factory.mktemp("w")
    environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(folder)}
    assert "does not answer" in screen(environment).detail
    listening(socket.AF_UNIX, str(folder / "wayland-0"))
    finding = screen(environment)
    assert finding.state == "warning"
    assert "wayland-0 answers" in finding.detail


@pytest.mark.parametrize(
    ("build", "state"),
    [
        ("  GUI:                           QT5\n    QT: YES", "ok"),
        ("  GUI:                           NONE", "missing"),
        ("", "missing"),
    ],
)
def test_an_opencv_without_windows_is_told_by_its_build(build, state):
    assert windows(build).state == state
