"""Cameras and virtual cameras, in every state, faked."""

import sys
import types
from fractions import Fraction
from pathlib import Path

import pytest

from streamstyle.doctor.checks import cameras, virtual_cameras
from streamstyle.media.sources.cameras.info import CameraInfo, CameraMode

v4l2 = pytest.importorskip("streamstyle.media.sources.cameras.v4l2", reason="V4L2 is of Linux", exc_type=ImportError)
from streamstyle.media.sources.cameras.v4l2 import VideoNode  # noqa: E402
from streamstyle.media.sources.cameras.v4l2_driver import CAPTURE, LOOPBACK, OUTPUT, Capability  # noqa: E402

WEBCAM = CameraInfo(0, "Webcam", "/dev/video0", modes=(CameraMode(640, 480, "YUYV", (Fraction(30),)),))
NO_PERMISSION = "permission denied; join the group that may: sudo usermod -aG video $USER, then log in again"


def loopback(flags=OUTPUT):
    what = Capability(LOOPBACK, "Studio", "", flags)
    return VideoNode(Path("/dev/video10"), "Studio", what, is_loopback=True)


def silent(number=0, obstacle="the device does not answer", **more):
    return VideoNode(Path(f"/dev/video{number}"), "Webcam", None, obstacle, **more)


@pytest.fixture
def linux(monkeypatch, tmp_path):
    """A Linux machine with some devices: those that the program lists, and all that the kernel knows."""

    def with_devices(*devices):
        listed = [device for device in devices if isinstance(device, CameraInfo)]
        nodes = [device for device in devices if isinstance(device, VideoNode)]
        monkeypatch.setattr(virtual_cameras.sys, "platform", "linux")
        monkeypatch.setattr(cameras.cameras, "SYSTEM", "Linux")
        monkeypatch.setattr(v4l2, "list_devices", lambda: listed)
        monkeypatch.setattr(v4l2, "video_nodes", lambda: nodes)
        monkeypatch.setattr(virtual_cameras, "MODULES", tmp_path)

    return with_devices


def test_a_camera_is_named_with_the_mode_that_it_would_be_asked_for(linux):
    linux(WEBCAM, loopback())
    (finding,) = cameras.findings()
    assert (finding.name, finding.state, finding.detail) == ("/dev/video0", "ok", "Webcam, 640x480 YUYV at 30 fps")


def test_no_camera_is_only_missing(linux):
    linux(loopback())
    (finding,) = cameras.findings()
    assert finding.state == "missing"
    assert "--device" in finding.remedy


def test_a_camera_that_may_not_be_used_names_the_group(linux):
    linux(CameraInfo(0, "Webcam", "/dev/video0", note=NO_PERMISSION), silent(obstacle=NO_PERMISSION))
    (finding,) = cameras.findings()  # the kernel's word on the same camera is not told again
    assert (finding.state, finding.detail) == ("failed", "Webcam: permission denied")
    assert "usermod -aG video" in finding.remedy


def test_a_camera_that_does_not_answer_is_a_failure(linux):
    linux(silent())
    (finding,) = cameras.findings()
    assert finding.state == "failed"
    assert "does not answer" in finding.detail
    assert "plug it in again" in finding.remedy


def test_a_second_device_of_a_webcam_and_a_virtual_camera_that_do_not_answer_are_not_told_as_cameras(linux):
    linux(silent(0), silent(1, is_first=False), silent(2, is_loopback=True))
    assert [finding.name for finding in cameras.findings()] == ["/dev/video0"]


def test_a_camera_of_the_host_that_a_container_was_not_given_is_only_missing(linux):
    linux(silent(is_absent=True))
    (finding,) = cameras.findings()
    assert finding.state == "missing"
    assert "--device /dev/video0" in finding.remedy


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_elsewhere_cameras_are_those_that_the_program_lists(monkeypatch, system):
    unnamed = CameraInfo(0, "camera 0", note="for its name: streamstyle install camera")
    monkeypatch.setattr(cameras.cameras, "SYSTEM", system)
    monkeypatch.setattr(cameras.cameras, "_enumerated", lambda: None)
    monkeypatch.setattr(cameras.cameras, "_probed", lambda: [unnamed])
    (finding,) = cameras.findings()
    assert (finding.name, finding.state, finding.remedy) == ("camera 0", "ok", unnamed.note)
    monkeypatch.setattr(cameras.cameras, "_enumerated", lambda: [CameraInfo(700, "OBS", "\\\\?\\usb", is_virtual=True)])
    (finding,) = cameras.findings()
    assert (finding.name, finding.detail) == ("camera 700", "OBS, virtual")
    monkeypatch.setattr(cameras.cameras, "_enumerated", list)
    (finding,) = cameras.findings()
    assert finding.state == "missing"
    assert "Privacy" in finding.remedy


