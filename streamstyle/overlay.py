"""What the window shows over the picture: a bar of figures, notes at the top, a notice, the keys.

Everything drawn is a layer: how much of the picture stays, and what is added to it. Layers are made when their text changes
and only laid over the frames between; recordings never see them.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamstyle import lettering
from streamstyle.frame import Image
from streamstyle.keys import BINDINGS, Binding

Color = tuple[int, int, int]

_WHITE: Color = (252, 252, 250)
_MUTED: Color = (205, 206, 210)
_RED: Color = (255, 66, 54)
_AMBER: Color = (255, 190, 70)
_SHADE: Color = (10, 11, 14)
# How dark: over a white picture the muted text still has a contrast of 4.5 to 1.
_BAR, _PILL, _PANEL = 0.72, 0.74, 0.84
_SMALLEST_TEXT = 9


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to tell.

    Attributes:
        style: Name of the style, or of the blend.
        alpha: Strength in [0, 1].
        color: Whose colors, as Look names them.
        fps: Frames per second that are shown, or None while unknown.
        latency_ms: Milliseconds from capture to window, or None while unknown.
        size: At what size frames are stylized, in words: `360p auto`.
        provider: What runs the model; ONNX Runtime's ending `ExecutionProvider` is left out.
        recording_seconds: How long it has been recorded, or None while it is not.
        viewers: How many watch over the network.
        message: What just happened (`snapshot saved`); the caller takes it back after a moment.
        notice: What is wrong, for as long as it is: large, in the middle.
        help: Whether the keys are listed.
        visible: Whether the bar of figures is shown; notes, the notice and the keys are shown in any case.
    """

    style: str
    alpha: float = 1.0
    color: str = "style"
    fps: float | None = None
    latency_ms: float | None = None
    size: str = ""
    provider: str = ""
    recording_seconds: float | None = None
    viewers: int = 0
    message: str = ""
    notice: str = ""
    help: bool = False
    visible: bool = True


def title(status: Status) -> str:
    """The status in the words of a window's title."""
    figures = [_frames_per_second(status.fps), _milliseconds(status.latency_ms)]
    recording = "" if status.recording_seconds is None else f"REC {_clock(status.recording_seconds)}"
    parts = [recording, lettering.one_line(status.style), *figures, lettering.one_line(status.notice)]
    return " \N{MIDDLE DOT} ".join(part for part in ["streamstyle", *parts] if part)


def beside(original: Image, stylized: Image) -> Image:
    """Two pictures side by side, at the height of the second, a thin line between them.

    Args:
        original: (h, w, 3) uint8 RGB.
        stylized: (H, W, 3) uint8 RGB.

    Returns:
        (H, W', 3) uint8 RGB: the original scaled to height H in its own shape, then the stylized picture.
    """
    height = stylized.shape[0]
    if original.shape[0] != height:
        across = max(1, round(original.shape[1] * height / original.shape[0]))
        smooth = cv2.INTER_AREA if original.shape[0] > height else cv2.INTER_LINEAR
        original = cv2.resize(original, (across, height), interpolation=smooth).astype(np.uint8, copy=False)
    both = np.concatenate([original, stylized], axis=1)
    seam, half = original.shape[1], max(1, round(height / 540))
    both[:, max(0, seam - half) : seam + half] = _WHITE
    return both


class Overlay:
    """Draws statuses over pictures, of any size from 1x1; keeps the layers of the last one."""

    def __init__(self) -> None:
        self._layers: dict[str, tuple[Hashable, list[_Layer]]] = {}

    def draw(self, image: Image, status: Status) -> Image:
        """A copy of the picture with the status on it.

        Args:
            image: (H, W, 3) uint8 RGB; it is left as it is.
            status: What to show.

        Returns:
            (H, W, 3) uint8 RGB, C-contiguous.
        """
        canvas = np.array(image, order="C", copy=True)
        height, width = image.shape[:2]
        frame = _Room(height, width, _text_size(height, width))
        notice = lettering.one_line(status.notice)
        if status.visible:
            left, right = _bar_texts(status)
            self._lay(canvas, "bar", (frame, left, right), lambda: _bar(frame, left, right))
        notes = _notes(status, notice if status.help else "")
        self._lay(canvas, "notes", (frame, notes), lambda: _pills(frame, notes))
        if notice and not status.help:
            self._lay(canvas, "notice", (frame, notice), lambda: _notice(frame, notice))
        if status.help:
            self._lay(canvas, "help", frame, lambda: _help(frame))
        return canvas

    def _lay(self, canvas: Image, name: str, key: Hashable, make: "Callable[[], list[_Layer]]") -> None:
        kept = self._layers.get(name)
        if kept is None or kept[0] != key:
            kept = self._layers[name] = key, make()
        for layer in kept[1]:
            layer.lay_over(canvas)


