"""Colour profiles of photos: what a picture's numbers mean, brought to sRGB by LittleCMS; HDR by libav's tone mapping."""

import functools
import io
import re
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction

import av
import av.error
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, ImageCms, ImageFilter
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from streamstyle.media.heif import meta_box
from streamstyle.media.libav import HDR_TRANSFERS, ToneMap

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
_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
WIDE_PRIMARIES = {
    9: (((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)), _D65),
    11: (_P3, (0.314, 0.351)),
    12: (_P3, _D65),
}
"""Primaries far from those of sRGB, by their numbers in ITU-T H.273 -> chromaticities of red, green and blue; of white."""
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
"""Transfers, by their numbers in ITU-T H.273, that are no curve like sRGB's."""


_USUAL_PEAK, _LEAST_PEAK, _MOST_PEAK = 1000, 100, 10_000
_PNG = b"\x89PNG\r\n\x1a\n"
_GRID = 65
"""Levels of each channel that the table of a tone mapping has, which is linear in between."""


def told_colors(picture: Pillow.Image, data: bytes) -> tuple[int, int]:
    """What a file without an ICC profile says of its colours (`nclx` of HEIC and AVIF, `cICP` of PNG).

    Args:
        picture: Open.
        data: Its file.

    Returns:
        Primaries and transfer by their numbers in ITU-T H.273; 2, 2 if the file does not say.
    """
    if picture.format == "PNG":
        place = data.find(b"cICP", 0, data.find(b"IDAT"))
        return (data[place + 4], data[place + 5]) if place >= 0 else (2, 2)
    if picture.info.get("icc_profile"):
        return 2, 2
    said = picture.info.get("nclx_profile")
    if said:
        return int(said["color_primaries"]), int(said["transfer_characteristics"])
    if picture.format != "AVIF":
        return 2, 2
    try:
        with av.open(io.BytesIO(data)) as container:
            context = container.streams.video[0].codec_context
            return int(context.color_primaries), int(context.color_trc)
    except (av.error.FFmpegError, OSError, ValueError, IndexError):
        return 2, 2


def told_peak(data: bytes) -> int | None:
    """How bright an HDR photo may get by its own words, in cd/m2: HEIC, AVIF and PNG; None where it does not say.

    As with videos the screen on which it was made counts; where only the brightest pixel is told, that does.

    Args:
        data: Its file.
    """
    if data.startswith(_PNG):
        head = data[: data.find(b"IDAT")]
        found = re.search(rb"mDCV.{16}(.{4})", head, re.DOTALL) or re.search(rb"cLLI(.{4})", head, re.DOTALL)
        return found and int.from_bytes(found[1]) // 10_000
    head = meta_box(data)
    if screen := re.search(rb"\0\0\0\x20mdcv.{16}(.{4})", head, re.DOTALL):
        return int.from_bytes(screen[1]) // 10_000
    brightest = re.search(rb"\0\0\0\x0cclli(..)", head, re.DOTALL)
    return brightest and int.from_bytes(brightest[1])


@functools.lru_cache(8)
def _tone_map(primaries: int, transfer: int, peak: int, shown_as: str) -> ImageFilter.Color3DLUT:
    """The tone mapping of libav as a table, made once: libav takes seconds to prepare it for each size of picture."""
    levels = np.linspace(0, 255, _GRID).round().astype(np.uint8)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    picture, said, file = np.stack([red, green, blue], -1).reshape(_GRID, -1, 3), PngInfo(), io.BytesIO()
    said.add(b"cICP", bytes([primaries, transfer, 0, 1]))
    Pillow.fromarray(picture).save(file, "PNG", pnginfo=said, compress_level=1)
    data = file.getvalue()
    if HDR_TRANSFERS[transfer] == "PQ":  # PyAV cannot give mastering data to a frame; libav's reader of PNG does
        corners, white = WIDE_PRIMARIES.get(primaries, (SRGB_PRIMARIES, _D65))
        points = [round(50_000 * value) for point in (*corners, white) for value in point]
        mastering = b"mDCV" + struct.pack(">8H2I", *points, 10_000 * peak, 0)
        place = data.index(b"IDAT") - 4  # Pillow does not write this kind of chunk
        chunk = struct.pack(">I", len(mastering) - 4) + mastering + struct.pack(">I", zlib.crc32(mastering))
        data = data[:place] + chunk + data[place:]
    with av.open(io.BytesIO(data), "r") as container:
        frame = next(container.decode(video=0))
    frame.time_base, frame.pts = Fraction(1, 1000), 0
    mapped = ToneMap(shown_as).apply(frame).to_ndarray(format="rgb24")
    return ImageFilter.Color3DLUT(_GRID, mapped.ravel() / np.float32(255))


def tone_mapped(
    picture: Pillow.Image, primaries: int, transfer: int, peak: int | None = None, shown_as: str = "iec61966-2-1"
) -> Pillow.Image:
    """An HDR picture for an ordinary screen.

    Args:
        picture: Of any mode that Pillow turns into RGB.
        primaries: As `told_colors` gives them.
        transfer: As `told_colors` gives it: of PQ or HLG.
        peak: How bright PQ may get, in cd/m2; where that is not told, or cannot be, 1000, as which nearly all is made.
        shown_as: Transfer of the result, as libav calls it: sRGB's, or `bt709`.

    Returns:
        Of mode RGB.
    """
    nits = peak if peak and _LEAST_PEAK <= peak <= _MOST_PEAK else _USUAL_PEAK
    return picture.convert("RGB").filter(_tone_map(primaries, transfer, nits, shown_as))


def profile_of(picture: Pillow.Image, told: tuple[int, int] = (2, 2)) -> bytes | None:
    """The ICC profile of a picture, or one that says what the file says in other words; None for sRGB.

    Args:
        picture: Open.
        told: As `told_colors` gives it.
    """
    primaries, transfer = told
    if primaries in WIDE_PRIMARIES or transfer in _GAMMAS:
        return matrix_profile(*WIDE_PRIMARIES.get(primaries, (SRGB_PRIMARIES, _D65)), _GAMMAS.get(transfer))
    given = picture.info.get("icc_profile")
    if given:
        return bytes(given)
    try:
        if picture.format == "PNG" and (profile := _png_profile(picture)):
            return profile
        if picture.mode in {"RGB", "RGBA", "P"} and _is_adobe(picture):
            return matrix_profile(ADOBE_PRIMARIES, gamma=_ADOBE_GAMMA)
        return None
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


def matrix_profile(primaries: Sequence[_Point], white: _Point = _D65, gamma: float | None = 2.2) -> bytes:
    """An ICC profile of a display: for files that tell their colours in other words.

    Args:
        primaries: Chromaticities x, y of red, green and blue.
        white: Chromaticity x, y of white.
        gamma: Exponent from a picture's numbers to light; None for the curve of sRGB.

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
        curve = struct.pack(">8sIHxx", b"curv", 1, round(gamma * 256)) if gamma else _srgb_curve()
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


def _srgb_curve() -> bytes:
    """Source: IEC 61966-2-1."""
    levels = np.linspace(0, 1, 1024)
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return struct.pack(">8sI", b"curv", len(levels)) + (light * 65535).round().astype(">u2").tobytes()


def _xyz(point: _Point) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a profile is sRGB by another name: then the pixels stay as they are, to the level."""
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    probe = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(9, 81, 3)
    turned = ImageCms.applyTransform(Pillow.fromarray(probe), transform)
    return turned is not None and int(np.abs(np.asarray(turned).astype(int) - probe).max()) <= 1
