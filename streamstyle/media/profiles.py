"""Colour profiles of photos: what a picture's numbers mean, brought to sRGB by LittleCMS."""

import io
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, ImageCms
from PIL import Image as Pillow

_MODE_OF_SPACE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_D50 = (0.9642, 1.0, 0.8249)
# Bradford's matrix of the eye's cones.
_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_PRIVATE_IFD = 0x8769
_ADOBE_GAMMA = 563 / 256
_D65 = (0.3127, 0.329)
# IEC 61966-2-1 and Adobe RGB (1998), section 4.3: chromaticities of red, green and blue.
SRGB_PRIMARIES = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
ADOBE_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))


def profile_of(picture: Pillow.Image) -> bytes | None:
    """The ICC profile of a picture, or one that says what the file says in other words; None for sRGB."""
    given = picture.info.get("icc_profile")
    if given:
        return bytes(given)
    if picture.mode not in {"RGB", "RGBA", "P"}:
        return None
    try:
        if _is_adobe(picture):
            return matrix_profile(ADOBE_PRIMARIES, gamma=_ADOBE_GAMMA)
        return _png_profile(picture) if picture.format == "PNG" else None
    except Exception:  # noqa: BLE001 - of a damaged EXIF block or chunk; without it the picture is sRGB
        return None


def _is_adobe(picture: Pillow.Image) -> bool:
    """Whether a camera says Adobe RGB by its EXIF, as DCF has it, instead of by a profile."""
    exif = picture.getexif()
    exif.get_ifd(_PRIVATE_IFD)
    return str(exif.get_ifd(ExifTags.IFD.Interop).get(1, "")).strip("\0 ") == "R03"


def _png_profile(picture: Pillow.Image) -> bytes | None:
    """Of the chunks gAMA and cHRM; None where they say sRGB, as nearly all do."""
    gamma, chromaticity = picture.info.get("gamma"), picture.info.get("chromaticity")
    if not gamma or "srgb" in picture.info:
        return None
    points = list(zip(chromaticity[::2], chromaticity[1::2], strict=True)) if chromaticity else [_D65, *SRGB_PRIMARIES]
    if np.allclose(points[1:], SRGB_PRIMARIES, atol=5e-3) and abs(gamma - 1 / 2.2) < 0.01:
        return None
    return matrix_profile(points[1:], points[0], 1 / gamma)


def to_srgb(picture: Pillow.Image, profile: bytes | None) -> tuple[Pillow.Image, str | None]:
    """Bring a picture without transparency to sRGB.

    Args:
        picture: Of mode L, RGB, CMYK or LAB; any other that Pillow turns into RGB.
        profile: ICC; None for the usual meaning of the mode.

    Returns:
        The picture, of mode RGB, and what to tell the user if the profile could not be used.
    """
    if picture.mode not in _MODE_OF_SPACE.values():
        picture = picture.convert("RGB")
    if profile is None and picture.mode != "LAB":
        return picture.convert("RGB"), None
    try:
        given = io.BytesIO(profile) if profile else ImageCms.createProfile("LAB")
        source = ImageCms.ImageCmsProfile(given)
        space = source.profile.xcolor_space.strip()
        wanted = _MODE_OF_SPACE.get(space)
        if wanted == "RGB" and picture.mode == "L":
            picture = picture.convert("RGB")
        if wanted != picture.mode:
            return picture.convert("RGB"), f"its colour profile is for {space}, not for {picture.mode}; it was left out"
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), picture.mode, "RGB")
        if picture.mode == "RGB" and _changes_nothing(transform):
            return picture, None
        return ImageCms.applyTransform(picture, transform) or picture, None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture.convert("RGB"), "its colour profile is damaged; it was left out"


_Point = tuple[float, float]


def matrix_profile(primaries: Sequence[_Point], white: _Point = _D65, gamma: float = 2.2) -> bytes:
    """An ICC profile of a display: for files that tell their colours in other words.

    Args:
        primaries: Chromaticities x, y of red, green and blue.
        white: Chromaticity x, y of white.
        gamma: Exponent from a picture's numbers to light.

    Raises:
        ValueError: They are no colours.

    Source: ICC.1:2001-04, a monitor profile of three components; adapted to D50 by Bradford's transform.
    """
    try:
        corners = np.array([_xyz(point) for point in primaries]).T
        lit = corners * np.linalg.solve(corners, _xyz(white))
        cones = _CONES @ np.array(_D50) / (_CONES @ _xyz(white))
        columns = np.linalg.solve(_CONES, cones[:, None] * (_CONES @ lit)).T
        rows = [[round(float(value) * 65536) for value in row] for row in [*columns, _D50]]
        values = [struct.pack(">8s3i", b"XYZ ", *row) for row in rows]
        curve = struct.pack(">8sIHxx", b"curv", 1, round(gamma * 256))
    except (np.linalg.LinAlgError, ZeroDivisionError, struct.error, OverflowError) as error:
        raise ValueError("no colours of a display") from error
    text = b"display\0"
    words = struct.pack(">8sI", b"desc", len(text)) + text + bytes(78)
    legal = struct.pack(">8s", b"text") + b"none\0\0\0\0"
    named = [(b"rXYZ", values[0]), (b"gXYZ", values[1]), (b"bXYZ", values[2]), (b"wtpt", values[3])]
    named += [(b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve)]
    named += [(b"desc", words + bytes(-len(words) % 4)), (b"cprt", legal)]
    table, body, place = b"", b"", 128 + 4 + 12 * len(named)
    for name, content in named:
        table += struct.pack(">4sII", name, place + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s12s4s", place + len(body), b"", 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"", b"acsp")
    head += bytes(28) + struct.pack(">3i", *(round(value * 65536) for value in _D50)) + bytes(48)
    return head + struct.pack(">I", len(named)) + table + body


def _xyz(point: _Point) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a profile is sRGB by another name: then the pixels stay as they are, to the level."""
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    probe = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(9, 81, 3)
    turned = ImageCms.applyTransform(Pillow.fromarray(probe), transform)
    return turned is not None and int(np.abs(np.asarray(turned).astype(int) - probe).max()) <= 1
