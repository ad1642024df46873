"""What the window shows over the picture: a bar of figures with their details, notes at the top, a notice, the keys.

The layers are made when their text changes and only laid over the frames between. Recordings never see them.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.window import text as glyphs
from streamstyle.window.help_card import key_card
from streamstyle.window.ink import AMBER, BAR, DIM, PANEL, PILL, RED, SHADE, WHITE, Color, Layer, Room, Text, rounded

SMALLEST_TEXT = 9
_STAGES_KEEP = {"stylize": 6, "show": 4, "capture": 3}
"""Which stages are shown where there is no room for all; the sinks' come last."""


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to tell.

    Attributes:
        style: Name of the style, or of the blend.
        alpha: Strength in [0, 1].
        color: Whose colors, as Look names them.
        fps: Frames per second that are shown, or None while unknown.
        latency_ms: Milliseconds from capture to window (median), or None while unknown.
        latency_p95_ms: What 95 % of the frames stay below, or None while unknown.
        skipped: Captured frames that were never stylized, or None while unknown.
        missed: Sinks, and how many stylized frames each did not take in time.
        stages: Stages, and the milliseconds that each takes per frame.
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
    latency_p95_ms: float | None = None
    skipped: int | None = None
    missed: tuple[tuple[str, int], ...] = ()
    stages: tuple[tuple[str, float], ...] = ()
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
    parts = [recording, glyphs.one_line(status.style), *figures, glyphs.one_line(status.notice)]
    return " \N{MIDDLE DOT} ".join(part for part in ["streamstyle", *parts] if part)


def side_by_side(original: Image, stylized: Image) -> Image:
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
    both[:, max(0, seam - half) : seam + half] = WHITE
    return both


class Overlay:
    """Draws statuses over pictures, of any size from 1x1; keeps the layers of the last one."""

    def __init__(self) -> None:
        self._layers: dict[str, tuple[Hashable, list[Layer]]] = {}

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
        room = Room(height, width, _text_size(height, width))
        notice = glyphs.one_line(status.notice)
        if status.visible:
            texts = _bar_texts(status)
            self._lay(canvas, "bar", (room, texts), lambda: _bar(room, texts))
        notes = _notes(status, notice if status.help else "")
        self._lay(canvas, "notes", (room, notes), lambda: _pills(room, notes))
        if notice and not status.help:
            self._lay(canvas, "notice", (room, notice), lambda: _notice(room, notice))
        if status.help:
            self._lay(canvas, "help", room, lambda: key_card(room))
        return canvas

    def _lay(self, canvas: Image, name: str, key: Hashable, make: Callable[[], list[Layer]]) -> None:
        kept = self._layers.get(name)
        if kept is None or kept[0] != key:
            kept = self._layers[name] = key, make()
        for layer in kept[1]:
            layer.lay_over(canvas)


def _text_size(height: int, width: int) -> int:
    """Size of the text in pixels: 13 on 640x360, growing a little slower than the picture.

    A wide picture is shown small, so its width counts too.
    """
    shown = min(max(height, width * 9 / 16), width, 2 * height)
    return max(SMALLEST_TEXT, round(13 * math.pow(shown / 360, 0.65)))


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


@dataclass(frozen=True, slots=True)
class _BarTexts:
    """What the bar says: the style's name, what else stands at the left, what stands at the right; the details below."""

    name: Text
    left: tuple[Text, ...]
    right: tuple[Text, ...]
    stages: tuple[Text, ...]
    drops: tuple[Text, ...]


def _bar_texts(status: Status) -> _BarTexts:
    left = [
        Text(f"alpha {status.alpha:.2f}", keep=5),
        Text("own colors" if status.color == "content" else "", keep=4),
    ]
    right = [
        Text(_frames_per_second(status.fps), WHITE, keep=7),
        Text(_milliseconds(status.latency_ms), keep=6),
        Text(glyphs.one_line(status.size), keep=3),
        Text(glyphs.one_line(status.provider.removesuffix("ExecutionProvider")), keep=2),
    ]
    return _BarTexts(
        Text(glyphs.one_line(status.style), WHITE, bold=True),
        _said(left),
        _said(right),
        *_detail_texts(status),
    )


def _detail_texts(status: Status) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    """The second row: where the time goes, and what was late or left out."""
    stages = [
        Text(glyphs.one_line(f"{stage} {_milliseconds(spent)}"), DIM, keep=_STAGES_KEEP.get(stage, 1))
        for stage, spent in status.stages
        if _finite(spent) is not None
    ]
    tail = _milliseconds(status.latency_p95_ms)
    drops = [Text(glyphs.one_line(f"{sink} missed {count}"), DIM, keep=5) for sink, count in status.missed if count > 0]
    drops += [
        Text("" if status.skipped is None else f"{status.skipped} skipped", DIM, keep=7),
        Text(f"p95 {tail}" if tail else "", DIM, keep=8),
    ]
    return _said(stages), _said(drops)


def _said(texts: Sequence[Text]) -> tuple[Text, ...]:
    return tuple(text for text in texts if text.text)


