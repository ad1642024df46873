"""A stand-in for OpenCV's windows."""

import cv2
import pytest

from streamstyle.window import mouse, window
from streamstyle.window.qt import Toolkit
from streamstyle.window.screen import Screen


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

    def setMouseCallback(self, name, callback):  # noqa: N802
        self.mouse = callback

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
    monkeypatch.setattr(mouse, "cv2", stand_in)
    monkeypatch.setattr(window, "find_toolkit", lambda: Toolkit(wayland=False))
    monkeypatch.setattr(window, "find_screen", lambda wayland: Screen((1600, 1000)))
    return stand_in
