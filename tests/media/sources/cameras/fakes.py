"""A machine with cameras that can be unplugged, in a time of its own: nothing here waits."""

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from streamstyle.media.sources.cameras import capture, v4l2
from streamstyle.media.sources.cameras import listing as cameras
from streamstyle.media.sources.cameras.info import CameraInfo, CameraMode, is_virtual_name

WEBCAM_MODES = (
    CameraMode(640, 480, "YUYV", (Fraction(30), Fraction(15))),
    CameraMode(1280, 720, "YUYV", (Fraction(10),)),
    CameraMode(640, 480, "MJPG", (Fraction(30),)),
    CameraMode(1280, 720, "MJPG", (Fraction(30), Fraction(15))),
    CameraMode(1920, 1080, "MJPG", (Fraction(30),)),
)


DRIVER_BUFFERS = 4
"""Drivers may give more than were asked for."""


class FakeClock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._plans: list[tuple[float, Callable[[], object]]] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(seconds, 1e-6)
        due = [plan for plan in self._plans if plan[0] <= self.time]
        self._plans = [plan for plan in self._plans if plan[0] > self.time]
        for _, action in due:
            action()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        self._plans.append((self.time + seconds, action))


class FakeCamera:
    def __init__(self, name: str = "HD Webcam", port: str = "usb-1", modes: tuple[CameraMode, ...] = WEBCAM_MODES) -> None:
        self.name, self.port, self.modes = name, port, modes
        self.obstacle = ""
        self.is_stalled = self.is_failing = self.is_damaged = False
        self.blank_pictures = 0
        self.only_mode: CameraMode | None = None
        self.counter = 0
        self.shown_at = 0.0


class FakeMachine:
    """Stands in for the drivers and for cv2.

    Attributes:
        clock: Its time.
        cameras: By number of /dev/videoN.
        opened: What cv2 has open now.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cameras: dict[int, FakeCamera] = {}
        self.opened: list[FakeVideoCapture] = []

    def plug(self, number: int, camera: FakeCamera) -> FakeCamera:
        self.cameras[number] = camera
        return camera

    def unplug(self, number: int) -> None:
        del self.cameras[number]

    def list_devices(self) -> list[CameraInfo]:
        return [
            CameraInfo(
                number,
                camera.name,
                f"/dev/video{number}",
                cv2.CAP_V4L2,
                camera.modes,
                camera.port,
                is_virtual_name(camera.name),
            )
            for number, camera in sorted(self.cameras.items())
        ]

    def obstacle(self, path: str) -> str:
        camera = self.cameras.get(int(path.removeprefix("/dev/video")))
        return "it does not exist" if camera is None else camera.obstacle


class FakeVideoCapture:
    machine: FakeMachine

    def __init__(self, number: int, backend: int) -> None:
        self.camera = self.machine.cameras.get(number)
        self.asked: dict[int, float] = {}
        self.backend = backend
        self.buffers: list[float] = []  # when each picture that waits was taken, oldest first
        self.next_at: float | None = None
        self.is_pending = False
        if self.camera is not None:
            self.machine.opened.append(self)

    @property
    def is_there(self) -> bool:
        return self.camera is not None and self.camera in self.machine.cameras.values()

    def isOpened(self) -> bool:  # noqa: N802 - cv2's name
        return self in self.machine.opened

    def set(self, key: int, value: float) -> bool:
        self.asked[key] = value
        return True

    def _mode(self) -> tuple[int, int, float]:
        if self.camera is not None and self.camera.only_mode is not None:
            mode = self.camera.only_mode
            return mode.width, mode.height, float(mode.rates[0])
        return (
            int(self.asked.get(cv2.CAP_PROP_FRAME_WIDTH, 640)),
            int(self.asked.get(cv2.CAP_PROP_FRAME_HEIGHT, 480)),
            self.asked.get(cv2.CAP_PROP_FPS, 30.0),
        )

    def get(self, key: int) -> float:
        width, height, rate = self._mode()
        return {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: rate,
            cv2.CAP_PROP_FOURCC: self.asked.get(cv2.CAP_PROP_FOURCC, 0.0),
        }[key]

    def _fill(self) -> None:
        """What the driver has taken until now; it drops what finds no free buffer."""
        now, period = self.machine.clock.now(), 1 / self._mode()[2]
        if self.next_at is None or self.camera is None or self.camera.is_stalled or not self.is_there:
            self.next_at = now + period
        while self.next_at <= now:
            if len(self.buffers) < DRIVER_BUFFERS:
                self.buffers.append(self.next_at)
            self.next_at += period

    @staticmethod
    def waitAny(captures: list["FakeVideoCapture"], nanoseconds: int) -> tuple[bool, list[int]]:  # noqa: N802 - cv2's name
        """As cv2 does: zero would be for ever, and what is ready is grabbed at once."""
        assert nanoseconds > 0, "to cv2 this is for ever"
        (one,) = captures
        clock = one.machine.clock
        deadline = clock.now() + nanoseconds / 1e9
        one._fill()
        while not one.buffers and clock.now() < deadline and one.is_there:
            clock.sleep(min(deadline - clock.now(), 0.005))
            one._fill()
        if not one.is_there:
            raise cv2.error("Error is reported for camera stream")
        if not one.buffers:
            return False, []
        one.is_pending = False
        one.is_pending = one.grab()
        if not one.is_pending:
            raise cv2.error("Assertion failed")
        return True, [0]

    def grab(self) -> bool:
        assert self in self.machine.opened, "a camera is read after its release"
        if self.is_pending:
            return True
        if not self.is_there or self.camera.is_failing or self.camera.is_stalled:
            return False
        self._fill()
        while not self.buffers:
            self.machine.clock.sleep(0.005)
            self._fill()
        self.taken_at = self.buffers.pop(0)
        return True

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        self.is_pending = False
        camera = self.camera
        if camera is None or camera.is_damaged:
            return False, None
        width, height, _ = self._mode()
        camera.counter += 1
        camera.shown_at = self.taken_at
        if camera.counter <= camera.blank_pictures:
            return True, np.zeros((height, width, 3), np.uint8)
        bgr = np.zeros((height, width, 3), np.uint8)
        bgr[:, : width // 2] = (255, 0, 0)  # blue, as cv2 orders it
        bgr[0, 0] = camera.counter % 256
        return True, bgr

    def release(self) -> None:
        if self in self.machine.opened:
            self.machine.opened.remove(self)


class FakeCv2:
    """cv2 with another VideoCapture."""

    VideoCapture = FakeVideoCapture

    def __getattr__(self, name: str) -> object:
        return getattr(cv2, name)


def fake_machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """A machine without cameras, in place of this one."""
    machine = FakeMachine()
    monkeypatch.setattr(FakeVideoCapture, "machine", machine, raising=False)
    monkeypatch.setattr(capture, "cv2", FakeCv2())
    monkeypatch.setattr(cameras, "SYSTEM", "Linux")
    monkeypatch.setattr(v4l2, "list_devices", machine.list_devices)
    monkeypatch.setattr(v4l2, "obstacle", machine.obstacle)
    return machine
