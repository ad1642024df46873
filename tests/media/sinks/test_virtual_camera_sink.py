"""The virtual camera with a fake driver; a real device is in tests/devices."""

import sys
import types
from fractions import Fraction

import cv2
import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.resize import letterboxed
from streamstyle.media.sinks.virtual_camera import VirtualCameraSink, set_up_hint


@pytest.fixture
def driver(monkeypatch):
    """A module that behaves as pyvirtualcam does."""
    module = types.ModuleType("pyvirtualcam")
    module.opened = []

    class Camera:
        def __init__(self, width, height, fps, device, fmt):
            if device == "/dev/busy":
                raise RuntimeError("device /dev/busy is in use\nmore")
            self.shape, self.fps, self.fmt, self.device = (height * 3 // 2, width), fps, fmt, device or "/dev/video10"
            self.sent, self.closed, self.broken = [], False, False
            module.opened.append(self)

        def send(self, picture):
            if self.broken:
                raise RuntimeError("write failed")
            assert picture.shape == self.shape
            self.sent.append(picture)

        def close(self):
            self.closed = True

    module.Camera, module.PixelFormat = Camera, types.SimpleNamespace(I420="I420")
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
    return module


def frame(image, index=0):
    return Frame(image, index, Fraction(index, 25))


def test_a_colour_comes_out_as_bt601_limited(driver):
    sink = VirtualCameraSink(None, 64, 48, 30.0)
    sink.write(frame(np.full((48, 64, 3), (200, 60, 20), np.uint8)))
    camera = driver.opened[0]
    assert (sink.destination, camera.fps, camera.fmt) == ("/dev/video10", 30.0, "I420")
    planes = camera.sent[0].ravel()
    red, green, blue = 200 / 255, 60 / 255, 20 / 255
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    wanted = 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402
    got = planes[0], planes[64 * 48], planes[64 * 48 * 5 // 4]
    assert np.abs(np.array(got, float) - wanted).max() <= 1.5
    back = cv2.cvtColor(camera.sent[0], cv2.COLOR_YUV2RGB_I420)
    assert np.abs(back[0, 0].astype(int) - (200, 60, 20)).max() <= 3


def test_a_frame_of_another_size_is_fitted_with_its_shape_kept(driver):
    sink = VirtualCameraSink(None, 64, 48, 30.0)
    sink.write(frame(np.full((30, 120, 3), 255, np.uint8)))
    luma = driver.opened[0].sent[0][:48]
    assert luma[:15].max() <= 17
    assert luma[20:28].min() >= 230


def test_odd_sizes_become_even(driver):
    sink = VirtualCameraSink(None, 65, 49, 30.0)
    sink.write(frame(np.zeros((49, 65, 3), np.uint8)))
    assert driver.opened[0].shape == (72, 64)


def test_closing_releases_the_device_once(driver):
    sink = VirtualCameraSink("/dev/video3", 64, 48, 30.0)
    assert sink.destination == "/dev/video3"
    sink.close()
    sink.close()
    assert driver.opened[0].closed
    assert sink.destination is None


@pytest.mark.usefixtures("driver")
def test_a_device_that_cannot_be_opened_says_why_and_what_to_do():
    with pytest.raises(SinkError, match="in use") as caught:
        VirtualCameraSink("/dev/busy", 64, 48, 30.0)
    assert "\n" not in str(caught.value)
    assert set_up_hint() in str(caught.value)


def test_a_device_that_goes_away_is_an_error(driver):
    sink = VirtualCameraSink(None, 64, 48, 30.0)
    driver.opened[0].broken = True
    with pytest.raises(SinkError, match="is gone"):
        sink.write(frame(np.zeros((48, 64, 3), np.uint8)))


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(SinkError, match=r"streamstyle install virtual-camera"):
        VirtualCameraSink(None, 64, 48, 30.0)


@pytest.mark.parametrize(("platform", "words"), [("linux", "modprobe v4l2loopback"), ("darwin", "OBS"), ("win32", "OBS")])
def test_every_system_has_its_hint(platform, words):
    assert words in set_up_hint(platform)


def test_letterboxing_keeps_a_picture_that_fits():
    image = np.zeros((48, 64, 3), np.uint8)
    assert letterboxed(image, 64, 48) is image
