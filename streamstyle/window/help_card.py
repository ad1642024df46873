"""The card of keys that the window shows for help: the table of `keys.py` as key caps with words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle.window import text as glyphs
from streamstyle.window.ink import PANEL, SHADE, WHITE, Layer, Room, Text, rounded
from streamstyle.window.keys import BINDINGS, Binding


@dataclass(frozen=True, slots=True)
class _Plan:
    """A way of arranging the keys, in pixels."""

    size: int
    columns: int
    short: bool
    """Only the first key of each row, rows close together."""

    @property
    def pitch(self) -> int:
        return round((1.4 if self.short else 2.0) * self.size)

    @property
    def padding(self) -> int:
        return round((0.7 if self.short else 1.6) * self.size)

    @property
    def gap(self) -> int:
        """Between columns."""
        return round((1.0 if self.short else 2.2) * self.size)

    @property
    def rows(self) -> int:
        return math.ceil(len(BINDINGS) / self.columns)

    def labels(self, binding: Binding) -> tuple[str, ...]:
        return binding.labels[:1] if self.short else binding.labels

    def cap_width(self, label: str) -> int:
        """Of a drawn key."""
        if self.short:
            return glyphs.width(label, self.size, bold=True) if label not in _ARROWS else self.size
        letters = 0 if label in _ARROWS else glyphs.width(label, self.size, bold=True)
        return max(round(1.55 * self.size), letters + round(0.9 * self.size))

    def bindings(self) -> list[tuple[Binding, ...]]:
        """The table, column by column."""
        return [BINDINGS[start : start + self.rows] for start in range(0, len(BINDINGS), self.rows)]

    def keys_width(self, column: Sequence[Binding]) -> int:
        """Of the widest row of keys, with the space after it."""
        between = round(0.3 * self.size)
        rows = [sum(self.cap_width(label) + between for label in self.labels(binding)) for binding in column]
        return max(rows) + round((0.3 if self.short else 0.6) * self.size)

    def column_width(self, column: Sequence[Binding]) -> int:
        return self.keys_width(column) + max(glyphs.width(binding.help, self.size) for binding in column)

    def extent(self) -> tuple[int, int]:
        """Height and width of the panel."""
        columns = self.bindings()
        width = sum(map(self.column_width, columns)) + (len(columns) - 1) * self.gap + 2 * self.padding
        return self.rows * self.pitch + 2 * self.padding, width


_ARROWS = {
    "\N{LEFTWARDS ARROW}": (-1, 0),
    "\N{RIGHTWARDS ARROW}": (1, 0),
    "\N{UPWARDS ARROW}": (0, -1),
    "\N{DOWNWARDS ARROW}": (0, 1),
}


def _plan(room: Room) -> _Plan | None:
    """The largest arrangement that leaves the edges free, or covers them, or is short."""
    smallest = 6
    sizes = range(room.text, smallest - 1, -1)
    plans = [_Plan(size, columns, short=False) for size in sizes if size >= 8 for columns in (2, 1)]
    plans += [_Plan(size, columns, short=True) for size in sizes for columns in (2, 3, 1)]
    for plan in plans:
        height, width = plan.extent()
        if height <= room.height - room.margin and width <= room.width - room.margin:
            return plan
    return None


def key_card(room: Room) -> list[Layer]:
    """The middle: the table of keys, as key caps with words. Nothing where the picture is too small to read it."""
    plan = _plan(room)
    if plan is None:
        return []
    height, width = plan.extent()
    panel = Layer((room.height - height) // 2, (room.width - width) // 2, height, width)
    panel.stamp(rounded(height, width, plan.padding), 0, 0, SHADE, PANEL)
    x = plan.padding
    for column in plan.bindings():
        for row, binding in enumerate(column):
            middle = plan.padding + row * plan.pitch + plan.pitch // 2
            cap = x
            for label in plan.labels(binding):
                _draw_key(panel, plan, label, middle, cap)
                cap += plan.cap_width(label) + round(0.3 * plan.size)
            panel.write(Text(binding.help), plan.size, middle, x + plan.keys_width(column))
        x += plan.column_width(column) + plan.gap
    return [panel]


def _draw_key(panel: Layer, plan: _Plan, label: str, middle: int, x: int) -> None:
    width, height = plan.cap_width(label), round(1.55 * plan.size)
    if not plan.short:
        panel.stamp(rounded(height, width, round(0.35 * plan.size)), middle - height // 2, x, WHITE, 0.17)
    direction = _ARROWS.get(label)
    if direction:
        arrow = _arrow(plan.size, *direction)
        panel.stamp(arrow, middle - arrow.shape[0] // 2, x + (width - arrow.shape[1]) // 2, WHITE)
    else:
        text = Text(label, WHITE, bold=True)
        panel.write(text, plan.size, middle, x + (width - text.width(plan.size)) // 2)


@lru_cache(maxsize=8)
def _arrow(size: int, across: int, down: int) -> NDArray[np.uint8]:
    """Ink of an arrow: the font's own is too thin next to bold letters."""
    finer = 8
    ink = np.zeros((size * finer, size * finer), np.uint8)
    center, reach = np.array([size, size]) * finer / 2, 0.38 * size * finer
    ahead, aside = np.array([across, down]) * reach, np.array([down, across]) * reach
    tip = center + ahead
    thickness = max(1, round(0.13 * size * finer))
    for start in (center - ahead, tip - 0.85 * ahead + 0.85 * aside, tip - 0.85 * ahead - 0.85 * aside):
        cv2.line(ink, _point(start), _point(tip), 255, thickness, cv2.LINE_AA)
    return np.asarray(cv2.resize(ink, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _point(place: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
