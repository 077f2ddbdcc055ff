"""What the kernel says of a process and its children."""

import os
import time
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def cpu_seconds(pid: int) -> float:
    """Return the processor time, user and system, of a process and all below it."""
    user_and_system = (_fields(each)[11:13] for each in _tree(pid))
    return sum(int(ticks) for both in user_and_system for ticks in both) * TICK


def resident_bytes(pid: int) -> int:
    """Return the resident set (RSS) of the largest child: of one worker."""
    return max(int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in _children(pid)) * os.sysconf(
        "SC_PAGE_SIZE"
    )


def age(pid: int) -> float:
    """Return the seconds since a process started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(_fields(pid)[19]) * TICK


def _fields(pid: int) -> list[str]:
    """Return /proc/PID/stat from its third field on: those before it may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    """Return the processes that its main thread has started: gunicorn and Node start theirs there."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _tree(pid: int) -> list[int]:
    return [pid, *(below for child in _children(pid) for below in _tree(child))]
