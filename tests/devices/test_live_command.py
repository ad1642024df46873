"""The whole command on real devices: a V4L2 camera in; virtual camera, recording and web page out, all at once.

Nothing here may assert how long something takes: the lab's processor is emulated.
"""

import itertools
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from streamstyle.frame import Image
from streamstyle.media.sources import open_source
from tests.devices.test_camera_device import plug, unplug

pytestmark = pytest.mark.device

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "/dev/video10"
WIDTH, HEIGHT = 320, 180
BARS = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191), (0, 0, 0)]
PATIENCE = 180


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        time.sleep(0.1)
    return result


class Run:
    """`run_camera.py` on the camera, small and without a window."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.recording = folder / "out.mp4"
        self._errors = folder / "errors"
        command = [sys.executable, str(ROOT / "run_camera.py"), "--no-window", "--json", "--size", "64"]
        command += ["--camera-size", f"{WIDTH}x{HEIGHT}", "--fps", "10", "--virtual-camera", LOOPBACK]
        command += ["--record", str(self.recording), "--mjpeg", f"127.0.0.1:{self.port}", *arguments]
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        wait_for(lambda: self.picture() is not None, "a first picture")

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def picture(self) -> Image | None:
        """The newest one, as the web page has it."""
        assert self.process.poll() is None, self.errors
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/frame.jpg", timeout=PATIENCE) as answer:
                data = answer.read()
        except OSError:
            return None
        return as_rgb(data)

    def stream(self, count: int) -> list[Image]:
        """The next pictures of the stream."""
        pictures = []
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stream.mjpg", timeout=PATIENCE) as answer:
            while len(pictures) < count:
                assert answer.readline() == b"--streamstyle-frame\r\n"
                length = 0
                while (line := answer.readline()) != b"\r\n":
                    if line.startswith(b"Content-Length:"):
                        length = int(line.split(b":")[1])
                pictures.append(as_rgb(answer.read(length)))
                assert answer.read(2) == b"\r\n"
        return pictures

    def virtual_camera(self, count: int, file: Path) -> list[Image]:
        """The next pictures of the virtual camera, as another program reads them."""
        read = ["v4l2-ctl", "-d", LOOPBACK, "--stream-mmap", f"--stream-count={count}", f"--stream-to={file}"]
        subprocess.run(read, check=True, capture_output=True, timeout=PATIENCE)
        planes = np.frombuffer(file.read_bytes(), np.uint8).reshape(-1, HEIGHT * 3 // 2, WIDTH)
        assert len(planes) == count
        return [np.asarray(cv2.cvtColor(plane, cv2.COLOR_YUV2RGB_I420), np.uint8) for plane in planes]

    def end(self, code: int) -> dict[str, Any]:
        """Its report."""
        output, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == code, self.errors
        assert "Traceback" not in self.errors
        (line,) = output.splitlines()
        report = json.loads(line)
        assert isinstance(report, dict)
        return report


def as_rgb(jpeg: bytes) -> Image:
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (HEIGHT, WIDTH, 3)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def has_the_bars(picture: Image) -> bool:
    """Whether the colors are the driver's test picture."""
    bars = picture[HEIGHT - 5, WIDTH // 16 :: WIDTH // 8].astype(int)
    return bool(np.abs(bars - BARS).max() <= 16)


def recorded(path: Path) -> list[float]:
    with open_source(str(path)) as source:
        times = [float(frame.time) for frame in source]
    assert all(before < after for before, after in itertools.pairwise(times))
    return times


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    pytest.importorskip("pyvirtualcam")
    runs: list[Run] = []

    def begin(*arguments: str) -> Run:
        runs.append(Run(tmp_path, *arguments))
        return runs[-1]

    yield begin
    for run in runs:
        with run.process:  # closes its pipe and waits
            run.process.kill()


def test_all_outputs_at_once_show_the_camera(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start("--alpha", "0", "--seconds", "30")
    assert all(map(has_the_bars, run.stream(5)))
    assert all(map(has_the_bars, run.virtual_camera(5, tmp_path / "read.yuv")))
    report = run.end(0)
    assert report["outputs"] == [str(run.recording)]
    assert set(report["missed"]) == {"virtual camera", "mjpeg", "record"}
    assert report["warnings"] == []
    assert report["frame_size"] == [WIDTH, HEIGHT]
    times = recorded(run.recording)
    assert len(times) == report["stylized"] - report["missed"]["record"]
    assert abs(times[-1] - times[0] - report["seconds"]) < 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors", "out.mp4", "read.yuv"]


def test_unplugged_and_plugged_in_again_all_outputs_go_on(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start("--style", "great-wave")
    run.stream(2)
    run.virtual_camera(2, tmp_path / "before.yuv")
    # As long as the program is there its device's number stays in use: it comes back under another one.
    unplug()
    try:
        wait_for(lambda: "the camera is lost" in run.errors, "the loss is told")
        assert run.picture() is not None  # the last one is held
        assert run.process.poll() is None
    finally:
        plug()
    wait_for(lambda: "the camera is back after" in run.errors, "the return is told")
    pictures = [*run.stream(4), *run.virtual_camera(4, tmp_path / "after.yuv")]
    assert any(not np.array_equal(pictures[0], picture) for picture in pictures[1:4])
    assert any(not np.array_equal(pictures[4], picture) for picture in pictures[5:])
    run.process.send_signal(signal.SIGINT)
    report = run.end(130)
    assert report["lost"] == 1
    assert report["lost_seconds"] > 0
    (warning,) = report["warnings"]
    assert warning.startswith("the camera was lost once, ")
    assert recorded(run.recording)[-1] > report["lost_seconds"]  # the gap is in it


def test_a_second_run_is_told_who_has_the_camera_until_that_is_killed(start: Callable[..., Run]) -> None:
    run = start()
    second = [sys.executable, str(ROOT / "run_camera.py"), "--no-window", "--seconds", "1"]
    result = subprocess.run(second, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"process {run.process.pid}" in line
    run.process.kill()
    run.process.wait()
    # What it had opened is free again, also the virtual camera, whose driver would not see that somebody else wrote.
    again = start("--overwrite")
    again.process.send_signal(signal.SIGTERM)
    again.end(143)
    assert recorded(again.recording)