def _bar(room: Room, texts: _BarTexts) -> list[Layer]:
    """The lower edge: a shade with a soft upper end, as many texts as fit, and the details below where there is room."""
    size, small = room.text, max(SMALLEST_TEXT, round(0.8 * room.text))
    main, fade = round(2.1 * size), round(0.8 * size)
    if main > room.height / 3 or room.width < 4 * size:
        return []
    details = round(1.6 * small) if texts.stages or texts.drops else 0
    if main + details > room.height / 3:
        details = 0
    solid = main + details
    fade = min(fade, room.height // 3 - solid)
    layer = Layer(room.height - solid - fade, 0, solid + fade, room.width)
    # A smooth step: neither end of the fade shows as a line.
    ramp = np.arange(1, fade + 1) / (fade + 1)
    # Darker towards the details, whose dim text has its contrast there.
    below = [np.linspace(BAR, PANEL, main), np.full(details, PANEL)] if details else [np.full(main, BAR)]
    layer.shade(np.concatenate([BAR * ramp * ramp * (3 - 2 * ramp), *below]))

    space, gap = room.width - 2 * room.margin, _gap(size)
    # A long name gives way to the figures, down to a third of the bar.
    least = min(texts.name.width(size), max(space // 3, 4 * size))
    shown = _fitting([*texts.left, *texts.right], size, space - least)
    free = space - sum(gap + text.width(size) for text in shown)
    name = replace(texts.name, text=glyphs.shorten(texts.name.text, size, free, bold=True))
    left = [text for text in texts.left if text in shown]
    middle = fade + main // 2
    _write_row(
        layer, room, [name, *left] if name.text else left, [text for text in texts.right if text in shown], size, middle
    )
    if details:
        middle = fade + main + round(0.45 * small)
        shown = _fitting([*texts.stages, *texts.drops], small, space + _gap(small))
        stages = [text for text in texts.stages if text in shown]
        _write_row(layer, room, stages, [text for text in texts.drops if text in shown], small, middle)
    return [layer]


def _gap(size: int) -> int:
    return round(1.3 * size)


def _fitting(texts: Sequence[Text], size: int, space: int) -> list[Text]:
    """Those that fit side by side, a gap before each; what is least to be kept goes first."""
    shown = list(texts)
    while shown and sum(_gap(size) + text.width(size) for text in shown) > space:
        shown.remove(min(shown, key=lambda text: text.keep))
    return shown


def _write_row(layer: Layer, room: Room, left: Sequence[Text], right: Sequence[Text], size: int, middle: int) -> None:
    x = room.margin
    for text in left:
        layer.write(text, size, middle, x)
        x += text.width(size) + _gap(size)
    x = room.width - room.margin
    for text in reversed(right):
        x -= text.width(size)
        layer.write(text, size, middle, x)
        x -= _gap(size)


@dataclass(frozen=True, slots=True)
class _Note:
    """What a pill at the top says, with a dot of a colour before it."""

    text: Text
    dot: Color | None = None


def _notes(status: Status, notice: str) -> tuple[_Note, ...]:
    """What is shown at the top; the notice too, where the middle is taken."""
    notes = []
    if status.recording_seconds is not None:
        notes.append(_Note(Text(f"REC {_clock(status.recording_seconds)}", WHITE, bold=True), RED))
    if status.viewers > 0:
        notes.append(_Note(Text(f"{status.viewers} viewer{'s' if status.viewers > 1 else ''}", WHITE)))
    if notice:
        notes.append(_Note(Text(notice, WHITE, bold=True), AMBER))
    if status.message:
        notes.append(_Note(Text(glyphs.one_line(status.message), WHITE)))
    return tuple(notes)


def _pills(room: Room, notes: Sequence[_Note]) -> list[Layer]:
    """The upper edge: one pill after another, as far as they fit."""
    size, padding = room.text, round(0.75 * room.text)
    height, edge = round(1.9 * room.text), round(0.7 * room.text)
    layers: list[Layer] = []
    if height + edge > room.height / 3:
        return layers
    x = edge
    for note in notes:
        radius = round(0.3 * size) if note.dot else 0
        before = padding + (2 * radius + round(0.5 * size) if note.dot else 0)
        words = glyphs.shorten(note.text.text, size, room.width - x - edge - before - padding, bold=note.text.bold)
        if not words:
            continue
        text = Text(words, note.text.color, note.text.bold)
        width = before + text.width(size) + padding
        pill = Layer(edge, x, height, width)
        pill.stamp(rounded(height, width, height // 2), 0, 0, SHADE, PILL)
        if note.dot:
            pill.stamp(rounded(2 * radius, 2 * radius, radius), height // 2 - radius, padding, note.dot)
        pill.write(text, size, height // 2, before)
        layers.append(pill)
        x += width + round(0.5 * size)
    return layers


def _notice(room: Room, notice: str) -> list[Layer]:
    """The middle: large words on a panel, on up to three lines."""
    size = max(room.text, round(1.7 * room.text))
    padding = round(1.1 * size)
    while True:
        line = round(1.45 * size)
        lines = glyphs.wrap(notice, size, room.width - 2 * padding - 2 * (room.margin // 2), 3, bold=True)
        whole = " ".join(lines) == notice
        if (whole and len(lines) * line + 2 * padding <= room.height) or size <= SMALLEST_TEXT:
            break
        size -= max(1, size // 10)
        padding = round(1.1 * size)
    lines = lines[: max(0, (room.height - size // 2) // line)]
    if not lines:
        return []
    texts = [Text(row, WHITE, bold=True) for row in lines]
    height = min(room.height, len(texts) * line + round(1.4 * size))
    width = min(room.width, max(text.width(size) for text in texts) + 2 * padding)
    panel = Layer((room.height - height) // 2, (room.width - width) // 2, height, width)
    panel.stamp(rounded(height, width, round(0.8 * size)), 0, 0, SHADE, PANEL)
    first = (height - len(texts) * line) // 2 + line // 2
    for row, text in enumerate(texts):
        panel.write(text, size, first + row * line, (width - text.width(size)) // 2)
    return [panel]
