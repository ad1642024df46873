"""Video devices of Linux: what sysfs lists, what each says of itself (V4L2's VIDIOC_QUERYCAP), who may use it."""

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows, which has no such devices either
    fcntl = None  # type: ignore[assignment]

SYSFS = Path("/sys/class/video4linux")
DEVICES = Path("/dev")

# From the kernel's <linux/videodev2.h>.
_QUERYCAP = 0x80685600
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_HAS_DEVICE_CAPS = 0x80000000
_CAPTURE, _OUTPUT, _META_CAPTURE = 0x00000001, 0x00000002, 0x00800000
_CAPTURE_MPLANE = 0x00001000

LOOPBACK = "v4l2 loopback"
"""What the driver of virtual cameras calls itself."""


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """One `/dev/videoN`.

    Attributes:
        path: Of the device file.
        name: What the device is called.
        driver: `uvcvideo`, `v4l2 loopback`, ...; empty where the device could not be asked.
        captures: Whether pictures can be read from it now.
        outputs: Whether pictures can be written to it now.
        problem: Why it could not be asked; empty when it could.
        group: Of the device file, where the problem is a permission.
    """

    path: Path
    name: str
    driver: str = ""
    captures: bool = False
    outputs: bool = False
    problem: str = ""
    group: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether it is a virtual camera's; where it could not be asked, whether it is no hardware at all."""
        if self.driver:
            return self.driver == LOOPBACK
        return "/virtual/" in str((SYSFS / self.path.name).resolve())


def video_devices() -> list[VideoDevice]:
    """All of them, by number; none where the system has no V4L2."""
    names = {entry.name for folder in (SYSFS, DEVICES) if folder.is_dir() for entry in folder.glob("video[0-9]*")}
    return [_device(name) for name in sorted(names, key=lambda name: (len(name), name))]


def _device(file_name: str) -> VideoDevice:
    path = DEVICES / file_name
    try:
        name = (SYSFS / file_name / "name").read_text(errors="replace").strip()
    except OSError:
        name = file_name
    try:
        driver, card, capabilities = query(path)
    except PermissionError:
        return VideoDevice(path, name, problem="no permission", group=_group(path))
    except OSError as error:
        absent = error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}
        return VideoDevice(
            path, name, problem="it is not here (in a container it must be passed in)" if absent else _words(error)
        )
    return VideoDevice(
        path,
        card or name,
        driver,
        captures=bool(capabilities & (_CAPTURE | _CAPTURE_MPLANE)),
        outputs=bool(capabilities & _OUTPUT),
    )


def query(path: Path) -> tuple[str, str, int]:
    """Ask a device: its driver, its name, what it can do now (V4L2_CAP_*).

    Raises:
        OSError: It cannot be opened for reading and writing, or is no video device.
    """
    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = bytearray(_CAPABILITY.size)
        fcntl.ioctl(handle, _QUERYCAP, answer)
    finally:
        os.close(handle)
    driver, card, _, _, capabilities, of_this_node = _CAPABILITY.unpack(answer)
    if capabilities & _HAS_DEVICE_CAPS:
        capabilities = of_this_node
    return _text(driver), _text(card), capabilities


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode(errors="replace")


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _group(path: Path) -> str:
    try:
        return path.group()
    except (OSError, KeyError):
        return "video"
