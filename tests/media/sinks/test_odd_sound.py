"""Sound of any codec and any number of channels comes along, is encoded anew, or is left out and said."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamstyle.frame import Frame
from streamstyle.media.libav import Resampler
from streamstyle.media.sinks import open_sink
from streamstyle.media.sinks.carriers import Channels
from streamstyle.media.sources import open_source
from streamstyle.media.sources.sound import RATE, FileSound, Round
from tests.clips import Audio, brightness, make_clip, pattern

ROOT = Path(__file__).parents[3]
CODECS = (
    *("aac", "ac3", "eac3", "mp2", "libmp3lame", "flac", "alac", "libvorbis", "libopus", "wavpack", "tta", "wmav2"),
    *("pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_u8", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms", "s302m"),
)
MORE_CODECS = ("opus", "adpcm_yamaha", "pcm_alaw", "pcm_s32le", "pcm_s16be", "pcm_bluray", "pcm_dvd")
KINDS = {"s302m": ".ts", "pcm_bluray": ".m2ts", "pcm_dvd": ".mpg", "adpcm": ".avi", "pcm": ".mov"}
LAYOUTS = ("mono", "stereo", "3.0", "5.1", "6.1", "7.1")
COPY = """
import json, sys
from pathlib import Path
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources import open_source
for name in json.loads(sys.argv[1]):
    for ending in (".mp4", ".webm"):
        with open_source(name) as source:
            info = source.info
            out = Path(name + ending)
            with open_sink(out, info=info, width=info.width, height=info.height, companion=name) as sink:
                for frame in source:
                    sink.write(frame)
        print(json.dumps([name, ending, sink.warnings]), flush=True)
"""


HEAR = """
import json, sys
from pathlib import Path
import av
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources import open_source
for name in json.loads(sys.argv[1]):
    for ending in (".mp4", ".mov", ".mkv", ".webm"):
        out = Path(name + ending)
        with open_source(name) as source:
            info = source.info
            with open_sink(out, info=info, width=info.width, height=info.height, companion=name) as sink:
                for frame in source:
                    sink.write(frame)
        heard = []
        for path in (name, str(out)):
            with av.open(path) as container:
                frames = list(container.decode(audio=0)) if container.streams.audio else []
                count = sum(frame.samples for frame in frames)
                heard.append([count / frames[0].sample_rate, frames[0].layout.nb_channels] if frames else None)
        print(json.dumps([name, ending, *heard, sink.warnings]), flush=True)
