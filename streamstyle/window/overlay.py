"""What the window shows over the picture: a bar of figures with their details, notes at the top, a notice, the keys.

The layers are made when their text changes and only laid over the frames between. Recordings never see them.
"""

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from streamstyle.frame import Image
from streamstyle.window import text as glyphs
from streamstyle.window.bar import bar, bar_texts
from streamstyle.window.help_card import key_card
from streamstyle.window.ink import SMALLEST_TEXT, Layer, Room
from streamstyle.window.notes import notes_of, notice_panel, pills
from streamstyle.window.status import Status
from streamstyle.window.strip import Pasted, aspect_of, slots, strip


class Overlay:
    """Draws statuses over pictures, of any size from 1x1; keeps the layers of the last one."""

    def __init__(self) -> None:
        self._layers: dict[str, tuple[Hashable, Sequence[Layer | Pasted]]] = {}

    def draw(self, image: Image, status: Status) -> Image:
        """A copy of the picture with the status on it.

        Args:
            image: (H, W, 3) uint8 RGB; it is left as it is.
            status: What to show.

        Returns:
            (H, W, 3) uint8 RGB, C-contiguous.
        """
        canvas = np.array(image, order="C", copy=True)
        room = _room(image)
        notice = glyphs.one_line(status.notice)
        if status.visible:
            texts = bar_texts(status)
            self._lay(canvas, "bar", (room, texts), lambda: bar(room, texts))
        notes = notes_of(status, notice if status.help else "")
        self._lay(canvas, "notes", (room, notes), lambda: pills(room, notes))
        if notice and not status.help:
            self._lay(canvas, "notice", (room, notice), lambda: notice_panel(room, notice))
        if status.strip and not status.help:
            self._lay(
                canvas, "strip", (room, status.strip, status.chosen), lambda: strip(room, status.strip, status.chosen)
            )
        if status.help:
            self._lay(canvas, "help", room, lambda: key_card(room))
        return canvas

    def _lay(self, canvas: Image, name: str, key: Hashable, make: Callable[[], Sequence[Layer | Pasted]]) -> None:
        kept = self._layers.get(name)
        if kept is None or kept[0] != key:
            kept = self._layers[name] = key, make()
        for layer in kept[1]:
            layer.lay_over(canvas)


def style_at(image: Image, status: Status, place: tuple[float, float]) -> int | None:
    """The style of the strip that lies at a place, from 0; None where none does.

    Args:
        image: What the status is drawn on.
        status: With the strip.
        place: In shares of the picture's width and height.
    """
    room = _room(image)
    found = slots(room, len(status.strip), status.chosen, aspect_of(status.strip)) if status.strip else []
    x, y = place[0] * room.width, place[1] * room.height
    return next((slot.index for slot in found if slot.holds(y, x)), None)


def _room(image: Image) -> Room:
    height, width = image.shape[:2]
    return Room(height, width, _text_size(height, width))


def _text_size(height: int, width: int) -> int:
    """Size of the text in pixels: 13 on 640x360, growing a little slower than the picture.

    A wide picture is shown small, so its width counts too.
    """
    shown = min(max(height, width * 9 / 16), width, 2 * height)
    return max(SMALLEST_TEXT, round(13 * math.pow(shown / 360, 0.65)))
