"""Times, colors, sizes and codecs of written videos."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Image
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.video import VideoSource
from tests.clips import COLORS, flat, pattern


def write(
    path: Path,
    images: Sequence[Image] | None = None,
    *,
    times: Sequence[Fraction] | None = None,
    durations: Sequence[Fraction] | None = None,
    rate: Fraction = Fraction(25),
    time_base: Fraction | None = None,
    sample_aspect_ratio: Fraction = Fraction(1),
    **options: Any,
) -> VideoSink:
    images = [pattern(i, 64, 48) for i in range(len(times or range(10)))] if images is None else images
    height, width = images[0].shape[:2]
    info = SourceInfo(
        "test",
        width,
        height,
        frame_rate=rate,
        time_base=time_base or 1 / rate,
        sample_aspect_ratio=sample_aspect_ratio,
    )
    with VideoSink(path, info=info, width=width, height=height, **options) as sink:
        for index, image in enumerate(images):
            time = times[index] if times is not None else index / rate
            sink.write(Frame(image, index, time, durations[index] if durations else None))
    return sink


def read(path: Path) -> list[Frame]:
    with VideoSource(str(path)) as source:
        frames = list(source)
        assert source.warnings == []
    return frames


def boxes(path: Path) -> list[bytes]:
    data, found, place = path.read_bytes(), [], 0
    while place < len(data):
        found.append(data[place + 4 : place + 8])
        place += int.from_bytes(data[place : place + 4])
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v"])
def test_finished_mp4_is_an_ordinary_one_with_its_index_in_front(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"a{suffix}")
    kinds = boxes(tmp_path / f"a{suffix}")
    assert kinds[:2] == [b"ftyp", b"moov"]
    assert b"moof" not in kinds
    assert len(read(tmp_path / f"a{suffix}")) == 10


def test_fractional_rate_does_not_drift(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    write(tmp_path / "a.mp4", [flat((9, 9, 9), 16, 16)] * 3000, rate=rate)
    assert [frame.time for frame in read(tmp_path / "a.mp4")] == [i / rate for i in range(3000)]


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_variable_times_are_kept_exactly(tmp_path: Path, codec: str) -> None:
    stamps = [7000, 9000, 12345, 12346, 30000, 31000, 90000, 90003, 100000, 180000]
    times = [Fraction(stamp, 90_000) for stamp in stamps]
    write(tmp_path / "v.mp4", times=times, time_base=Fraction(1, 90_000), codec=codec)
    assert [frame.time for frame in read(tmp_path / "v.mp4")] == [time - times[0] for time in times]


@pytest.mark.parametrize("name", ["v.mkv", "v.webm"])
def test_matroska_keeps_times_to_the_millisecond(tmp_path: Path, name: str) -> None:
    times = [Fraction(i * 1001, 30000) for i in range(10)]
    write(tmp_path / name, times=times, rate=Fraction(30000, 1001))
    for frame, time in zip(read(tmp_path / name), times, strict=True):
        assert abs(frame.time - time) <= Fraction(1, 2000)


def test_last_frame_keeps_its_duration(tmp_path: Path) -> None:
    times = [Fraction(i, 25) for i in range(5)]
    durations = [Fraction(1, 25)] * 4 + [Fraction(2)]
    write(tmp_path / "d.mp4", times=times, durations=durations)
    assert read(tmp_path / "d.mp4")[-1].duration == 2
    with av.open(str(tmp_path / "d.mp4")) as container:
        assert container.duration == 2_160_000


@pytest.mark.parametrize("count", [25, 49, 73, 97, 98])
def test_no_frame_is_lost_where_the_last_one_was_encoded_before_others(tmp_path: Path, count: int) -> None:
    images = [pattern(i, 32, 32) for i in range(count)]
    times = [Fraction(round(1000 * i / 24), 1000) for i in range(count)]
    durations = [Fraction(41, 1000)] * count
    write(tmp_path / "b.mp4", images, times=times, durations=durations, rate=Fraction(24), time_base=Fraction(1, 1000))
    assert [frame.time for frame in read(tmp_path / "b.mp4")] == times


@pytest.mark.parametrize("tick", [Fraction(1, 12_800), Fraction(1, 1_000_000)])
def test_a_last_frame_that_is_hardly_shown_is_not_lost(tmp_path: Path, tick: Fraction) -> None:
    for after in (Fraction(1381, 12_800), Fraction(90_241, 1_000_000), Fraction(107_400, 1_000_000)):
        times = [Fraction(0), Fraction(1, 25), after // tick * tick]
        write(tmp_path / "s.mp4", times=times, durations=[Fraction(1, 25)] * 2 + [tick], time_base=tick, overwrite=True)
        assert [frame.time for frame in read(tmp_path / "s.mp4")] == times


@pytest.mark.parametrize(("name", "codec"), [("n.mp4", "h264"), ("n.mp4", "hevc"), ("n.mkv", "hevc"), ("n.mp4", "av1")])
def test_one_frame_or_two_are_a_video_too(tmp_path: Path, name: str, codec: str) -> None:
    for count in (1, 2) * 5:
        times = [Fraction(i, 25) for i in range(count)]
        write(tmp_path / name, times=times, codec=codec, overwrite=True)
        assert [frame.time for frame in read(tmp_path / name)] == times


@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_nanoseconds_with_long_pauses_are_kept_to_the_microsecond(tmp_path: Path, codec: str) -> None:
    nano = Fraction(1, 10**9)
    times = [moment * nano for moment in (0, 1, 2, 5 * 10**9 + 7, 15 * 10**9)]
    write(tmp_path / "n.mp4", times=times, time_base=nano, codec=codec)
    assert [round(frame.time * 10**6) for frame in read(tmp_path / "n.mp4")] == [0, 0, 0, 5 * 10**6, 15 * 10**6]


@pytest.mark.parametrize("name", ["r.webm", "r.mkv", "r.mp4"])
def test_a_clock_slower_than_the_announced_rate(tmp_path: Path, name: str) -> None:
    times = [Fraction(i) for i in range(5)]
    write(tmp_path / name, times=times, rate=Fraction(60), time_base=Fraction(1))
    assert [frame.time for frame in read(tmp_path / name)] == times


def test_hevc_too_narrow_for_its_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="at least 49 pixels across, got 48; choose"):
        write(tmp_path / "n.mp4", [flat((9, 9, 9), 48, 64)], codec="hevc")
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "n.mp4", [flat((9, 9, 9), 49, 64)], codec="hevc")


CONTAINERS = [
    ("mp4", "h264"),
    ("mov", "h264"),
    ("mp4", "hevc"),
    ("mp4", "av1"),
    ("mkv", "h264"),
    ("mkv", "vp9"),
    ("webm", "vp9"),
]


@pytest.mark.parametrize(("suffix", "codec"), CONTAINERS)
def test_every_frame_arrives_at_its_time_whatever_the_clock(tmp_path: Path, suffix: str, codec: str) -> None:
    rng = np.random.default_rng(20)
    path = tmp_path / f"w.{suffix}"
    exact = suffix in {"mp4", "mov"}
    for ticks_per_second in (Fraction(1000), Fraction(90_000), Fraction(25), Fraction(30_000, 1001), Fraction(10**6)):
        tick = 1 / ticks_per_second
        nominal = max(1, round(ticks_per_second / 25))
        for steps in ([nominal], [1, nominal, 2 * nominal], [1], [nominal] * 20 + [40 * nominal]):
            count = int(rng.integers(1, 40))
            beginning = int(rng.integers(0, 10**6))
            times = [(beginning + int(moment)) * tick for moment in np.cumsum([0, *rng.choice(steps, count - 1)])]
            durations = [int(rng.choice([1, nominal])) * tick for _ in times]
            still = pattern(0, 64, 48)
            images = [np.roll(still, 3 * i, axis=1) for i in range(count)]
            write(path, images, times=times, durations=durations, time_base=tick, codec=codec, overwrite=True)
            with av.open(str(path)) as container:
                arrived = [(frame.pts or 0) * tick_ for frame in container.decode(video=0) if (tick_ := frame.time_base)]
            assert len(arrived) == count, (tick, steps, count)
            for wanted, came in zip(times, arrived, strict=True):
                off = abs(wanted - times[0] - came)
                assert off <= (0 if exact else Fraction(1, 2000)), (tick, steps, count)


@pytest.mark.parametrize("name", ["c.mp4", "c.mkv", "c.webm", "c.mov"])
def test_flat_colors_survive(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, [flat(color) for color in COLORS.values() for _ in range(3)], crf=4)
    for (color, wanted), frame in zip(COLORS.items(), read(tmp_path / name)[1::3], strict=True):
        assert np.abs(frame.image.astype(int) - np.array(wanted)).max() <= 2, (color, frame.image[20, 20])


@pytest.mark.parametrize(
    ("name", "codec"), [("t.mp4", "h264"), ("t.mp4", "hevc"), ("t.mp4", "av1"), ("t.webm", "vp9"), ("t.mkv", "h264")]
)
def test_color_tags_are_written(tmp_path: Path, name: str, codec: str) -> None:
    write(tmp_path / name, codec=codec)
    with av.open(str(tmp_path / name)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert stream.codec_context.name.removeprefix("lib") in {codec, "dav1d"}
        assert (int(stream.color_primaries), int(stream.color_trc)) == (1, 1)
        assert (int(stream.colorspace), int(stream.color_range)) == (1, 1)
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
        assert stream.pix_fmt == "yuv420p"


@pytest.mark.parametrize(("name", "codec"), [("s.mp4", "h264"), ("s.mp4", "av1"), ("s.mkv", "h264"), ("s.webm", "vp9")])
def test_pixel_aspect_is_written_or_its_loss_said(tmp_path: Path, name: str, codec: str) -> None:
    sink = write(tmp_path / name, sample_aspect_ratio=Fraction(4, 3), codec=codec)
    with VideoSource(str(tmp_path / name)) as source:
        assert source.info.sample_aspect_ratio == (1 if codec == "vp9" else Fraction(4, 3))
    assert len(sink.warnings) == (codec == "vp9")


@pytest.mark.parametrize(
    ("name", "codec", "kept"),
    [("o.mp4", "h264", False), ("o.mp4", "hevc", False), ("o.mp4", "av1", True), ("o.webm", "vp9", True)],
)
def test_odd_sizes_are_kept_or_grow_by_one(tmp_path: Path, name: str, codec: str, kept: bool) -> None:
    images = [flat((200, 60, 20), 65, 49)] * 3
    sink = write(tmp_path / name, images, codec=codec, crf=4)
    frames = read(tmp_path / name)
    assert frames[0].image.shape == ((49, 65, 3) if kept else (50, 66, 3))
    assert np.abs(frames[1].image.astype(int) - images[0][0, 0]).max() <= 3
    assert bool(sink.warnings) != kept


def test_key_frames_come_every_two_seconds_in_closed_groups(tmp_path: Path) -> None:
    write(tmp_path / "k.mp4", [pattern(i, 64, 48) for i in range(120)])
    with av.open(str(tmp_path / "k.mp4")) as container:
        keys = [(packet.pts or 0) * packet.time_base for packet in container.demux(video=0) if packet.is_keyframe]
    assert all(after - before <= 2 for before, after in zip(keys, [*keys[1:], Fraction(24, 5)], strict=True))


def test_an_absurd_rate_does_not_make_endless_groups(tmp_path: Path) -> None:
    times = [Fraction(i, 25) for i in range(300)]
    write(
        tmp_path / "k.mp4", [flat((9, 9, 9), 32, 32)] * 300, times=times, rate=Fraction(1000), time_base=Fraction(1, 1000)
    )
    with av.open(str(tmp_path / "k.mp4")) as container:
        assert sum(packet.is_keyframe for packet in container.demux(video=0)) == 2


def test_hevc_in_mp4_is_tagged_for_apple(tmp_path: Path) -> None:
    write(tmp_path / "h.mp4", codec="hevc")
    with av.open(str(tmp_path / "h.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_h264_is_high_profile(tmp_path: Path) -> None:
    write(tmp_path / "h.mp4", codec="libx264")
    with av.open(str(tmp_path / "h.mp4")) as container:
        assert container.streams.video[0].codec_context.profile == "High"


@pytest.mark.parametrize(
    ("name", "codec", "wanted"),
    [("a.webm", "h264", "vp9"), ("a.mp4", "theora", "h264"), ("a.mov", "vp9", "h264"), ("a.xyz", None, ".mkv")],
)
def test_impossible_codecs_are_refused_with_the_choices(tmp_path: Path, name: str, codec: str | None, wanted: str) -> None:
    with pytest.raises(SinkError, match=wanted):
        write(tmp_path / name, codec=codec)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"crf": 99}, {"codec": "h264_nvenc"}, {"codec": "hevc", "crf": -7}])
def test_an_encoder_that_does_not_open_is_refused_at_once(tmp_path: Path, options: dict[str, Any]) -> None:
    try:
        write(tmp_path / "a.mp4", **options)
    except SinkError as error:
        assert "choose another --codec" in str(error)  # noqa: PT017 - with the right hardware there is no error
        assert list(tmp_path.iterdir()) == []
    else:
        assert len(read(tmp_path / "a.mp4")) == 10


def test_wrong_frames_are_refused(tmp_path: Path) -> None:
    info = SourceInfo("test", 64, 48, frame_rate=Fraction(25), time_base=Fraction(1, 25))
    with VideoSink(tmp_path / "w.mp4", info=info, width=64, height=48) as sink:
        sink.write(Frame(pattern(0, 64, 48), 0, Fraction(3)))
        with pytest.raises(SinkError, match=r"unexpected frame shape: .*\(48, 65, 3\).*\(48, 64, 3\)"):
            sink.write(Frame(pattern(0, 65, 48), 1, Fraction(4)))
        with pytest.raises(SinkError, match="float32"):
            sink.write(Frame(np.zeros((48, 64, 3), np.float32), 1, Fraction(4)))
        with pytest.raises(SinkError, match="must increase"):
            sink.write(Frame(pattern(0, 64, 48), 1, Fraction(3)))
        sink.write(Frame(pattern(1, 64, 48), 1, Fraction(4)))
    assert [frame.time for frame in read(tmp_path / "w.mp4")] == [0, 1]


def test_frames_need_not_be_contiguous(tmp_path: Path) -> None:
    write(tmp_path / "n.mp4", [flat((200, 60, 20), 128, 96)[::2, ::2]] * 3, crf=4)
    assert np.abs(read(tmp_path / "n.mp4")[0].image.astype(int) - (200, 60, 20)).max() <= 2


def test_unicode_names(tmp_path: Path) -> None:
    write(tmp_path / "Größe 漢字 %d.mp4")
    assert len(read(tmp_path / "Größe 漢字 %d.mp4")) == 10


def test_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    write(tmp_path / "a.mp4", overwrite=True)
    assert len(read(tmp_path / "a.mp4")) == 10


@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 47)])
def test_a_picture_that_comes_again_is_written_again(tmp_path: Path, width: int, height: int) -> None:
    """The same object, as repeated frames are: converted once, shown as often as it came."""
    first, second = flat((200, 60, 40), width, height), flat((40, 60, 200), width, height)
    pictures = [first, first, first, second, first]
    write(tmp_path / "a.mp4", pictures, crf=1)
    shown = [frame.image for frame in read(tmp_path / "a.mp4")]
    assert len(shown) == 5
    for before, after in zip(pictures, shown, strict=True):
        assert np.abs(after.astype(int) - before[0, 0]).max() <= 4  # the repeated row and column, too
