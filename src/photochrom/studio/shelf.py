"""The open pictures that the server holds in memory, within limits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from photochrom.studio.held import Held
from photochrom.studio.limits import Limits
from photochrom.studio.problems import Problem


class Shelf:
    """The open pictures: limited in number, bytes and age; the longest unused go first.

    Safe from several threads.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size_bytes(self) -> int:
        """Of all pictures together."""
        with self._lock:
            return sum(held.size_bytes for held in self._held.values())

    def put(self, held: Held) -> None:
        """Keep a picture; others may have to go."""
        with self._lock:
            held.used = self._clock()
            self._held[held.id] = held
            self._tidy()

    def get(self, id_: str) -> Held:
        """An open picture.

        Raises
        ------
        Problem
            404: there is none of that id, or it has been forgotten.
        """
        with self._lock:
            self._tidy()
            if id_ not in self._held:
                raise _unknown()
            held = self._held[id_]
            held.used = self._clock()
            self._held.move_to_end(id_)
            return held

    def remove(self, id_: str) -> None:
        """Forget a picture. Errors as for `get`."""
        with self._lock:
            if self._held.pop(id_, None) is None:
                raise _unknown()

    def tidy(self) -> None:
        """Forget what has not been used for long."""
        with self._lock:
            self._tidy()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()

    def _tidy(self) -> None:
        limits, oldest = self._limits, self._clock() - self._limits.picture_age_s
        size = sum(held.size_bytes for held in self._held.values())
        while self._held:
            first = next(iter(self._held.values()))
            crowded = len(self._held) > limits.pictures or size > limits.picture_bytes
            if first.used >= oldest and not (crowded and len(self._held) > 1):
                break
            del self._held[first.id]
            size -= first.size_bytes


def _unknown() -> Problem:
    return Problem(
        404,
        "No open picture has this id; pictures are closed after a while. Open it again.",
        kind="unknown-picture",
    )
