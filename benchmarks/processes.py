"""What Linux says of processes: which there are below others, their CPU time and memory."""

from __future__ import annotations

import os
import threading
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


def resident_peak_mb(pid: int) -> float:
    """The most resident memory that it ever had."""
    return _kib(pid, "status", "VmHWM") * 1024 / 1e6


class Peak:
    """The largest proportional set size of a process, which is looked at every 20 ms."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._ended = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """What it was, in MB."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self._most = max(self._most, _kib(self._pid, "smaps_rollup", "Pss") * 1024 / 1e6)


def _kib(pid: int, file: str, name: str) -> int:
    """A number of one of a process's files."""
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return int(next(one for one in lines if one.startswith(f"{name}:")).split()[1])
