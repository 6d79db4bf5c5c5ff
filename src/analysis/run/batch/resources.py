"""How many runs at once: processors and memory that this process may really use."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
RUN_BYTES = 600 * 2**20  # a kernel with its worker; measured 250 to 450 MB


def default_jobs() -> int:
    """One run for each processor, fewer where memory is short."""
    return max(1, min(processors(), available_memory() // RUN_BYTES))


def processors(cgroup: Path = CGROUP) -> int:
    """Processors of this process: its affinity, and the share that its container has."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota = _words(cgroup / "cpu.max")
    if len(quota) == 2 and quota[0] != "max":
        count = min(count, max(1, math.floor(int(quota[0]) / int(quota[1]))))
    return count


def available_memory(cgroup: Path = CGROUP) -> int:
    """Bytes that can be used without swapping: of the machine, or left in the container."""
    free = _free_bytes(Path("/proc/meminfo"))
    limit, used = _words(cgroup / "memory.max"), _words(cgroup / "memory.current")
    if limit and used and limit[0] != "max":
        free = min(free, max(0, int(limit[0]) - int(used[0])))
    return free


def _free_bytes(meminfo: Path) -> int:
    """What Linux says is available; elsewhere half of what is built in, or 4 GB."""
    words = _words(meminfo)
    if "MemAvailable:" in words:
        return int(words[words.index("MemAvailable:") + 1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return 4 * 2**30


def _words(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
