"""Video devices as Linux shows them, in a made-up /sys and /dev."""

import errno
import os
import struct
from types import SimpleNamespace

import pytest

from streamstyle.doctor import v4l2
from streamstyle.doctor.v4l2 import VideoDevice, query, video_devices

pytestmark = pytest.mark.skipif(os.name == "nt", reason="V4L2 is of Linux")

CAPTURE, OUTPUT, META, DEVICE_CAPS = 0x1, 0x2, 0x00800000, 0x80000000


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Adds devices; what each answers is a tuple or an error."""
    answers = {}
    monkeypatch.setattr(v4l2, "SYSFS", tmp_path / "sys")
    monkeypatch.setattr(v4l2, "DEVICES", tmp_path / "dev")
    (tmp_path / "dev").mkdir()

    def ask(path):
        answer = answers[path.name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def add(number, name, answer, bus="platform"):
        real = tmp_path / "devices" / bus / f"video{number}"
        real.mkdir(parents=True)
        (real / "name").write_text(name + "\n")
        (tmp_path / "sys").mkdir(exist_ok=True)
        (tmp_path / "sys" / f"video{number}").symlink_to(real)
        (tmp_path / "dev" / f"video{number}").touch()
        answers[f"video{number}"] = answer

    monkeypatch.setattr(v4l2, "query", ask)
    return add


def test_a_system_without_v4l2_has_no_devices(tmp_path, monkeypatch):
    monkeypatch.setattr(v4l2, "SYSFS", tmp_path / "absent")
    monkeypatch.setattr(v4l2, "DEVICES", tmp_path / "absent")
    assert video_devices() == []


def test_devices_come_by_number_with_what_they_say(world, tmp_path):
    world(10, "virtual", ("v4l2 loopback", "Studio", OUTPUT), "virtual")
    world(2, "cam", ("uvcvideo", "", CAPTURE))
    first, second = video_devices()
    assert first == VideoDevice(tmp_path / "dev" / "video2", "cam", "uvcvideo", captures=True)
    assert second == VideoDevice(tmp_path / "dev" / "video10", "Studio", "v4l2 loopback", outputs=True)
    assert [device.is_loopback for device in (first, second)] == [False, True]


@pytest.mark.parametrize(("bus", "virtual"), [("usb", False), ("virtual", True)])
def test_a_device_that_may_not_be_asked_has_a_group_and_a_guess(world, bus, virtual):
    world(0, "cam", PermissionError(errno.EACCES, "Permission denied"), bus)
    (device,) = video_devices()
    assert device.problem == "no permission"
    assert device.group
    assert device.is_loopback is virtual


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "not here"),
        (OSError(errno.ENOTTY, "Inappropriate ioctl for device"), "inappropriate ioctl"),
    ],
)
def test_a_device_that_does_not_answer_says_why(world, error, words):
    world(0, "cam", error)
    (device,) = video_devices()
    assert words in device.problem
    assert not device.captures


def test_what_this_node_can_do_counts_before_what_its_hardware_can(tmp_path, monkeypatch):
    (tmp_path / "video1").touch()
    answer = struct.pack("16s32s32sIII12x", b"uvcvideo", b"Cam \xff", b"usb", 0, CAPTURE | META | DEVICE_CAPS, META)
    assert len(answer) == 104  # struct v4l2_capability

    def ioctl(_handle, request, buffer):
        assert request == 0x80685600  # VIDIOC_QUERYCAP
        buffer[:] = answer

    monkeypatch.setattr(v4l2, "fcntl", SimpleNamespace(ioctl=ioctl))
    assert query(tmp_path / "video1") == ("uvcvideo", "Cam \ufffd", META)


def test_a_file_that_is_no_device_is_an_error_of_the_system(tmp_path):
    (tmp_path / "video0").touch()
    with pytest.raises(OSError, match="ioctl"):
        query(tmp_path / "video0")
