"""How many web processes a machine, or the container we are in, has room for."""

import os
from pathlib import Path

MEMORY = 512 * 1024 * 1024
"""Bytes that a web process may come to need, under two thousand uploads at a time (I8)."""

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container's limit stands, in the second version of control groups and in the first."""


def web_processes() -> int:
    """One for each core, if each has MEMORY."""
    return max(1, min(len(os.sched_getaffinity(0)), _memory() // MEMORY))


def _memory() -> int:
    told = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():  # and not `max`
            told.append(int(text))
    return min(told)
