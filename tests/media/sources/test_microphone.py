"""What microphones hear: in step with the picture, whatever their clocks do, and told in words where there is none."""

import sys
import time
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.live.sinks import open_recording
from streamstyle.media.sources import microphone
from streamstyle.media.sources.base import SourceInfo
from streamstyle.media.sources.microphone import ComputerMicrophone, Microphone, list_microphones

FRAMES_A_SECOND = 25
BLOCK_SECONDS = 0.02


def beeping(times):
    """A short beep in every second, in a quiet room, as it really sounds."""
    return humming(times) * is_on(times)


def humming(times):
    return (16_000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)


def is_on(moment):
    """Whether it beeps and flashes."""
    return (moment % 1 > 0.195) & (moment % 1 < 0.3)


def record(path, seconds, *, drift=0.0, rate=44_100, sound=beeping, paused_at=None):
    """A picture that flashes when it beeps; the microphone's clock goes wrong, and what it hears comes unevenly."""
    heard, noise = Microphone(), np.random.default_rng(0)
    info = SourceInfo("camera", 64, 48, Fraction(FRAMES_A_SECOND), None, None, Fraction(1, 1000), True)
    started, stopped, samples = 1000.0, 0.0, 0  # `time.monotonic()` when the show begins
    heard.begin(rate)
    with open_recording(info, path, sound=heard.sound_from) as sink:
        for index in range(seconds * FRAMES_A_SECOND):
            now = index / FRAMES_A_SECOND
            if paused_at is not None and now >= paused_at:
                stopped = 3.5
            while samples / rate / (1 + drift) < now + stopped:  # its clock is too fast by so much
                count = round(BLOCK_SECONDS * rate)
                numbers = samples + np.arange(count)
                moment = numbers[0] / rate / (1 + drift) + noise.uniform(0, 0.01)
                heard.hear(sound(numbers / rate / (1 + drift)), started + moment)
                samples += count
            level = 255 if is_on(now + stopped) else 0
            image = np.full((48, 64, 3), level, np.uint8)
            sink.write(Frame(image, index, Fraction(index, FRAMES_A_SECOND), captured_at=started + stopped + now))


def begins(times, levels, threshold):
    """When it is loud, or bright, after it was not."""
    loud = np.asarray(levels) > threshold
    return [float(times[index]) for index in np.flatnonzero(loud[1:] & ~loud[:-1]) + 1]


