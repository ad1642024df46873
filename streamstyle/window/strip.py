"""The strip of styles: small pictures with names above the bar, of which the present one is framed."""

from dataclasses import dataclass

import numpy as np

from streamstyle.frame import Image
from streamstyle.media.resize import resize
from streamstyle.window import text as glyphs
from streamstyle.window.ink import MUTED, PANEL, SHADE, WHITE, Layer, Room, Text, rounded

_SHARE_OF_HEIGHT = 0.19
_BAR = 3.6
"""What is left for the bar below, in sizes of the text."""
_FRAME = 2
"""Width in pixels of the line around the style that is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class StripItem:
    """A style on the strip.

    Attributes:
        index: Its place in the list of styles, from 0.
        name: What to call it.
        image: (h, w, 3) uint8 RGB; None while it is being painted.
    """

    index: int
    name: str
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a style lies on the strip, in pixels of the picture: its small picture, with the name below."""

    index: int
    y: int
    x: int
    height: int
    width: int

    def holds(self, y: float, x: float) -> bool:
        """Whether a point lies in it."""
        return self.y <= y < self.y + self.height and self.x <= x < self.x + self.width


class Pasted:
    """A picture that is laid over another one, as it is."""

    def __init__(self, y: int, x: int, image: Image) -> None:
        self._y, self._x, self._image = y, x, image

    def lay_over(self, canvas: Image) -> None:
        """Draw it, in place."""
        height, width = self._image.shape[:2]
        canvas[self._y : self._y + height, self._x : self._x + width] = self._image


def slots(room: Room, count: int, chosen: int, aspect: float) -> list[Slot]:
    """Where the styles lie: as many as fit, with the chosen one among them.

    Args:
        room: Of the picture.
        count: How many styles there are.
        chosen: Which is shown, from 0.
        aspect: Width over height of the small pictures.
    """
    gap, words = round(0.5 * room.text), round(1.8 * room.text)
    height = round(_SHARE_OF_HEIGHT * room.height) - words
    width = max(round(height * aspect), 4 * room.text)
    height = round(width / aspect)
    fitting = min(count, (room.width - gap) // (width + gap))
    if fitting < 1 or height < 2 * room.text or height + words + round(_BAR * room.text) > room.height:
        return []
    first = min(max(0, chosen - fitting // 2), count - fitting)
    left = (room.width - fitting * (width + gap) + gap) // 2
    top = room.height - round(_BAR * room.text) - words - height
    return [Slot(first + number, top, left + number * (width + gap), height + words, width) for number in range(fitting)]


def strip(room: Room, items: tuple[StripItem, ...], chosen: int) -> list[Layer | Pasted]:
    """The layers of the strip; none where the picture is too small for it."""
    layers: list[Layer | Pasted] = []
    words, small = round(1.8 * room.text), max(9, round(0.85 * room.text))
    for slot in slots(room, len(items), chosen, aspect_of(items)):
        item, height = items[slot.index], slot.height - words
        panel = Layer(slot.y - _FRAME, slot.x - _FRAME, slot.height + 2 * _FRAME, slot.width + 2 * _FRAME)
        panel.stamp(rounded(*panel.shape, round(0.4 * room.text)), 0, 0, SHADE, PANEL)
        is_chosen = item.index == chosen
        if is_chosen:
            panel.stamp(np.full((height + 2 * _FRAME, panel.shape[1]), 255, np.uint8), 0, 0, WHITE)
            panel.stamp(np.full((height, slot.width), 255, np.uint8), _FRAME, _FRAME, SHADE)
        number = f"{item.index + 1} " if item.index < 9 else ""
        name = glyphs.shorten(number + item.name, small, slot.width - 4, bold=is_chosen)
        text = Text(name, WHITE if is_chosen else MUTED, bold=is_chosen)
        panel.write(text, small, height + _FRAME + words // 2, _FRAME + max(0, (slot.width - text.width(small)) // 2))
        layers.append(panel)
        if item.image is not None:
            layers.append(Pasted(slot.y, slot.x, resize(item.image, slot.width, height)))
    return layers


def aspect_of(items: tuple[StripItem, ...]) -> float:
    """Width over height of the small pictures."""
    known = next((item.image for item in items if item.image is not None), None)
    return 16 / 9 if known is None else known.shape[1] / known.shape[0]
