"""What NVIDIA's driver says, asked directly: needs neither CUDA nor nvidia-smi."""

import ctypes
import sys
from dataclasses import dataclass

_LIBRARY = {"win32": "nvcuda.dll"}
_NO_DEVICE = 100


@dataclass(frozen=True, slots=True)
class Nvidia:
    """The GPUs of this machine.

    Attributes:
        gpus: Their names.
        problem: Why there are none; empty when there are.
        is_ill: True when the driver is here but does not work.
    """

    gpus: tuple[str, ...]
    problem: str = ""
    is_ill: bool = False


def look() -> Nvidia:
    """Ask the driver; it may hang when it is ill, so ask in a process that can be ended."""
    try:
        driver = ctypes.CDLL(_LIBRARY.get(sys.platform, "libcuda.so.1"))
    except OSError:
        return Nvidia((), "no NVIDIA driver")
    code = int(driver.cuInit(0))
    if code not in {0, _NO_DEVICE}:
        return Nvidia((), f"NVIDIA's driver does not start (CUDA error {code})", is_ill=True)
    count = ctypes.c_int()
    if code == 0:
        driver.cuDeviceGetCount(ctypes.byref(count))
    name = ctypes.create_string_buffer(256)
    gpus = []
    for index in range(count.value):
        driver.cuDeviceGetName(name, len(name), index)
        gpus.append(name.value.decode(errors="replace"))
    return Nvidia(tuple(gpus), "" if gpus else "NVIDIA's driver finds no GPU")
