"""The threads that work on what is asked, and a queue of limited length before them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from photochrom.studio.problems import busy

Result = TypeVar("Result")


class Workshop:
    """Threads that work, and a queue of limited length before them.

    Parameters
    ----------
    workers : threads
    waiting : the most pieces of work that wait for a thread
    """

    def __init__(self, workers: int, *, waiting: int) -> None:
        self._workers, self._places = workers, workers + waiting
        self._pool = self._new_pool()
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many pieces of work wait or are at work."""
        return self._taken

    @property
    def depth(self) -> int:
        """How many pieces of work wait."""
        return max(0, self._taken - self._workers)

    def begin(self, work: Callable[[], Result]) -> Future[Result]:
        """Put work in the queue.

        Raises
        ------
        Problem
            503: the queue is full.
        """
        with self._lock:
            if self._taken >= self._places:
                raise busy("The server is busy; try again in a moment.")
            future = self._pool.submit(work)
            self._taken += 1
        future.add_done_callback(self._free)
        return future

    def close(self) -> None:
        """Let go of what waits; what is at work ends by itself. New work has new threads."""
        old, self._pool = self._pool, self._new_pool()
        old.shutdown(wait=False, cancel_futures=True)

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._workers, thread_name_prefix="studio")

    def _free(self, _: Future[Result]) -> None:
        with self._lock:
            self._taken -= 1
