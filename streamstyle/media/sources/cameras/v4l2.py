"""Linux: which video devices are cameras, and why one cannot be opened."""

import errno
import grp
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2

from streamstyle.media.sources.cameras.info import USABLE_FORMATS, CameraInfo, is_virtual_name
from streamstyle.media.sources.cameras.v4l2_driver import LOOPBACK, Capability, capability, formats, is_busy, modes, opened

_DEV, _SYSFS = Path("/dev"), Path("/sys/class/video4linux")

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
        with opened(path) as device:
            what = capability(device)
            if not what.captures:
                return _no_capture(what)
            offered = list(formats(device, what))
            if offered and not set(offered) & set(USABLE_FORMATS):
                return f"it gives only {', '.join(offered)}, which cannot be shown"
            return _in_use(path) if is_busy(device, what) else ""
    except OSError as error:
        return _in_words(error, path)


def _node(path: Path, entry: Path) -> VideoNode:
    name, is_first = _read(entry / "name") or path.name, _read(entry / "index") in {"", "0"}
    try:
        with opened(str(path)) as device:
            what = capability(device)
    except OSError as error:
        absent = error.errno == errno.ENOENT
        return VideoNode(path, name, None, _in_words(error, str(path)), absent, is_first, _is_software(entry))
    return VideoNode(path, what.card or name, what, is_first=is_first, is_loopback=what.driver == LOOPBACK)


def _describe(number: int, node: Path, entry: Path) -> CameraInfo | None:
    """A camera as its driver describes it, or with a note where it may not be opened; None for what is no usable camera."""
    try:
        with opened(str(node)) as device:
            what = capability(device)
            offered = modes(device, what) if what.captures else []
            if not what.captures or (not offered and list(formats(device, what))):  # depth, bare sensor data, H.264
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


def _in_words(error: OSError, path: str) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"permission denied; join the group that may: sudo usermod -aG {_group(path)} $USER, then log in again"
    if error.errno == errno.EBUSY:
        return _in_use(path)
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


def _in_use(path: str) -> str:
    return f"it is in use by {_holder(path)}; close that first"


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
