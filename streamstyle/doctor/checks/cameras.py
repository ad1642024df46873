"""Cameras, and whether they may be used. To be replaced by streamstyle.sources' own list where that is there."""

import sys
from collections.abc import Iterator

from streamstyle.doctor.finding import Finding
from streamstyle.doctor.v4l2 import VideoDevice, video_devices

AREA = "cameras"
_ELSEWHERE = {
    "darwin": ("macOS", "see System Settings > Privacy & Security > Camera, and allow the terminal there"),
    "win32": ("Windows", "see Settings > Privacy > Camera, and try the Camera app"),
}
_NONE = "connect one; in a container or virtual machine pass it in (docker run --device /dev/video0)"


def findings() -> Iterator[Finding]:
    """Each camera; on other systems than Linux, what was not looked at."""
    if not sys.platform.startswith("linux"):
        system, remedy = _ELSEWHERE.get(sys.platform, (sys.platform, ""))
        yield Finding(AREA, "cameras", "missing", f"not looked at on {system}", remedy)
        return
    cameras = [device for device in video_devices() if not device.is_loopback and (device.captures or device.problem)]
    if not cameras:
        yield Finding(AREA, "cameras", "missing", "no camera here; files need none", _NONE)
    yield from map(camera, cameras)


def camera(device: VideoDevice) -> Finding:
    """One camera."""
    name = str(device.path)
    if device.group:
        return Finding(AREA, name, "failed", f"{device.name}: no permission to use it", join_group(device.group))
    if device.problem:
        return Finding(AREA, name, "failed", f"{device.name}: {device.problem}", "unplug it and plug it in again")
    return Finding(AREA, name, "ok", f"{device.name} ({device.driver})")


def join_group(group: str) -> str:
    """What to run to be allowed to use a device."""
    return f"run: sudo usermod -aG {group} $USER, then log out and in again"
