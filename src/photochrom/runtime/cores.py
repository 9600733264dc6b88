"""How many cores there are to use, and how workers and threads share them."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usual_workers() -> int:
    """How many workers keep all usable cores busy.

    One more than there are cores: a photograph waits for the disk now and then, and then
    another one has the core. A single core is busy with one worker already
    (`benchmarks/batch.py`).
    """
    cores = usable_cores()
    return cores + 1 if cores > 1 else 1


def threads_each(workers: int) -> int:
    """Threads for each of `workers`, so that together they use the cores once."""
    return max(1, usable_cores() // workers)
