"""The mouse wheel on X, where OpenCV's Qt would zoom into the picture with it, and draw a navigator: it is taken before Qt.

Turns of the wheel are presses of buttons 4 and 5. A passive grab of them on our window sends them to a connection of our
own.
"""

import ctypes
import os

_UP, _DOWN = 4, 5
_PRESS, _PRESS_MASK = 4, 1 << 2
_ANY_MODIFIER = 1 << 15
_ASYNC = 1
_CARDINAL = 6
_DEEPEST = 4
"""Window managers put ours into frames of theirs."""
_MOST_EVENTS = 64


class _Button(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("sent", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("root", ctypes.c_ulong),
        ("subwindow", ctypes.c_ulong),
        ("time", ctypes.c_ulong),
        ("x", ctypes.c_int),
        ("y", ctypes.c_int),
        ("x_root", ctypes.c_int),
        ("y_root", ctypes.c_int),
        ("state", ctypes.c_uint),
        ("button", ctypes.c_uint),
        ("padding", ctypes.c_long * 24),
    )


_OnError = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class WheelGrab:
    """The wheel over the windows of this process.

    Attributes:
        is_ours: False where another program, such as a window manager, has taken it.
    """

    def __init__(self, x11: ctypes.CDLL, connection: int) -> None:
        """Grab it, once a window is open.

        Args:
            x11: The library libX11.
            connection: To the display; stays the caller's.
        """
        self._x11, self._connection = x11, connection
        self._declare()
        screen_root = x11.XDefaultRootWindow(connection)
        self._pid = x11.XInternAtom(connection, b"_NET_WM_PID", 0)
        failures: list[int] = []

        def take(_display: int, event: int) -> int:
            failures.append(event)
            return 0

        handler = _OnError(take)  # Xlib's own would end the process
        before = x11.XSetErrorHandler(handler)
        windows = self._own(screen_root, 0)
        for window in windows:
            for button in (_UP, _DOWN):
                x11.XGrabButton(connection, button, _ANY_MODIFIER, window, 1, _PRESS_MASK, _ASYNC, _ASYNC, 0, 0)
        x11.XSync(connection, 0)
        x11.XSetErrorHandler(before)
        self.is_ours = bool(windows) and not failures

    def steps(self) -> int:
        """How far it was turned since the last call; up is more."""
        event, steps = _Button(), 0
        for _ in range(_MOST_EVENTS):
            if not self._x11.XPending(self._connection):
                break
            self._x11.XNextEvent(self._connection, ctypes.byref(event))
            if event.type == _PRESS:
                steps += {_UP: 1, _DOWN: -1}.get(event.button, 0)
        return steps

    def _own(self, window: int, depth: int) -> list[int]:
        """Top windows of this process at or below a window."""
        if self._belongs_to_us(window):
            return [window]
        if depth == _DEEPEST:
            return []
        root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
        children = ctypes.POINTER(ctypes.c_ulong)()
        answered = self._x11.XQueryTree(self._connection, window, *map(ctypes.byref, (root, parent, children, count)))
        if not answered or not children:
            return []
        numbers = [int(children[number]) for number in range(count.value)]
        self._x11.XFree(children)
        return [found for number in numbers for found in self._own(number, depth + 1)]

    def _belongs_to_us(self, window: int) -> bool:
        kind, size = ctypes.c_ulong(), ctypes.c_int()
        count, left = ctypes.c_ulong(), ctypes.c_ulong()
        data = ctypes.POINTER(ctypes.c_ulong)()
        self._x11.XGetWindowProperty(
            self._connection, window, self._pid, 0, 1, 0, _CARDINAL, *map(ctypes.byref, (kind, size, count, left, data))
        )
        if not data:
            return False
        ours = bool(count.value) and int(data[0]) & 0xFFFFFFFF == os.getpid()
        self._x11.XFree(data)
        return ours

    def _declare(self) -> None:
        x11, pointer, number = self._x11, ctypes.c_void_p, ctypes.c_ulong
        x11.XSetErrorHandler.argtypes, x11.XSetErrorHandler.restype = [pointer], pointer
        x11.XDefaultRootWindow.argtypes, x11.XDefaultRootWindow.restype = [pointer], number
        x11.XInternAtom.argtypes, x11.XInternAtom.restype = [pointer, ctypes.c_char_p, ctypes.c_int], number
        x11.XQueryTree.argtypes = [pointer, number, *[pointer] * 4]
        x11.XFree.argtypes = [pointer]
        x11.XGetWindowProperty.argtypes = [pointer, number, number, ctypes.c_long, ctypes.c_long, ctypes.c_int, number]
        x11.XGetWindowProperty.argtypes += [pointer] * 5
        x11.XGrabButton.argtypes = [pointer, ctypes.c_uint, ctypes.c_uint, number, ctypes.c_int, ctypes.c_uint]
        x11.XGrabButton.argtypes += [ctypes.c_int, ctypes.c_int, number, number]
        x11.XSync.argtypes = [pointer, ctypes.c_int]
        x11.XPending.argtypes = [pointer]
        x11.XNextEvent.argtypes = [pointer, pointer]
