"""Virtual cameras: what lets other programs see the stylized picture as a camera."""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from streamstyle.doctor.finding import Finding

if TYPE_CHECKING:
    from streamstyle.media.sources.cameras.v4l2 import VideoNode

AREA = "virtual cameras"
MODULES = Path("/lib/modules")
_INSTALL = "streamstyle install virtual-camera"
LOAD = "sudo modprobe v4l2loopback exclusive_caps=1 card_label=streamstyle"

_OBS = {"darwin": (Path("/Applications/OBS.app"), "macOS"), "win32": (Path("obs-studio"), "Windows")}


def findings() -> Iterator[Finding]:
    """The Python package that writes to them, then the devices of this system."""
    yield package()
    if sys.platform.startswith("linux"):
        # Here, for it loads libraries that may be broken, which the package above does not need.
        from streamstyle.media.sources.cameras import v4l2  # noqa: PLC0415 - OpenCV may be broken, and fcntl exists on Unix only

        devices = [node for node in v4l2.video_nodes() if node.is_loopback]
        yield from map(loopback, devices)
        if not devices:
            yield no_loopback()
    else:
        yield obs()


def package() -> Finding:
    """Whether pyvirtualcam is here; it is optional, for its licence is the GPL."""
    name = "pyvirtualcam"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return Finding(AREA, name, "missing", "not installed", f"for a virtual camera run: {_INSTALL}")
    except Exception as error:  # noqa: BLE001 - a broken library raises what it likes
        words = " ".join(str(error).split()) or type(error).__name__
        return Finding(AREA, name, "failed", f"cannot be loaded: {words}", f"run: pip install --force-reinstall {name}")
    return Finding(AREA, name, "ok", str(getattr(module, "__version__", "installed")))


def loopback(node: "VideoNode") -> Finding:
    """One device of v4l2loopback."""
    from streamstyle.doctor.checks.cameras import unusable  # noqa: PLC0415 - as above

    name, reload = str(node.path), f"run: sudo modprobe -r v4l2loopback; {LOAD}"
    if node.what is None:
        return unusable(AREA, node, reload)
    # With exclusive_caps it offers one side at a time: programs like Chrome take nothing else for a camera.
    if node.what.captures and node.what.outputs:
        detail = f"{node.name}: without exclusive_caps; OBS sees it, Zoom, Teams and Chrome do not"
        return Finding(AREA, name, "warning", detail, reload)
    if node.what.captures:
        return Finding(AREA, name, "ok", f"{node.name}: another program writes to it now")
    return Finding(AREA, name, "ok", f"{node.name} ({node.what.driver}, exclusive_caps)")


def no_loopback() -> Finding:
    """No device: the driver is not loaded, or not installed."""
    modules = MODULES / platform.release() / "modules.dep"
    try:
        installed = "/v4l2loopback.ko" in modules.read_text(errors="replace")
    except OSError:
        installed = False
    if installed:
        return Finding(AREA, "v4l2loopback", "missing", "the driver is installed, but not loaded", f"run: {LOAD}")
    remedy = f"on Debian or Ubuntu run: sudo apt install v4l2loopback-dkms, then: {LOAD}"
    return Finding(AREA, "v4l2loopback", "missing", "no virtual camera here, and no driver for one", remedy)


def obs() -> Finding:
    """The virtual camera of OBS, which pyvirtualcam writes to on Windows and macOS; looked for, not tried."""
    place, system = _OBS.get(sys.platform, (Path("obs-studio"), sys.platform))
    if sys.platform == "win32":
        place = Path(os.environ.get("PROGRAMFILES", "C:/Program Files")) / place
    if place.is_dir():
        detail = f"OBS is installed ({place}); whether its virtual camera works is not looked at on {system}"
        return Finding(AREA, "OBS", "ok", detail, "in OBS press Start Virtual Camera once, then close OBS")
    remedy = "install OBS from obsproject.com, press Start Virtual Camera in it once, then close it"
    return Finding(AREA, "OBS", "missing", f"no OBS at '{place}', whose virtual camera is used on {system}", remedy)
