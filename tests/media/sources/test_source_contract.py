"""What every source promises, asked of every source."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import Source
from streamstyle.media.sources.paced import PacedSource
from streamstyle.media.sources.synthetic import SyntheticSource
from tests.clips import Audio, Orientation, make_clip, pattern
from tests.media.sources.cameras.fakes import FakeClock


def _photo(folder: Path) -> Source:
    path = folder / "photo.png"
    cv2.imwrite(str(path), pattern(0, 61, 47)[:, :, ::-1])
    return open_source(str(path))


def _clip(name: str, **options: object) -> Callable[[Path], Source]:
    return lambda folder: open_source(str(make_clip(folder / name, **options)))  # type: ignore[arg-type]


SOURCES: dict[str, Callable[[Path], Source]] = {
    "mp4": _clip("a.mp4", audio=[Audio()]),
    "mkv": _clip("a.mkv", rate=Fraction(30000, 1001)),
    "webm": _clip("a.webm", codec="libvpx-vp9", width=65, height=49),
    "avi": _clip("a.avi", codec="mpeg4"),
    "ts": _clip("a.ts", interlaced=True),
    "raw": _clip("a.h264", container_format="h264"),
    "turned": _clip("turned.mp4", orientation=Orientation(90)),
    "odd": _clip("odd.mkv", codec="ffv1", pix_fmt="yuv420p", width=65, height=49),
    "trimmed": lambda folder: open_source(
        str(make_clip(folder / "t.mp4", frames=20)), start=Fraction(1, 5), end=Fraction(3, 5)
    ),
    "photo": _photo,
    "paced": lambda folder: PacedSource(lambda: _clip("a.mp4")(folder), loop=False, clock=FakeClock()),
    "synthetic": lambda folder: SyntheticSource(width=64, height=48, frames=5),
}


@pytest.fixture(params=SOURCES.values(), ids=list(SOURCES))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    opened: Source = request.param(tmp_path)
    return opened


def test_frames_are_numbered_timed_and_shaped_as_announced(source: Source) -> None:
    with source:
        frames = list(source)
    assert frames
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.time for frame in frames]
    assert all(isinstance(time, Fraction) for time in times)
    assert all(before < after for before, after in itertools.pairwise(times))
    for frame in frames:
        assert frame.image.shape == (source.info.height, source.info.width, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert frame.captured_at > 0
        assert frame.duration is None or frame.duration > 0
        assert (frame.time / source.info.time_base).denominator == 1
    assert source.warnings == []


def test_info_is_known_before_the_first_frame(source: Source) -> None:
    with source:
        info = source.info
    assert info.name
    assert info.width > 0
    assert info.height > 0
    assert info.time_base > 0
    assert info.sample_aspect_ratio > 0
    assert info.is_still or info.frame_rate


def test_frame_count_is_a_fair_estimate(source: Source) -> None:
    with source:
        count = len(list(source))
    assert source.info.frame_count is None or abs(source.info.frame_count - count) <= 1


def test_images_do_not_share_memory(source: Source) -> None:
    with source:
        frames = list(source)
    for before, after in itertools.pairwise(frames):
        assert not np.shares_memory(before.image, after.image)


def test_closing_stops_the_iteration(source: Source) -> None:
    iterator = iter(source)
    next(iterator)
    source.close()
    assert list(iterator) == []


def test_nothing_comes_from_a_closed_source(source: Source) -> None:
    source.close()
    source.close()
    assert list(source) == []


def test_it_is_iterated_once(source: Source) -> None:
    with source:
        assert list(source)
        assert list(source) == []
