"""The window: shows pictures, says what keys and mouse ask for. It lives on the main thread, as every system wants it."""

import sys
import time
from contextlib import suppress
from typing import Self, TypeAlias

import cv2
import numpy as np

from streamstyle.errors import SinkError
from streamstyle.frame import Image
from streamstyle.window.keys import Action, Command, action_of, key_name
from streamstyle.window.mouse import Mouse
from streamstyle.window.qt import find_toolkit
from streamstyle.window.screen import REMEDY, find_screen
from streamstyle.window.text import one_line, to_ascii

_TITLE_SECONDS = 0.5
_MOST_KEYS = 16
# A window opens on this much of the screen at most, and small pictures are shown larger.
_SHARE_OF_SCREEN = 0.8
# A window of more than this was made so large by its user.
_LARGE = 0.9
_UNKNOWN_SCREEN = (1440, 900)
_LEAST_SIDE = 640

Size: TypeAlias = tuple[int, int]
"""Width and height, in pixels."""

_EMPTY: Image = np.zeros((0, 0, 3), np.uint8)


class Window:
    """A window with pictures in it, open from the first `show()` to `close()` or until the user closes it.

    Pictures keep their shape, with black bars where the window has another one. They are scaled here and not by
    OpenCV, whose ways of scaling differ from system to system and are rough on some.
    """

    def __init__(self, name: str = "streamstyle") -> None:
        """Make sure that a window can open; it does with its first picture.

        Args:
            name: Its title at first.

        Raises:
            SinkError: There is no display, or this OpenCV knows no windows.
        """
        self._toolkit = find_toolkit()
        self._display = find_screen(wayland=self._toolkit.wayland)
        self._screen = self._display.size
        self._name = name
        self._title = name
        self._titled_at = -_TITLE_SECONDS
        self._bgr = _EMPTY
        self._aspect = 0.0
        self._sizes: dict[float, Size] = {}
        self._opened = self._closed = False
        self._mouse = Mouse()

    @property
    def closed(self) -> bool:
        """Whether it is gone: closed by the user or by `close()`."""
        return self._closed

    def scaled(self, image: Image) -> Image:
        """The picture at the size at which the window shows it, so that what is drawn over it comes out sharp.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            (H', W', 3) uint8 RGB in the same shape; the picture itself where nothing is to do.
        """
        height, width = image.shape[:2]
        view = self._view() if self._opened and not self._gone() else opening_size((width, height), self._screen)
        return image if view is None else _resized(image, largest_within((width, height), view))

    def show(self, image: Image, title: str | None = None) -> None:
        """Show a picture; once the window is closed, nothing happens.

        Args:
            image: (H, W, 3) uint8 RGB, of any size.
            title: What the title is to say; it is changed at most twice a second.

        Raises:
            SinkError: It is no picture, or the window cannot be opened.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise SinkError(f"unexpected picture: {image.shape} {image.dtype} != (H, W, 3) uint8; show RGB pictures")
        if self._closed or self._gone():
            return
        if not self._opened:
            self._open()
        height, width = image.shape[:2]
        # The size just asked for is not yet what OpenCV reports.
        view = self._reshape(width, height) or self._view()
        cv2.imshow(self._name, self._framed(image, view))
        if title is not None:
            self._retitle(title)

    def actions(self, wait_ms: int = 1) -> list[Action]:
        """What the user asked for since the last call; the window lives only while this is called often.

        Full screen, being the window's own affair, is done here and not passed on.

        Args:
            wait_ms: How long to wait for a key, at least 1.

        Returns:
            In the order of the keys, then what the mouse did. Once the user has closed the window: to quit, each time.
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
            found += self._mouse.actions()
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
        self._display.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def _open(self) -> None:
        # Cocoa counts in points, of which a sharp screen has two pixels each: there OpenCV scales better than we could.
        ratio = cv2.WINDOW_KEEPRATIO if sys.platform == "darwin" else cv2.WINDOW_FREERATIO
        try:
            with self._toolkit.starting():
                cv2.namedWindow(self._name, cv2.WINDOW_NORMAL | cv2.WINDOW_GUI_NORMAL | ratio)
        except cv2.error as error:
            raise SinkError(f"the window does not open ({error.err}); {REMEDY}") from error
        self._opened = True
        self._mouse.listen(self._name, self._display)

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

    def _reshape(self, width: int, height: int) -> Size | None:
        """Give the window the picture's shape when that changes, at the size that it last had in this shape.

        Returns:
            The size that was asked for, or None where nothing was.
        """
        # A scaled picture's shape is the same but for the rounding of its sides.
        if abs(width - self._aspect * height) <= 2 + 0.01 * width or self._is_full_screen():
            return None
        aspect, before = width / height, self._aspect
        size = opening_size((width, height), self._screen)
        if before:
            x, y, across, down = self._rectangle() or (0, 0, *size)
            if self._screen and (across > _LARGE * self._screen[0] or down > _LARGE * self._screen[1]):
                self._aspect = aspect
                return None  # maximized; it stays so
            self._sizes[round(before, 1)] = across, down
            size = self._sizes.get(round(aspect, 1)) or opening_size((round(down * aspect), down), self._screen, least=1)
            if self._screen and (x + size[0] > self._screen[0] or y + size[1] > self._screen[1]):
                cv2.moveWindow(self._name, (self._screen[0] - size[0]) // 2, (self._screen[1] - size[1]) // 2)
        self._aspect = aspect
        cv2.resizeWindow(self._name, *size)
        return size

    def _rectangle(self) -> tuple[int, int, int, int] | None:
        """Place, width and height of the inside of the window, where the system says."""
        try:
            x, y, width, height = cv2.getWindowImageRect(self._name)
        except cv2.error:
            return None
        return (x, y, width, height) if width > 0 and height > 0 else None

    def _view(self) -> Size | None:
        """Width and height of the inside of the window in pixels, or None where OpenCV is to scale."""
        rectangle = None if sys.platform == "darwin" else self._rectangle()
        return None if rectangle is None else (rectangle[2], rectangle[3])

    def _framed(self, image: Image, view: Size | None) -> Image:
        """The picture as OpenCV wants it, BGR, in the middle of a view; it is overwritten by the next one."""
        height, width = image.shape[:2]
        across, down = view or (width, height)
        if (width, height) != (across, down) and not (width == across and height < down):
            image = _resized(image, largest_within((width, height), (across, down)))
            height, width = image.shape[:2]
        if self._bgr.shape != (down, across, 3):
            self._bgr = np.empty((down, across, 3), np.uint8)
        top, left = (down - height) // 2, (across - width) // 2
        for margin in (np.s_[:top], np.s_[top + height :], np.s_[:, :left], np.s_[:, left + width :]):
            self._bgr[margin] = 0
        self._mouse.spot = left, top, width, height
        spot = self._bgr[top : top + height, left : left + width]
        cv2.cvtColor(image, cv2.COLOR_RGB2BGR, dst=spot)
        return self._bgr

    def _retitle(self, title: str) -> None:
        title = one_line(title)
        now = time.monotonic()
        if title == self._title or now - self._titled_at < _TITLE_SECONDS:
            return
        # Windows takes the bytes for its own code page.
        cv2.setWindowTitle(self._name, to_ascii(title) if sys.platform == "win32" else title)
        self._title, self._titled_at = title, now


def opening_size(picture: Size, screen: Size | None, least: int = _LEAST_SIDE) -> Size:
    """The size at which a window opens: the picture's own, larger where that is tiny, smaller where the screen is.

    Args:
        picture: Width and height, in pixels.
        screen: Width and height in pixels, or None where it is unknown.
        least: The longer side is enlarged to this.

    Returns:
        Width and height in the picture's shape, at least 1.
    """
    scale = max(1.0, least / max(picture))
    across, down = screen or _UNKNOWN_SCREEN
    most = round(_SHARE_OF_SCREEN * across), round(_SHARE_OF_SCREEN * down)
    wanted = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    return wanted if wanted[0] <= most[0] and wanted[1] <= most[1] else largest_within(picture, most)


def largest_within(picture: Size, view: Size) -> Size:
    """The largest size in the picture's shape within a view; all of the view where only a pixel or two would be left.

    Args:
        picture: Width and height, in pixels.
        view: Width and height, in pixels.
    """
    scale = min(view[0] / picture[0], view[1] / picture[1])
    width, height = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    return view[0] if view[0] - width <= 2 else width, view[1] if view[1] - height <= 2 else height


def _resized(image: Image, size: Size) -> Image:
    if (image.shape[1], image.shape[0]) == size:
        return image
    smooth = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=smooth).astype(np.uint8, copy=False)
