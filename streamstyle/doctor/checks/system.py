"""Versions of the libraries, memory, free space on the disks."""

import importlib
import importlib.metadata
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from streamstyle import __version__
from streamstyle.doctor.finding import Finding
from streamstyle.runtime.machine import available_memory

AREA = "system"
LIBRARIES = ("numpy", "av", "cv2", "onnxruntime")
LOW_MEMORY = 1_000_000_000
LOW_DISK = 1_000_000_000

_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml", "onnxruntime-rocm")
_RUNTIME = "run: streamstyle install cpu (with an NVIDIA GPU: pip install 'streamstyle[gpu]')"
_PACKAGES = {"cv2": "opencv-python"}
_SHARED_LIBRARY = (
    "a system library is missing; on Debian or Ubuntu run: sudo apt install libgl1 libglib2.0-0 libxcb1, "
    "or run: pip uninstall -y opencv-python; pip install opencv-python-headless"
)


def findings() -> Iterator[Finding]:
    """Program, Python, system, libraries, memory, disks."""
    yield Finding(AREA, "streamstyle", "ok", __version__)
    yield Finding(AREA, "python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield Finding(AREA, "platform", "ok", _platform())
    yield from map(library, LIBRARIES)
    yield memory()
    yield cache_folder()
    yield current_folder()


def _platform() -> str:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {system}"
    except (OSError, KeyError):
        return system


def library(name: str) -> Finding:
    """Whether a library loads, and which version."""
    packages = runtime_packages() if name == "onnxruntime" else []
    if len(packages) > 1:
        return Finding(
            AREA,
            name,
            "failed",
            f"{' and '.join(packages)} are both installed and overwrite each other",
            f"run: pip uninstall -y {' '.join(packages)}; pip install 'streamstyle[gpu]' (or [cpu] without an NVIDIA GPU)",
        )
    try:
        module = importlib.import_module(name)
        version = str(module.__version__)
    except Exception as error:  # noqa: BLE001 - a broken library raises what it likes
        return _unloadable(name, error)
    return Finding(AREA, name, "ok", f"{version} (package {packages[0]})" if packages else version)


def _unloadable(name: str, error: Exception) -> Finding:
    package = _PACKAGES.get(name, name)
    if isinstance(error, ModuleNotFoundError) and error.name == name:
        remedy = _RUNTIME if name == "onnxruntime" else f"run: pip install {package}"
        return Finding(AREA, name, "missing", "not installed", remedy)
    words = " ".join(str(error).split()) or type(error).__name__
    remedy = _SHARED_LIBRARY if name == "cv2" and ".so" in words else f"run: pip install --force-reinstall {package}"
    return Finding(AREA, name, "failed", f"cannot be loaded: {words}", remedy)


def runtime_packages() -> list[str]:
    """Installed packages that bring the module `onnxruntime`, with their versions, as in `onnxruntime-gpu`."""
    installed = []
    for name in _RUNTIMES:
        try:
            importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        installed.append(name)
    return installed


def memory() -> Finding:
    """Memory that is free without swapping."""
    free = available_memory()
    if free is None:
        return Finding(AREA, "memory", "ok", "not looked at: this system does not say in a simple way")
    if free < LOW_MEMORY:
        remedy = "close other programs, or stylize with a small --size"
        return Finding(AREA, "memory", "warning", f"only {gigabytes(free)} free", remedy)
    return Finding(AREA, "memory", "ok", f"{gigabytes(free)} free")


def cache_folder() -> Finding:
    """Whether codes of paintings can be kept."""
    from streamstyle.styles.store import CodeCache  # noqa: PLC0415 - it may be what is broken

    folder = CodeCache().folder
    place = _existing(folder)
    if not can_write(place):
        detail = f"'{folder}' cannot be written: every run encodes each painting again"
        return Finding(
            AREA, "cache folder", "warning", detail, f"make '{place}' writable, or set XDG_CACHE_HOME to a folder that is"
        )
    return _room("cache folder", folder, place)


def current_folder() -> Finding:
    """Whether results can be written here."""
    try:
        folder = Path.cwd()
    except OSError:
        return Finding(AREA, "current folder", "warning", "it does not exist any more", "change to another folder")
    if not can_write(folder):
        remedy = "name a folder of yours with -o for what would be written here"
        return Finding(AREA, "current folder", "warning", f"'{folder}' cannot be written", remedy)
    return _room("current folder", folder, folder)


def _room(name: str, folder: Path, place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    if free < LOW_DISK:
        return Finding(AREA, name, "warning", f"'{folder}': only {gigabytes(free)} free", "make room on this disk")
    return Finding(AREA, name, "ok", f"{folder}, {gigabytes(free)} free")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())


def can_write(folder: Path) -> bool:
    """Whether a file can be made in a folder: tried, since permission bits do not tell all; leaves nothing."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"streamstyle")
    except OSError:
        return False
    return True


def gigabytes(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB"
