"""Which cameras there are, which one is meant, which mode suits: on made-up drivers."""

import errno
import os
import struct
import sys
import types
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import pytest

from streamstyle.errors import SourceError
from streamstyle.media.sources.cameras import listing as cameras
from streamstyle.media.sources.cameras import v4l2, v4l2_driver
from streamstyle.media.sources.cameras.info import CameraInfo, CameraMode
from streamstyle.media.sources.cameras.listing import (
    choose_camera,
    choose_mode,
    find_again,
    list_cameras,
    shortfall,
)
from tests.media.sources.cameras.fakes import WEBCAM_MODES, FakeCamera, FakeMachine, fake_machine

OUTPUT, METADATA, STREAMING = v4l2_driver.OUTPUT, 0x0080_0000, 0x0400_0000


class FakeDrivers:
    """/dev and sysfs as folders, and the kernel's answers to ioctl."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dev, self.sysfs = folder / "dev", folder / "sys"
        self.dev.mkdir()
        self.devices: dict[str, dict] = {}
        self._open = os.open
        monkeypatch.setattr(v4l2_driver, "ioctl", self._ioctl)
        monkeypatch.setattr(os, "open", self._open_or_refuse)

    def add(
        self, number: int, card: str, *, flags: int = v4l2_driver.CAPTURE, index: int = 0, opens: int = 0, **more: object
    ) -> Path:
        node = self.dev / f"video{number}"
        node.touch()
        entry = self.sysfs / node.name
        entry.mkdir(parents=True)
        (entry / "name").write_text(f"{card}\n")
        (entry / "index").write_text(f"{index}\n")
        self.devices[str(node)] = {
            "card": card,
            "flags": flags,
            "opens": opens,
            "formats": {},
            "driver": "uvcvideo",
            **more,
        }
        return node

    def list(self) -> list[CameraInfo]:
        return v4l2.list_devices(self.dev, self.sysfs)

    def _open_or_refuse(self, path: str, *rest: object, **more: object) -> int:
        code = self.devices.get(os.fspath(path), {}).get("opens")
        if code:
            raise OSError(code, os.strerror(code))
        return self._open(path, *rest, **more)  # type: ignore[arg-type]

    def _ioctl(self, device: int, request: int, data: bytearray) -> int:
        what = self.devices[str(Path(f"/proc/self/fd/{device}").readlink())]
        if "fails" in what:
            raise OSError(what["fails"], os.strerror(what["fails"]))
        if request == v4l2_driver.QUERYCAP:
            name, card, port = what["driver"].encode(), what["card"].encode(), f"usb-{what['card']}".encode()[:31]
            flags = what["flags"] | STREAMING
            everything = (
                flags | v4l2_driver.CAPTURE | METADATA | v4l2_driver.DEVICE_CAPS
            )  # of the whole camera, not of this node
            data[:] = struct.pack("=16s32s32s6I", name, card, port, 0, everything, flags, 0, 0, 0)
            return 0
        if request == v4l2_driver.REQBUFS:
            if what.get("busy"):
                raise OSError(errno.EBUSY, "busy")
            return 0
        if request == v4l2_driver.ENUM_FMT:
            index, kind = struct.unpack_from("=2I", data)
            code = self._item(list(what["formats"]), index)
            data[:] = struct.pack("=3I32s4sI3I", index, kind, 0, b"", code.encode(), 0, 0, 0, 0)
            return 0
        index, code = struct.unpack_from("=I4s", data)
        sizes = what["formats"][code.decode()]
        if request == v4l2_driver.ENUM_FRAMESIZES:
            size = self._item(list(sizes), index)
            if len(size) == 2:
                data[:] = struct.pack("=I4sI6I2I", index, code, 1, *size, 0, 0, 0, 0, 0, 0)
            else:
                data[:] = struct.pack("=I4sI6I2I", index, code, 3, *size, 0, 0)
            return 0
        width, height = struct.unpack_from("=2I", data, 8)
        rates = sizes.get((width, height)) or next(iter(sizes.values()))
        if isinstance(rates, tuple):  # any rate between two
            self._item([rates], index)
            data[:] = struct.pack("=I4s3I6I2I", index, code, width, height, 2, 1, rates[1], 1, rates[0], 1, 1, 0, 0)
            return 0
        rate = Fraction(self._item(rates, index))
        data[:] = struct.pack(
            "=I4s3I6I2I", index, code, width, height, 1, rate.denominator, rate.numerator, 0, 0, 0, 0, 0, 0
        )
        return 0

    @staticmethod
    def _item(items: list, index: int) -> object:
        if index >= len(items):
            raise OSError(errno.EINVAL, "end of list")
        return items[index]


@pytest.fixture
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDrivers:
    return FakeDrivers(tmp_path, monkeypatch)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    return fake_machine(monkeypatch)


# The list.


def test_a_machine_without_cameras_has_an_empty_list(tmp_path: Path) -> None:
    assert v4l2.list_devices(tmp_path / "none", tmp_path / "neither") == []
    assert isinstance(list_cameras(), list)  # and this machine, whatever it has


def test_modes_are_told_as_the_driver_tells_them(drivers: FakeDrivers) -> None:
    drivers.add(
        0,
        "HD Webcam",
        formats={"YUYV": {(640, 480): [15, 30]}, "MJPG": {(1280, 720): [30, Fraction(30000, 1001)]}, "H264": {(9, 9): [1]}},
    )
    (camera,) = drivers.list()
    assert (camera.index, camera.name, camera.port) == (0, "HD Webcam", "usb-HD Webcam")
    assert camera.uri.endswith("video0")
    assert camera.modes == (
        CameraMode(640, 480, "YUYV", (Fraction(30), Fraction(15))),
        CameraMode(1280, 720, "MJPG", (Fraction(30), Fraction(30000, 1001))),
    )
    assert str(camera.modes[1]) == "1280x720 MJPG at 30, 29.97 fps"


def test_of_drivers_that_scale_the_common_sizes_are_listed(drivers: FakeDrivers) -> None:
    drivers.add(0, "Scaler", formats={"YUYV": {(16, 1920, 2, 16, 1080, 2): (10, 60)}})
    (camera,) = drivers.list()
    assert {(mode.width, mode.height) for mode in camera.modes} == {
        *((320, 240), (640, 360), (640, 480), (1280, 720), (1920, 1080))
    }
    assert camera.modes[0].rates == (60, 30, 25, 15)


def test_what_gives_no_pictures_is_left_out(drivers: FakeDrivers) -> None:
    drivers.add(0, "Metadata", flags=METADATA)
    drivers.add(1, "Output", flags=OUTPUT)
    drivers.add(2, "Bare sensor", flags=v4l2_driver.CAPTURE_MPLANE | v4l2_driver.IO_MC)
    drivers.add(3, "Depth", formats={"Z16": {(640, 480): [30]}})
    drivers.add(4, "Gone", fails=errno.ENODEV)
    drivers.add(5, "Not V4L2", fails=errno.ENOTTY)
    drivers.add(10, "Tenth", formats={"YUYV": {(640, 480): [30]}})
    drivers.add(9, "Multi-planar", flags=v4l2_driver.CAPTURE_MPLANE, formats={"NV12": {(640, 480): [30]}})
    (drivers.dev / "video-old").touch()
    assert [camera.name for camera in drivers.list()] == ["Multi-planar", "Tenth"]


def test_a_camera_that_may_not_be_opened_is_listed_with_the_remedy(drivers: FakeDrivers) -> None:
    drivers.add(0, "HD Webcam: HD Webcam", opens=errno.EACCES)
    drivers.add(1, "HD Webcam: HD Webcam", opens=errno.EACCES, index=1)  # its metadata
    (camera,) = drivers.list()
    assert camera.name == "HD Webcam: HD Webcam"
    assert "permission denied" in camera.note
    assert "usermod -aG video" in camera.note


def test_a_virtual_camera_is_known_by_its_driver(drivers: FakeDrivers) -> None:
    drivers.add(0, "My scene", driver="v4l2 loopback", formats={"YUYV": {(640, 480): [30]}})
    assert drivers.list()[0].is_virtual


# What stands in the way.


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ({"opens": errno.EACCES}, "permission denied; join the group"),
        ({"opens": errno.EBUSY}, "it is in use by another program; close that first"),
        ({"opens": errno.ENODEV}, "it was unplugged"),
        ({"fails": errno.ENODEV}, "it was unplugged"),
        ({"fails": errno.ENOTTY}, "it is not a camera"),
        ({"busy": True}, "it is in use by another program; close that first"),
        ({"flags": OUTPUT}, "'X' is no capture device"),
        ({"flags": OUTPUT, "driver": "v4l2 loopback"}, "no program sends any"),
        ({"formats": {"Z16": {}}}, "it gives only Z16"),
    ],
)
def test_every_obstacle_has_its_words(drivers: FakeDrivers, device: dict, words: str) -> None:
    assert words in v4l2.obstacle(str(drivers.add(0, "X", **device)))


def test_nothing_stands_in_the_way_of_a_free_camera(drivers: FakeDrivers) -> None:
    assert v4l2.obstacle(str(drivers.add(0, "X", formats={"YUYV": {(640, 480): [30]}}))) == ""


def test_the_program_that_holds_the_camera_is_named(drivers: FakeDrivers) -> None:
    node = drivers.add(0, "X", busy=True)
    with node.open():
        assert "in use by this program itself" in v4l2.obstacle(str(node))


def test_what_is_no_device_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert v4l2.obstacle(str(tmp_path / "file")) == "it is not a camera"
    assert v4l2.obstacle(str(tmp_path)) == "it is a folder"
    assert v4l2.obstacle(str(tmp_path / "none")) == "it does not exist"


def test_all_video_devices_are_told_by_number_with_what_they_say(drivers: FakeDrivers, tmp_path: Path) -> None:
    drivers.add(10, "Studio", flags=OUTPUT, driver="v4l2 loopback")
    drivers.add(2, "Webcam")
    drivers.add(3, "Webcam", flags=METADATA, index=1)
    nodes = v4l2.video_nodes(drivers.dev, drivers.sysfs)
    assert [(node.path.name, node.name) for node in nodes] == [
        ("video2", "Webcam"),
        ("video3", "Webcam"),
        ("video10", "Studio"),
    ]
    what = [node.what for node in nodes if node.what is not None]
    assert [(each.captures, each.outputs) for each in what] == [(True, False), (False, False), (False, True)]
    assert [node.is_loopback for node in nodes] == [False, False, True]
    assert v4l2.video_nodes(tmp_path / "none", tmp_path / "neither") == []


def test_video_devices_that_cannot_be_asked_say_why(drivers: FakeDrivers) -> None:
    drivers.add(0, "Webcam", opens=errno.EACCES)
    drivers.add(1, "Webcam", fails=errno.EIO, index=1)
    drivers.add(2, "Host's").unlink()
    refused, ill, absent = v4l2.video_nodes(drivers.dev, drivers.sysfs)
    assert "usermod -aG" in refused.obstacle
    assert "does not answer" in ill.obstacle
    assert [(node.what, node.is_absent, node.is_first) for node in (refused, ill, absent)] == [
        (None, False, True),
        (None, False, False),
        (None, True, True),
    ]


@pytest.mark.parametrize(("bus", "virtual"), [("usb", False), ("virtual", True)])
def test_a_device_that_may_not_be_asked_is_virtual_where_no_hardware_is_behind_it(
    drivers: FakeDrivers, tmp_path: Path, bus: str, virtual: bool
) -> None:
    drivers.add(0, "Studio", opens=errno.EACCES)
    entry, real = drivers.sysfs / "video0", tmp_path / "devices" / bus / "video0"
    real.parent.mkdir(parents=True)
    entry.rename(real)
    entry.symlink_to(real)
    assert [node.is_loopback for node in v4l2.video_nodes(drivers.dev, drivers.sysfs)] == [virtual]
    assert [camera.is_virtual for camera in drivers.list()] == [virtual]


# Which one is meant.


@pytest.fixture
def three(machine: FakeMachine) -> FakeMachine:
    machine.plug(0, FakeCamera("OBS Virtual Camera"))
    machine.plug(2, FakeCamera("HD Pro Webcam C920", port="usb-1"))
    machine.plug(4, FakeCamera("HD Webcam", port="usb-2"))
    return machine


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        *[(None, 2), ("", 2), ("0", 0), ("4", 4), ("/dev/video4", 4), ("c920", 2), ("  C920 ", 2)],
        *[("HD WEBCAM", 4), ("obs", 0)],
    ],
)
def test_cameras_are_chosen_by_number_path_and_part_of_the_name(three: FakeMachine, wanted: str | None, index: int) -> None:
    assert choose_camera(wanted).index == index


@pytest.mark.parametrize("wanted", ["webcam", "hd"])
def test_an_ambiguous_name_lists_what_fits(three: FakeMachine, wanted: str) -> None:
    with pytest.raises(SourceError) as caught:
        choose_camera(wanted)
    assert "2: HD Pro Webcam C920 (/dev/video2), 4: HD Webcam (/dev/video4)" in str(caught.value)
    assert "OBS" not in str(caught.value)


@pytest.mark.parametrize("wanted", ["7", "logitech", "/dev/video7", "-1"])
def test_an_unknown_camera_lists_what_there_is(three: FakeMachine, wanted: str) -> None:
    with pytest.raises(SourceError, match=r"0: OBS Virtual Camera .*, 2: HD Pro Webcam C920 .*, 4: HD Webcam"):
        choose_camera(wanted)


def test_two_cameras_of_one_name_are_told_apart_by_number(machine: FakeMachine) -> None:
    machine.plug(0, FakeCamera(port="usb-1"))
    machine.plug(1, FakeCamera(port="usb-2"))
    with pytest.raises(SourceError, match="choose by number or path"):
        choose_camera("HD Webcam")
    assert choose_camera("1").port == "usb-2"


def test_no_camera_at_all_is_one_line_with_a_remedy(machine: FakeMachine) -> None:
    with pytest.raises(SourceError, match="no camera was found; plug one in, or give a video file"):
        choose_camera(None)


def test_a_color_camera_comes_before_an_infrared_one(machine: FakeMachine) -> None:
    machine.plug(0, FakeCamera("IR", modes=(CameraMode(640, 360, "GREY", (Fraction(30),)),)))
    machine.plug(2, FakeCamera("RGB"))
    assert choose_camera(None).name == "RGB"


def test_a_virtual_camera_is_better_than_none(machine: FakeMachine) -> None:
    machine.plug(10, FakeCamera("virtual-camera"))
    assert choose_camera(None).index == 10


def test_the_same_camera_is_found_before_its_twin(machine: FakeMachine) -> None:
    machine.plug(0, FakeCamera(port="usb-2"))
    machine.plug(1, FakeCamera(port="usb-1"))
    again = find_again(CameraInfo(0, "HD Webcam", "/dev/video0", port="usb-1"))
    assert again is not None
    assert again.index == 1


# Which mode suits.


@pytest.mark.parametrize(
    ("size", "fps", "expected"),
    [
        (None, None, (1280, 720, "MJPG", 30)),
        (None, 15, (1280, 720, "MJPG", 15)),
        (None, 10, (1280, 720, "YUYV", 10)),
        ((640, 480), None, (640, 480, "YUYV", 30)),
        ((1280, 720), None, (1280, 720, "MJPG", 30)),
        ((1280, 720), 5, (1280, 720, "YUYV", 10)),
        ((1920, 1080), 60, (1920, 1080, "MJPG", 30)),
        ((1900, 1000), None, (1920, 1080, "MJPG", 30)),
    ],
)
def test_size_then_rate_then_pixels_without_loss(
    size: tuple[int, int] | None, fps: float | None, expected: tuple[int, int, str, int]
) -> None:
    mode = choose_mode(WEBCAM_MODES, size, fps)
    assert mode is not None
    assert (mode.width, mode.height, mode.fourcc, *mode.rates) == expected


def test_a_smaller_picture_is_taken_for_a_smooth_one() -> None:
    modes = [CameraMode(1280, 720, "YUYV", (Fraction(10),)), CameraMode(640, 360, "YUYV", (Fraction(30),))]
    assert choose_mode(modes, None, None) == modes[1]
    assert choose_mode(modes, None, 10) == modes[0]


def test_only_large_and_only_unknown_modes_are_asked_for_all_the_same() -> None:
    assert choose_mode([CameraMode(3840, 2160, "NV12")], None, None) == CameraMode(3840, 2160, "NV12")
    assert choose_mode([], None, None) is None


def test_what_is_granted_within_half_a_frame_is_granted() -> None:
    granted = CameraMode(1280, 720, "MJPG", (Fraction(30000, 1001),))
    assert shortfall((1280, 720), 30, granted) == ""
    assert shortfall(None, None, granted) == ""
    assert shortfall((1280, 720), 60, granted) == "60 fps"
    assert shortfall((1920, 1080), None, granted) == "1920x1080"


# Other systems.


class Found(NamedTuple):
    index: int
    name: str
    path: str | None


@pytest.fixture
def windows(machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    package = types.ModuleType("cv2_enumerate_cameras")
    package.supported_backends = (cv2.CAP_MSMF, cv2.CAP_DSHOW)  # type: ignore[attr-defined]
    both = {
        cv2.CAP_DSHOW: [
            Found(index=0, name="HD Webcam", path="usb#1"),
            Found(index=1, name="OBS Virtual Camera", path=None),
        ],
        cv2.CAP_MSMF: [Found(index=0, name="HD Webcam", path="usb#1"), Found(index=1, name="Surface Front", path="usb#2")],
    }
    package.enumerate_cameras = lambda backend: both[backend]  # type: ignore[attr-defined]
    monkeypatch.setattr(cameras, "SYSTEM", "Windows")
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", package)
    return package


def test_elsewhere_names_come_from_the_optional_package(windows: types.ModuleType) -> None:
    assert [(camera.name, camera.backend, camera.is_virtual) for camera in list_cameras()] == [
        ("HD Webcam", cv2.CAP_DSHOW, False),
        ("OBS Virtual Camera", cv2.CAP_DSHOW, True),
        ("Surface Front", cv2.CAP_MSMF, False),
    ]
    assert choose_camera("surface").backend == cv2.CAP_MSMF


def test_without_the_package_indexes_are_tried_and_it_is_said(machine: FakeMachine, monkeypatch) -> None:
    monkeypatch.setattr(cameras, "SYSTEM", "Darwin")
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    opened: list[tuple[int, int]] = []

    class OnlyTheFirst:
        def __init__(self, index: int, backend: int) -> None:
            opened.append((index, backend))
            self.index = index

        def isOpened(self) -> bool:  # noqa: N802 - cv2's name
            return self.index == 0

        def release(self) -> None:
            return

    monkeypatch.setattr(cv2, "VideoCapture", OnlyTheFirst)
    (camera,) = list_cameras()
    assert camera.name == "camera 0"
    assert "streamstyle install camera" in camera.note
    assert {backend for _, backend in opened} == {cv2.CAP_AVFOUNDATION}
    assert choose_camera(None).index == 0
    assert choose_camera("3").index == 3
