"""What was computed lately, kept for when it is asked for again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The latest few values by key; safe from several threads.

    Parameters
    ----------
    most : how many values are kept; the longest unused goes first
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value of a key; None where it isn't kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def values(self) -> tuple[Value, ...]:
        """All that is kept."""
        with self._lock:
            return tuple(self._values.values())

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value; others may have to go."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def drop(self, unwanted: Callable[[Hashable], bool]) -> None:
        """Keep no more what has such keys."""
        with self._lock:
            for key in [one for one in self._values if unwanted(one)]:
                del self._values[key]

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made where it isn't kept."""
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value