def virtual():
    return {finding.name: finding for finding in virtual_cameras.findings()}


def test_a_virtual_camera_that_may_be_written_is_fine(linux):
    linux(VideoNode(Path("/dev/video0"), "Webcam", Capability("uvcvideo", "Webcam", "", CAPTURE)), loopback())
    finding = virtual()["/dev/video10"]
    assert finding.state == "ok"
    assert "exclusive_caps" in finding.detail
    assert "/dev/video0" not in virtual()


def test_a_virtual_camera_that_another_program_feeds_is_said_to_be_busy(linux):
    linux(loopback(CAPTURE))
    assert "another program writes" in virtual()["/dev/video10"].detail


def test_a_virtual_camera_without_exclusive_caps_is_a_warning(linux):
    linux(loopback(CAPTURE | OUTPUT))
    finding = virtual()["/dev/video10"]
    assert finding.state == "warning"
    assert "modprobe v4l2loopback exclusive_caps=1" in finding.remedy


@pytest.mark.parametrize(
    ("obstacle", "is_absent", "state", "remedy"),
    [
        (NO_PERMISSION, False, "failed", "usermod -aG video"),
        ("odd", False, "failed", "modprobe v4l2loopback"),
        ("it does not exist", True, "missing", "--device /dev/video10"),
    ],
)
def test_a_virtual_camera_that_cannot_be_written_says_why(linux, obstacle, is_absent, state, remedy):
    linux(silent(10, obstacle, is_absent=is_absent, is_loopback=True))
    finding = virtual()["/dev/video10"]
    assert finding.state == state
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("listing", "words", "remedy"),
    [
        (None, "no driver for one", "apt install v4l2loopback-dkms"),
        ("kernel/drivers/media/vivid.ko.xz:\n", "no driver for one", "apt install v4l2loopback-dkms"),
        ("updates/dkms/v4l2loopback.ko.xz: kernel/videodev.ko\n", "not loaded", "run: sudo modprobe v4l2loopback"),
    ],
)
def test_no_virtual_camera_says_what_to_load_or_install(linux, tmp_path, listing, words, remedy):
    linux(WEBCAM)
    release = tmp_path / virtual_cameras.platform.release()
    release.mkdir()
    if listing is not None:
        (release / "modules.dep").write_text(listing)
    finding = virtual()["v4l2loopback"]
    assert finding.state == "missing"
    assert words in finding.detail
    assert remedy in finding.remedy


def test_the_package_may_be_missing(monkeypatch):
    monkeypatch.setattr(virtual_cameras.importlib, "import_module", raising(ModuleNotFoundError("x", name="pyvirtualcam")))
    finding = virtual_cameras.package()
    assert finding.state == "missing"
    assert finding.remedy == "for a virtual camera run: streamstyle install virtual-camera"


def test_the_package_may_be_broken(monkeypatch):
    monkeypatch.setattr(virtual_cameras.importlib, "import_module", raising(ImportError("undefined symbol")))
    assert virtual_cameras.package().state == "failed"


def test_the_package_may_be_here(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", types.SimpleNamespace(__version__="0.15.0"))
    finding = virtual_cameras.package()
    assert (finding.state, finding.detail) == ("ok", "0.15.0")


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_the_virtual_camera_is_that_of_obs(monkeypatch, tmp_path, platform):
    monkeypatch.setattr(virtual_cameras.sys, "platform", platform)
    monkeypatch.setattr(virtual_cameras, "_OBS", {platform: (tmp_path / "OBS", "it")})
    finding = virtual()["OBS"]
    assert finding.state == "missing"
    assert "obsproject.com" in finding.remedy
    (tmp_path / "OBS").mkdir()
    assert virtual()["OBS"].state == "ok"


def raising(error):
    def call(_name):
        raise error

    return call
