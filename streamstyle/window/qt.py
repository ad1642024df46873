"""What OpenCV draws its windows with, and what that needs before the first one opens."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

from streamstyle.errors import SinkError
from streamstyle.window.screen import REMEDY

_PACKAGE = Path(cv2.__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Toolkit:
    """How OpenCV makes windows here.

    Attributes:
        wayland: Whether it works without X11.
        platform: What Qt must use, or None where it may choose.
    """

    wayland: bool
    platform: str | None = None

    @contextmanager
    def starting(self) -> Iterator[None]:
        """While the first window opens: Qt on the platform that it has, without warnings about fonts on stderr."""
        wanted = {"QT_LOGGING_RULES": os.environ.get("QT_LOGGING_RULES", "*.warning=false;default.warning=false")}
        if self.platform is not None:
            wanted["QT_QPA_PLATFORM"] = self.platform
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def find_toolkit() -> Toolkit:
    """What windows will be made with.

    Raises:
        SinkError: Nothing, or something that would hang.
    """
    framework = cv2.currentUIFramework().upper()
    if not framework:
        raise SinkError(
            "this OpenCV was built without windows (opencv-python-headless); run: pip uninstall -y opencv-python-headless, "
            f"then: pip install --force-reinstall opencv-python; or {REMEDY}"
        )
    platforms = _bundled_platforms()
    if not framework.startswith("QT") or not platforms:
        return Toolkit(wayland=True)
    _refuse_borrowed_libraries()
    # A desktop may ask for another platform (QT_QPA_PLATFORM=wayland), and a Qt that has it not ends the whole process.
    return Toolkit("wayland" in platforms, next(iter(platforms)) if len(platforms) == 1 else None)


def _bundled_platforms() -> set[str]:
    """The systems for which OpenCV's wheel brings Qt (`xcb` is X); none where Qt is the computer's own."""
    names = {path.stem.removeprefix("libq") for path in (_PACKAGE / "qt" / "plugins" / "platforms").glob("libq*.so")}
    return {"wayland" if name.startswith("wayland") else name for name in names}


def _refuse_borrowed_libraries() -> None:
    """Fail where PyAV was loaded before OpenCV, see `streamstyle/__init__.py`: the window would hang for ever."""
    if sys.platform != "linux":
        return
    own = {path.name: path for folder in _PACKAGE.parent.glob("opencv*.libs") for path in folder.glob("libxcb*")}
    try:
        maps = Path("/proc/self/maps").read_text(errors="replace")
    except OSError:
        return
    for line in maps.splitlines():
        loaded = Path(line.split(maxsplit=5)[-1])
        if loaded.name in own and loaded.resolve() != own[loaded.name].resolve():
            raise SinkError(
                f"PyAV was loaded before OpenCV, whose windows hang with PyAV's {loaded.name}; "
                "import streamstyle or cv2 before av"
            )
