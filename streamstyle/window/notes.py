"""Notes in pills at the upper edge, and the notice in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamstyle.window import text as glyphs
from streamstyle.window.ink import AMBER, PANEL, PILL, RED, SHADE, SMALLEST_TEXT, WHITE, Color, Layer, Room, Text, rounded
from streamstyle.window.status import Status, clock


@dataclass(frozen=True, slots=True)
class Note:
    """What a pill at the top says, with a dot of a color before it."""

    text: Text
    dot: Color | None = None


def notes_of(status: Status, notice: str) -> tuple[Note, ...]:
    """What is shown at the top; the notice too, where the middle is taken."""
    notes = []
    if status.recording_seconds is not None:
        notes.append(Note(Text(f"REC {clock(status.recording_seconds)}", WHITE, bold=True), RED))
    if status.viewers > 0:
        notes.append(Note(Text(f"{status.viewers} viewer{'s' if status.viewers > 1 else ''}", WHITE)))
    if notice:
        notes.append(Note(Text(notice, WHITE, bold=True), AMBER))
    if status.paused:
        notes.append(Note(Text("paused", WHITE, bold=True)))
    if status.message:
        notes.append(Note(Text(glyphs.one_line(status.message), WHITE)))
    return tuple(notes)


def pills(room: Room, notes: Sequence[Note]) -> list[Layer]:
    """The upper edge: one pill after another, as far as they fit."""
    size, padding = room.text, round(0.75 * room.text)
    height, edge = round(1.9 * room.text), round(0.7 * room.text)
    layers: list[Layer] = []
    if height + edge > room.height / 3:
        return layers
    x = edge
    for note in notes:
        if note.text.width(size) > room.width - x - edge - 2 * padding and note is notes[-1] and note.dot is None:
            lines = _on_lines(room, note.text, edge if x == edge else edge + height + edge // 2)
            if lines:
                layers += lines
                break
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


def _on_lines(room: Room, text: Text, top: int) -> list[Layer]:
    """A long message, on as many lines as there is room for in the upper third; nothing where that is none."""
    size, padding, edge = room.text, round(0.75 * room.text), round(0.7 * room.text)
    line = round(1.45 * size)
    most = (room.height // 3 - top - padding) // line
    rows = glyphs.wrap(text.text, size, room.width - 2 * edge - 2 * padding, most, bold=text.bold) if most > 1 else ()
    if not rows:
        return []
    texts = [Text(row, text.color, text.bold) for row in rows]
    height, width = len(texts) * line + padding, max(one.width(size) for one in texts) + 2 * padding
    panel = Layer(top, edge, height, width)
    panel.stamp(rounded(height, width, round(0.9 * size)), 0, 0, SHADE, PILL)
    for row, one in enumerate(texts):
        panel.write(one, size, padding // 2 + row * line + line // 2, padding)
    return [panel]


def notice_panel(room: Room, notice: str) -> list[Layer]:
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
