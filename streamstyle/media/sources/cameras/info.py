"""A camera as the system tells of it: its name, its place, and the modes that it offers."""

import re
from dataclasses import dataclass
from fractions import Fraction

import cv2

COMPRESSED = ("MJPG", "JPEG")

# What cv2 turns into BGR, the least loss first: a camera may offer a mode in several of them.
USABLE_FORMATS = (
    *("BGR3", "RGB3", "YUYV", "UYVY", "NV12", "NV21", "YU12", "YV12", "XR24", "AR24"),
    *(*COMPRESSED, "GREY"),
)
_VIRTUAL_NAME = re.compile(r"virtual|\bOBS\b|loopback|snap camera|manycam", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CameraMode:
    """A picture size in one pixel format.

    Attributes:
        width: In pixels.
        height: In pixels.
        fourcc: Pixel format, four letters as V4L2 names it; empty where the system does not say.
        rates: Frames per second, exact, highest first; empty where the system does not say.
    """

    width: int
    height: int
    fourcc: str = ""
    rates: tuple[Fraction, ...] = ()

    def __str__(self) -> str:
        """As in `1280x720 MJPG at 30 fps`."""
        name = f"{self.width}x{self.height} {self.fourcc}".rstrip()
        return f"{name} at {', '.join(f'{float(rate):.4g}' for rate in self.rates)} fps" if self.rates else name


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """One camera of this machine.

    Attributes:
        index: By which it can be chosen; on Linux the N of /dev/videoN.
        name: What its maker calls it.
        uri: Its path (/dev/video0), or the system's own long name for it, or empty.
        backend: Which of cv2's doors leads to it (`cv2.CAP_V4L2`, ...).
        modes: What it offers that can be used, as far as the system says.
        port: Where it is plugged in, to tell two cameras of one name apart; empty where the system does not say.
        is_virtual: Fed by a program, not by a lens.
        note: What stands in the way of using it, or empty.
    """

    index: int
    name: str
    uri: str = ""
    backend: int = cv2.CAP_ANY
    modes: tuple[CameraMode, ...] = ()
    port: str = ""
    is_virtual: bool = False
    note: str = ""

    def __str__(self) -> str:
        """As in `0: HD Webcam (/dev/video0)`."""
        return f"{self.index}: {self.name}" + (f" ({self.uri})" if self.uri.startswith("/dev/") else "")


def is_virtual_name(name: str) -> bool:
    """Whether a program and not a lens is likely behind a camera of this name."""
    return _VIRTUAL_NAME.search(name) is not None
