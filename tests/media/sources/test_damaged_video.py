"""Damaged files are read as far as they can be, and that is said."""

import itertools
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.frame import Frame, Image
from streamstyle.media.sources.video import VideoSource
from tests.clips import make_clip


def noise(count: int) -> list[Image]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(count)]


def read(path: Path) -> tuple[list[Frame], list[str]]:
    with VideoSource(str(path)) as source:
        return list(source), source.warnings


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi", "front.mp4"])
def test_truncated_file_is_read_up_to_the_cut(tmp_path: Path, name: str) -> None:
    options = {"movflags": "faststart"} if name == "front.mp4" else {}
    codec = "mpeg4" if name == "a.avi" else "libx264"
    clip = make_clip(tmp_path / name, images=noise(30), container_options=options, codec=codec)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 3 // 5])
    frames, warnings = read(clip)
    assert 10 < len(frames) < 25
    assert len(warnings) <= 1
    if name != "a.ts":  # a transport stream does not say how long it is
        assert "damaged" in warnings[0]


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_holes_in_the_middle_are_passed(tmp_path: Path, name: str) -> None:
    clip = make_clip(tmp_path / name, images=noise(40))
    data = bytearray(clip.read_bytes())
    rng = random.Random(3)
    middle = len(data) // 2
    for place in range(middle, middle + 3000):
        data[place] = rng.randrange(256)
    clip.write_bytes(data)
    frames, warnings = read(clip)
    assert len(frames) > 30
    times = [frame.time for frame in frames]
    assert all(before < after for before, after in itertools.pairwise(times))
    assert times[-1] >= Fraction(38, 25)
    assert len(warnings) <= 1


def test_nothing_but_damage_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", images=noise(10))
    data = bytearray(clip.read_bytes())
    start, end = data.find(b"mdat") + 4, data.find(b"moov") - 4
    data[start:end] = bytes(end - start)
    clip.write_bytes(data)
    with pytest.raises(SourceError, match="damaged"):
        VideoSource(str(clip))


def test_random_damage_never_crashes(tmp_path: Path) -> None:
    rng = random.Random(7)
    for name in ("a.mp4", "a.mkv"):
        data = make_clip(tmp_path / name, frames=12).read_bytes()
        for trial in range(12):
            broken = bytearray(data)
            for _ in range(20):
                broken[rng.randrange(len(broken))] = rng.randrange(256)
            path = tmp_path / f"{trial}{name}"
            path.write_bytes(broken)
            outcome = _outcome(path)
            assert outcome == "frames" or "\n" not in outcome


def _outcome(path: Path) -> str:
    try:
        frames, _ = read(path)
    except SourceError as error:
        return str(error)
    return "frames" if frames else "no frames and\nno error"
