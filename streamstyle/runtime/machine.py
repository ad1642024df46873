"""What this machine has to offer: cores and memory."""

import os
import platform
from pathlib import Path


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
