"""A few frames of real clips, where they lie beside the repository."""

from fractions import Fraction
from pathlib import Path

import pytest

from streamstyle.media.sinks import open_sink
from streamstyle.media.sources.video import VideoSource
from tests.clips import read_packets, read_times

CLIPS = Path(__file__).parents[3].parent / "shared" / "data" / "clips"
NAMES = ("asl_book.mkv", "bbb_480p_30s.mp4", "bottle-detection.mp4")


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the real clips are not beside this repository")
@pytest.mark.parametrize("name", NAMES)
def test_real_clip_there_and_back(tmp_path: Path, name: str) -> None:
    clip = CLIPS / name
    if not clip.exists():
        pytest.skip(f"{name} is not there")
    with VideoSource(str(clip), Fraction(1, 2), Fraction(1)) as source:
        info, frames = source.info, list(source)
    assert source.warnings == []
    assert abs(len(frames) - (info.frame_count or 0)) <= 1
    out = tmp_path / "out.mp4"
    with open_sink(
        out,
        info=info,
        width=info.width,
        height=info.height,
        companion=str(clip),
        start=Fraction(1, 2),
        end=Fraction(1),
    ) as sink:
        for frame in frames:
            sink.write(frame)
    with VideoSource(str(out)) as result:
        written = list(result)
    assert [frame.time for frame in written] == [frame.time - frames[0].time for frame in frames]
    assert result.info.sample_aspect_ratio == info.sample_aspect_ratio
    for frame, original in zip(written[::5], frames[::5], strict=True):
        height, width = original.image.shape[:2]
        error = frame.image[:height, :width].astype(float) - original.image
        assert (error**2).mean() < 60
        assert abs(error.mean(axis=(0, 1))).max() < 1.5
    before, after = read_packets(clip, "audio"), read_packets(out, "audio")
    assert len(before) == len(after)
    for whole, part in zip(before, after, strict=True):
        assert part
        first = whole.index(part[0])
        assert whole[first : first + len(part)] == part
        moved = read_times(clip, "audio")[0][first] - read_times(out, "audio")[0][0]
        assert abs(moved - frames[0].time) <= Fraction(1, 1000)