@dataclass(frozen=True, slots=True)
class _Room:
    """The picture's size, and the text's that goes with it, in pixels."""

    height: int
    width: int
    text: int

    @property
    def margin(self) -> int:
        return round(0.9 * self.text)


@dataclass(frozen=True, slots=True)
class _Text:
    """A piece of text; its columns are those of its widest digits, so that changing figures do not push the others."""

    text: str
    color: Color = _MUTED
    bold: bool = False
    keep: int = 0
    """Where there is no room for all, the pieces with the least of this go first."""

    def width(self, size: int) -> int:
        return lettering.width(self.text, size, bold=self.bold)


class _Layer:
    """A rectangle over the picture: `picture * stays + added`.

    Attributes:
        x, y: Of its upper left corner.
    """

    def __init__(self, y: int, x: int, height: int, width: int) -> None:
        """A clear layer."""
        self.y, self.x = y, x
        self._stays = np.full((height, width, 3), 255, np.uint8)
        self._added = np.zeros((height, width, 3), np.uint8)

    @property
    def shape(self) -> tuple[int, int]:
        return self._stays.shape[0], self._stays.shape[1]

    def stamp(self, ink: NDArray[np.uint8], y: int, x: int, color: Color, opacity: float = 1.0) -> None:
        """Print ink, (h, w) uint8, in a colour; what lies outside the layer is cut off."""
        height, width = self.shape
        top, left = max(0, y), max(0, x)
        ink = ink[top - y : max(top - y, height - y), left - x : max(left - x, width - x)]
        if not ink.size:
            return
        here = slice(top, top + ink.shape[0]), slice(left, left + ink.shape[1])
        stays, added = self._stays[here], self._added[here]
        clear = cv2.cvtColor(255 - cv2.convertScaleAbs(ink, alpha=opacity), cv2.COLOR_GRAY2RGB)
        printed = cv2.merge([cv2.convertScaleAbs(ink, alpha=opacity * channel / 255) for channel in color])
        cv2.multiply(stays, clear, dst=stays, scale=1 / 255)
        cv2.multiply(added, clear, dst=added, scale=1 / 255)
        cv2.add(added, printed, dst=added)

    def shade(self, covers: NDArray[np.float64]) -> None:
        """Darken a clear layer row by row, by a share from 0 to 1 each."""
        height, width = self.shape
        self._stays.reshape(height, 3 * width)[:] = np.rint(255 * (1 - covers))[:, None]
        added = np.rint(covers[:, None] * np.array(_SHADE)).astype(np.uint8)
        self._added = np.tile(added, (1, width)).reshape(height, width, 3)

    def write(self, text: _Text, size: int, middle: int, x: int) -> None:
        """Print text whose capitals are centred on a row."""
        ink = lettering.mask(text.text, size, bold=text.bold)
        self.stamp(ink, middle + round(0.35 * size) - lettering.ascent(size), x - 1, text.color)

    def lay_over(self, canvas: Image) -> None:
        """Draw it, in place."""
        height, width = self.shape
        spot = canvas[self.y : self.y + height, self.x : self.x + width]
        cv2.multiply(spot, self._stays, dst=spot, scale=1 / 255)
        cv2.add(spot, self._added, dst=spot)


def _text_size(height: int, width: int) -> int:
    """Size of the text in pixels: 13 on 640x360, growing a little slower than the picture.

    A wide picture is shown small, so its width counts too.
    """
    shown = min(max(height, width * 9 / 16), width, 2 * height)
    return max(_SMALLEST_TEXT, round(13 * (shown / 360) ** 0.8))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _frames_per_second(fps: float | None) -> str:
    value = _finite(fps)
    return "" if value is None else f"{value:.1f} fps" if value < 99.95 else f"{value:.0f} fps"


