"""What is known of very many names, in a few bytes for each."""

from __future__ import annotations

import hashlib
from array import array

import numpy as np
from numpy.typing import NDArray


def digest(*parts: object) -> int:
    """64 bits of a hash; that two of ten million names share theirs has odds of 1 in 370,000."""
    text = "\n".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


class Known:
    """Rows of numbers by the digest of a name; filled first, asked then.

    Parameters
    ----------
    columns : numbers in a row besides the digest, each 0..2**64 - 1
    """

    def __init__(self, columns: int) -> None:
        self._width = columns + 1
        self._filling = array("Q")
        self._rows: NDArray[np.uint64] | None = None
        self._names: NDArray[np.uint64] = np.empty(0, np.uint64)

    def add(self, name: int, *values: int) -> None:
        """Add a row; a name may have several."""
        assert self._rows is None, "asked already"
        self._filling.extend((name, *values))

    def rows(self, name: int) -> list[tuple[int, ...]]:
        """The rows of a name, in the order in which they came."""
        table = self.sorted()
        names = self._names
        first = int(np.searchsorted(names, np.uint64(name), "left"))
        found = []
        while first < len(names) and int(names[first]) == name:
            found.append(tuple(int(value) for value in table[first, 1:]))
            first += 1
        return found

    def sorted(self) -> NDArray[np.uint64]:
        """All rows, (N, columns + 1) uint64, by name and then as they came."""
        if self._rows is None:
            rows = np.frombuffer(self._filling, np.uint64).reshape(-1, self._width)
            self._rows = rows[np.argsort(rows[:, 0], kind="stable")]
            self._names = self._rows[:, 0].copy()
            self._filling = array("Q")
        return self._rows
