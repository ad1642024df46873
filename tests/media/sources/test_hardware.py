"""Decoding on devices: those that no test machine has are faked."""

from types import SimpleNamespace

import av
import numpy as np
import pytest

from streamstyle.media.sources import hardware, open_source, video
from streamstyle.media.sources.hardware import choices, choose
from streamstyle.media.sources.video import VideoSource
from tests.clips import make_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return str(make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=5))


@pytest.fixture
def gpu(monkeypatch):
    """A machine whose `cuda` device decodes H.264; the decoding itself is done by the CPU."""
    opened = []
    real = av.open

    def create(name, codec):
        if name != "cuda":
            raise NotImplementedError
        assert codec.name == "h264"

    class Device:
        def __init__(self, name, allow_software_fallback=False):
            self.name, self.fallback = name, allow_software_fallback

        def create(self, codec):
            create(self.name, codec)

    def spy(*arguments, hwaccel=None, **options):
        opened.append(hwaccel)
        return real(*arguments, **options)

    monkeypatch.setattr(hardware, "HWAccel", Device)
    monkeypatch.setattr(hardware, "hwdevices_available", lambda: ["qsv", "cuda", "drm"])
    monkeypatch.setattr(video.av, "open", spy)
    return opened


def frames(source):
    with source:
        return [frame.image for frame in source]


def test_off_asks_for_nothing(gpu, clip):
    frames(VideoSource(clip))
    assert gpu == [None]


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_a_device_that_decodes_is_taken_and_the_cpu_stands_by(gpu, clip, wanted):
    frames(open_source(clip, hwaccel=wanted))
    (device,) = gpu
    assert (device.name, device.fallback) == ("cuda", True)


def test_a_device_that_does_not_decode_this_file_is_told(gpu, clip):
    source = VideoSource(clip, hwaccel="cuda")
    assert len(frames(source)) == 5
    (warning,) = source.warnings
    assert warning.startswith("--hwaccel cuda: it does not decode h264")


def test_a_device_that_breaks_on_opening_is_told_and_the_cpu_decodes(gpu, clip, monkeypatch):
    spy = video.av.open

    def full(*arguments, hwaccel=None, **options):
        if hwaccel is not None:
            raise av.error.ExternalError(1, "no more sessions")
        return spy(*arguments, **options)

    monkeypatch.setattr(video.av, "open", full)
    source = VideoSource(clip, hwaccel="auto")
    assert len(frames(source)) == 5
    (warning,) = source.warnings
    assert "does not open" in warning


def test_auto_is_silent_where_nothing_decodes(monkeypatch, clip):
    monkeypatch.setattr(hardware, "_problem", lambda _name: "there is none")
    source = VideoSource(clip, hwaccel="auto")
    assert len(frames(source)) == 5
    assert source.warnings == []


def test_a_device_that_is_not_here_is_told_and_the_cpu_decodes_the_same(clip):
    device, problem = choose("cuda")
    if device is not None:
        pytest.skip("this machine decodes on a GPU")
    source = VideoSource(clip, hwaccel="cuda")
    got, wanted = frames(source), frames(VideoSource(clip))
    assert all(np.array_equal(one, other) for one, other in zip(got, wanted, strict=True))
    assert source.warnings == [problem]
    assert problem.startswith("--hwaccel cuda: ")
    assert problem.endswith("; the CPU decodes")


def test_every_device_of_this_build_can_be_asked_for(clip):
    assert {"off", "auto"} < set(choices()) or choices() == ("off", "auto")
    for wanted in choices():
        assert len(frames(VideoSource(clip, hwaccel=wanted))) == 5


def test_a_photo_needs_no_decoder(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    assert len(frames(open_source(str(tmp_path / "a.png"), hwaccel="auto"))) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (av.error.PermissionError(1, "Operation not permitted"), "there is no such device or driver"),
        (av.error.ExternalError(1, "Generic error in an external library"), "it does not start (generic error in an ext"),
        (NotImplementedError(), "this build of PyAV does not decode with cuda"),
    ],
)
def test_problems_are_put_in_words(monkeypatch, error, words):
    def refuse(_codec):
        raise error

    monkeypatch.setattr(hardware, "HWAccel", lambda _name: SimpleNamespace(create=refuse))
    device, problem = choose("cuda")
    assert device is None
    assert problem.startswith(f"--hwaccel cuda: {words}")
    assert problem.endswith("; the CPU decodes")