def _milliseconds(latency: float | None) -> str:
    value = _finite(latency)
    return "" if value is None else f"{value:.0f} ms"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(_finite(seconds) or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar_texts(status: Status) -> tuple[tuple[_Text, ...], tuple[_Text, ...]]:
    """What stands at the left and at the right of the bar; the style's name comes first."""
    left = [
        _Text(lettering.one_line(status.style), _WHITE, bold=True, keep=9),
        _Text(f"alpha {status.alpha:.2f}", keep=5),
        _Text("own colors" if status.color == "content" else "", keep=4),
    ]
    right = [
        _Text(_frames_per_second(status.fps), _WHITE, keep=8),
        _Text(_milliseconds(status.latency_ms), keep=6),
        _Text(lettering.one_line(status.size), keep=3),
        _Text(lettering.one_line(status.provider.removesuffix("ExecutionProvider")), keep=2),
    ]
    return tuple(text for text in left if text.text), tuple(text for text in right if text.text)


def _bar(room: _Room, left: Sequence[_Text], right: Sequence[_Text]) -> list[_Layer]:
    """The lower edge: a shade with a soft upper end, and as many texts as fit."""
    size, gap = room.text, round(1.3 * room.text)
    solid, fade = round(2.1 * size), round(0.8 * size)
    if solid > room.height / 3 or room.width < 4 * size:
        return []
    fade = min(fade, room.height // 3 - solid)
    layer = _Layer(room.height - solid - fade, 0, solid + fade, room.width)
    # A smooth step: neither end of the fade shows as a line.
    ramp = np.concatenate([(np.arange(1, fade + 1) / (fade + 1)), np.ones(solid)])
    layer.shade(_BAR * ramp * ramp * (3 - 2 * ramp))

    space = room.width - 2 * room.margin
    name = left[0] if left and left[0].keep == 9 else None
    least = 0 if name is None else min(name.width(size), max(space // 3, 4 * size))

    def taken(texts: Sequence[_Text]) -> int:
        return sum((least if text is name else text.width(size)) + gap for text in texts) - gap

    shown = [*left, *right]
    while len(shown) > 1 and taken(shown) > space:
        shown.remove(min(shown, key=lambda text: text.keep))
    middle = fade + solid // 2
    x = room.width - room.margin
    for text in reversed([text for text in right if text in shown]):
        x -= text.width(size)
        layer.write(text, size, middle, x)
        x -= gap
    free = x - room.margin
    x = room.margin
    others = [text for text in left if text in shown and text is not name]
    if name is not None:
        free -= sum(text.width(size) + gap for text in others)
        cut = _Text(lettering.shorten(name.text, size, max(0, free), bold=True), name.color, name.bold)
        layer.write(cut, size, middle, x)
        x += cut.width(size) + gap
    for text in others:
        layer.write(text, size, middle, x)
        x += text.width(size) + gap
    return [layer]


@dataclass(frozen=True, slots=True)
class _Note:
    """What a pill at the top says, with a dot of a colour before it."""

    text: _Text
    dot: Color | None = None


def _notes(status: Status, notice: str) -> tuple[_Note, ...]:
    """What is told at the top; the notice too, where the middle is taken."""
    notes = []
    if status.recording_seconds is not None:
        notes.append(_Note(_Text(f"REC {_clock(status.recording_seconds)}", _WHITE, bold=True), _RED))
    if status.viewers > 0:
        notes.append(_Note(_Text(f"{status.viewers} viewer{'s' if status.viewers > 1 else ''}", _WHITE)))
    if notice:
        notes.append(_Note(_Text(notice, _WHITE, bold=True), _AMBER))
    if status.message:
        notes.append(_Note(_Text(lettering.one_line(status.message), _WHITE)))
    return tuple(notes)


def _pills(room: _Room, notes: Sequence[_Note]) -> list[_Layer]:
    """The upper edge: one pill after another, as far as they fit."""
    size, padding = room.text, round(0.75 * room.text)
    height, edge = round(1.9 * room.text), round(0.7 * room.text)
    layers: list[_Layer] = []
    if height + edge > room.height / 3:
        return layers
    x = edge
    for note in notes:
        radius = round(0.3 * size) if note.dot else 0
        before = padding + (2 * radius + round(0.5 * size) if note.dot else 0)
        words = lettering.shorten(note.text.text, size, room.width - x - edge - before - padding, bold=note.text.bold)
        if not words:
            continue
        text = _Text(words, note.text.color, note.text.bold)
        width = before + text.width(size) + padding
        pill = _Layer(edge, x, height, width)
        pill.stamp(_rounded(height, width, height // 2), 0, 0, _SHADE, _PILL)
        if note.dot:
            pill.stamp(_rounded(2 * radius, 2 * radius, radius), height // 2 - radius, padding, note.dot)
        pill.write(text, size, height // 2, before)
        layers.append(pill)
        x += width + round(0.5 * size)
    return layers


def _notice(room: _Room, notice: str) -> list[_Layer]:
    """The middle: large words on a panel, on up to three lines."""
    size = max(room.text, round(1.7 * room.text))
    padding = round(1.1 * size)
    while True:
        line = round(1.45 * size)
        lines = lettering.wrap(notice, size, room.width - 2 * padding - 2 * (room.margin // 2), 3, bold=True)
        whole = " ".join(lines) == notice
        if (whole and len(lines) * line + 2 * padding <= room.height) or size <= _SMALLEST_TEXT:
            break
        size -= max(1, size // 10)
        padding = round(1.1 * size)
    lines = lines[: max(0, (room.height - size // 2) // line)]
    if not lines:
        return []
    texts = [_Text(row, _WHITE, bold=True) for row in lines]
    height = min(room.height, len(texts) * line + round(1.4 * size))
    width = min(room.width, max(text.width(size) for text in texts) + 2 * padding)
    panel = _Layer((room.height - height) // 2, (room.width - width) // 2, height, width)
    panel.stamp(_rounded(height, width, round(0.8 * size)), 0, 0, _SHADE, _PANEL)
    first = (height - len(texts) * line) // 2 + line // 2
    for row, text in enumerate(texts):
        panel.write(text, size, first + row * line, (width - text.width(size)) // 2)
    return [panel]


@dataclass(frozen=True, slots=True)
class _HelpPlan:
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
            return lettering.width(label, self.size, bold=True) if label not in _ARROWS else self.size
        letters = 0 if label in _ARROWS else lettering.width(label, self.size, bold=True)
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
        return self.keys_width(column) + max(lettering.width(binding.help, self.size) for binding in column)

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


def _plan_help(room: _Room) -> _HelpPlan | None:
    """The largest arrangement that leaves the edges free, or covers them, or is short."""
    smallest = 6
    sizes = range(room.text, smallest - 1, -1)
    plans = [_HelpPlan(size, columns, short=False) for size in sizes if size >= 8 for columns in (2, 1)]
    plans += [_HelpPlan(size, columns, short=True) for size in sizes for columns in (2, 3, 1)]
    for plan in plans:
        height, width = plan.extent()
        if height <= room.height - room.margin and width <= room.width - room.margin:
            return plan
    return None


def _help(room: _Room) -> list[_Layer]:
    """The middle: the table of keys, as key caps with words. Nothing where the picture is too small to read it."""
    plan = _plan_help(room)
    if plan is None:
        return []
    height, width = plan.extent()
    panel = _Layer((room.height - height) // 2, (room.width - width) // 2, height, width)
    panel.stamp(_rounded(height, width, plan.padding), 0, 0, _SHADE, _PANEL)
    x = plan.padding
    for column in plan.bindings():
        for row, binding in enumerate(column):
            middle = plan.padding + row * plan.pitch + plan.pitch // 2
            cap = x
            for label in plan.labels(binding):
                _draw_key(panel, plan, label, middle, cap)
                cap += plan.cap_width(label) + round(0.3 * plan.size)
            panel.write(_Text(binding.help), plan.size, middle, x + plan.keys_width(column))
        x += plan.column_width(column) + plan.gap
    return [panel]


def _draw_key(panel: _Layer, plan: _HelpPlan, label: str, middle: int, x: int) -> None:
    width, height = plan.cap_width(label), round(1.55 * plan.size)
    if not plan.short:
        panel.stamp(_rounded(height, width, round(0.35 * plan.size)), middle - height // 2, x, _WHITE, 0.17)
    direction = _ARROWS.get(label)
    if direction:
        arrow = _arrow(plan.size, *direction)
        panel.stamp(arrow, middle - arrow.shape[0] // 2, x + (width - arrow.shape[1]) // 2, _WHITE)
    else:
        text = _Text(label, _WHITE, bold=True)
        panel.write(text, plan.size, middle, x + (width - text.width(plan.size)) // 2)


@lru_cache(maxsize=8)
def _arrow(size: int, across: int, down: int) -> NDArray[np.uint8]:
    """Ink of an arrow; OpenCV 4 has no letter for it, and that of OpenCV 5 is too thin beside bold ones."""
    finer = 8
    ink = np.zeros((size * finer, size * finer), np.uint8)
    centre, reach = np.array([size, size]) * finer / 2, 0.38 * size * finer
    ahead, aside = np.array([across, down]) * reach, np.array([down, across]) * reach
    tip = centre + ahead
    thickness = max(1, round(0.13 * size * finer))
    for start in (centre - ahead, tip - 0.85 * ahead + 0.85 * aside, tip - 0.85 * ahead - 0.85 * aside):
        cv2.line(ink, _point(start), _point(tip), 255, thickness, cv2.LINE_AA)
    return cv2.resize(ink, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _point(place: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))


@lru_cache(maxsize=16)
def _rounded(height: int, width: int, radius: int) -> NDArray[np.uint8]:
    """Ink of a rectangle with round corners, anti-aliased.

    Returns:
        (height, width) uint8.
    """
    radius = min(radius, height // 2, width // 2)
    # The distance of each pixel's centre from the rectangle that the corners' centres span.
    rows = np.maximum(0, np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius))
    columns = np.maximum(0, np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius))
    distance = np.hypot(rows[:, None], columns[None, :])
    return np.rint(255 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint8)
