"""The camera source on a real V4L2 driver (the kernel's `vivid`): modes, colours, unplugging, who is in the way.

Nothing here may assert how long something takes: the lab's processor is emulated.
"""

import itertools
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from fcntl import ioctl
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.sources import open_live_source
from streamstyle.media.sources.cameras import v4l2
from streamstyle.media.sources.cameras.listing import choose_camera, list_cameras
from streamstyle.media.sources.cameras.source import CameraSource

pytestmark = pytest.mark.device

DRIVER = Path("/sys/bus/platform/drivers/vivid")
PATIENCE = 30


def vivid() -> str:
    """Its path now: replugging while it is open gives it another number."""
    for entry in Path("/sys/class/video4linux").iterdir():
        if (entry / "name").read_text().startswith("vivid"):
            return f"/dev/{entry.name}"
    raise AssertionError("vivid is not plugged in")


def control(name: str, value: int, device: str | None = None) -> None:
    subprocess.run(["v4l2-ctl", "-d", device or vivid(), "-c", f"{name}={value}"], check=True, capture_output=True)


def unplug() -> None:
    (DRIVER / "unbind").write_text("vivid.0")


def plug() -> None:
    (DRIVER / "bind").write_text("vivid.0")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def nothing_left(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Every test ends with the camera plugged in, free and as many files open as before, and nothing on stderr."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert capfd.readouterr().err == ""
    assert v4l2.obstacle(vivid()) == ""


@pytest.fixture
def seen() -> Iterator["Reader"]:
    reader = Reader()
    yield reader
    reader.stop()


class Reader:
    """Reads a source on a thread, as the pipeline does."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.states: list[tuple[str, str]] = []
        self._failure: BaseException | None = None

    def start(self, source: CameraSource) -> None:
        self.source = source
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        try:
            for frame in self.source:
                self.frames.append(frame)
        except BaseException as error:  # noqa: BLE001 - shown by stop()
            self._failure = error

    def wait_for_frames(self, more: int = 3) -> None:
        wanted = len(self.frames) + more
        wait_for(lambda: len(self.frames) >= wanted or self._failure is not None)

    def stop(self) -> None:
        if hasattr(self, "thread"):
            self.source.close()
            self.thread.join(PATIENCE)
            assert not self.thread.is_alive(), "close() did not end the iteration"
            assert self._failure is None, self._failure
            times = [frame.time for frame in self.frames]
            assert all(before < after for before, after in itertools.pairwise(times))
            assert [frame.index for frame in self.frames] == list(range(len(times)))


def test_the_camera_is_listed_with_its_modes_and_the_output_device_is_not() -> None:
    (camera,) = list_cameras()
    assert (camera.name, camera.uri, camera.port) == ("vivid", vivid(), "platform:vivid-000")
    assert camera.note == ""
    assert not camera.is_virtual
    rates = {(mode.width, mode.height): mode.rates for mode in camera.modes if mode.fourcc == "YUYV"}
    assert rates[640, 360][:2] == (40, 30)
    assert rates[1280, 720][0] == Fraction(25, 2)
    assert {"YUYV", "NV12", "BGR3", "GREY"} <= {mode.fourcc for mode in camera.modes}


def test_it_is_chosen_by_name_number_path_and_link(tmp_path: Path) -> None:
    (tmp_path / "my-camera").symlink_to(vivid())
    number = vivid().removeprefix("/dev/video")
    for wanted in (None, "VIV", "vivid", number, vivid(), str(tmp_path / "my-camera")):
        assert choose_camera(wanted).uri == vivid()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            "/dev/video10",
            "cannot be used as a camera: the virtual camera 'virtual-camera' has no pictures now",
        ),
        ("10", "'/dev/video10' cannot be used as a camera: the virtual camera"),
        ("/dev/null", "it is not a camera"),
        ("/dev/video7", "it does not exist"),
        ("7", "there is no camera '7'; there is: "),
        ("logitech", "there is no camera or file 'logitech'; there is: "),
    ],
)
def test_what_is_no_camera_is_refused_in_words(wanted: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        CameraSource(wanted)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_wish_it_is_opened_in_a_smooth_mode_and_its_colors_are_right() -> None:
    with open_live_source() as source:
        assert (source.info.width, source.info.height) == (640, 360)
        assert source.info.frame_rate is not None
        assert source.info.frame_rate >= 30
        assert source.warnings == []
        frames = list(itertools.islice(source, 5))
    bars = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191), (0, 0, 0)]
    for number, color in enumerate(bars):
        assert np.abs(frames[-1].image[350, number * 80 + 40].astype(int) - color).max() <= 6
    assert not np.array_equal(frames[0].image, frames[-1].image)  # its running counter


@pytest.mark.parametrize(
    ("size", "fps"), [((1280, 720), 10), ((640, 480), 25), ((320, 180), 60), ((640, 360), 15), ((1280, 720), 12.5)]
)
def test_what_the_driver_offers_is_granted(size: tuple[int, int], fps: float) -> None:
    with CameraSource(size=size, fps=fps) as source:
        assert source.warnings == []
        assert (source.info.width, source.info.height) == size
        assert abs(float(source.info.frame_rate or 0) - fps) <= 0.5
        assert next(iter(source)).image.shape == (size[1], size[0], 3)


def test_what_the_driver_does_not_offer_is_said() -> None:
    with CameraSource(size=(1280, 720), fps=60) as source:
        (warning,) = source.warnings
    assert warning.startswith("vivid was asked for 60 fps, and gives 1280x720")


def test_the_first_frame_is_not_what_the_driver_has_kept_since_the_camera_was_opened() -> None:
    with CameraSource(size=(640, 360), fps=30) as source:
        time.sleep(2)
        began = time.monotonic()
        next(frames := iter(source))
        (opened,) = source._captures
        taken_by_driver = opened._cv2.get(cv2.CAP_PROP_POS_MSEC) / 1000
        frames.close()  # type: ignore[attr-defined]
    assert taken_by_driver > began - 0.2


def test_an_unplugged_camera_is_lost_and_comes_back_by_itself(seen: Reader) -> None:
    """vivid plugs itself in again when the last program lets go of it: a loose cable."""
    seen.start(CameraSource())
    seen.wait_for_frames()
    control("disconnect", 1)
    wait_for(lambda: seen.source.state.name == "lost")
    assert "unplugged" in seen.source.state.reason
    wait_for(lambda: seen.source.state.name == "live")
    seen.wait_for_frames()


def test_a_camera_that_comes_back_under_another_number_is_found_by_its_name(seen: Reader) -> None:
    holder = os.open(vivid(), os.O_RDWR)  # keeps the number in use
    try:
        before = vivid()
        seen.start(CameraSource())
        seen.wait_for_frames()
        unplug()
        wait_for(lambda: seen.source.state.name == "lost")
        count = len(seen.frames)
        time.sleep(2)
        assert seen.source.state.name == "lost"
        assert len(seen.frames) == count
        plug()
        wait_for(lambda: seen.source.state.name == "live")
        seen.wait_for_frames()
        assert vivid() != before
        assert seen.source.camera.uri == vivid()
    finally:
        os.close(holder)


def test_unplugged_ten_times(seen: Reader) -> None:
    seen.start(CameraSource())
    for _ in range(10):
        seen.wait_for_frames()
        since = seen.source.state.since
        control("disconnect", 1)
        wait_for(lambda since=since: seen.source.state.name == "live" and seen.source.state.since > since)
    seen.wait_for_frames()


def test_a_camera_that_stalls_is_opened_again(seen: Reader) -> None:
    seen.start(CameraSource())
    seen.wait_for_frames()
    control("percentage_of_dropped_buffers", 100)
    wait_for(lambda: seen.source.state.name == "lost")
    assert "gives no pictures" in seen.source.state.reason
    control("percentage_of_dropped_buffers", 0)
    wait_for(lambda: seen.source.state.name == "live")
    seen.wait_for_frames()


def test_a_fatal_error_of_the_driver_is_survived(seen: Reader) -> None:
    seen.start(CameraSource())
    seen.wait_for_frames()
    since = seen.source.state.since
    control("inject_fatal_streaming_error", 1)
    wait_for(lambda: seen.source.state.since > since and seen.source.state.name == "live")
    seen.wait_for_frames()


@pytest.mark.parametrize("trouble", ["none", "stalled", "unplugged"])
def test_close_ends_it_whatever_goes_on(seen: Reader, trouble: str) -> None:
    seen.start(CameraSource())
    seen.wait_for_frames()
    if trouble == "stalled":
        control("percentage_of_dropped_buffers", 100)
        time.sleep(0.5)
    if trouble == "unplugged":
        unplug()
        wait_for(lambda: seen.source.state.name == "lost")
    seen.stop()
    if trouble == "stalled":
        control("percentage_of_dropped_buffers", 0)
    if trouble == "unplugged":
        plug()


def test_a_camera_without_pictures_is_refused() -> None:
    control("percentage_of_dropped_buffers", 100)
    try:
        with pytest.raises(SourceError, match="was opened, but gives no picture"):
            CameraSource()
    finally:
        control("percentage_of_dropped_buffers", 0)


def test_a_busy_camera_names_who_holds_it(seen: Reader) -> None:
    with subprocess.Popen(
        ["v4l2-ctl", "-d", vivid(), "--stream-mmap", "--stream-count=100000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as other:
        try:
            wait_for(lambda: v4l2.obstacle(vivid()) != "")
            with pytest.raises(SourceError) as caught:
                CameraSource()
            assert str(caught.value) == (
                f"the camera vivid ({vivid()}) cannot be opened: "
                f"it is in use by 'v4l2-ctl' (process {other.pid}); close that first"
            )
            assert [camera.name for camera in list_cameras()] == ["vivid"]  # in use, and listed
        finally:
            other.kill()
    with CameraSource(), pytest.raises(SourceError, match="in use by this program itself"):
        CameraSource()


def test_a_camera_that_may_not_be_opened_tells_the_remedy() -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(SourceError) as caught:
            CameraSource()
        (camera,) = [camera for camera in list_cameras() if camera.uri == vivid()]
    finally:
        os.seteuid(0)
    assert "cannot be opened: permission denied; join the group that may: sudo usermod -aG video $USER" in str(caught.value)
    assert "permission denied" in camera.note
    assert camera.name.startswith("vivid")


class Feeder:
    """A program that sends pictures to the virtual camera, as OBS would."""

    def __init__(self, width: int, height: int) -> None:
        self._device = os.open("/dev/video10", os.O_RDWR)
        output, no_field, srgb = 2, 1, 8
        pixels = [width, height, int.from_bytes(b"YUYV", "little"), no_field, 2 * width, 2 * width * height, srgb]
        ioctl(self._device, 0xC0D05605, bytearray(struct.pack("=9I172x", output, 0, *pixels)))  # VIDIOC_S_FMT
        self._picture = bytes((81, 90, 81, 240)) * (width * height // 2)  # red, as BT.601 writes it
        self._is_open = True
        self._thread = threading.Thread(target=self._feed)
        self._thread.start()

    def _feed(self) -> None:
        while self._is_open:
            os.write(self._device, self._picture)
            time.sleep(0.03)

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        self._thread.join()
        os.close(self._device)


def test_a_virtual_camera_that_is_fed_can_be_chosen_but_is_not_the_default() -> None:
    with Feeder(320, 240):
        wait_for(lambda: len(list_cameras()) == 2)
        assert choose_camera(None).name == "vivid"
        assert choose_camera("virtual").is_virtual
        with CameraSource("virtual-camera") as source:
            frames = list(itertools.islice(source, 3))
    assert frames[0].image.shape == (240, 320, 3)
    assert np.abs(frames[2].image[100, 100].astype(int) - (255, 0, 0)).max() <= 3
