"""A camera for other programs: OBS, Zoom, browsers. Through pyvirtualcam, which is optional (its licence is the GPL)."""

import contextlib
import importlib
import struct
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from streamstyle.errors import SinkError
from streamstyle.frame import Frame, Image
from streamstyle.media.resize import letterboxed
from streamstyle.media.sinks.base import Sink

if sys.platform == "linux":
    import fcntl

_DRIVER_VERSION = Path("/sys/module/v4l2loopback/version")
_VIDIOC_STREAMON, _VIDEO_OUTPUT = 0x40045612, 2
_INSTALL = "streamstyle install virtual-camera"
_SET_UP = {
    "linux": (
        "install v4l2loopback (Debian, Ubuntu: sudo apt install v4l2loopback-dkms), then run: "
        "sudo modprobe v4l2loopback devices=1 video_nr=10 card_label=streamstyle exclusive_caps=1"
    ),
    "darwin": "install OBS Studio 30 or newer, start its virtual camera once, and stop it again",
    "win32": "install OBS Studio, which brings the virtual camera",
}


def set_up_hint(platform: str = sys.platform) -> str:
    """What to do on this system so that a virtual camera is there."""
    return _SET_UP.get(platform, "virtual cameras are not known on this system; use --mjpeg")


class VirtualCameraSink(Sink):
    """Frames become the picture of a camera device.

    The device keeps the size that it was opened with: a frame of another size is scaled into it, with black bars.
    """

    def __init__(self, device: str | None, width: int, height: int, fps: float) -> None:
        """Open the device.

        Args:
            device: A path such as /dev/video10 or a name; None for the first that there is.
            width: In pixels; odd ones lose their last column.
            height: In pixels; odd ones lose their last row.
            fps: Frames per second that it announces.

        Raises:
            SinkError: pyvirtualcam is not installed, or there is no device, or it is in use or may not be opened.
        """
        self.warnings: list[str] = []
        # 4:2:0 pictures, which every program takes, have even sides.
        self._size = max(2, width - width % 2), max(2, height - height % 2)
        pyvirtualcam = _import_pyvirtualcam()
        try:
            self._camera: Any = pyvirtualcam.Camera(
                width=self._size[0],
                height=self._size[1],
                fps=fps,
                device=device,
                fmt=pyvirtualcam.PixelFormat.I420,
            )
        except (RuntimeError, OSError, ValueError) as error:
            detail = str(error).splitlines()[0] if str(error) else "unknown reason"
            named = f" '{device}'" if device else ""
            if "not a video output device" in detail:
                # v4l2loopback with exclusive_caps is a camera only, while a program reads from it.
                detail += "; if it is a virtual camera, close the programs that watch it first"
            raise SinkError(f"no virtual camera{named} can be opened ({detail}); {set_up_hint()}") from error
        self.destination: str | None = str(self._camera.device)
        if sys.platform == "linux":
            _declare_writer(Path(self.destination))

    def write(self, frame: Frame) -> None:
        """Show one frame."""
        try:
            self._camera.send(_limited_601(letterboxed(frame.image, *self._size)))
        except (RuntimeError, OSError) as error:
            raise SinkError(f"the virtual camera '{self.destination}' is gone ({error}); open it again") from error

    def close(self) -> None:
        """Release the device."""
        if self.destination is not None:
            self._camera.close()
            self.destination = None

    def abort(self) -> str | None:
        """As close."""
        self.close()
        return None


def _limited_601(image: Image) -> Image:
    """(H, W, 3) RGB -> I420 in (H * 3/2, W), BT.601 limited range: what programs expect of a camera."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).astype(np.uint8, copy=False)


def _declare_writer(device: Path) -> None:
    """Make sure that the device can be opened for output again when this program has ended, in any way.

    v4l2loopback up to 0.12.7 (Debian 12) hides a device's output as soon as a program writes, and shows it again only when
    a file that has started a stream is closed (v4l2loopback issue 470). pyvirtualcam writes without (its issue 61). So the
    stream is started on its file, which the system closes even after kill -9. Later versions tell their number, and need
    nothing.
    """
    if _DRIVER_VERSION.exists():
        return
    with contextlib.suppress(OSError):
        for entry in Path("/proc/self/fd").iterdir():
            if entry.is_symlink() and entry.readlink() == device.resolve():
                fcntl.ioctl(int(entry.name), _VIDIOC_STREAMON, struct.pack("i", _VIDEO_OUTPUT))


def _import_pyvirtualcam() -> Any:  # noqa: ANN401 - an optional module without types
    try:
        return importlib.import_module("pyvirtualcam")
    except ImportError as error:
        raise SinkError(
            f"--virtual-camera needs the package pyvirtualcam; run: {_INSTALL}, then {set_up_hint()}"
        ) from error
