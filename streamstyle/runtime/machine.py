"""What this machine has to offer: cores, memory, a desktop."""

import os
import platform
import sys
from pathlib import Path

import numpy as np


def usable_cores() -> int:
    """Physical cores that this process may use: a second thread per core makes convolutions slower, not faster."""
    if not hasattr(os, "sched_getaffinity"):
        logical = os.cpu_count() or 1
        return logical if platform.machine().lower() in {"arm64", "aarch64"} else max(1, logical // 2)
    allowed = os.sched_getaffinity(0)
    cores = set()
    for cpu in allowed:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text().strip())
        except OSError:
            return len(allowed)
    return len(cores)


def has_desktop() -> bool:
    """Whether there is a screen on which a page or a folder can be opened."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def available_memory() -> int | None:
    """Bytes that can be taken without swapping, or None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    group = Path("/sys/fs/cgroup")  # the limit of a container
    try:
        limit = int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return limit if free is None else min(free, limit)


def keep_freed_memory() -> None:
    """Have the memory of one frame used again for the next, where the system's C library would give it back in between.

    New pages cost more than the arithmetic on them. glibc keeps what is as large as the largest block that was freed, up to
    32 MB, and twice as much in all; so one such block is freed. Other libraries take no notice.
    """
    np.empty(31 << 20, np.uint8)
