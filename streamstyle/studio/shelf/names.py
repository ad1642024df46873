"""Names that people give, made fit: for files of any system, for styles, and for the header of a download.

Nothing is ever stored under a name from the network as it came.
"""

import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import quote

_LONGEST_BYTES = 180
"""Of a file's name in UTF-8: systems allow 255, and the names of results end with those of styles."""
_LONGEST_ENDING = 12
_LONGEST_STYLE = 60
_FORBIDDEN = '<>:"|?*'
_JOINER = "\u200d"  # between the parts of an emoji
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
"""Names of devices on Windows, whatever the ending."""
_MEANT_OTHERWISE = {"keep", "style", "rest", "thumbnails"}
"""Words that mean something else where a style is named, in looks or in addresses of the API."""


def file_name(text: str, fallback: str) -> str:
    """A name as any system can hold it, as near to the given one as can be.

    Args:
        text: From anywhere; of a path the last part counts.
        fallback: Where nothing is left of it.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    plain = "".join("-" if letter in _FORBIDDEN else letter for letter in last if _is_visible(letter))
    plain = plain.strip(" ").lstrip(".").rstrip(". ") or fallback
    ending = PurePosixPath(plain).suffix
    ending = ending if len(ending.encode()) <= _LONGEST_ENDING else ""
    stem = _cut(plain.removesuffix(ending), _LONGEST_BYTES - len(ending.encode())).rstrip(". ") or fallback
    if stem.partition(".")[0].rstrip().lower() in _DEVICES:
        stem = f"_{stem}"
    return stem + ending


def style_word(text: str, taken: Collection[str]) -> str:
    """The name of a style, after the name of a file: small letters, digits and dashes, as the built-in ones have.

    Args:
        text: From anywhere.
        taken: Names that others have; the new one gets a number where it is one of them.
    """
    stem = PurePosixPath(file_name(text, "painting")).stem
    word = re.sub(r"[\W_]+", "-", stem.casefold()).strip("-")
    word = _cut(word, _LONGEST_STYLE).strip("-") or "painting"
    if word in _DEVICES | _MEANT_OTHERWISE:
        word = f"{word}-painting"
    others, wanted, number = {name.casefold() for name in taken}, word, 1
    while word in others:
        number += 1
        word = f"{wanted}-{number}"
    return word


def disposition(name: str, *, download: bool) -> str:
    """The header Content-Disposition, by RFC 6266.

    Args:
        name: Of the file, as `file_name` gives it.
        download: Whether it is to be kept rather than shown.
    """
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    kind = "attachment" if download else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_visible(letter: str) -> bool:
    """Without controls, marks that turn the direction of writing, and halves of letters."""
    return letter == _JOINER or not unicodedata.category(letter).startswith("C")


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")
