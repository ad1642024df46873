"""Which page of a TIFF is the picture, and which files are a camera's raw ones."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image as Pillow
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from streamstyle.errors import SourceError

_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC = 254, 255, 256, 257, 262
_MAKE, _SUB_DIRECTORIES, _DNG_VERSION = 271, 330, 50706
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


def refuse_unusual(data: bytes, name: str) -> None:
    """Refuse a TIFF that is a camera's raw file, or whose full picture lies where only special programs look.

    Raises:
        SourceError: It is such a one.
    """
    largest, hidden, maker = 0, 0, ""
    for directory, is_page in _directories(data):
        maker = maker or str(directory.get(_MAKE, "")).strip("\0 ")
        if _DNG_VERSION in directory or directory.get(_PHOTOMETRIC) in _SENSOR_COLORS:
            raise raw_error(name, maker)
        if _is_full(directory):
            area = _number(directory.get(_WIDTH)) * _number(directory.get(_HEIGHT))
            largest, hidden = (max(largest, area), hidden) if is_page else (largest, max(hidden, area))
    if hidden and not largest:
        raise SourceError(f"{name} keeps its full picture outside of its pages (SubIFD); save it as a plain TIFF or PNG")


def choose_page(picture: Pillow.Image) -> int:
    """Go to the largest full page: not to a thumbnail, nor to a mask of another page.

    Args:
        picture: An open TIFF of Pillow's.

    Returns:
        How many full pages there are.
    """
    ranks: list[tuple[bool, int, int]] = []
    for page in range(min(getattr(picture, "n_frames", 1), _MOST_PAGES)):
        try:
            picture.seek(page)
        except Exception:  # noqa: BLE001 - a damaged chain of pages; those before it are there
            break
        # Of pages of one size the first is taken.
        ranks.append((_is_full(picture.tag_v2), picture.size[0] * picture.size[1], -page))  # type: ignore[attr-defined]
    picture.seek(-max(ranks)[2])
    return sum(is_full for is_full, _, _ in ranks)


def _is_full(directory: Any) -> bool:  # noqa: ANN401 - Pillow's directories are mappings of any values
    reduced = _number(directory.get(_SUBFILE)) & _REDUCED_OR_MASK
    return not reduced and _number(directory.get(_OLD_SUBFILE)) != 2


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _directories(data: bytes) -> Iterator[tuple[Any, bool]]:
    """The directories of a file that can be read, each with whether it is a page of its own or lies below one."""
    start = data[:16] if data[2:3] == b"\x2b" or data[3:4] == b"\x2b" else data[:8]
    try:
        waiting, seen = [(int(ImageFileDirectory_v2(start).next), True)], {0}
    except Exception:  # noqa: BLE001 - no TIFF after all
        return
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
        yield directory, is_page
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
