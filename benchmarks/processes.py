"""What Linux says of processes: which there are below others, their CPU time and memory."""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def family(*pids: int) -> list[int]:
    """Processes and all below them, without those that have ended."""
    queue, found = list(pids), []
    for one in queue:  # grows while it is walked
        try:
            queue += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            continue
        found.append(one)
    return found


def command_of(pid: int) -> bytes:
    """A process's words, each with a NUL behind it."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def cpu_s(pid: int) -> float:
    """CPU seconds so far, all threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICK


def resident_mb(pid: int) -> float:
    """Memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
