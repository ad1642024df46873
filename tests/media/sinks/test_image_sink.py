"""Photos out."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.pictures import read_image, read_picture
from streamstyle.media.resize import over_white
from streamstyle.media.sinks.image import IMAGE_SUFFIXES, ImageSink, check_size
from tests.clips import pattern

PHOTO = Frame(pattern(0, 61, 47), 0, Fraction(0))


@pytest.mark.parametrize("suffix", [*IMAGE_SUFFIXES, ".PNG"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Größe 漢字{suffix}"
    with ImageSink(path) as sink:
        sink.write(PHOTO)
    assert sink.destination == str(path)
    lossy = suffix in {".jpg", ".jpeg", ".webp"}
    assert np.abs(read_image(path).astype(int) - PHOTO.image).mean() <= (4 if lossy else 0)


def test_jpeg_keeps_the_color_of_single_pixels(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, ::2, 0] = 220
    image[:, 1::2, 2] = 220
    with ImageSink(tmp_path / "a.jpg") as sink:
        sink.write(Frame(image, 0, Fraction(0)))
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - image).mean() < 12


def test_one_photo_only(tmp_path: Path) -> None:
    with ImageSink(tmp_path / "a.png") as sink:
        sink.write(PHOTO)
        with pytest.raises(SinkError, match="takes one photo"):
            sink.write(PHOTO)


def test_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"\.png"):
        ImageSink(tmp_path / "a.doc")


def test_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with ImageSink(tmp_path / "a.png", overwrite=True) as sink:
        sink.write(PHOTO)
    assert np.array_equal(read_image(tmp_path / "a.png"), PHOTO.image)


ALPHA = np.repeat(np.linspace(0, 255, 61).astype(np.uint8)[None], 47, 0)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_what_is_transparent_stays_so(tmp_path: Path, suffix: str) -> None:
    with ImageSink(tmp_path / f"a{suffix}") as sink:
        sink.write(replace(PHOTO, alpha=ALPHA))
    assert sink.warnings == []
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, ALPHA)
    seen = ALPHA > 0
    assert np.abs(picture.color[seen].astype(int) - PHOTO.image[seen]).mean() <= (6 if suffix == ".webp" else 0)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_what_cannot_be_transparent_is_laid_over_white_and_that_is_said(tmp_path: Path, suffix: str) -> None:
    with ImageSink(tmp_path / f"a{suffix}") as sink:
        sink.write(replace(PHOTO, alpha=ALPHA))
    assert [line for line in sink.warnings if "over white" in line]
    image = read_image(tmp_path / f"a{suffix}")
    assert np.abs(image.astype(int) - over_white(PHOTO.image, ALPHA)).mean() <= 5
    assert (image[:, 0] > 245).all()


def test_transparency_follows_another_size(tmp_path: Path) -> None:
    with ImageSink(tmp_path / "a.png") as sink:
        sink.write(replace(PHOTO, picture=pattern(0, 122, 94), alpha=ALPHA))
    alpha = read_picture(tmp_path / "a.png").alpha
    assert alpha is not None
    assert np.abs(alpha[::2, ::2].astype(int) - ALPHA).max() < 6


def test_exif_goes_along_and_the_place_only_when_asked(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x8769] = {36867: "2020:05:06 07:08:09"}
    exif[0x8825] = {1: "N", 2: (48.0, 6.0, 0.0)}
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        for keep in (False, True):
            path = tmp_path / f"{keep}{suffix}"
            with ImageSink(path, exif=exif.tobytes(), keep_gps=keep) as sink:
                sink.write(PHOTO)
            with Pillow.open(path) as picture:
                found = picture.getexif()
                assert found.get_ifd(0x8769)[36867] == "2020:05:06 07:08:09"
                assert bool(found.get_ifd(0x8825)) == keep
            assert np.abs(read_image(path).astype(int) - PHOTO.image).mean() < 5


@pytest.mark.parametrize(("name", "width", "limit"), [("a.webp", 16384, "16383"), ("a.jpg", 65501, "65500")])
def test_the_limits_of_formats_are_one_line(tmp_path: Path, name: str, width: int, limit: str) -> None:
    with pytest.raises(SinkError, match=limit):
        check_size(tmp_path / name, width, 16)
    sink = ImageSink(tmp_path / name)
    with pytest.raises(SinkError, match=limit) as failure:
        sink.write(Frame(np.zeros((16, width, 3), np.uint8), 0, Fraction(0)))
    sink.abort()
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []
