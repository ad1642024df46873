"""Decoding on a GPU (NVDEC and others), through PyAV: the pictures come back to the computer's memory."""

import av
import av.error
from av.codec.hwaccel import HWAccel, hwdevices_available

from streamstyle.media.libav import reason

OFF, AUTO = "off", "auto"
_TRIED = ("cuda", "videotoolbox", "d3d11va", "vaapi", "qsv")
"""What `auto` tries, in this order, if PyAV's build has it."""


def choices() -> tuple[str, ...]:
    """What may be asked for: `off`, `auto`, and the kinds of device that PyAV's build knows."""
    return OFF, AUTO, *hwdevices_available()


def choose(wanted: str) -> tuple[HWAccel | None, str]:
    """A device that decodes H.264, the least that any of them does.

    Args:
        wanted: One of `choices()`.

    Returns:
        The device, or None for decoding on the CPU; and why the one that was asked for by name is not taken.
    """
    if wanted == OFF:
        return None, ""
    names = [name for name in _TRIED if name in hwdevices_available()] if wanted == AUTO else [wanted]
    problem = ""
    for name in names:
        problem = _problem(name)
        if not problem:
            # What the device does not decode, the CPU does.
            return HWAccel(name, allow_software_fallback=True), ""
    return None, "" if wanted == AUTO else f"--hwaccel {wanted}: {problem}; the CPU decodes"


def _problem(name: str) -> str:
    """Why a device does not decode here; empty where it does."""
    try:
        HWAccel(name).create(av.Codec("h264", "r"))
    except NotImplementedError:
        return f"this build of PyAV does not decode with {name}"
    except av.error.PermissionError:  # libav's word for a driver that is not there
        return "there is no such device or driver"
    except (av.error.FFmpegError, OSError, RuntimeError, ValueError) as error:
        return f"it does not start ({reason(error)})"
    return ""
