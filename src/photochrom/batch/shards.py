"""One batch on several machines, without anyone who hands the work out.

Each of N processes colorizes the photographs whose names fall to it, by a hash of the name: the
same on every machine, whatever else there is, and about as many for each.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from photochrom.errors import JobError


@dataclass(frozen=True)
class Shard:
    """The share ``index``, 0 to ``count`` - 1, of a batch that is divided by ``count``.

    Raises
    ------
    JobError
        There is no such share.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise JobError(
                f"{self} is not a shard; shards are counted from 0, so that the last of "
                f"{max(self.count, 1)} is {max(self.count, 1) - 1}/{max(self.count, 1)}."
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read what `str` gives, such as "0/16".

        Raises
        ------
        JobError
            It is no shard.
        """
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip(), re.ASCII)
        if match is None:
            raise JobError(f"'{text}' is not a shard; expected I/N, such as 0/16, the first of 16.")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def holds(self, name: str) -> bool:
        """Whether a photograph falls to this shard; it falls to exactly one of them.

        Parameters
        ----------
        name : the photograph as it was named; the same for all shards
        """
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index
