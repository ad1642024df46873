"""What the mouse asks for: the wheel for strength, clicks for pauses and help."""

import cv2

from streamstyle.window.keys import Action, Command
from streamstyle.window.screen import Screen
from streamstyle.window.wheel import WheelGrab


class Mouse:
    """The mouse over one window.

    Attributes:
        spot: Where the picture lies in the window: left, top, width and height in pixels.
    """

    def __init__(self) -> None:
        """Nothing is heard of it yet."""
        self.spot = (0, 0, 1, 1)
        self._clicks: list[Action] = []
        self._wheel: WheelGrab | None = None

    def listen(self, window: str, screen: Screen) -> None:
        """Begin, once the window is open.

        Args:
            window: Its name.
            screen: That it is on.
        """
        # On X alone, and where Qt draws the windows: others do not zoom, and tell of the wheel themselves.
        if screen.grab_wheel is not None and cv2.currentUIFramework().upper().startswith("QT"):
            cv2.waitKey(1)  # lets it appear
            grab = screen.grab_wheel()
            self._wheel = grab if grab.is_ours else None
        cv2.setMouseCallback(window, self._hear)

    def actions(self) -> list[Action]:
        """What was done since the last call."""
        steps = 0 if self._wheel is None else self._wheel.steps()
        found = [*self._clicks, *[Action(Command.ALPHA_UP if steps > 0 else Command.ALPHA_DOWN)] * abs(steps)]
        self._clicks.clear()
        return found

    def _hear(self, event: int, x: int, y: int, flags: int, _more: object) -> None:
        """What OpenCV tells."""
        left, top, width, height = self.spot
        if event == cv2.EVENT_LBUTTONUP:
            self._clicks.append(Action(Command.PAUSE, place=((x - left) / width, (y - top) / height)))
        elif event == cv2.EVENT_RBUTTONUP:
            self._clicks.append(Action(Command.HELP))
        elif event == cv2.EVENT_MOUSEWHEEL and self._wheel is None:
            self._clicks.append(Action(Command.ALPHA_UP if flags > 0 else Command.ALPHA_DOWN))
