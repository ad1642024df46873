"""Linux: what the drivers say of their cameras, and why one cannot be opened.

Source: the kernel's include/uapi/linux/videodev2.h for the numbers and layouts.
"""

import errno
import grp
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import ioctl
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2

from streamstyle.media.sources.cameras import USABLE_FORMATS, CameraInfo, CameraMode, is_virtual_name

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

_DEV, _SYSFS = Path("/dev"), Path("/sys/class/video4linux")

# Of drivers that take any size between two: the ones that people ask for.
_COMMON_SIZES = ((320, 240), (640, 360), (640, 480), (1280, 720), (1920, 1080), (3840, 2160))
_COMMON_RATES = (60, 30, 25, 15)
_MOST_ITEMS = 256
"""A list that a driver never ends is cut here."""

_WORDS = {
    errno.ENOENT: "it does not exist",
    errno.ENODEV: "it was unplugged",
    errno.ENXIO: "it was unplugged",
    errno.EIO: "the device does not answer; unplug it and plug it in again",
    errno.ENOTTY: "it is not a camera",
    errno.EINVAL: "it is not a camera",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "it does not exist",
}


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


@dataclass(frozen=True, slots=True)
class VideoNode:
    """One video device, whether camera or not.

    Attributes:
        path: /dev/videoN.
        name: What it is called.
        what: What it says of itself; None where it could not be asked.
        obstacle: Why it could not be asked, then the remedy where there is one: `reason; remedy`.
        is_absent: Whether the kernel knows it, but its file is not here, as in a container.
        is_first: Whether it is its hardware's first one: a webcam's second carries no pictures.
        is_loopback: Whether it is a virtual camera; where it could not be asked, whether no hardware is behind it.
    """

    path: Path
    name: str
    what: Capability | None = None
    obstacle: str = ""
    is_absent: bool = False
    is_first: bool = True
    is_loopback: bool = False


def video_nodes(dev: Path = _DEV, sysfs: Path = _SYSFS) -> list[VideoNode]:
    """All video devices that the kernel knows or that lie in `dev`, by number."""
    return [
        _node(dev / f"video{number}", sysfs / f"video{number}") for number in sorted({*_numbers(dev), *_numbers(sysfs)})
    ]


def list_devices(dev: Path = _DEV, sysfs: Path = _SYSFS) -> list[CameraInfo]:
    """The cameras among the video devices, by number. What may not be opened is listed with a note.

    Args:
        dev: Where the device nodes are; in a container that may be fewer than sysfs knows.
        sysfs: Tells names without opening.
    """
    cameras = (_describe(number, dev / f"video{number}", sysfs / f"video{number}") for number in sorted(_numbers(dev)))
    return [camera for camera in cameras if camera is not None]


def obstacle(path: str) -> str:
    """Why a device cannot be used as a camera, and the remedy; empty where nothing is in the way.

    It may be asked of any path. A device that another program holds can be opened, so it is asked for buffers.
    """
    try:
        with _opened(path) as device:
            what = capability(device)
            if not what.captures:
                return _no_capture(what)
            formats = list(_formats(device, what))
            if formats and not set(formats) & set(USABLE_FORMATS):
                return f"it gives only {', '.join(formats)}, which cannot be shown"
            return busy(device, path, what)
    except OSError as error:
        return _in_words(error, path)


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
    for fourcc in _formats(device, what):
        if fourcc in USABLE_FORMATS:
            for width, height in _sizes(device, fourcc):
                rates = sorted(set(_rates(device, fourcc, width, height)), reverse=True)
                found.append(CameraMode(width, height, fourcc, tuple(rates)))
    return found