def heard_and_seen(path):
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    wave = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    times = float(frames[0].time) + np.arange(len(wave)) / 48_000
    step = 240
    levels = np.abs(wave[: len(wave) // step * step]).reshape(-1, step).max(1)
    with av.open(str(path)) as container:
        pictures = [(float(frame.time), frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    return begins(times[::step], levels, 0.15), begins(*zip(*pictures, strict=True), 128)


@pytest.mark.parametrize("drift", [0.0, 0.002, -0.002])
def test_after_half_a_minute_each_beep_is_still_heard_with_its_flash(tmp_path, drift):
    record(tmp_path / "out.mp4", 30, drift=drift)
    beeps, flashes = heard_and_seen(tmp_path / "out.mp4")
    assert len(beeps) == len(flashes) == 30
    assert max(abs(beep - flash) for beep, flash in zip(beeps, flashes, strict=True)) < 0.04


def test_what_is_corrected_is_not_heard(tmp_path):
    record(tmp_path / "out.mkv", 10, drift=0.001, sound=humming)
    with av.open(str(tmp_path / "out.mkv")) as container:
        wave = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])[4800:-4800]
    steepest = 0.49 * 2 * np.pi * 440 / 48_000
    assert np.abs(np.diff(wave)).max() < 1.2 * steepest
    assert abs(np.argmax(np.abs(np.fft.rfft(wave * np.hanning(len(wave))))) * 48_000 / len(wave) - 440) < 1


def test_a_file_that_was_paused_goes_on_in_step_with_the_microphone(tmp_path):
    record(tmp_path / "out.mp4", 8, paused_at=4.0)
    beeps, flashes = heard_and_seen(tmp_path / "out.mp4")
    for flash in flashes:
        assert min(abs(beep - flash) for beep in beeps) < 0.04


def devices(monkeypatch, names, **changes):
    """Stand in for PortAudio, with microphones of these names beside a loudspeaker."""
    rows = [{"name": "Loudspeaker", "max_input_channels": 0, "default_samplerate": 48_000.0}]
    rows += [{"name": name, "max_input_channels": 2, "default_samplerate": 44_100.0} for name in names]
    door = {"name": "ALSA", "devices": list(range(len(rows))), "default_input_device": len(rows) - 1}

    class InputStream:
        def __init__(self, **how):
            self.how = how

        def start(self):
            clock = SimpleNamespace(currentTime=0.0, inputBufferAdcTime=0.0)
            self.how["callback"](np.full((441, self.how["channels"]), 9000, np.int16), 441, clock, None)

        def close(self):
            self.how["callback"] = None

    usual = {
        "query_hostapis": lambda: (door,),
        "query_devices": lambda: rows,
        "default": SimpleNamespace(hostapi=0),
        "InputStream": InputStream,
    }
    monkeypatch.setitem(sys.modules, "sounddevice", SimpleNamespace(**usual | changes))


def test_a_microphone_is_chosen_by_number_and_by_a_part_of_its_name(monkeypatch):
    devices(monkeypatch, ["Webcam", "Studio Mic"])
    assert [one.name for one in list_microphones()] == ["Studio Mic", "Webcam"]
    for wanted, name in (("", "Studio Mic"), ("mic", "Studio Mic"), ("1", "Webcam"), ("webc", "Webcam")):
        one = ComputerMicrophone(wanted)
        assert one.info.name == name
        one.close()


def test_samples_are_placed_when_they_were_taken_also_where_the_driver_does_not_tell(monkeypatch):
    devices(monkeypatch, ["Webcam"])
    before = time.monotonic()
    one = ComputerMicrophone()
    now = Frame(np.zeros((2, 2, 3), np.uint8), 1, Fraction(100), captured_at=before + 100)
    first = Frame(now.image, 0, Fraction(0), captured_at=before)
    ((moment, samples),) = one.sound_from(first).until(now)
    assert float(moment) >= -0.0101
    assert samples.max() == pytest.approx(9000 / 32768 * 0.5**0.5, abs=0.02)  # one channel heard by two ears
    assert not one.is_silent
    monkeypatch.setattr(microphone.time, "monotonic", lambda: before + 10_000)
    assert one.is_silent


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("Mouth", "there is no microphone 'Mouth'; there is: 2 (Web), 1 (Webcam)"),
        ("We", "matches several"),
        ("7", "no microphone '7'"),
    ],
)
def test_a_microphone_that_is_not_there_is_told_with_those_that_are(monkeypatch, wanted, words):
    devices(monkeypatch, ["Webcam", "Web"])
    with pytest.raises(SourceError) as raised:
        ComputerMicrophone(wanted)
    assert words in str(raised.value)


def test_names_of_several_lines_are_told_in_one(monkeypatch):
    devices(monkeypatch, ["Headset (@System32\\drivers\\bthhfenum.sys,#2;%1 Hands-Free%0\r\n;(Ear))"])
    (one,) = list_microphones()
    assert str(one) == "1 (Headset (@System32\\drivers\\bthhfenum.sys,#2;%1 Hands-Free%0 ;(Ear)))"
    with pytest.raises(SourceError) as raised:
        ComputerMicrophone("a\nb")
    assert "\n" not in str(raised.value)


def test_a_computer_without_microphones_says_so(monkeypatch):
    devices(monkeypatch, [])
    with pytest.raises(SourceError, match="no microphone was found"):
        ComputerMicrophone()


def test_a_microphone_that_is_in_use_says_why(monkeypatch):
    def refuse(**_how):
        raise RuntimeError("Device unavailable [PaErrorCode -9985]")

    devices(monkeypatch, ["Webcam"], InputStream=refuse)
    with pytest.raises(SourceError, match="Webcam cannot be opened: Device unavailable"):
        ComputerMicrophone()


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ModuleNotFoundError("No module named 'sounddevice'"), "streamstyle install microphone"),
        (OSError("PortAudio library not found"), "sudo apt install libportaudio2"),
    ],
)
def test_what_is_missing_is_said_with_how_to_get_it(monkeypatch, failure, words):
    def refuse(_name):
        raise failure

    monkeypatch.setattr(microphone, "SYSTEM", "Linux")
    monkeypatch.setattr(microphone.importlib, "import_module", refuse)
    with pytest.raises(SourceError) as raised:
        list_microphones()
    assert words in str(raised.value)
