"""Cameras and virtual cameras, in every state, faked."""

import sys
import types
from pathlib import Path

import pytest

from streamstyle.doctor.checks import cameras, virtual_cameras
from streamstyle.doctor.v4l2 import VideoDevice

CAMERA = VideoDevice(Path("/dev/video0"), "Webcam", "uvcvideo", captures=True)
METADATA = VideoDevice(Path("/dev/video1"), "Webcam", "uvcvideo")
LOOPBACK = VideoDevice(Path("/dev/video10"), "Studio", "v4l2 loopback", outputs=True)


@pytest.fixture
def linux(monkeypatch, tmp_path):
    """A Linux machine with some devices."""

    def with_devices(*devices):
        for module in (cameras, virtual_cameras):
            monkeypatch.setattr(module.sys, "platform", "linux")
            monkeypatch.setattr(module, "video_devices", lambda: list(devices))
        monkeypatch.setattr(virtual_cameras, "MODULES", tmp_path)

    return with_devices


def test_a_camera_is_named(linux):
    linux(CAMERA, METADATA, LOOPBACK)
    (finding,) = cameras.findings()
    assert (finding.name, finding.state, finding.detail) == (str(CAMERA.path), "ok", "Webcam (uvcvideo)")


def test_no_camera_is_only_missing(linux):
    linux(METADATA, LOOPBACK)
    (finding,) = cameras.findings()
    assert finding.state == "missing"


def test_a_camera_that_may_not_be_used_names_the_group(linux):
    linux(VideoDevice(Path("/dev/video0"), "Webcam", problem="no permission", group="video"))
    (finding,) = cameras.findings()
    assert finding.state == "failed"
    assert "usermod -aG video" in finding.remedy


def test_a_camera_that_does_not_answer_is_a_failure(linux):
    linux(VideoDevice(Path("/dev/video0"), "Webcam", problem="input/output error"))
    (finding,) = cameras.findings()
    assert finding.state == "failed"
    assert "input/output error" in finding.detail


@pytest.mark.parametrize(("platform", "name"), [("win32", "Windows"), ("darwin", "macOS"), ("freebsd14", "freebsd14")])
def test_elsewhere_it_is_said_that_cameras_are_not_looked_at(monkeypatch, platform, name):
    monkeypatch.setattr(cameras.sys, "platform", platform)
    (finding,) = cameras.findings()
    assert finding.state == "missing"
    assert f"not looked at on {name}" in finding.detail


def virtual():
    return {finding.name: finding for finding in virtual_cameras.findings()}


def test_a_virtual_camera_that_may_be_written_is_fine(linux):
    linux(CAMERA, LOOPBACK)
    finding = virtual()[str(LOOPBACK.path)]
    assert finding.state == "ok"
    assert "exclusive_caps" in finding.detail
    assert str(CAMERA.path) not in virtual()


def test_a_virtual_camera_that_another_program_feeds_is_said_to_be_busy(linux):
    linux(VideoDevice(Path("/dev/video10"), "Studio", "v4l2 loopback", captures=True))
    assert "another program writes" in virtual()["/dev/video10"].detail


def test_a_virtual_camera_without_exclusive_caps_is_a_warning(linux):
    linux(VideoDevice(Path("/dev/video10"), "Studio", "v4l2 loopback", captures=True, outputs=True))
    finding = virtual()["/dev/video10"]
    assert finding.state == "warning"
    assert "modprobe v4l2loopback exclusive_caps=1" in finding.remedy


@pytest.mark.parametrize(
    ("problem", "group", "remedy"), [("no permission", "video", "usermod -aG video"), ("odd", "", "modprobe v4l2loopback")]
)
def test_a_virtual_camera_that_cannot_be_written_is_a_failure(linux, problem, group, remedy):
    device = VideoDevice(Path("/dev/video10"), "Studio", "v4l2 loopback", problem=problem, group=group)
    finding = virtual_cameras.loopback(device)
    assert finding.state == "failed"
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
    linux(CAMERA)
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
    assert (finding.state, finding.remedy) == ("missing", "for a virtual camera run: pip install pyvirtualcam")


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
