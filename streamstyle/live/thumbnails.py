"""Small pictures of a frame in each style, made one by one between frames, so that the stream goes on."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from streamstyle.errors import reason_of
from streamstyle.frame import Image
from streamstyle.live.controls import Controls
from streamstyle.look.look import Look
from streamstyle.media.resize import within
from streamstyle.styles.code import StyleCode

SIDE = 112
"""Short side in pixels."""


class Thumbnails:
    """Makes them; all methods are for the thread that owns the controls."""

    def __init__(self, controls: Controls) -> None:
        """None yet; they are published in the controls' state."""
        self._controls, self._number = controls, 0
        self._content: Image | None = None
        self._waiting: deque[str] = deque()
        self._found: tuple[str, StyleCode] | None = None

    def take(self, content: Image) -> None:
        """Begin again with a frame, (H, W, 3) uint8 RGB: first the style that is shown, then those after it."""
        settings = self._controls.settings
        self._number += 1
        number, self._content, self._found = self._number, within(content, SIDE), None
        self._waiting = deque((*settings.styles[settings.index :], *settings.styles[: settings.index]))
        height, width = self._content.shape[:2]
        stylizer = self._controls.stylizer
        self._in_background(
            number, lambda: stylizer.prepare(width, height, SIDE, while_running=True), lambda _: self._go_on()
        )

    def paint_one(self) -> None:
        """Paint the next one, if any; called after each frame."""
        if self._found is None or self._content is None:
            return
        (name, code), self._found = self._found, None
        image = self._controls.stylizer.stylize(self._content, Look(code, size=SIDE))
        state = self._controls.state
        self._controls.state = replace(state, thumbnails={**state.thumbnails, name: image})
        self._go_on()

    def _go_on(self) -> None:
        if not self._waiting:
            return
        name, find = self._waiting.popleft(), self._controls.stylizer.encoder.find

        def take(found: object) -> None:
            if isinstance(found, StyleCode):
                self._found = name, found
            else:
                self._go_on()  # a style that cannot be used has no picture

        self._in_background(self._number, lambda: find(name), take)

    def _in_background(self, number: int, work: Callable[[], object], then: Callable[[object], None]) -> None:
        """Do work in the background, then continue with its result unless another frame was taken meanwhile."""

        def do() -> None:
            done: object
            try:
                done = work()
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a style, the run goes on
                done = reason_of(error)
            self._controls.owner.send(lambda: then(done) if number == self._number else None)

        self._controls.requests.in_background(do)
