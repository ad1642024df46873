"""Photos out."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.pictures import read_image
from streamstyle.media.sinks.image import IMAGE_SUFFIXES, ImageSink
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
