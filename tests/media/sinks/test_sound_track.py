"""Recordings of a file that plays live: its sound, in step with its frames."""

from fractions import Fraction

import av
import numpy as np
import pytest

from streamstyle.frame import Frame
from streamstyle.live.sinks import open_recording
from streamstyle.media.sources import open_live_source, open_source
from streamstyle.media.sources.paced import PacedSource
from streamstyle.media.sources.sound import RATE, FileSound, Round
from tests.clips import make_clip
from tests.media.sources.cameras.fakes import FakeClock


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds; silent but for a tone from 1.0 to 1.5 s, while the picture is white."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=44_100, layout="mono")
        for index in range(20):
            level = 255 if 10 <= index < 15 else 0
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(video.encode(frame))
        times = np.arange(2 * 44_100) / 44_100
        tone = (12_000 * np.sin(2 * np.pi * 440 * times) * ((times >= 1) & (times < 1.5))).astype(np.int16)
        for start in range(0, len(tone), 4410):
            piece = av.AudioFrame.from_ndarray(tone[None, start : start + 4410], format="s16", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = 44_100, start, Fraction(1, 44_100)
            container.mux(audio.encode(piece))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def loud(path):
    """Seconds in which sound is heard, to a fiftieth, and in which the picture is white."""
    with av.open(str(path)) as container:
        sound = [(frame.pts * frame.time_base, np.abs(frame.to_ndarray()).mean()) for frame in container.decode(audio=0)]
    with av.open(str(path)) as container:
        white = [float(frame.time) for frame in container.decode(video=0) if frame.to_ndarray(format="gray").mean() > 128]
    heard = [float(moment) for moment, level in sound if level > 0.02]
    return (min(heard), max(heard)), (min(white), max(white))


def recorded(clip, path, *, skip=0, loop=False, seconds=None):
    source = PacedSource(lambda: open_source(str(clip)), loop=loop, clock=FakeClock())
    sound = source.sound
    with open_recording(source.info, path, sound=sound) as sink:
        for index, frame in enumerate(source):
            if seconds is not None and frame.time >= seconds:
                break
            if index >= skip:
                sink.write(frame)
    source.close()


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
def test_the_sound_is_in_step(clip, tmp_path, ending):
    recorded(clip, tmp_path / f"out.{ending}")
    (begins, ends), (white, black) = loud(tmp_path / f"out.{ending}")
    assert begins == pytest.approx(white, abs=0.06)
    assert ends == pytest.approx(black + 0.1, abs=0.06)


def test_a_recording_that_begins_later_begins_in_the_middle_of_the_sound(clip, tmp_path):
    recorded(clip, tmp_path / "out.mp4", skip=8)
    (begins, _), (white, _) = loud(tmp_path / "out.mp4")
    assert white == pytest.approx(0.2, abs=0.01)
    assert begins == pytest.approx(0.2, abs=0.06)


def test_a_file_that_is_repeated_is_heard_again(clip, tmp_path):
    recorded(clip, tmp_path / "out.mp4", skip=17, loop=True, seconds=4)
    (begins, _), (white, _) = loud(tmp_path / "out.mp4")
    assert white == pytest.approx(1.3, abs=0.01)
    assert begins == pytest.approx(1.3, abs=0.06)


def test_sound_of_a_round_ends_where_the_next_one_begins(clip):
    rounds = [Round(Fraction(0), Fraction(0)), Round(Fraction(12, 10), Fraction(0))]
    until = Frame(np.zeros((2, 2, 3), np.uint8), 0, Fraction(2))
    pieces = list(FileSound(str(clip), rounds, Fraction(0)).until(until))
    ends = [moment + Fraction(samples.shape[1], RATE) for moment, samples in pieces]
    assert pieces[0][0] < Fraction(1, 10)
    assert abs(ends[-1] - 2) < Fraction(1, 5)
    assert any(abs(moment - Fraction(12, 10)) < Fraction(1, 100) for moment, _ in pieces)


def test_a_pause_leaves_picture_and_sound_in_step(clip, tmp_path):
    clock = FakeClock()
    source = PacedSource(lambda: open_source(str(clip)), loop=False, clock=clock)
    with open_recording(source.info, tmp_path / "out.mp4", sound=source.sound) as sink:
        for index, frame in enumerate(source):
            if index == 3:
                source.pause(on=True)
                clock.after(5.0, lambda: source.pause(on=False))
            sink.write(frame)
    (begins, _), (white, _) = loud(tmp_path / "out.mp4")
    assert white == pytest.approx(1.0, abs=0.06)
    assert begins == pytest.approx(1.0, abs=0.06)


def test_what_has_no_sound_gives_none(tmp_path):
    silent = make_clip(tmp_path / "silent.mp4", images=[np.zeros((48, 64, 3), np.uint8)] * 2)
    with open_live_source(str(silent)) as source:
        assert source.sound is None
    assert list(FileSound(str(silent), [Round(Fraction(0), Fraction(0))], Fraction(0)).until(Fraction(2))) == []
