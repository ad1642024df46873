"""Which page of a TIFF is the picture, and which files are a camera's raw ones."""

import io
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image as Pillow
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from streamstyle.errors import SourceError

_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC = 254, 255, 256, 257, 262
_MAKE, _SUB_DIRECTORIES, _DNG_VERSION = 271, 330, 50706
_PROFILE = 34675
# Orientation, date, artist, copyright, and the directories of EXIF and GPS.
_OF_THE_PHOTO = {274, 306, 315, 33432, 34665, 34853}
_SENSOR_COLORS = {32803, 34892}
_REDUCED_OR_MASK = 0b101
_MOST_PAGES = 1000
_RAW_STARTS = {
    b"FUJIFILMCCD-RAW": "Fujifilm",
    b"FOVb": "Sigma",
    b"IIRO": "Olympus",
    b"IIRS": "Olympus",
    b"MMOR": "Olympus",
    b"IIU\0": "Panasonic",
    b"\0MRM": "Minolta",
}


def raw_error(name: str, maker: str = "") -> SourceError:
    """What to say of a camera's raw file."""
    whose = f" ({maker})" if maker else ""
    return SourceError(
        f"{name} is a camera's raw file{whose}, which is not developed yet; export it as JPEG or TIFF first "
        "(the camera's program, darktable or RawTherapee do)"
    )


def refuse_raw(start: bytes, name: str) -> None:
    """Raise SourceError for a camera's raw file that its first bytes give away."""
    maker = next((maker for magic, maker in _RAW_STARTS.items() if start.startswith(magic)), None)
    if start[4:12] == b"ftypcrx " or (start[:4] in {b"II*\0", b"MM\0*"} and start[8:10] == b"CR"):
        maker = "Canon"
    if maker:
        raise raw_error(name, maker)


def open_page(data: bytes, name: str) -> TiffImageFile:
    """The largest full page, with its header read.

    It may lie below a page that is a thumbnail, as a SubIFD; what that page says of the photo then holds for it, too. How
    many full pages there are is in `info["full_pages"]`.

    Raises:
        SourceError: It is a camera's raw file, or cut before its directory.
        Exception: Whatever Pillow raises for what it cannot read.
    """
    largest, deepest, hidden, maker = 0, 0, 0, ""
    for directory, offset, is_page in _directories(data):
        maker = maker or str(directory.get(_MAKE, "")).strip("\0 ")
        if _DNG_VERSION in directory or directory.get(_PHOTOMETRIC) in _SENSOR_COLORS:
            raise raw_error(name, maker)
        area = _number(directory.get(_WIDTH)) * _number(directory.get(_HEIGHT)) if _is_full(directory) else 0
        if is_page:
            largest = max(largest, area)
        elif area > deepest:
            deepest, hidden = area, offset
    first = _first_directory(data)
    if first >= len(data):
        raise SourceError(
            f"{name} is cut short: its end, which says how the picture is stored, is missing; get a whole copy"
        )
    if deepest <= largest:
        picture = TiffImageFile(io.BytesIO(data), "")
        picture.info["full_pages"] = _choose_page(picture)
        return picture
    layout, place = (">" if data[:2] == b"MM" else "<"), (8 if _is_big(data) else 4)
    pointer = struct.pack(layout + ("Q" if _is_big(data) else "I"), hidden)
    picture = TiffImageFile(io.BytesIO(data[:place] + pointer + data[place + len(pointer) :]), "")
    above = Pillow.Exif()
    above.load(data)
    for tag in _OF_THE_PHOTO & set(above):
        picture.getexif().setdefault(tag, above[tag])
    if _PROFILE in above:
        picture.info.setdefault("icc_profile", above[_PROFILE])
    return picture


def _choose_page(picture: TiffImageFile) -> int:
    """Go to the largest full page: not to a thumbnail, nor to a mask of another page; returns how many there are."""
    ranks: list[tuple[bool, int, int]] = []
    for page in range(min(getattr(picture, "n_frames", 1), _MOST_PAGES)):
        try:
            picture.seek(page)
        except Exception:  # noqa: BLE001 - a damaged chain of pages; those before it are there
            break
        # Of pages of one size the first is taken.
        ranks.append((_is_full(picture.tag_v2), picture.size[0] * picture.size[1], -page))
    picture.seek(-max(ranks)[2])
    return sum(is_full for is_full, _, _ in ranks)


def _is_full(directory: Any) -> bool:  # noqa: ANN401 - Pillow's directories are mappings of any values
    reduced = _number(directory.get(_SUBFILE)) & _REDUCED_OR_MASK
    return not reduced and _number(directory.get(_OLD_SUBFILE)) != 2


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _is_big(data: bytes) -> bool:
    return data[2:4] in {b"\x2b\0", b"\0\x2b"}


def _first_directory(data: bytes) -> int:
    """Where it begins; 0 where the file does not say."""
    try:
        return int(ImageFileDirectory_v2(data[: 16 if _is_big(data) else 8]).next)
    except Exception:  # noqa: BLE001 - no TIFF after all
        return 0


def _directories(data: bytes) -> Iterator[tuple[Any, int, bool]]:
    """The directories of a file that can be read, each with where it lies and whether it is a page of its own."""
    start = data[: 16 if _is_big(data) else 8]
    waiting, seen = [(_first_directory(data), True)], {0}
    while waiting and len(seen) < _MOST_PAGES:
        offset, is_page = waiting.pop(0)
        if offset in seen:
            continue
        seen.add(offset)
        try:
            directory = ImageFileDirectory_v2(start)
            stream = io.BytesIO(data)
            stream.seek(offset)
            directory.load(stream)
            below = directory.get(_SUB_DIRECTORIES, ())
        except Exception:  # noqa: BLE001 - a pointer into nowhere
            continue
        yield directory, offset, is_page
        waiting += [(int(place), False) for place in (below if isinstance(below, tuple) else (below,))]
        waiting += [(int(directory.next), is_page)]


@contextmanager
def silent(picture: Pillow.Image) -> Iterator[None]:
    """Keep libtiff, which complains to the terminal itself, from doing so."""
    if picture.format != "TIFF" or sys.platform == "win32":
        yield
        return
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no terminal
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
