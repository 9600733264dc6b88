"""What arrives in a folder: photographs that have stopped growing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from photochrom.batch.jobs import Job
from photochrom.batch.manifest import Stamp
from photochrom.errors import DataError

INTERVAL_S = 2.0

_NAP_S = 0.1
_SHARE = 0.1
"""At most so much of the time is spent looking, however many files there are."""


def watch(
    look: Callable[[], list[Job]], *, interval_s: float = INTERVAL_S, stop: Callable[[], bool]
) -> Iterator[list[Job]]:
    """Look again and again, and give out what is complete.

    Parameters
    ----------
    look : all jobs that there are now, such as `plan.plan`; a `DataError` means none yet
    interval_s : the time from look to look
    stop : asked often; True ends the watch

    Yields
    ------
    At each look the jobs, maybe none, whose photograph isn't empty and had the same size and
    time at the look before, and which haven't been given out like that already
    """
    before: dict[Path, Stamp] = {}
    given: dict[tuple[Path, Path | None], Stamp] = {}
    while not stop():
        begun = time.monotonic()
        try:
            jobs = look()
        except DataError:
            jobs = []
        now: dict[Path, Stamp] = {}
        ready = []
        for job in jobs:
            stamp = Stamp.of(job.source) if job.source else None
            if job.source is None or stamp is None or stamp.size_bytes == 0:
                continue
            now[job.source] = stamp
            place = (job.source, job.target)
            if before.get(job.source) == stamp and given.get(place) != stamp:
                given[place] = stamp
                ready.append(job)
        before = now
        took = time.monotonic() - begun
        yield ready
        _sleep(max(interval_s, took / _SHARE), stop)


def _sleep(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stop() and (left := end - time.monotonic()) > 0:
        time.sleep(min(_NAP_S, left))
