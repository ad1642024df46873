"""A screen to show a window on: asked for as the window itself does."""

import os
from collections.abc import Iterator
from dataclasses import replace

import cv2

from streamstyle.doctor.finding import Finding, failure
from streamstyle.errors import SinkError
from streamstyle.window.qt import find_toolkit
from streamstyle.window.screen import find_screen

AREA = "display"
_HEADLESS = (
    "only a live window needs one; files, recordings and virtual cameras do not (to try one without a screen: xvfb-run)"
)


def findings() -> Iterator[Finding]:
    """OpenCV's windows, then the screen for them."""
    framework = cv2.currentUIFramework()
    wayland = False
    try:
        wayland = find_toolkit().wayland
        yield Finding(AREA, "windows", "ok", f"OpenCV has them ({framework})")
    except SinkError as error:
        # A build without windows is a choice; one that would hang is broken.
        yield replace(failure(AREA, "windows", error), state="failed" if framework else "missing")
    yield screen(wayland=wayland)


def screen(*, wayland: bool) -> Finding:
    """Whether a window can open, as far as the display goes.

    Args:
        wayland: Whether OpenCV's windows work without X11.
    """
    try:
        found = find_screen(wayland=wayland)
    except SinkError as error:
        finding = failure(AREA, "screen", error)
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            return finding
        return replace(finding, state="missing", remedy=_HEADLESS)
    found.release()
    return Finding(AREA, "screen", "ok", f"{found.size[0]}x{found.size[1]}" if found.size else "answers")
