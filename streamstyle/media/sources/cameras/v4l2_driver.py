"""Linux: what the driver of a video device answers.

Source: the kernel's include/uapi/linux/videodev2.h for the numbers and layouts.
"""

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from fractions import Fraction
from typing import NamedTuple

from streamstyle.media.sources.cameras.info import USABLE_FORMATS, CameraMode

_CAPABILITY = struct.Struct("=16s32s32s6I")
_FORMAT = struct.Struct("=3I32s5I")
_FRAME_SIZE = struct.Struct("=3I6I2I")
_FRAME_INTERVAL = struct.Struct("=5I6I2I")
_REQUEST_BUFFERS = struct.Struct("=5I")
QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS, REQBUFS = (
    *(0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B),
    0xC0145608,
)
CAPTURE, OUTPUT, CAPTURE_MPLANE, IO_MC, DEVICE_CAPS = 0x1, 0x2, 0x1000, 0x2000_0000, 0x8000_0000
_BUFFERS_CAPTURE, _BUFFERS_CAPTURE_MPLANE, _MMAP = 1, 9, 1
_DISCRETE = 1

LOOPBACK = "v4l2 loopback"
"""What the driver of virtual cameras calls itself."""

# Of drivers that take any size between two: the ones that people ask for.
_COMMON_SIZES = ((320, 240), (640, 360), (640, 480), (1280, 720), (1920, 1080), (3840, 2160))
_COMMON_RATES = (60, 30, 25, 15)
_MOST_ITEMS = 256
"""A list that a driver never ends is cut here."""


class Capability(NamedTuple):
    """What a device is.

    Attributes:
        driver: The kernel driver's name.
        card: The camera's name.
        port: Where it is plugged in.
        flags: What it can do, V4L2_CAP_*.
    """

    driver: str
    card: str
    port: str
    flags: int

    @property
    def captures(self) -> bool:
        """Whether it gives pictures by itself: no metadata, output-only, codec or bare-sensor device."""
        return bool(self.flags & (CAPTURE | CAPTURE_MPLANE)) and not self.flags & IO_MC

    @property
    def outputs(self) -> bool:
        """Whether it takes pictures, as a virtual camera does from the program that feeds it."""
        return bool(self.flags & OUTPUT)


@contextmanager
def opened(path: str) -> Iterator[int]:
    """A device to be asked; OSError where it cannot be opened."""
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield device
    finally:
        os.close(device)


def capability(device: int) -> Capability:
    """What an open device says of itself.

    Raises:
        OSError: It is no V4L2 device, or is gone.
    """
    data = bytearray(_CAPABILITY.size)
    ioctl(device, QUERYCAP, data)
    driver, card, port, _, flags, own_flags, *_ = _CAPABILITY.unpack(data)
    return Capability(_text(driver), _text(card), _text(port), own_flags if flags & DEVICE_CAPS else flags)


def modes(device: int, what: Capability) -> list[CameraMode]:
    """The modes of an open device in formats that cv2 can read."""
    found = []
    for fourcc in formats(device, what):
        if fourcc in USABLE_FORMATS:
            for width, height in _sizes(device, fourcc):
                rates = sorted(set(_rates(device, fourcc, width, height)), reverse=True)
                found.append(CameraMode(width, height, fourcc, tuple(rates)))
    return found


def is_busy(device: int, what: Capability) -> bool:
    """Whether another program takes pictures from an open device now.

    Raises:
        OSError: It is gone.
    """
    kind = _BUFFERS_CAPTURE if what.flags & CAPTURE else _BUFFERS_CAPTURE_MPLANE
    try:
        ioctl(device, REQBUFS, bytearray(_REQUEST_BUFFERS.pack(1, kind, _MMAP, 0, 0)))
    except OSError as error:
        if error.errno in {errno.ENODEV, errno.ENXIO}:
            raise
        return error.errno == errno.EBUSY
    return False


def formats(device: int, what: Capability) -> Iterator[str]:
    """The pixel formats of an open device, four letters each."""
    kind = _BUFFERS_CAPTURE if what.flags & CAPTURE else _BUFFERS_CAPTURE_MPLANE
    for index in range(_MOST_ITEMS):
        data = bytearray(_FORMAT.pack(index, kind, 0, b"", 0, 0, 0, 0, 0))
        if not _listed(device, ENUM_FMT, data):
            return
        yield _FORMAT.unpack(data)[4].to_bytes(4, "little").decode("latin-1").strip()


def _sizes(device: int, fourcc: str) -> Iterator[tuple[int, int]]:
    for index in range(_MOST_ITEMS):
        data = bytearray(_FRAME_SIZE.pack(index, _code(fourcc), 0, *[0] * 8))
        if not _listed(device, ENUM_FRAMESIZES, data):
            return
        _, _, kind, a, b, *more = _FRAME_SIZE.unpack(data)
        if kind == _DISCRETE:
            yield a, b
            continue
        least, most = (a, more[1]), (b, more[2])  # min and max width, step, min and max height, step
        yield from (size for size in _COMMON_SIZES if least[0] <= size[0] <= most[0] and least[1] <= size[1] <= most[1])
        return


def _rates(device: int, fourcc: str, width: int, height: int) -> Iterator[Fraction]:
    for index in range(_MOST_ITEMS):
        data = bytearray(_FRAME_INTERVAL.pack(index, _code(fourcc), width, height, 0, *[0] * 8))
        if not _listed(device, ENUM_FRAMEINTERVALS, data):
            return
        _, _, _, _, kind, *numbers = _FRAME_INTERVAL.unpack(data)
        shortest, longest = numbers[0:2], numbers[2:4]
        if kind == _DISCRETE:
            if all(shortest):
                yield Fraction(shortest[1], shortest[0])
            continue
        if all(shortest):
            fastest = Fraction(shortest[1], shortest[0])
            slowest = Fraction(longest[1], longest[0]) if all(longest) else Fraction(0)
            yield from (Fraction(rate) for rate in _COMMON_RATES if slowest <= rate <= fastest)
        return


def _listed(device: int, request: int, data: bytearray) -> bool:
    """One more item of a list that the driver ends with EINVAL; one that has no such list says ENOTTY."""
    try:
        ioctl(device, request, data)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOTTY, errno.ENODATA}:
            return False
        raise
    return True


def _code(fourcc: str) -> int:
    return int.from_bytes(fourcc.ljust(4).encode("latin-1"), "little")


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", "replace").strip()
