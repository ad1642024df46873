"""Times, orientation, trimming and refusals of video files."""

import gc
import itertools
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.sources import open_live_source, open_source
from streamstyle.media.sources.video import VideoSource
from tests.clips import Audio, Orientation, Subtitles, brightness, make_audio_only, make_clip, pattern


def read(path: Path, start: Fraction | None = None, end: Fraction | None = None) -> list[Frame]:
    with VideoSource(str(path), start, end) as source:
        return list(source)


def levels(frames: list[Frame]) -> list[int]:
    return [round(float(frame.image.mean())) for frame in frames]


def test_fractional_rate_keeps_exact_times(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", rate=Fraction(30000, 1001))
    assert [frame.time for frame in read(clip)] == [Fraction(1001 * i, 30000) for i in range(10)]
    with VideoSource(str(clip)) as source:
        assert source.info.frame_rate == Fraction(30000, 1001)


@pytest.mark.parametrize("name", ["v.mp4", "v.ts"])
def test_variable_rate_keeps_every_time_stamp(tmp_path: Path, name: str) -> None:
    pts = [9000, 12000, 15500, 16000, 30000, 31000, 32000, 50000, 60000, 90000]
    clip = make_clip(tmp_path / name, time_base=Fraction(1, 90_000), pts=pts, container_options={"muxdelay": "0"})
    times = [frame.time for frame in read(clip)]
    assert [time - times[0] for time in times] == [Fraction(stamp - 9000, 90_000) for stamp in pts]


def test_first_time_stamp_may_be_anywhere(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "late.mkv", time_base=Fraction(1, 1000), pts=[5000 + 40 * i for i in range(10)])
    with VideoSource(str(clip)) as source:
        assert [frame.time for frame in source] == [5 + Fraction(i, 25) for i in range(10)]
        assert source.info.duration == pytest.approx(0.4, abs=0.002)
        assert source.warnings == []


def test_b_frames_come_in_order_of_presentation(tmp_path: Path) -> None:
    options = {"preset": "medium", "bf": "3", "b_strategy": "0"}
    clip = make_clip(tmp_path / "b.mp4", images=[brightness(i) for i in range(20)], options=options, group=20)
    assert levels(read(clip)) == pytest.approx([20 + 8 * i for i in range(20)], abs=2)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_frames_without_time_stamps_get_them_from_the_rate(tmp_path: Path, codec: str) -> None:
    name, kind = ("a.h264", "h264") if codec == "libx264" else ("a.m4v", "m4v")
    clip = make_clip(tmp_path / name, codec=codec, container_format=kind, rate=25)
    times = [frame.time for frame in read(clip)]
    assert len(times) == 10
    assert [after - before for before, after in itertools.pairwise(times)] == [Fraction(1, 25)] * 9


def test_packed_b_frames_of_an_old_avi(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.avi", codec="mpeg4", options={"bf": "2"}, frames=12)
    assert len(read(clip)) == 12


def test_joined_recordings_go_on_in_time(tmp_path: Path) -> None:
    first = make_clip(tmp_path / "1.ts", frames=30, group=10)
    (tmp_path / "2.ts").write_bytes(first.read_bytes() * 2)
    times = [frame.time for frame in read(tmp_path / "2.ts")]
    assert len(times) == 60
    assert all(Fraction(0) < after - before < 1 for before, after in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (Orientation(90), lambda image: np.rot90(image, 1)),
        (Orientation(180), lambda image: np.rot90(image, 2)),
        (Orientation(270), lambda image: np.rot90(image, 3)),
        (Orientation(0, hflip=True), lambda image: image[:, ::-1]),
        (Orientation(0, vflip=True), lambda image: image[::-1]),
    ],
    ids=["90", "180", "270", "hflip", "vflip"],
)
@pytest.mark.parametrize("name", ["r.mp4", "r.mkv"])
def test_frames_stand_upright(tmp_path: Path, orientation: Orientation, turn: object, name: str) -> None:
    clip = make_clip(tmp_path / name, orientation=orientation, frames=2, sample_aspect_ratio=Fraction(4, 3))
    with VideoSource(str(clip)) as source:
        frame = next(iter(source))
        sideways = orientation.degrees in {90, 270}
        assert (source.info.width, source.info.height) == ((48, 64) if sideways else (64, 48))
        assert source.info.sample_aspect_ratio == (Fraction(3, 4) if sideways else Fraction(4, 3))
    wanted = turn(pattern(0, 64, 48)).astype(int)  # type: ignore[operator]
    assert np.abs(frame.image.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize(("name", "codec"), [("i.mkv", "libx264"), ("i.mp4", "libx264"), ("i.mpg", "mpeg2video")])
def test_interlaced_frames_lose_their_comb(tmp_path: Path, name: str, codec: str) -> None:
    images = []
    for i in range(8):  # an edge that moves by three pixels from field to field
        woven = np.zeros((48, 64, 3), np.uint8)
        woven[0::2, : 6 * i] = 200
        woven[1::2, : 6 * i + 3] = 200
        images.append(woven)
    clip = make_clip(tmp_path / name, images=images, interlaced=True, codec=codec)
    frames = read(clip)
    assert len(frames) == 8
    assert [frame.time - frames[0].time for frame in frames] == [Fraction(i, 25) for i in range(8)]
    assert {frame.duration for frame in frames[:-1]} == {Fraction(1, 25)}
    for i in (2, 4, 6):
        column = frames[i].image[10:38, 6 * i + 1, 0].astype(int)
        assert np.abs(np.diff(column)).max() < 60  # 200 between the fields


def test_progressive_stripes_are_left_alone(tmp_path: Path) -> None:
    stripes = brightness(0)
    stripes[1::2] = 180
    clip = make_clip(tmp_path / "p.mkv", images=[stripes] * 4)
    rows = read(clip)[2].image[10:38, :, 0].mean(axis=1)
    assert np.abs(np.diff(rows)).min() > 140


def test_trimming_is_exact_and_keeps_the_clock(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "t.mp4", images=[brightness(i) for i in range(25)], group=10, options={"bf": "3"})
    frames = read(clip, Fraction(13, 25), Fraction(18, 25))
    assert [frame.time for frame in frames] == [Fraction(i, 25) for i in range(13, 18)]
    assert [frame.index for frame in frames] == list(range(5))
    assert levels(frames) == pytest.approx([20 + 8 * i for i in range(13, 18)], abs=2)


@pytest.mark.parametrize("name", ["t.mkv", "t.ts", "t.mp4"])
def test_trimming_counts_from_the_clips_beginning(tmp_path: Path, name: str) -> None:
    pts = [90_000 * 7 + 3600 * i for i in range(100)]
    images = [brightness(i % 25) for i in range(100)]
    clip = make_clip(tmp_path / name, images=images, time_base=Fraction(1, 90_000), pts=pts, group=30)
    frames = read(clip, Fraction(2), Fraction(5, 2))
    assert levels(frames) == pytest.approx([20 + 8 * (i % 25) for i in range(50, 63)], abs=2)


def test_trimming_tells_the_estimates(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "t.mp4", frames=25)
    with VideoSource(str(clip), Fraction(1, 5), Fraction(3, 5)) as source:
        assert source.info.frame_count == 10
        assert source.info.duration == pytest.approx(0.4)


def test_an_end_without_a_start(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", images=[brightness(index) for index in range(10)])
    assert levels(read(clip, end=Fraction(4, 25))) == levels(read(clip))[:4]


def test_start_beyond_the_end_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "t.mp4")
    with pytest.raises(SourceError, match=r"ends before --start 9 s"):
        VideoSource(str(clip), Fraction(9))


def test_end_not_after_start_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "t.mp4")
    with pytest.raises(SourceError, match="end"):
        VideoSource(str(clip), Fraction(1, 5), Fraction(1, 5))


def test_size_change_is_fitted_into_the_first_and_said_once(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "1.h264", images=[brightness(3)] * 5, container_format="h264")
    large = make_clip(tmp_path / "2.h264", images=[brightness(9, 128, 96)] * 5, container_format="h264")
    joined = tmp_path / "joined.h264"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    with VideoSource(str(joined)) as source:
        frames = list(source)
    assert len(frames) == 10
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert levels(frames)[-1] == pytest.approx(20 + 8 * 9, abs=2)
    assert len(source.warnings) == 1
    assert "fitted into 64x48" in source.warnings[0]


def test_animated_gif(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.gif", codec="gif", pix_fmt="rgb8", rate=10)
    assert [frame.time for frame in read(clip)] == [Fraction(i, 10) for i in range(10)]


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    for cover in (False, True):
        path = make_audio_only(tmp_path / "song.m4a", cover=cover)
        with pytest.raises(SourceError, match="holds no video"):
            open_source(str(path))


def test_other_streams_do_not_disturb(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", audio=[Audio(), Audio("libopus")], subtitles=[Subtitles()])
    assert len(read(clip)) == 10


def test_unreadable_things_are_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is no film, whatever its name says\n" * 30)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    whole = make_clip(tmp_path / "whole.mp4")
    headless = tmp_path / "headless.mp4"
    headless.write_bytes(whole.read_bytes()[: whole.read_bytes().find(b"moov") - 4])
    cases = {
        tmp_path / "missing.mp4": "does not exist",
        text: "is not a video",
        empty: "is empty",
        headless: "is not a video",
        tmp_path: "is a folder",
    }
    for path, wanted in cases.items():
        with pytest.raises(SourceError, match=wanted) as failure:
            open_source(str(path))
        assert "\n" not in str(failure.value)
        assert failure.value.args[0][0] in "'abcdefghijklmnopqrstuvwxyz"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "secret.mp4")
    clip.chmod(0)
    with pytest.raises(SourceError, match="permission"):
        open_source(str(clip))


def test_refused_url(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        open_source("http://127.0.0.1:9/clip.mp4")


def test_rgb_is_made_of_a_frame_only_when_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr("streamstyle.frame._merged", lambda planes: made.append(planes.shape) or brightness(1))
    clip = str(make_clip(tmp_path / "a.mp4"))
    with open_live_source(clip) as live:
        frames = [*read(Path(clip)), *live]
    assert len(frames) == 20
    assert made == []
    assert frames[0].image is frames[0].image
    assert len(made) == 1


def test_a_picture_is_let_go_with_its_frame(tmp_path: Path) -> None:
    """Else a large video fills the memory between two rounds of Python's collector."""
    clip = make_clip(tmp_path / "a.mp4", images=[brightness(index % 20) for index in range(60)])
    gc.collect()
    gc.disable()
    try:
        with VideoSource(str(clip)) as source:
            held = max(sum(type(one) is av.VideoFrame for one in gc.get_objects()) for _ in source)
    finally:
        gc.enable()
    assert held < 20  # a decoder's threads hold some
