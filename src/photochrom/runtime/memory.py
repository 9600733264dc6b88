"""How much memory there is to use, and a budget that work is admitted against."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from photochrom.errors import Advice, JobError, MemoryBudgetError, StoppedError

PATIENCE_S = 5.0
"""Who has waited for so long is no longer overtaken by smaller work."""

STOP_S = 0.1
"""How often whoever waits checks whether the work is still wanted."""

LEAST_ADDRESSES = 600_000_000
"""With fewer bytes of address space no photograph can be colorized."""

_UNKNOWN_BYTES = 4_000_000_000
_FIRST_BYTES = 150_000_000
"""Of addresses, that the model and the first picture take for good, with one arena."""

_ARENAS = 2
_M_ARENA_MAX = -8
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def usable_bytes() -> int:
    """How much memory this process may use: the machine's, or less by a limit.

    Limits are those of the control groups (both versions) that it is in, as in a container or a
    systemd unit, and of ``ulimit``, of which what is taken already is left out. 4 GB where nothing
    can be found out.
    """
    found = [*_of_the_machine(), *_of_control_groups(), *_of_ulimit()]
    return min(found, default=_UNKNOWN_BYTES)


def usual_bytes() -> int:
    """How much of it a batch takes, where nobody says: four fifths."""
    return usable_bytes() * 4 // 5


def _of_the_machine() -> Iterator[int]:
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_control_groups() -> Iterator[int]:
    """The limits of all groups around this process.

    Source: Linux, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
    """
    folders = {_CGROUPS, _CGROUPS / "memory"}
    with suppress(OSError):
        for line in _OWN_CGROUPS.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "memory"):
                place = (_CGROUPS / controllers).joinpath(*path.split("/"))
                folders |= {place, *place.parents}
    for folder in folders:
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # "max" is no number, and no limit
                yield int((folder / name).read_text())


def _of_ulimit() -> Iterator[int]:
    with suppress(ImportError):
        import resource

        for kind, column in ((resource.RLIMIT_AS, 0), (resource.RLIMIT_DATA, 5)):
            limit = resource.getrlimit(kind)[0]
            if limit != resource.RLIM_INFINITY:
                yield max(0, limit - _taken_bytes(column) - _FIRST_BYTES)


def _taken_bytes(column: int) -> int:
    """What counts towards a limit already. Source: Linux, filesystems/proc.rst, statm."""
    with suppress(OSError, ValueError, AttributeError):
        page = os.sysconf("SC_PAGE_SIZE")
        return page * int(Path("/proc/self/statm").read_text().split()[column])
    return 0


def check_addresses() -> None:
    """Where ``ulimit -v`` bounds the address space, waste none of it.

    The C library would set aside up to 128 MB of addresses for each thread.

    Raises
    ------
    JobError
        There are too few addresses to begin with.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return
    if limit < LEAST_ADDRESSES:
        raise JobError(
            f"This process may use {limit / 1e6:,.0f} MB of address space (ulimit -v); at least "
            f"{LEAST_ADDRESSES / 1e6:,.0f} MB are needed."
        )
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _amount(count: int) -> str:
    return f"{count / 1e9:.2g} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


@dataclass(eq=False)
class _Asked:
    bytes: int
    granted: Future[None] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Budget:
    """Bytes that pieces of work take and give back; who finds too few left waits in a queue.

    Smaller work may overtake larger work that waits, but not for ever (`PATIENCE_S`). Safe
    from several threads.

    Parameters
    ----------
    total : bytes
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._taken = 0
        self._queue: deque[_Asked] = deque()
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Bytes that are taken now."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def workers(self, wanted: int, each: int) -> int:
        """How many workers can be at work at a time, of which each takes `each` bytes."""
        return max(1, min(wanted, self.total // each))

    def ask(self, count: int, *, subject: str) -> Future[None]:
        """Ask for bytes; they are the asker's when the future has a result.

        Cancel the future where they are wanted no more. Once they are granted, give them back
        with `give`.

        Parameters
        ----------
        count : bytes
        subject : what a message is about

        Raises
        ------
        MemoryBudgetError
            It is more than the whole budget.
        """
        if count > self.total:
            raise MemoryBudgetError(
                f"{subject}: this takes about {_amount(count)} of memory, and at most "
                f"{_amount(self.total)} may be used. Use a smaller picture.",
                advice=[Advice.MORE_MEMORY],
            )
        asked = _Asked(count)
        with self._lock:
            self._queue.append(asked)
        self._grant()
        return asked.granted

    @contextmanager
    def taking(
        self, count: int, *, subject: str, stopped: Callable[[], bool] | None = None
    ) -> Iterator[None]:
        """Wait for bytes, and have them inside. Further parameters and errors as for `ask`.

        Parameters
        ----------
        stopped : tells whether the bytes are wanted no more

        Raises
        ------
        StoppedError
            They weren't, before they were granted.
        """
        granted = self.ask(count, subject=subject)
        while True:
            try:
                granted.result(None if stopped is None else STOP_S)
                break
            except TimeoutError:
                if stopped is not None and stopped() and granted.cancel():
                    raise StoppedError from None
        try:
            yield
        finally:
            self.give(count)

    def give(self, count: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._taken -= count
        self._grant()

    def _grant(self) -> None:
        granted: list[Future[None]] = []
        with self._lock:
            now, left = time.monotonic(), deque[_Asked]()
            may_overtake = True
            for asked in self._queue:
                if asked.granted.cancelled():
                    continue
                fits = self._taken + asked.bytes <= self.total
                if fits and may_overtake and asked.granted.set_running_or_notify_cancel():
                    self._taken += asked.bytes
                    granted.append(asked.granted)
                    continue
                left.append(asked)
                may_overtake = may_overtake and now - asked.since < PATIENCE_S
            self._queue = left
        for one in granted:  # their callbacks may ask again
            one.set_result(None)
