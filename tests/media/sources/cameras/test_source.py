"""A camera lives through unplugging, tells what it gives, and ends at once when closed: without a device or waiting."""

import itertools
import sys
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest

from streamstyle.errors import SourceError
from streamstyle.media.sources.cameras import capture
from streamstyle.media.sources.cameras import listing as cameras
from streamstyle.media.sources.cameras.info import CameraInfo, CameraMode
from streamstyle.media.sources.cameras.source import CameraSource
from tests.media.sources.cameras.fakes import FakeCamera, FakeMachine, FakeVideoCapture, fake_machine


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMachine]:
    machine = fake_machine(monkeypatch)
    yield machine
    assert machine.opened == [], "a camera was left open"


@pytest.fixture
def webcam(machine: FakeMachine) -> FakeCamera:
    return machine.plug(0, FakeCamera())


def opened(machine: FakeMachine, camera: str | None = None, **options: object) -> CameraSource:
    return CameraSource(camera, clock=machine.clock, **options)  # type: ignore[arg-type]


def test_a_usb_camera_is_asked_for_mjpg_where_raw_pixels_would_be_slow(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        assert (source.info.width, source.info.height, source.info.frame_rate) == (1280, 720, 30)
        assert source.granted == CameraMode(1280, 720, "MJPG", (Fraction(30),))
        assert source.info.is_live
        assert source.info.name == "HD Webcam"
        assert source.warnings == []
    with opened(machine, size=(640, 480)) as source:
        assert source.granted.fourcc == "YUYV"


def test_the_format_is_asked_for_before_the_size(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine):
        keys = list(machine.opened[0].asked)
    assert keys.index(cv2.CAP_PROP_FOURCC) < keys.index(cv2.CAP_PROP_FRAME_WIDTH) < keys.index(cv2.CAP_PROP_FPS)
    assert cv2.CAP_PROP_BUFFERSIZE in keys


def test_pictures_are_rgb(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frame = next(iter(source))
    assert frame.image[100, 100].tolist() == [0, 0, 255]


def test_what_is_not_granted_is_said(machine: FakeMachine, webcam: FakeCamera) -> None:
    webcam.only_mode = CameraMode(640, 480, "YUYV", (Fraction(15),))
    with opened(machine, size=(1920, 1080), fps=60) as source:
        (warning,) = source.warnings
        assert "1920x1080 at 60 fps" in warning
        assert "640x480" in warning
        assert "15 fps" in warning
        assert (source.info.width, source.info.frame_rate) == (640, 15)


def test_a_virtual_camera_that_stands_in_for_a_real_one_is_said(machine: FakeMachine) -> None:
    machine.plug(10, FakeCamera("virtual-camera"))
    with opened(machine) as source:
        assert source.warnings == ["no real camera was found; this is the virtual camera virtual-camera"]
    with opened(machine, "virtual") as source:
        assert source.warnings == []


def test_blank_pictures_of_a_waking_camera_are_left_out(machine: FakeMachine, webcam: FakeCamera) -> None:
    webcam.blank_pictures = 5
    with opened(machine) as source:
        assert next(iter(source)).image.any()


def test_a_covered_lens_is_still_a_camera(machine: FakeMachine, webcam: FakeCamera) -> None:
    webcam.blank_pictures = 10**6
    before = machine.clock.now()
    with opened(machine) as source:
        assert not next(iter(source)).image.any()
    assert machine.clock.now() - before < 1.5


def test_times_grow_by_what_the_clock_says(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frames = list(itertools.islice(source, 30))
        base = source.info.time_base
    times = [frame.time for frame in frames]
    assert times[0] == 0
    assert all(before < after for before, after in itertools.pairwise(times))
    assert all((time / base).denominator == 1 for time in times)
    assert float(times[-1]) == pytest.approx(frames[-1].captured_at - frames[0].captured_at, abs=1e-6)
    assert [frame.index for frame in frames] == list(range(30))


def test_an_unplugged_camera_comes_back_under_another_number(machine: FakeMachine, webcam: FakeCamera) -> None:
    states = []
    with opened(machine) as source:
        frames = iter(source)
        before = next(frames)
        machine.unplug(0)
        for delay in (0.5, 2.5):
            machine.clock.after(delay, lambda: states.append(source.state))
        machine.clock.after(6.0, lambda: machine.plug(3, webcam))
        after = next(frames)
        assert source.state.name == "live"
        assert source.state.since > before.captured_at
        assert source.camera.uri == "/dev/video3"
    assert [state.name for state in states] == ["lost", "lost"]
    assert states[0].since == states[1].since
    assert "unplugged" in states[0].reason
    assert 6.0 < float(after.time - before.time) < 8.5
    assert after.index == before.index + 1


def test_attempts_back_off_to_two_seconds(machine: FakeMachine, webcam: FakeCamera, monkeypatch) -> None:
    looked: list[float] = []

    def look() -> list[CameraInfo]:
        looked.append(machine.clock.now())
        return machine.list_devices()

    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        monkeypatch.setattr("streamstyle.media.sources.cameras.v4l2.list_devices", look)
        machine.unplug(0)
        machine.clock.after(11, source.close)
        assert next(frames, None) is None
    gaps = [after - before for before, after in itertools.pairwise(looked)]  # the first look is for its twins
    assert gaps == pytest.approx([0.25, 0.5, 1, 2, 2, 2, 2], abs=0.01)


def test_another_camera_of_the_same_name_is_not_taken_for_the_lost_one(machine: FakeMachine, webcam: FakeCamera) -> None:
    twin = machine.plug(2, FakeCamera(port="usb-2"))
    with opened(machine, "0") as source:
        frames = iter(source)
        next(frames)
        machine.unplug(0)
        machine.clock.after(5, lambda: machine.plug(0, webcam))
        next(frames)
        assert twin.counter == 0
        assert source.camera.port == "usb-1"


def test_a_camera_moved_to_another_port_is_found(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        machine.unplug(0)
        machine.clock.after(1, lambda: machine.plug(1, FakeCamera(port="usb-9")))
        next(frames)
        assert source.camera.port == "usb-9"


def test_a_stalled_camera_is_opened_again(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        webcam.is_stalled = True
        states = []
        machine.clock.after(1, lambda: states.append(source.state.name))
        machine.clock.after(3, lambda: states.append(source.state.name))
        machine.clock.after(4, lambda: setattr(webcam, "is_stalled", False))
        next(frames)
        assert states == ["live", "lost"]
        assert source.state.name == "live"


def test_a_slow_camera_is_not_stalled(machine: FakeMachine, webcam: FakeCamera) -> None:
    webcam.modes, webcam.only_mode = (), CameraMode(640, 480, "YUYV", (Fraction(1),))
    states = []
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        webcam.is_stalled = True
        machine.clock.after(4, lambda: states.append(source.state.name))
        machine.clock.after(4.1, lambda: setattr(webcam, "is_stalled", False))
        next(frames)
    assert states == ["live"]


def test_damaged_pictures_are_passed_over(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        webcam.is_damaged = True
        machine.clock.after(0.5, lambda: setattr(webcam, "is_damaged", False))
        assert next(frames).index == 1
        assert source.state.name == "live"


def test_pictures_of_a_camera_that_comes_back_smaller_are_scaled(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        machine.unplug(0)
        webcam.only_mode = CameraMode(640, 480, "YUYV", (Fraction(30),))
        machine.clock.after(1, lambda: machine.plug(0, webcam))
        assert next(frames).image.shape == (720, 1280, 3)
        assert any("another mode" in line for line in source.warnings)


def test_why_it_cannot_be_opened_again_is_said(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        webcam.is_failing = True
        webcam.obstacle = "it is in use by 'zoom' (process 7); close that first"
        reasons = []
        machine.clock.after(4, lambda: reasons.append(source.state.reason))
        machine.clock.after(5, source.close)
        assert list(frames) == []
    assert "zoom" in reasons[0]


@pytest.mark.parametrize("trouble", ["backing off", "stalled", "stalled while opening again"])
def test_close_ends_the_iteration_within_a_tenth_of_a_second(
    machine: FakeMachine, webcam: FakeCamera, trouble: str
) -> None:
    with opened(machine) as source:
        frames = iter(source)
        next(frames)
        closed_at = []

        def close() -> None:
            closed_at.append(machine.clock.now())
            source.close()

        if trouble == "backing off":
            machine.unplug(0)
        else:
            webcam.is_stalled = True
        machine.clock.after(4.6 if trouble == "stalled while opening again" else 1.3, close)
        assert list(frames) == []
        assert machine.clock.now() - closed_at[0] <= 0.11 + 1e-9


def test_a_source_that_nobody_reads_releases_its_camera(machine: FakeMachine, webcam: FakeCamera) -> None:
    source = opened(machine)
    frames = iter(source)
    next(frames)
    source.close()
    assert machine.opened == []
    assert list(frames) == []


def test_what_waited_in_the_driver_is_not_shown(machine: FakeMachine, webcam: FakeCamera) -> None:
    with opened(machine) as source:
        machine.clock.sleep(10)
        began = machine.clock.now()
        frame = next(iter(source))
    assert webcam.shown_at >= began - 1 / 30
    assert frame.captured_at - webcam.shown_at <= 0.011
    assert frame.time == 0


@pytest.mark.parametrize(
    "obstacle", ["permission denied; join the group", "it is in use by 'obs' (process 5); close that first"]
)
def test_an_obstacle_is_one_clear_line(machine: FakeMachine, webcam: FakeCamera, obstacle: str) -> None:
    webcam.obstacle = obstacle
    with pytest.raises(SourceError) as caught:
        opened(machine)
    assert str(caught.value) == f"the camera HD Webcam (/dev/video0) cannot be opened: {obstacle}"


@pytest.mark.parametrize("trouble", ["is_stalled", "is_failing", "is_damaged"])
def test_a_camera_without_pictures_is_refused(machine: FakeMachine, webcam: FakeCamera, trouble: str) -> None:
    setattr(webcam, trouble, True)
    with pytest.raises(SourceError, match=r"HD Webcam.*(no picture|unplugged or does not answer)"):
        opened(machine)


@pytest.mark.parametrize(("system", "remedy"), [("Darwin", "Privacy & Security"), ("Windows", "Privacy & security")])
def test_each_system_has_its_own_remedy(machine: FakeMachine, monkeypatch, system: str, remedy: str) -> None:
    monkeypatch.setattr(cameras, "SYSTEM", system)
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    with pytest.raises(SourceError, match=remedy):
        opened(machine, "1")


def test_cameras_of_other_systems_are_read_without_v4l2(machine: FakeMachine, webcam: FakeCamera, monkeypatch) -> None:
    monkeypatch.setattr(cameras, "SYSTEM", "Windows")
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)

    def no_poll(*_: object) -> None:
        raise AssertionError("waitAny is for V4L2 only")

    monkeypatch.setattr(FakeVideoCapture, "waitAny", staticmethod(no_poll))
    with opened(machine) as source:
        assert machine.opened[0].backend == cv2.CAP_DSHOW
        frames = iter(source)
        next(frames)
        webcam.is_failing = True
        machine.clock.after(1, lambda: setattr(webcam, "is_failing", False))
        before = machine.clock.now()
        assert next(frames).index == 1
        assert machine.clock.now() > before + 1


def test_blank_is_flat_and_not_just_dark() -> None:
    rng = np.random.default_rng(0)
    assert capture.is_blank(np.full((48, 64, 3), (0, 135, 0), np.uint8))
    assert not capture.is_blank(rng.integers(0, 30, (48, 64, 3), np.uint8))
