"""Cameras, as the program itself lists them, and whether they may be used."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from streamstyle.doctor.finding import Finding
from streamstyle.media.sources.cameras import listing as cameras
from streamstyle.media.sources.cameras.info import CameraInfo

if TYPE_CHECKING:
    from streamstyle.media.sources.cameras.v4l2 import VideoNode

AREA = "cameras"
_PERMISSIONS = {
    "Darwin": "; where there is one, see System Settings > Privacy & Security > Camera, and allow the terminal there",
    "Windows": "; where there is one, see Settings > Privacy > Camera, and try the Camera app",
    "Linux": "; in a container or virtual machine pass it in (docker run --device /dev/video0)",
}


def findings() -> Iterator[Finding]:
    """Each camera that can be chosen; then those that the kernel knows and the program cannot list."""
    listed = cameras.list_cameras()
    found = [*map(camera, listed), *(unlisted(listed) if cameras.SYSTEM == "Linux" else ())]
    yield from found
    if not found:
        remedy = f"connect one{_PERMISSIONS.get(cameras.SYSTEM, '')}"
        yield Finding(AREA, "cameras", "missing", "no camera here; files need none", remedy)


def camera(info: CameraInfo) -> Finding:
    """One camera: with the mode that it would be asked for, or with what stands in the way."""
    name = info.uri if info.uri.startswith("/dev/") else f"camera {info.index}"
    if info.note and cameras.SYSTEM == "Linux":
        problem, _, remedy = info.note.partition("; ")
        return Finding(AREA, name, "failed", f"{info.name}: {problem}", remedy)
    mode = cameras.choose_mode(info.modes, None, None)
    words = [info.name, "virtual" if info.is_virtual else "", str(mode) if mode else ""]
    # Elsewhere the note only says how to get its name.
    return Finding(AREA, name, "ok", ", ".join(filter(None, words)), info.note)


def unlisted(listed: Sequence[CameraInfo]) -> Iterator[Finding]:
    """Hardware that does not answer, or whose device file is not here."""
    from streamstyle.media.sources.cameras import v4l2  # noqa: PLC0415 - fcntl exists on Unix only

    known = {info.uri for info in listed}
    for node in v4l2.video_nodes():
        if node.obstacle and node.is_first and not node.is_loopback and str(node.path) not in known:
            yield unusable(AREA, node, "unplug it and plug it in again")


def unusable(area: str, node: "VideoNode", remedy: str) -> Finding:
    """A device that cannot be asked what it is.

    Args:
        area: Of the report.
        node: The device.
        remedy: What to do where the reason does not say.
    """
    if node.is_absent:
        detail = f"{node.name}: the kernel knows it, but its device file is not here"
        return Finding(
            area, str(node.path), "missing", detail, f"in a container, pass it in: docker run --device {node.path}"
        )
    problem, _, cure = node.obstacle.partition("; ")
    return Finding(area, str(node.path), "failed", f"{node.name}: {problem}", cure or remedy)
