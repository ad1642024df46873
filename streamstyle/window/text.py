"""Text as masks, in the font that OpenCV carries."""

import math
import unicodedata
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""(H, W) uint8: 0 nothing, 255 ink."""

_REGULAR, _BOLD = 400, 600
_LONGEST = 200
_SUBSTITUTES = {
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MIDDLE DOT}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
}


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


def to_ascii(text: str) -> str:
    """The nearest text in ASCII: accents dropped, `?` for what has no likeness."""
    for character, substitute in _SUBSTITUTES.items():
        text = text.replace(character, substitute)
    plain = "".join(character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character))
    return plain.encode("ascii", "replace").decode()


def one_line(text: str) -> str:
    """A text without line breaks, control and format characters, its spaces single."""
    kept = (" " if character.isspace() else character for character in text[: 2 * _LONGEST])
    visible = "".join(character for character in kept if unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    return unicodedata.normalize("NFC", " ".join(visible.split()))[:_LONGEST]


def ascent(size: int) -> int:
    """Rows of a mask above the baseline."""
    return size + 1


def line_height(size: int) -> int:
    """Rows of a mask."""
    return ascent(size) + math.ceil(0.4 * size)


@lru_cache(maxsize=512)
def width(text: str, size: int, *, bold: bool = False) -> int:
    """Columns that a text takes.

    Args:
        text: Of one line.
        size: Height of the letters with what hangs below, in pixels.
        bold: Heavier.
    """
    if not text:
        return 0
    weight = _BOLD if bold else _REGULAR
    return int(cv2.getTextSize((1 << 15, 4 * size), text, (0, 2 * size), _face(), size, weight)[2])


@lru_cache(maxsize=128)
def mask(text: str, size: int, *, bold: bool = False) -> Mask:
    """A text's ink, anti-aliased, its baseline `ascent(size)` rows from the top; read-only.

    The arguments are those of `width`.
    """
    # One column more on each side than the letters advance: they may lean out.
    ink = np.zeros((line_height(size), width(text, size, bold=bold) + 2), np.uint8)
    cv2.putText(ink, text, (1, ascent(size)), 255, _face(), size, _BOLD if bold else _REGULAR)
    ink.flags.writeable = False
    return ink


@lru_cache(maxsize=128)
def shorten(text: str, size: int, room: int, *, bold: bool = False) -> str:
    """As much of a text as fits into `room` columns, with an ellipsis where it is cut; empty where nothing fits."""
    if width(text, size, bold=bold) <= room:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if width(_cut(text, middle), size, bold=bold) <= room:
            fits = middle
        else:
            too_long = middle
    return _cut(text, fits) if fits else ""


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


@lru_cache(maxsize=32)
def wrap(text: str, size: int, room: int, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """A text on at most so many lines of `room` columns, broken at spaces; the last line is shortened."""
    rows: list[str] = []
    words = text.split()
    while words:
        if len(rows) == lines - 1:
            rows.append(" ".join(words))
            break
        taken = 1
        while taken < len(words) and width(" ".join(words[: taken + 1]), size, bold=bold) <= room:
            taken += 1
        rows.append(" ".join(words[:taken]))
        words = words[taken:]
    shortened = (shorten(row, size, room, bold=bold) for row in rows)
    return tuple(row for row in shortened if row)