"""


def kind_for(codec: str) -> str:
    """The ending of a container that holds a codec."""
    return KINDS.get(codec, KINDS.get(codec.partition("_")[0], ".mkv"))


def make(path: Path, codec: str, layout: str) -> bool:
    """A short clip with a tone on each channel, one octave apart; False where the encoder does not take that many."""
    try:
        with av.open(str(path), "w") as container:
            video = container.add_stream("mpeg4", rate=25)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            audio = container.add_stream(codec, rate=48_000)
            audio.codec_context.layout = layout
            audio.codec_context.open()
            channels = av.AudioLayout(layout).nb_channels
            resampler = av.AudioResampler(
                format=audio.codec_context.format,
                layout=layout,
                rate=48_000,
                frame_size=audio.codec_context.frame_size or 1024,
            )
            for index in range(5):
                frame = av.VideoFrame.from_ndarray(brightness(index), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(video.encode(frame))
            seconds = np.arange(9600) / 48_000
            tones = np.stack([np.sin(2 * np.pi * 200 * (place + 1) * seconds) for place in range(channels)])
            packed = np.ascontiguousarray((tones * 0.5).astype(np.float32).T).reshape(1, -1)
            sound = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            sound.sample_rate, sound.pts, sound.time_base = 48_000, 0, Fraction(1, 48_000)
            for part in [*resampler.resample(sound), *resampler.resample(None)]:
                container.mux(audio.encode(part))
            for stream in (audio, video):
                container.mux(stream.encode(None))
    except (av.error.FFmpegError, ValueError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize("codec", CODECS)
def test_no_codec_and_no_layout_ends_the_run(tmp_path: Path, codec: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"no encoder {codec}")
    kind = kind_for(codec)
    names = [str(path) for layout in LAYOUTS if make(path := tmp_path / f"{layout}{kind}", codec, layout)]
    if not names:
        pytest.skip(f"{codec} is not written here")
    result = subprocess.run(
        [sys.executable, "-c", COPY, json.dumps(names)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert result.returncode == 0, result.stderr + result.stdout
    assert len(result.stdout.splitlines()) == 2 * len(names)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("codec", CODECS + MORE_CODECS)
def test_sound_of_any_codec_and_layout_is_heard_in_every_container_or_said_to_be_left_out(
    tmp_path: Path, codec: str
) -> None:
    kind = kind_for(codec)
    names = [str(path) for layout in LAYOUTS if make(path := tmp_path / f"{layout}{kind}", codec, layout)]
    if not names:
        pytest.skip(f"{codec} is not written here")
    result = subprocess.run(
        [sys.executable, "-c", HEAR, json.dumps(names)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1000
    )
    assert result.returncode == 0, result.stderr + result.stdout
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 4 * len(names)
    for name, ending, before, after, warnings in lines:
        if after is None:
            assert any("left out" in line for line in warnings), (name, ending)
        else:
            assert after[1] == before[1], (name, ending, warnings)
            assert after[0] == pytest.approx(before[0], abs=0.1), (name, ending, warnings)


def test_channels_in_an_order_of_their_own_get_into_the_usual_one(tmp_path: Path) -> None:
    assert make(tmp_path / "a.mov", "pcm_s24le", "7.1")  # QuickTime tells the sides before the backs
    subprocess.run([sys.executable, "-c", COPY, json.dumps([str(tmp_path / "a.mov")])], cwd=ROOT, check=True, timeout=100)
    with av.open(str(tmp_path / "a.mov.mp4")) as container:
        assert container.streams.audio[0].codec_context.layout.name == "7.1"
        packing = av.AudioResampler(format="flt", layout="7.1", rate=48_000)
        parts = [part for frame in container.decode(audio=0) for part in packing.resample(frame)]
        sound = np.concatenate([part.to_ndarray().reshape(-1, 8) for part in parts]).T
    for place in (0, 1, 2, 4, 5, 6, 7):  # the fourth is for low tones only
        loudest = np.abs(np.fft.rfft(sound[place, 2400:7200])).argmax() * 10
        assert loudest == pytest.approx(200 * (place + 1), abs=15)


@pytest.mark.parametrize(
    ("note", "count", "layout", "order"),
    [
        ("Audio: pcm_s24le, 48000 Hz, 8 channels (FL+FR+FC+LFE+SL+SR+BL+BR), s32", 8, "7.1", [0, 1, 2, 3, 6, 7, 4, 5]),
        ("Audio: aac (LC), 44100 Hz, stereo, fltp", 2, "stereo", None),
        ("Audio: pcm_s16le, 48000 Hz, 7 channels, s16", 7, "6.1", None),
        ("Audio: none (apac / 0x63617061), 44100 Hz, 2 channels, 67 kb/s", 2, "stereo", None),
        ("Audio: opus, 48000 Hz, ambisonic 1, fltp", 4, "4.0", None),
    ],
)
def test_channels_are_read_from_the_summary(note: str, count: int, layout: str, order: list[int] | None) -> None:
    channels = Channels.of(note)
    assert (channels.count, channels.layout, channels.order) == (count, layout, order)


def test_a_track_of_an_unknown_codec_is_left_out_and_said(tmp_path: Path) -> None:
    assert make(tmp_path / "a.mp4", "aac", "stereo")
    clip = tmp_path / "a.mp4"
    head, _, tail = clip.read_bytes().partition(b"mp4a")
    clip.write_bytes(head + b"apac" + tail.replace(b"esds", b"skip", 1))
    result = subprocess.run(
        [sys.executable, "-c", COPY, json.dumps([str(clip)])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    assert "its codec is not known" in json.loads(result.stdout.splitlines()[0])[2][0]


def switching(path: Path, *layouts: str) -> Path:
    """A broadcast of half a second in each layout of sound."""
    parts = b""
    for number, layout in enumerate(layouts):
        audio = Audio(seconds=0.52, start=Fraction(13 * number, 25), layout=layout)
        times = [13 * number + index for index in range(13)]
        images = [pattern(index, 64, 48) for index in times]
        part = make_clip(path.with_name(f"{number}.ts"), images=images, pts=times, codec="mpeg2video", audio=[audio])
        parts += part.read_bytes()
    path.write_bytes(parts)
    return path


@pytest.mark.parametrize("layouts", [("stereo", "5.1"), ("5.1", "stereo"), ("mono", "stereo")])
def test_sound_that_changes_its_channels_goes_on(tmp_path: Path, layouts: tuple[str, str]) -> None:
    clip = switching(tmp_path / "a.ts", *layouts)
    end = Frame(np.zeros((1, 1, 3), np.uint8), 0, Fraction(9))
    pieces = [samples for _, samples in FileSound(str(clip), [Round(Fraction(0), Fraction(0))], Fraction(0)).until(end)]
    assert {len(samples) for samples in pieces} == {2}
    heard = np.hstack(pieces)
    assert 1 < heard.shape[1] / RATE < 1.1
    assert np.abs(heard[:, -RATE // 4 :]).mean() > 0.03

    with (
        open_source(str(clip)) as source,
        open_sink(tmp_path / "a.webm", info=source.info, width=64, height=48, companion=str(clip)) as sink,
    ):
        for frame in source:
            sink.write(frame)
    with av.open(str(tmp_path / "a.webm")) as container:
        copied = np.hstack([frame.to_ndarray() for frame in container.decode(audio=0)])
    assert 1 < copied.shape[1] / RATE < 1.1
    assert np.abs(copied[:, -RATE // 4 :]).mean() > 0.03


def test_a_frame_with_impossible_channels_is_a_gap() -> None:
    resampler = Resampler("fltp", "stereo", RATE)

    def said(layout: str) -> list[str]:
        frame = av.AudioFrame(format="fltp", layout=layout, samples=1024)
        frame.sample_rate = RATE
        try:
            return [resampled.layout.name for resampled in resampler.resample(frame)]
        except (av.error.FFmpegError, ValueError):
            return []

    layouts = ("stereo", "50 channels", "50 channels", "stereo", "7.1", "stereo")
    assert [said(layout) for layout in layouts] == [["stereo"], [], [], ["stereo"], ["stereo"], ["stereo"]]
