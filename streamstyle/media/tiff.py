"""Which page of a TIFF is the picture, and which TIFFs are cameras' raw files."""

import io
from collections.abc import Iterator
from typing import Any

from PIL import Image as Pillow
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from streamstyle.errors import SourceError

_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC = 254, 255, 256, 257, 262
_MAKE, _SUB_DIRECTORIES, _DNG_VERSION = 271, 330, 50706
_SENSOR_COLORS = {32803, 34892}
_REDUCED_OR_MASK = 0b101
_MOST_PAGES = 1000


def raw_error(name: str, maker: str = "") -> SourceError:
    """What to say of a camera's raw file."""
    whose = f" ({maker})" if maker else ""
    return SourceError(
        f"{name} is a camera's raw file{whose}, which is not developed yet; export it as JPEG or TIFF first "
        "(the camera's program, darktable or RawTherapee do)"
    )


def choose_page(picture: Pillow.Image, data: bytes, name: str) -> None:
    """Go to the largest full page: not to a thumbnail, nor to a mask of another page.

    Args:
        picture: An open TIFF of Pillow's.
        data: The file.
        name: What to call it in messages.

    Raises:
        SourceError: It is a camera's raw file, or its full picture lies where only special programs look.
    """
    best: tuple[bool, int, int] | None = None
    hidden = 0
    for page in range(min(getattr(picture, "n_frames", 1), _MOST_PAGES)):
        try:
            picture.seek(page)
        except Exception:  # noqa: BLE001 - a damaged chain of pages; those before it are there
            break
        directory: Any = picture.tag_v2  # type: ignore[attr-defined]
        if _DNG_VERSION in directory or directory.get(_PHOTOMETRIC) in _SENSOR_COLORS:
            raise raw_error(name, str(directory.get(_MAKE, "")).strip("\0 "))
        for below in _sub_directories(directory, data):
            if below.get(_PHOTOMETRIC) in _SENSOR_COLORS:
                raise raw_error(name, str(directory.get(_MAKE, "")).strip("\0 "))
            hidden = max(hidden, _area(below) if _is_full(below) else 0)
        # Of pages of one size the first is taken.
        rank = _is_full(directory), picture.size[0] * picture.size[1], -page
        best = rank if best is None or rank > best else best
    if best is None:
        return
    if hidden > best[1] and not best[0]:
        raise SourceError(f"{name} keeps its full picture beside its pages (SubIFD); save it as a plain TIFF or PNG")
    picture.seek(-best[2])


def _is_full(directory: Any) -> bool:  # noqa: ANN401 - Pillow's directories are mappings of any values
    reduced = _number(directory.get(_SUBFILE)) & _REDUCED_OR_MASK
    return not reduced and _number(directory.get(_OLD_SUBFILE)) != 2


def _area(directory: Any) -> int:  # noqa: ANN401 - likewise
    return _number(directory.get(_WIDTH)) * _number(directory.get(_HEIGHT))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _sub_directories(directory: Any, data: bytes) -> Iterator[ImageFileDirectory_v2]:  # noqa: ANN401 - likewise
    offsets = directory.get(_SUB_DIRECTORIES, ())
    for offset in offsets if isinstance(offsets, tuple) else (offsets,):
        try:
            below = ImageFileDirectory_v2(data[:16] if data[2:3] == b"\x2b" or data[3:4] == b"\x2b" else data[:8])
            stream = io.BytesIO(data)
            stream.seek(offset)
            below.load(stream)
            yield below
        except Exception:  # noqa: BLE001 - a pointer into nowhere
            continue
