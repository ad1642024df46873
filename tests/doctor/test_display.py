"""The screen check: what find_toolkit and find_screen say, as findings. What they find is tested in tests/window."""

import pytest

from streamstyle.doctor.checks import display
from streamstyle.errors import SinkError
from streamstyle.window.qt import Toolkit
from streamstyle.window.screen import Screen


@pytest.fixture
def machine(monkeypatch):
    """Sets what the window's own code would find."""

    def with_answers(toolkit=Toolkit(wayland=False), screen=Screen((800, 600)), framework="QT5", **environment):  # noqa: B008
        def answer(value):
            if isinstance(value, Exception):
                raise value
            return value

        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(display.cv2, "currentUIFramework", lambda: framework)
        monkeypatch.setattr(display, "find_toolkit", lambda: answer(toolkit))
        monkeypatch.setattr(display, "find_screen", lambda *, wayland: answer(screen))
        return {finding.name: finding for finding in display.findings()}

    return with_answers


def test_a_screen_that_windows_open_on_is_fine_and_let_go(machine):
    released = []
    found = machine(screen=Screen((800, 600), lambda: released.append(1)), DISPLAY=":0")
    assert [finding.state for finding in found.values()] == ["ok", "ok"]
    assert found["screen"].detail == "800x600"
    assert "QT5" in found["windows"].detail
    assert released == [1]


def test_a_screen_of_unknown_size_is_fine(machine):
    assert machine(screen=Screen())["screen"].state == "ok"


def test_no_screen_is_only_missing(machine):
    screen = machine(screen=SinkError("no display: neither is set; use --no-window"))["screen"]
    assert (screen.state, screen.detail) == ("missing", "no display: neither is set")
    assert "xvfb-run" in screen.remedy


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_screen_that_is_named_and_not_there_is_a_failure(machine, name):
    screen = machine(screen=SinkError("it does not answer; correct it"), **{name: "x"})["screen"]
    assert (screen.state, screen.detail, screen.remedy) == ("failed", "it does not answer", "correct it")


@pytest.mark.parametrize(("framework", "state"), [("", "missing"), ("QT5", "failed")])
def test_an_opencv_without_windows_is_a_choice_and_one_that_hangs_is_broken(machine, framework, state):
    found = machine(toolkit=SinkError("no windows; run: pip install opencv-python"), framework=framework)
    assert (found["windows"].state, found["windows"].remedy) == (state, "run: pip install opencv-python")
    assert found["screen"].state == "ok"
