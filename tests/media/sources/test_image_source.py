"""Photos in every usual format."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.frame import Image
from streamstyle.media.pictures import read_image
from streamstyle.media.sources import open_source
from streamstyle.media.sources.image import ImageSource
from tests.clips import flat, pattern

RGB = pattern(0, 61, 47)
BGR = np.ascontiguousarray(RGB[:, :, ::-1])


def store(path: Path, image: np.ndarray, *options: int) -> Path:
    ok, data = cv2.imencode(path.suffix, image, options)
    assert ok
    path.write_bytes(data.tobytes())
    return path


def with_exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with a minimal EXIF block put in front."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0\x2a" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def difference(image: Image, wanted: Image) -> float:
    assert image.shape == wanted.shape
    return float(np.abs(image.astype(int) - wanted.astype(int)).mean())


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [(".png", 0), (".bmp", 0), (".tif", 0), (".ppm", 0), (".jpg", 6), (".webp", 6)]
)
def test_formats(tmp_path: Path, suffix: str, tolerance: float) -> None:
    image = read_image(store(tmp_path / f"a{suffix}", BGR))
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert difference(image, RGB) <= tolerance


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda image: image),
        (2, lambda image: image[:, ::-1]),
        (3, lambda image: np.rot90(image, 2)),
        (4, lambda image: image[::-1]),
        (5, lambda image: image.transpose(1, 0, 2)),
        (6, lambda image: np.rot90(image, -1)),
        (7, lambda image: np.rot90(image, 2).transpose(1, 0, 2)),
        (8, lambda image: np.rot90(image, 1)),
    ],
)
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, turn: object) -> None:
    path = store(tmp_path / "a.jpg", BGR, cv2.IMWRITE_JPEG_QUALITY, 100)
    path.write_bytes(with_exif_orientation(path.read_bytes(), orientation))
    assert difference(read_image(path), turn(RGB)) < 6  # type: ignore[operator]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    path = store(tmp_path / "a.png", BGR.astype(np.uint16) * 257)
    assert difference(read_image(path), RGB) == 0


def test_gray_becomes_rgb(tmp_path: Path) -> None:
    path = store(tmp_path / "a.png", np.ascontiguousarray(RGB[:, :, 0]))
    assert difference(read_image(path), np.repeat(RGB[:, :, :1], 3, axis=2)) == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_transparency_shows_white(tmp_path: Path, bits: int) -> None:
    bgra = np.dstack([BGR, np.full(BGR.shape[:2], 255, np.uint8)])
    bgra[:10, :, 3] = 0
    bgra[10:20, :, 3] = 128
    path = store(tmp_path / "a.png", bgra if bits == 8 else bgra.astype(np.uint16) * 257)
    image = read_image(path)
    assert difference(image[:10], flat((255, 255, 255), 61, 10)) == 0
    wanted = (RGB[10:20].astype(int) * 128 + 255 * 127) / 255
    assert np.abs(image[10:20] - wanted).max() <= 1
    assert difference(image[20:], RGB[20:]) == 0


def test_unicode_names(tmp_path: Path) -> None:
    assert difference(read_image(store(tmp_path / "Größe 漢字.png", BGR)), RGB) == 0


def test_a_photo_is_one_still_frame(tmp_path: Path) -> None:
    path = store(tmp_path / "a.png", BGR)
    with open_source(str(path)) as source:
        assert isinstance(source, ImageSource)
        assert source.info.is_still
        assert (source.info.width, source.info.height, source.info.frame_count) == (61, 47, 1)
        (frame,) = source
    assert frame.time == 0
    assert difference(frame.image, RGB) == 0


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_cut_short_photos_are_refused_or_read(tmp_path: Path, suffix: str) -> None:
    path = store(tmp_path / f"a{suffix}", np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceError, match=r"is not a picture that can be read|is damaged"):
        read_image(path)


def test_unreadable_things_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").touch()
    header = b"IHDR" + struct.pack(">IIBBBBB", 2_000_000, 2_000_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data = struct.pack(">I", 4) + b"IDAT" + bytes(8)
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + data)
    cases = {
        "missing.png": "does not exist",
        "text.png": "not a picture",
        "empty.png": "is empty",
        "huge.png": "too large",
    }
    for name, wanted in cases.items():
        with pytest.raises(SourceError, match=wanted) as failure:
            read_image(tmp_path / name)
        assert "\n" not in str(failure.value)
    with pytest.raises(SourceError, match=r"is a (folder|directory)"):
        read_image(tmp_path)
