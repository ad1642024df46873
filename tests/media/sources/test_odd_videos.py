"""Containers that cannot seek, clocks that run backwards, several videos, transparency, cropping, labels, HDR."""

import itertools
import os
import struct
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition

from streamstyle.errors import SourceError
from streamstyle.media.libav import ToneMap
from streamstyle.media.sinks.video import VideoSink
from streamstyle.media.sources import open_source, timecode
from streamstyle.media.sources.clock import Clock
from streamstyle.media.sources.video import VideoSource
from tests.clips import Audio, Tags, brightness, flat, make_clip, read_times

LONG = [brightness(i % 25, 32, 32) for i in range(150)]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("a.ts", "mpeg2video"), ("a.m2ts", "libx264"), ("a.mpg", "mpeg2video"), ("a.ogv", "libtheora")),
        *(("a.mkv", "libx264"), ("a.avi", "libx264")),
    ],
)
def test_seeking_lands_before_the_wanted_frame_in_every_container(tmp_path: Path, name: str, codec: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"no encoder {codec}")
    clip = make_clip(tmp_path / name, images=LONG, codec=codec, group=120)
    with VideoSource(str(clip)) as source:
        whole = [(frame.time, frame.image.mean()) for frame in source]
    for start in (Fraction(1, 25), Fraction(9, 2), Fraction(28, 5)):
        with VideoSource(str(clip), start) as source:
            found = [(frame.time, frame.image.mean()) for frame in source]
        assert source.warnings == []
        wanted = [(time, level) for time, level in whole if time - whole[0][0] >= start]
        assert [time for time, _ in found] == [time for time, _ in wanted]
        assert [level for _, level in found] == pytest.approx([level for _, level in wanted], abs=1)


@pytest.mark.parametrize("frames", [3, 20, 30])
def test_a_clock_that_runs_backwards_goes_on(tmp_path: Path, frames: int) -> None:
    part = make_clip(tmp_path / "1.ts", frames=frames, group=10)
    (tmp_path / "3.ts").write_bytes(part.read_bytes() * 3)
    with VideoSource(str(tmp_path / "3.ts")) as source:
        times = [frame.time for frame in source]
    assert [after - before for before, after in itertools.pairwise(times)] == [Fraction(1, 25)] * (3 * frames - 1)
    with VideoSource(str(tmp_path / "3.ts"), Fraction(frames + 1, 25)) as source:
        assert [frame.time for frame in source] == times[frames + 1 :]


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def later(seconds: int) -> dict[str, str]:
    return {"output_ts_offset": str(seconds)}


def test_a_clock_that_leaps_hours_ahead_goes_on_without_a_pause_and_says_so(tmp_path: Path) -> None:
    one = make_clip(tmp_path / "1.ts", images=LONG[:25], group=10, audio=[Audio()])
    other = make_clip(tmp_path / "2.ts", images=LONG[:25], group=10, audio=[Audio()], container_options=later(5 * 3600))
    clip = joined(tmp_path / "a.ts", one, other, one)
    with VideoSource(str(clip)) as source:
        frames = list(source)
    times = [frame.time for frame in frames]
    assert [after - before for before, after in itertools.pairwise(times)] == [Fraction(1, 25)] * 74
    assert len(source.warnings) == 1
    assert "jumps ahead (by 17999 s, after 1.0" in source.warnings[0]
    for start in (0, 30):
        since = None if start == 0 else times[start] - times[0]
        out = tmp_path / f"{start}.mkv"
        with VideoSource(str(clip), since) as source:
            sink = VideoSink(out, info=source.info, width=32, height=32, companion=str(clip), start=since)
            with sink:
                for frame in source:
                    sink.write(frame)
        assert [time - read_times(out)[0][0] for time in read_times(out)[0]] == [
            time - times[start] for time in times[start:]
        ]
        sounds = [moment for packets in read_times(out, "audio") for moment in packets]
        assert max(after - before for before, after in itertools.pairwise(sounds)) < Fraction(1, 5)
        assert sounds[-1] == pytest.approx(float(times[-1] - times[start]), abs=0.2)


def test_a_pause_of_the_picture_and_silence_beside_it_are_no_leaps(tmp_path: Path) -> None:
    one = make_clip(tmp_path / "1.ts", images=LONG[:100], rate=1, audio=[Audio()])
    other = make_clip(tmp_path / "2.ts", images=LONG[:2], rate=1, audio=[Audio()], container_options=later(130))
    clip = joined(tmp_path / "a.ts", one, other)
    with VideoSource(str(clip)) as source:
        with VideoSink(tmp_path / "a.mkv", info=source.info, width=32, height=32, companion=str(clip)) as sink:
            for frame in source:
                sink.write(frame)
        assert source.warnings == []
    (pictures,) = read_times(tmp_path / "a.mkv")
    (sounds,) = read_times(tmp_path / "a.mkv", "audio")
    assert pictures[-2] - pictures[0] == pytest.approx(130, abs=0.1)
    gap = max(after - before for before, after in itertools.pairwise(sounds))
    assert gap == pytest.approx(129, abs=0.5)


