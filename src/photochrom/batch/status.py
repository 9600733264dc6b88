"""What has become of a batch, by all that its runs, shards and actors have written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path

import numpy as np

from photochrom.batch import manifest, parts
from photochrom.batch.known import Known, digest
from photochrom.batch.manifest import Record
from photochrom.batch.parts import ObjectRecord
from photochrom.errors import DataError
from photochrom.pictures.stores import Address, is_url

_FAILED, _SKIPPED, _DONE = 0, 1, 2
_STATUS = {"failed": _FAILED, "skipped": _SKIPPED, "done": _DONE}
KEPT = 1000
"""How many failures are kept with their words."""


@dataclass(kw_only=True)
class Summary:
    """What has become of a batch."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    input_bytes: int = 0
    output_bytes: int = 0
    seconds: float = 0.0
    """Spent on what is done, all workers together."""
    repeated: int = 0
    """Records of results that were done before."""
    models: Counter[str] = field(default_factory=Counter)
    errors: dict[str, str] = field(default_factory=dict)
    """Why photographs failed that haven't been done or skipped since, by their results; at most
    `KEPT`."""


def summarize(place: str) -> Summary:
    """Read all manifests of a place and count; in a few bytes for each photograph.

    Parameters
    ----------
    place : the folder or the address of the results

    Raises
    ------
    DataError
        There is no manifest.
    ManifestError, StoreError
        One can't be read.
    """
    sources: list[Iterable[Record | ObjectRecord]] = []
    if not is_url(place):
        sources.append(_of_folder(Path(place)))
    if is_url(place) or (Path(place) / parts.NAME).is_dir():
        sources.append(parts.read(Address.parse(place).below(parts.NAME)))
    summary = _counted(*sources)
    if summary.done + summary.failed + summary.skipped == 0:
        raise DataError(f"{place}: no batch manifest was found here.")
    return summary


def _of_folder(folder: Path) -> Iterable[Record]:
    for path in manifest.family(folder / manifest.NAME):
        with path.open("rb") as lines:
            for line in lines:
                with suppress(ValueError):
                    yield Record.from_json(line)


def _counted(*sources: Iterable[Record | ObjectRecord]) -> Summary:
    """Of several records of a result the last counts; but what is done stays so."""
    summary, rows = Summary(), Known(4)
    for records in sources:
        for one in records:
            if one.status not in _STATUS:
                continue
            sizes = [
                stamp.size_bytes if stamp else 0 for stamp in (one.input_stamp, one.output_stamp)
            ]
            rows.add(digest(one.output), _STATUS[one.status], *sizes, round(1000 * one.seconds))
            if one.status == "done":
                summary.errors.pop(one.output, None)
                summary.models[str(one.model) if one.model else "unknown"] += 1
            elif one.status == "failed" and len(summary.errors) < KEPT:
                summary.errors[one.output] = one.error
    table = rows.sorted()
    names, status = table[:, 0], table[:, 1]
    order = np.lexsort((np.arange(len(table)), status, names))
    last = np.ones(len(table), bool)
    last[:-1] = names[order][1:] != names[order][:-1]
    counted = table[order][last]
    is_done = counted[:, 1] == _DONE
    summary.done = int(is_done.sum())
    summary.failed = int((counted[:, 1] == _FAILED).sum())
    summary.skipped = int((counted[:, 1] == _SKIPPED).sum())
    digests = np.array([digest(name) for name in summary.errors], np.uint64)
    is_left = np.isin(digests, counted[counted[:, 1] == _FAILED, 0])
    summary.errors = dict(compress(summary.errors.items(), is_left))
    summary.repeated = int((status == _DONE).sum()) - summary.done
    summary.input_bytes = int(counted[is_done, 2].sum())
    summary.output_bytes = int(counted[is_done, 3].sum())
    summary.seconds = float(counted[is_done, 4].sum()) / 1000
    return summary