def busy(device: int, path: str, what: Capability) -> str:
    """Who else takes pictures from an open device now; empty where nobody does."""
    kind = _BUFFERS_CAPTURE if what.flags & CAPTURE else _BUFFERS_CAPTURE_MPLANE
    try:
        ioctl(device, REQBUFS, bytearray(_REQUEST_BUFFERS.pack(1, kind, _MMAP, 0, 0)))
    except OSError as error:
        if error.errno == errno.EBUSY:
            return f"it is in use by {_holder(path)}; close that first"
        if error.errno in {errno.ENODEV, errno.ENXIO}:
            raise
    return ""


def _node(path: Path, entry: Path) -> VideoNode:
    name, is_first = _read(entry / "name") or path.name, _read(entry / "index") in {"", "0"}
    try:
        with _opened(str(path)) as device:
            what = capability(device)
    except OSError as error:
        absent = error.errno == errno.ENOENT
        return VideoNode(path, name, None, _in_words(error, str(path)), absent, is_first, _is_software(entry))
    return VideoNode(path, what.card or name, what, is_first=is_first, is_loopback=what.driver == LOOPBACK)


def _describe(number: int, node: Path, entry: Path) -> CameraInfo | None:
    """A camera as its driver describes it, or with a note where it may not be opened; None for what is no usable camera."""
    try:
        with _opened(str(node)) as device:
            what = capability(device)
            offered = modes(device, what) if what.captures else []
            if not what.captures or (not offered and list(_formats(device, what))):  # depth, bare sensor data, H.264
                return None
            virtual = what.driver == LOOPBACK or is_virtual_name(what.card)
            name = what.card or f"camera {number}"
            return CameraInfo(number, name, str(node), cv2.CAP_V4L2, tuple(offered), what.port, virtual)
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EBUSY} or _read(entry / "index") not in {"", "0"}:
            return None  # a device's further nodes give only metadata of its pictures
        name = _read(entry / "name") or f"camera {number}"
        return CameraInfo(
            number, name, str(node), cv2.CAP_V4L2, is_virtual=_is_software(entry), note=_in_words(error, str(node))
        )


def _is_software(entry: Path) -> bool:
    """Whether sysfs knows of no hardware behind a device."""
    return "/virtual/" in str(entry.resolve())


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _formats(device: int, what: Capability) -> Iterator[str]:
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


@contextmanager
def _opened(path: str) -> Iterator[int]:
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield device
    finally:
        os.close(device)


def _in_words(error: OSError, path: str) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"permission denied; join the group that may: sudo usermod -aG {_group(path)} $USER, then log in again"
    if error.errno == errno.EBUSY:
        return f"it is in use by {_holder(path)}; close that first"
    return _WORDS.get(error.errno or 0, (error.strerror or str(error)).lower())


def _no_capture(what: Capability) -> str:
    if what.driver == LOOPBACK:
        return f"the virtual camera '{what.card}' has no pictures now, since no program sends any to it"
    return f"'{what.card}' is no capture device"


def _group(path: str) -> str:
    """The group that owns the device; `video` where that is root's own, which nobody should join."""
    try:
        name = grp.getgrgid(Path(path).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "video"
    return "video" if name == "root" else name


def _holder(path: str) -> str:
    """Name and number of a program that holds the device, as far as this user may know."""
    real = os.path.realpath(path)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            times = sum(_leads_to(file, real) for file in (process / "fd").iterdir())
            if process.name == str(os.getpid()):
                if times > 1:  # one is ours, for asking
                    return "this program itself"
            elif times:
                return f"'{(process / 'comm').read_text().strip()}' (process {process.name})"
    return "another program"


def _leads_to(file: Path, real: str) -> bool:
    try:
        return str(file.readlink()) == real
    except OSError:
        return False


def _numbers(folder: Path) -> Iterator[int]:
    """Of the video devices in a folder."""
    for path in folder.glob("video*"):
        if re.fullmatch(r"video\d+", path.name):
            yield int(path.name.removeprefix("video"))


def _code(fourcc: str) -> int:
    return int.from_bytes(fourcc.ljust(4).encode("latin-1"), "little")


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", "replace").strip()
