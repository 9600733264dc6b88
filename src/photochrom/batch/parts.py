"""What was done to which photograph of a store: JSON lines in numbered objects below one prefix.

Objects can't be appended to, and many machines may write at once: each process writes parts of its
own, ``START-PROCESS-NUMBER.jsonl``, which never change. What a killed process had not written yet
is found out from the results themselves (`photochrom.batch.objects`).
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType

from photochrom.batch.records import Entry
from photochrom.errors import Advice, ManifestError, StoreError
from photochrom.models import fields
from photochrom.pictures import stores
from photochrom.pictures.stores import Address, ObjectStamp

NAME = "photochrom-manifest"
"""The prefix of the parts, below the results' own."""

LINES = 500
"""A part is written when it has this many lines,"""

SECONDS = 15.0
"""or when its first line has waited for so long."""
_PART = re.compile(r"\d{8}T\d{6}(\.\d{6})?Z-[0-9a-f]{12}-\d{6}\.jsonl")
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class ObjectRecord(Entry[ObjectStamp]):
    """One line of a part.

    ``input`` is the photograph's address. ``output`` is the result: its key below the place of
    the results.
    """

    STATUSES = ("done", "failed", "skipped")
    STAMP = ObjectStamp
    MARK = staticmethod(lambda value, name: stores.bare(fields.text(value, name)))


class Parts:
    """Where one process writes its records; safe from several threads.

    Parameters
    ----------
    place : the prefix of all parts
    """

    def __init__(self, place: Address) -> None:
        self._place = place
        self._own = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(6)}"
        self._number = 0
        self._waiting: list[str] = []
        self._since = 0.0
        self._alone = threading.Lock()

    def __enter__(self) -> Parts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def append(self, record: ObjectRecord) -> None:
        """Take a record in; it is written with those after it, or by `flush`.

        Raises
        ------
        ManifestError
            A part can't be written.
        """
        with self._alone:
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting.append(record.to_json())
            if len(self._waiting) >= LINES or time.monotonic() - self._since >= SECONDS:
                self._write()

    def flush(self) -> None:
        """Write what waits.

        Raises
        ------
        ManifestError
            It can't be written.
        """
        with self._alone:
            if self._waiting:
                self._write()

    def _write(self) -> None:
        name = f"{self._own}-{self._number:06}.jsonl"
        data = "".join(f"{line}\n" for line in self._waiting).encode()
        place = self._place.below(name)
        try:
            written = stores.put(place, data, notes={"Content-Type": "application/x-ndjson"})
            if written is None and stores.get(place)[0] != data:  # else a repeated request of ours
                raise StoreError(f"{place}: the object already exists.")
        except StoreError as error:
            raise ManifestError(
                f"A part of the manifest can't be written: {error}", advice=[Advice.RESUME]
            ) from error
        self._number += 1
        self._waiting.clear()


def read(place: Address) -> Iterator[ObjectRecord]:
    """All records below a prefix, each process's in the order in which it wrote them.

    Lines that are no records, and objects that are no parts, are left out.

    Raises
    ------
    StoreError
        The store can't be reached, or refuses.
    """
    names = sorted(name for name, _ in stores.listed(place) if _PART.fullmatch(name))
    queue = iter(names)

    def fetch(name: str) -> bytes:
        return stores.get(place.below(name))[0]

    with ThreadPoolExecutor(_AT_ONCE, "photochrom") as pool:
        while batch := list(islice(queue, _AT_ONCE)):
            for data in pool.map(fetch, batch):
                for line in data.splitlines():
                    with suppress(ValueError):
                        yield ObjectRecord.from_json(line)