def test_the_second_part_of_a_joined_flv_comes_after_a_seek_too(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "1.flv", images=LONG[:20], group=10).read_bytes()
    (tmp_path / "2.flv").write_bytes(part + part[13:])  # a header of 9 bytes and the length of no tag before
    with VideoSource(str(tmp_path / "2.flv")) as source:
        times = [frame.time for frame in source]
    assert len(times) == 40
    for first in (12, 30):
        with VideoSource(str(tmp_path / "2.flv"), times[first] - times[0]) as source:
            assert [frame.time for frame in source] == times[first:]


def test_stamps_that_are_only_out_of_order_do_not_slow_the_clip_down(tmp_path: Path) -> None:
    order = [place for i in range(0, 24, 4) for place in (i, i + 3, i + 1, i + 2)]
    with av.open(str(make_clip(tmp_path / "a.mkv", frames=2))) as container:
        clock = Clock(container.streams.video[0])
    times = []
    for place in order:
        frame = av.VideoFrame(16, 16, "yuv420p")
        frame.pts, frame.time_base = 40 * place, Fraction(1, 1000)
        times.append(clock.time_of(frame))
    assert all(before < after for before, after in itertools.pairwise(times))
    assert times[-1] < Fraction(26, 25)


def test_of_several_videos_the_default_one_is_painted_and_said(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams = []
        for level in (0, 20):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.disposition = av.stream.Disposition.default if level else av.stream.Disposition(0)
            streams.append((stream, level))
        for stream, level in streams:
            for index in range(5):
                frame = av.VideoFrame.from_ndarray(brightness(level), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    with VideoSource(str(tmp_path / "a.mkv")) as source:
        assert next(iter(source)).image.mean() == pytest.approx(180, abs=3)
    assert len(source.warnings) == 1
    assert "2 videos; number 2" in source.warnings[0]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mov", "qtrle", "argb"),
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("a.mov", "png", "rgba"),
        ("a.webm", "libvpx-vp9", "yuva420p"),
    ],
)
def test_what_is_transparent_lies_over_white(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[:] = (200, 0, 0, 0)
    rgba[:, :32, 3] = 255
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        if codec == "libvpx-vp9":
            stream.metadata["alpha_mode"] = "1"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with VideoSource(str(tmp_path / name)) as source:
        image = list(source)[-1].image
    assert image[:, 40:].min() > 245
    assert image[10:38, 8:24, 0].mean() == pytest.approx(200, abs=12)
    assert image[10:38, 8:24, 1:].mean() < 25
    assert [line for line in source.warnings if "over white" in line] == source.warnings != []


def test_an_opaque_picture_with_an_alpha_plane_says_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mov", codec="png", pix_fmt="rgba")
    with VideoSource(str(clip)) as source:
        list(source)
    assert source.warnings == []


def test_what_the_container_crops_is_left_out(tmp_path: Path) -> None:
    bars = flat((0, 0, 0))
    bars[8:40, 4:60] = 200
    clip = make_clip(tmp_path / "a.mp4", images=[bars] * 3)
    (tmp_path / "cropped.mp4").write_bytes(with_clean_aperture(clip.read_bytes(), 56, 32))
    with VideoSource(str(tmp_path / "cropped.mp4")) as source:
        assert (source.info.width, source.info.height) == (56, 32)
        assert next(iter(source)).image.min() > 150


def with_clean_aperture(data: bytes, width: int, height: int) -> bytes:
    """An MP4 whose index lies at its end, with a `clap` box in its first sample's entry (ISO/IEC 14496-12, 12.1.4)."""
    box = struct.pack(">I4s8I", 40, b"clap", width, 1, height, 1, 0, 1, 0, 1)
    grown = bytearray(data)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        place = data.index(kind, data.index(b"moov")) - 4
        (size,) = struct.unpack_from(">I", data, place)
        struct.pack_into(">I", grown, place, size + len(box))
        end = place + size
    return bytes(grown[:end]) + box + bytes(grown[end:])


def test_labels_of_the_picture_are_read(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mov", frames=50, labels={"language": "fra", "timecode": "10:20:30:10"})
    with VideoSource(str(clip), Fraction(1)) as source:
        assert source.info.labels == {"language": "fra", "timecode": "10:20:31:10"}


@pytest.mark.parametrize(
    ("code", "rate", "seconds", "wanted"),
    [
        ("10:20:30:10", Fraction(25), 2, "10:20:32:10"),
        ("23:59:59:24", Fraction(25), Fraction(1, 25), "00:00:00:00"),
        ("00:00:59;29", Fraction(30000, 1001), Fraction(1001, 30000), "00:01:00;02"),
        ("00:09:59;29", Fraction(30000, 1001), Fraction(1001, 30000), "00:10:00;00"),
        ("01:00:00;00", Fraction(30000, 1001), Fraction(17982 * 1001, 30000), "01:10:00;00"),
        ("nonsense", Fraction(25), 2, "nonsense"),
    ],
)
def test_time_codes(code: str, rate: Fraction, seconds: Fraction, wanted: str) -> None:
    assert timecode.later(code, rate, Fraction(seconds)) == wanted


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_tone_mapped(transfer: int) -> None:
    levels, tone_map = [], ToneMap()
    for code in np.linspace(0, 1, 12):
        frame = av.VideoFrame(64, 48, "yuv420p10le")
        for place, plane in enumerate(frame.planes):
            level = 512 if place else round((16 + 219 * code) * 4)
            plane.update(np.full(plane.buffer_size // 2, level, "<u2").tobytes())
        frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 9, 9, transfer, 1
        levels.append(int(tone_map.apply(frame).to_ndarray(format="rgb24")[20, 20, 1]))
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert levels[-1] >= 250
    assert max(np.diff(levels)) < 70  # no clipping


def test_wide_colors_of_ordinary_brightness_become_those_of_ordinary_screens(tmp_path: Path) -> None:
    options = {
        "x265-params": "lossless=1:log-level=none:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc:range=limited"
    }
    clip = make_clip(
        tmp_path / "a.mp4",
        images=[flat((200, 100, 50))] * 12,  # of a few, x265 leaves the decoding times to chance
        codec="libx265",
        pix_fmt="yuv420p10le",
        matrix="bt2020",
        tags=Tags(matrix=9, primaries=9, transfer=14),
        options=options,
    )
    with VideoSource(str(clip)) as source:
        color = next(iter(source)).image[20, 20].astype(int)
    assert source.warnings == []
    assert color[0] > 215
    assert color[2] < 42
    assert np.abs(color - (224, 91, 34)).max() <= 4


def test_side_data_without_a_name_is_no_failure() -> None:
    assert SideDataType(31).name == "UNKNOWN_31"


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", frames=20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(clip.read_bytes()), daemon=True)
    writer.start()
    with open_source(str(pipe), start=Fraction(1, 5)) as source:
        assert len(list(source)) == 15
    writer.join(10)
    assert not writer.is_alive()
    with pytest.raises(SourceError, match="is a pipe"):
        open_source(str(pipe), may_be_pipe=False)


@pytest.mark.parametrize(("name", "codec", "sound"), [("a.mkv", "libx264", "aac"), ("a.wmv", "msmpeg4", "wmav2")])
@pytest.mark.parametrize("frames", [1, 12])
def test_a_picture_that_ends_before_its_sound_is_whole(
    tmp_path: Path, name: str, codec: str, sound: str, frames: int
) -> None:
    clip = make_clip(tmp_path / name, frames=frames, codec=codec, audio=[Audio(sound, seconds=3, rate=44_100)])
    with VideoSource(str(clip)) as source:
        assert len(list(source)) == frames
        assert source.warnings == []


def test_raw_dv_has_the_rate_of_its_frames_and_can_be_written(tmp_path: Path) -> None:
    images = [brightness(index, 720, 576) for index in range(3)]
    clip = make_clip(tmp_path / "a.dv", images=images, codec="dvvideo")
    with VideoSource(str(clip)) as source:
        info, frames = source.info, list(source)
    assert (info.frame_rate, info.frame_count) == (25, 3)
    out = tmp_path / "a.mp4"
    with VideoSink(out, info=info, width=720, height=576) as sink:
        for frame in frames:
            sink.write(frame)
    assert read_times(out) == [[Fraction(index, 25) for index in range(3)]]


def test_a_record_with_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as made:
        sound, cover = made.add_stream("aac", rate=48_000), made.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt, cover.disposition = 64, 48, "yuvj420p", Disposition.attached_pic
        made.mux(cover.encode(av.VideoFrame.from_ndarray(flat((200, 40, 40)), "rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), "fltp", "stereo")
        silence.sample_rate = 48_000
        made.mux([*sound.encode(silence), *sound.encode(None)])
    with pytest.raises(SourceError, match=r"holds no video \(only a cover, audio\)"):
        VideoSource(str(path))
