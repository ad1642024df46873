"""The window: shows pictures and says which keys were pressed. It lives on the main thread, as every system wants it."""

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from streamstyle.display import REMEDY, find_screen
from streamstyle.errors import SinkError
from streamstyle.frame import Image
from streamstyle.keys import Action, Command, action_of, key_name
from streamstyle.lettering import one_line, to_ascii
from streamstyle.toolkit import find_toolkit

_TITLE_SECONDS = 0.5
_MOST_KEYS = 16
# A window opens on this much of the screen at most, and small pictures are shown larger.
_SHARE_OF_SCREEN = 0.8
_UNKNOWN_SCREEN = (1440, 900)
_LEAST_SIDE = 640
_EMPTY: Image = np.zeros((0, 0, 3), np.uint8)


class Window:
    """A window with pictures in it, open from the first `show()` to `close()` or until the user closes it."""

    def __init__(self, name: str = "streamstyle") -> None:
        """Make sure that a window can open; it does with its first picture.

        Args:
            name: Its title at first.

        Raises:
            SinkError: There is no display, or this OpenCV knows no windows.
        """
        self._toolkit = find_toolkit()
        self._screen = find_screen(wayland=self._toolkit.wayland)
        self._name = name
        self._title = name
        self._titled_at = -_TITLE_SECONDS
        self._bgr = _EMPTY
        self._sizes: dict[float, tuple[int, int]] = {}
        self._aspect = 0.0
        self._opened = self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it is gone: closed by the user or by `close()`."""
        return self._closed

    def show(self, image: Image, title: str | None = None) -> None:
        """Show a picture; once the window is closed, nothing happens.

        Args:
            image: (H, W, 3) uint8 RGB, of any size; the window keeps its shape.
            title: What the title is to say; it is changed at most twice a second.

        Raises:
            SinkError: It is no picture, or the window cannot be opened.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise SinkError(f"unexpected picture: {image.shape} {image.dtype} != (H, W, 3) uint8; show RGB pictures")
        if self._closed or self._gone():
            return
        if self._bgr.shape != image.shape:
            self._bgr = np.empty_like(image, order="C")
        cv2.cvtColor(image, cv2.COLOR_RGB2BGR, dst=self._bgr)
        if not self._opened:
            self._open()
        self._fit(image.shape[1], image.shape[0])
        cv2.imshow(self._name, self._bgr)
        if title is not None:
            self._retitle(title)

    def actions(self, wait_ms: int = 1) -> list[Action]:
        """What the user asked for since the last call; the window lives only while this is called often.

        Full screen, being the window's own affair, is done here and not passed on.

        Args:
            wait_ms: How long to wait for a key, at least 1.

        Returns:
            In the order of the keys. Once the user has closed the window: to quit, each time.
        """
        if not self._opened:
            return []
        found = []
        if not self._closed:
            code = cv2.waitKeyEx(max(1, wait_ms))
            for _ in range(_MOST_KEYS):
                action = self._interpret(code)
                if action is not None:
                    found.append(action)
                if code == -1:
                    break
                code = cv2.waitKeyEx(1)
        if self._gone():
            found.append(Action(Command.QUIT))
        return found

    def _interpret(self, code: int) -> Action | None:
        action = action_of(code)
        if action is None:
            return None
        leaves_full_screen = key_name(code) == "esc" and self._is_full_screen()
        if action.command is Command.FULL_SCREEN or leaves_full_screen:
            self.toggle_full_screen()
            return None
        return action

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back."""
        if not self._opened or self._gone():
            return
        wanted = cv2.WINDOW_NORMAL if self._is_full_screen() else cv2.WINDOW_FULLSCREEN
        cv2.setWindowProperty(self._name, cv2.WND_PROP_FULLSCREEN, wanted)

    def close(self) -> None:
        """Take the window away. May be called again, with no effect."""
        if self._opened and not self._closed:
            with suppress(cv2.error):  # the user was faster
                cv2.destroyWindow(self._name)
            cv2.waitKey(1)  # lets it go from the screen now
        self._closed, self._opened = True, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _open(self) -> None:
        flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        try:
            with self._toolkit.starting():
                cv2.namedWindow(self._name, flags)
        except cv2.error as error:
            raise SinkError(f"the window does not open ({error.err}); {REMEDY}") from error
        self._opened = True

    def _gone(self) -> bool:
        """Whether the user has closed it."""
        if self._opened and not self._closed and self._property(cv2.WND_PROP_VISIBLE) < 1:
            self._closed = True
        return self._opened and self._closed

    def _is_full_screen(self) -> bool:
        return self._property(cv2.WND_PROP_FULLSCREEN) == cv2.WINDOW_FULLSCREEN

    def _property(self, which: int) -> float:
        try:
            return cv2.getWindowProperty(self._name, which)
        except cv2.error:  # Qt says so when its last window is closed
            return -1.0

    def _fit(self, width: int, height: int) -> None:
        """Give the window the picture's shape when that changes, and the size that it last had in this shape."""
        aspect = round(width / height, 2)
        if aspect == self._aspect or self._is_full_screen():
            return
        now = self._size()
        if self._aspect and now is not None:
            self._sizes[self._aspect] = now
        size = self._sizes.get(aspect)
        if size is None:
            size = opening_size(width, height, self._screen) if now is None or not self._aspect else None
        if size is None and now is not None:
            size = opening_size(round(now[1] * width / height), now[1], self._screen, least=1)
        assert size is not None  # one of the three above
        self._aspect = aspect
        cv2.resizeWindow(self._name, *size)

    def _size(self) -> tuple[int, int] | None:
        """Width and height of the picture on the screen, where the system says."""
        try:
            _, _, width, height = cv2.getWindowImageRect(self._name)
        except cv2.error:
            return None
        return (width, height) if width > 0 and height > 0 else None

    def _retitle(self, title: str) -> None:
        title = one_line(title)
        now = time.monotonic()
        if title == self._title or now - self._titled_at < _TITLE_SECONDS:
            return
        # Windows takes the bytes for its own code page.
        cv2.setWindowTitle(self._name, to_ascii(title) if sys.platform == "win32" else title)
        self._title, self._titled_at = title, now


def opening_size(width: int, height: int, screen: tuple[int, int] | None, least: int = _LEAST_SIDE) -> tuple[int, int]:
    """The size at which a window opens: the picture's own, larger where that is tiny, smaller where the screen is.

    Args:
        width: Of the picture, in pixels.
        height: Likewise.
        screen: Width and height of the screen, or None where they are unknown.
        least: The longer side is enlarged to this.

    Returns:
        Width and height in the picture's shape, at least 1.
    """
    across, down = screen or _UNKNOWN_SCREEN
    scale = max(1.0, least / max(width, height))
    scale = min(scale, _SHARE_OF_SCREEN * across / width, _SHARE_OF_SCREEN * down / height)
    return max(1, round(width * scale)), max(1, round(height * scale))
