"""The virtual camera on a real v4l2loopback device: what is sent is what another program reads."""

import os
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamstyle.errors import SinkError
from streamstyle.frame import Frame

pytestmark = pytest.mark.device

DEVICE = "/dev/video10"
COLOURS = ((220, 40, 30), (30, 200, 60), (40, 60, 210), (128, 128, 128))
READER = """
import sys, time, av
deadline = time.monotonic() + 60
container = av.open(sys.argv[1], format="v4l2")
for number, picture in enumerate(container.decode(video=0)):
    if number == 3:
        planes = [picture.to_ndarray(format="yuv420p")]
        height, width = picture.height, picture.width
        luma = planes[0][:height]
        chroma = planes[0][height:].reshape(2, -1)
        quarter = width // 4
        half = chroma.reshape(2, height // 2, width // 2)
        for index in range(4):
            x = index * quarter + quarter // 2
            blue, red = (plane[height // 4, x // 2] for plane in half)
            print(picture.format.name, width, height, luma[height // 2, x], blue, red)
        break
"""


def stripes(width: int, height: int) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    for index, colour in enumerate(COLOURS):
        image[:, index * width // 4 : (index + 1) * width // 4] = colour
    return image


def limited_601(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    red, green, blue = (value / 255 for value in colour)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402


@pytest.fixture
def camera():
    pytest.importorskip("pyvirtualcam")
    if not Path(DEVICE).exists():
        pytest.skip(f"there is no {DEVICE}")
    from streamstyle.media.sinks.virtual_camera import VirtualCameraSink

    sink = VirtualCameraSink(DEVICE, 320, 240, 15.0)
    yield sink
    sink.close()


def test_a_colour_that_is_sent_is_the_colour_that_another_program_reads(camera) -> None:
    assert camera.destination == DEVICE  # what the user is told to pick
    image = stripes(320, 240)
    camera.write(Frame(image, 0, Fraction(0)))
    reader = subprocess.Popen([sys.executable, "-c", READER, DEVICE], stdout=subprocess.PIPE, text=True, env=os.environ)
    index, deadline = 1, time.monotonic() + 120  # another program takes its time to start in a virtual machine
    while reader.poll() is None and time.monotonic() < deadline:
        camera.write(Frame(image, index, Fraction(index, 15)))
        index += 1
        time.sleep(1 / 30)
    output, _ = reader.communicate(timeout=5)
    rows = [line.split() for line in output.splitlines()]
    assert len(rows) == 4, output
    for row, colour in zip(rows, COLOURS, strict=True):
        assert row[:3] == ["yuv420p", "320", "240"]
        assert np.abs(np.array(row[3:], float) - limited_601(colour)).max() <= 2.5


def test_a_device_that_is_no_virtual_camera_is_refused() -> None:
    pytest.importorskip("pyvirtualcam")
    from streamstyle.media.sinks.virtual_camera import VirtualCameraSink

    with pytest.raises(SinkError, match="modprobe"):
        VirtualCameraSink("/dev/video77", 320, 240, 15.0)
