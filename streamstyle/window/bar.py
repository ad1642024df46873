"""The bar at the lower edge: the style, the figures, and their details."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from streamstyle.window import text as glyphs
from streamstyle.window.ink import BAR, DIM, PANEL, SMALLEST_TEXT, WHITE, Layer, Room, Text
from streamstyle.window.status import Status, finite, frames_per_second, milliseconds

_STAGES_KEEP = {"stylize": 6, "show": 4, "capture": 3}
"""Priorities of stages, if there is no room for all; those of sinks come last."""


@dataclass(frozen=True, slots=True)
class BarTexts:
    """What the bar says: the style's name, what else stands at the left, what stands at the right; the details below."""

    name: Text
    left: tuple[Text, ...]
    right: tuple[Text, ...]
    stages: tuple[Text, ...]
    drops: tuple[Text, ...]


def bar_texts(status: Status) -> BarTexts:
    """What the bar says of a status."""
    left = [
        Text(f"strength {status.alpha:.0%}", keep=5),
        Text("own colors" if status.color != "style" else "", keep=4),
    ]
    right = [Text(frames_per_second(status.fps), WHITE, keep=7), Text("h: help", keep=6)]
    return BarTexts(
        Text(glyphs.one_line(status.style), WHITE, bold=True),
        _said(left),
        _said(right),
        *(_detail_texts(status) if status.details else ((), ())),
    )


def _detail_texts(status: Status) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    """The second row: where the time goes, and what was late or left out."""
    stages = [
        Text(glyphs.one_line(f"{stage} {milliseconds(spent)}"), DIM, keep=_STAGES_KEEP.get(stage, 1))
        for stage, spent in status.stages
        if finite(spent) is not None
    ]
    tail = milliseconds(status.latency_p95_ms)
    drops = [Text(glyphs.one_line(f"{sink} missed {count}"), DIM, keep=5) for sink, count in status.missed if count > 0]
    drops += [
        Text("" if status.skipped is None else f"{status.skipped} skipped", DIM, keep=7),
        Text(milliseconds(status.latency_ms), DIM, keep=10),
        Text(f"p95 {tail}" if tail else "", DIM, keep=8),
        Text(glyphs.one_line(status.size), DIM, keep=9),
        Text(glyphs.one_line(status.provider.removesuffix("ExecutionProvider")), DIM, keep=6),
    ]
    return _said(stages), _said(drops)


def _said(texts: Sequence[Text]) -> tuple[Text, ...]:
    return tuple(text for text in texts if text.text)


def bar(room: Room, texts: BarTexts) -> list[Layer]:
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
