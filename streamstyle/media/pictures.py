"""The one reader of photos: files, bytes and web addresses of any usual format become upright sRGB of eight bits.

The content of a file decides what it is, not its name. Sizes are read from the header before memory is taken.
"""

import io
import logging
import warnings as python_warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFile, ImageOps

from streamstyle.errors import SourceError
from streamstyle.frame import Image
from streamstyle.media import tiff
from streamstyle.media.damage import CUT_SHORT, completed, refuse_size
from streamstyle.media.exif import kept_exif
from streamstyle.media.heif import has_readable_items, without_alpha
from streamstyle.media.kinds import FORMATS, accepts, cannot_move, looks_like_photo, refuse_document
from streamstyle.media.libav import HDR_TRANSFERS
from streamstyle.media.places import quoted, read_bytes, refuse_web_page
from streamstyle.media.profiles import profile_of, to_srgb, told_colors, told_peak, tone_mapped
from streamstyle.media.resize import over_white

PICTURE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm"),
    *(".heic", ".heif", ".hif", ".avif", ".jp2"),
)
"""Endings by which photos are found in folders."""
_NOTHING_SHOWN = (
    "{} is damaged, cut short, or stored in a way that is not read here: nothing of it can be shown; get a whole copy, or "
    "save it as PNG or JPEG"
)

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its complaints would reach the terminal


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A photo, decoded.

    Attributes:
        color: (H, W, 3) uint8 sRGB, C-contiguous; white where nothing is to be seen, else as it is under `alpha`.
        alpha: (H, W) uint8, 0 where it is transparent; None where all of it is opaque.
        exif: What still holds for a painting of it: dates, author, place. Empty where nothing is known.
        warnings: What the user should know, a line each.
    """

    color: Image
    alpha: NDArray[np.uint8] | None = None
    exif: bytes = b""
    warnings: tuple[str, ...] = ()

    @property
    def over_white(self) -> Image:
        """(H, W, 3) uint8 sRGB: what is transparent laid over white."""
        return self.color if self.alpha is None else over_white(self.color, self.alpha)


def read_picture(place: str | Path) -> Picture:
    """Read a photo.

    Args:
        place: A path, `file://`, or an address of the web.

    Raises:
        SourceError: It is missing, unreadable, empty, too large, or no picture.
    """
    data = read_bytes(place)
    refuse_web_page(data[:4096], place)
    return decode_picture(data, quoted(place))


def read_image(place: str | Path) -> Image:
    """The pixels of a photo, (H, W, 3) uint8 sRGB, over white; raises as `read_picture`."""
    return read_picture(place).over_white


def decode_picture(data: bytes, name: str) -> Picture:
    """Decode the bytes of a photo.

    Args:
        data: A whole file; one that was cut short is decoded as far as it goes.
        name: What to call it in messages.

    Raises:
        SourceError: It is empty, too large, damaged, a camera's raw file, or no picture.
    """
    if not data:
        raise SourceError(f"{name} is empty; wanted a picture")
    with _quiet():
        notes: list[str] = []
        loaded = _load(completed(data), name, notes)
        if completed(data) is not data:
            notes = [CUT_SHORT.format(name)]
        if loaded.info.get("full_pages", 1) > 1:
            notes.append(f"{name} has {loaded.info['full_pages']} pages; the largest was used")
        color, alpha = _upright_parts(loaded, data, name, notes)
    return Picture(color, alpha, kept_exif(loaded), tuple(notes))


def kind_of(start: bytes, place: str | Path) -> str:
    """What the first bytes of a file, and the file where they need more, say that it is.

    Returns:
        `photo`, `animation` (a picture that moves), or `other`.

    Raises:
        SourceError: It is a camera's raw file, or a document.
    """
    tiff.refuse_raw(start, quoted(place))
    refuse_document(start, quoted(place))
    if not looks_like_photo(start):
        return "other"
    data = start if cannot_move(start) else read_bytes(place)
    with _quiet():
        try:
            header = _open(completed(data), quoted(place))
            moves = bool(getattr(header, "is_animated", False)) and header.format in {"GIF", "PNG", "WEBP", "AVIF"}
        except SourceError:
            return "photo"  # its own reader says what is wrong
        except Exception:  # noqa: BLE001 - as in _load
            return "photo"
    return "animation" if moves else "photo"


def open_animation(data: bytes, name: str) -> Pillow.Image:
    """A picture that moves, to be read frame by frame; raises SourceError where it cannot be."""
    with _quiet():
        return _open(completed(data), name)


# Opening: what it is, and whether it may be decoded.


def _open(data: bytes, name: str) -> ImageFile.ImageFile:
    """The picture with its header read, at the page that is to be painted."""
    tiff.refuse_raw(data[:64], name)
    known = False
    for form in FORMATS:
        if not accepts(form, data):
            continue
        known = True
        if form == "HEIF" and not has_readable_items(data):
            continue
        reader = pi_heif.HeifImageFile if form == "HEIF" else Pillow.OPEN[form][0]
        try:
            picture = tiff.open_page(data, name) if form == "TIFF" else reader(io.BytesIO(data), "")
        except SourceError:
            raise
        except Exception:  # noqa: BLE001 - decoders of foreign bytes raise whatever they like
            continue
        refuse_size(picture.width, picture.height, len(data), name)
        return picture
    if known:
        raise SourceError(_NOTHING_SHOWN.format(name))
    raise SourceError(
        f"{name} is not a picture that can be read; wanted JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, GIF or JPEG 2000"
    )


def _load(data: bytes, name: str, notes: list[str]) -> Pillow.Image:
    """Decode the pixels, as far as the file goes."""
    picture = _open(data, name)
    try:
        with tiff.silent(picture):
            picture.load()
    except MemoryError as error:
        raise SourceError(f"{name} does not fit into memory ({picture.size[0]}x{picture.size[1]} pixels)") from error
    except Exception as error:
        part = _load_part(data, name)
        if part is None:
            raise SourceError(_NOTHING_SHOWN.format(name)) from error
        notes.append(CUT_SHORT.format(name))
        return part
    return picture


def _load_part(data: bytes, name: str) -> Pillow.Image | None:
    """What there is of a picture that was cut short; None where that is nothing."""
    strict = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # Pillow knows no other way to ask for it
    try:
        picture = _open(without_alpha(data), name)
        with tiff.silent(picture):
            _load_what_is_whole(picture)
        extrema = picture.convert("RGB").getextrema()
    except Exception:  # noqa: BLE001 - decoders of foreign bytes raise whatever they like
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = strict
    return picture if any(low != high for low, high in extrema) else None  # type: ignore[misc]  # three pairs


def _load_what_is_whole(picture: ImageFile.ImageFile) -> None:
    try:
        picture.load()
    except OSError:
        picture.tile = []  # what was decoded before it failed is there: strips of a TIFF, or all that has pixels
        picture.load()


# Colours: any mode, depth and profile -> sRGB of eight bits, and transparency.


def _upright_parts(
    loaded: Pillow.Image, data: bytes, name: str, notes: list[str]
) -> tuple[Image, NDArray[np.uint8] | None]:
    told = told_colors(loaded, data)
    clear = loaded.info.get("transparency")
    if loaded.format == "PNG" and data[24] == 16 and isinstance(clear, tuple):
        loaded.info["transparency"] = tuple(level >> 8 for level in clear)  # as the pixels: Pillow keeps eight bits
    try:
        turned = ImageOps.exif_transpose(loaded)
    except Exception:  # noqa: BLE001 - of a damaged EXIF block; the picture itself is whole
        turned = loaded
    try:
        plain, mask = _split(turned or loaded)
        hdr = HDR_TRANSFERS.get(told[1])
        if hdr:
            notes.append(f"{name} is HDR ({hdr}); it is tone-mapped to the colors of ordinary screens")
            picture, problem = tone_mapped(plain, *told, told_peak(data)), None
        else:
            picture, problem = to_srgb(plain, profile_of(loaded, told))
    except MemoryError as error:
        raise SourceError(f"{name} does not fit into memory ({loaded.size[0]}x{loaded.size[1]} pixels)") from error
    except Exception as error:
        raise SourceError(f"{name} has pixels of a kind that cannot be read ({loaded.mode}); save it as PNG") from error
    if problem:
        notes.append(f"{name}: {problem}")
    color = np.array(picture, np.uint8)
    if mask is None:
        return color, None
    alpha = np.array(mask, np.uint8)
    if alpha.min() == 255:
        return color, None
    np.copyto(color, 255, where=(alpha == 0)[:, :, None])
    return color, alpha


def _split(picture: Pillow.Image) -> tuple[Pillow.Image, Pillow.Image | None]:
    """Colours and transparency apart, both of eight bits."""
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        levels, clear = np.asarray(picture), picture.info.get("transparency")
        mask = None if clear is None else Pillow.fromarray(np.where(levels == clear, 0, 255).astype(np.uint8))
        return Pillow.fromarray(_eight_bits(levels)), mask
    if picture.mode in {"RGBa", "La"}:
        picture = picture.convert("RGBA" if picture.mode == "RGBa" else "LA")
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.has_transparency_data:
        if picture.mode not in {"RGBA", "LA"}:
            picture = picture.convert("LA" if picture.mode == "L" else "RGBA")
        return picture.convert(picture.mode[:-1]), picture.getchannel("A")
    return (picture.convert("RGB") if picture.mode in {"P", "PA"} else picture), None


def _eight_bits(levels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Gray of 16 or 32 bits, or in floating point from 0 to 1, as 8 bits."""
    values = np.nan_to_num(levels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max(initial=0))
    if np.issubdtype(levels.dtype, np.floating):
        scale = 255.0 if highest <= 1 else 1.0 if highest <= 255 else 255 / highest
    else:
        scale = 1 / 257 if highest <= 65535 else 255 / highest
    return (values * scale + 0.5).clip(0, 255).astype(np.uint8)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of libraries; what matters is in our own warnings."""
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        yield
