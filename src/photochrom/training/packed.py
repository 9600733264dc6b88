"""Photographs packed for training: shards on a disk or in an object store, in litdata's format.

`pack` decodes and shrinks the pictures of a source once, as `photochrom.training.store` does, and
writes them as shards of some 64 MB, with litdata's ``index.json`` and our own ``photochrom.json``
beside them. `open_packed` reads the shards one after another into this machine's cache, as
`photochrom.training.data.open_store` does a folder: crops, held-out pictures and their order are
the same.

litdata writes and reads the shards; `photochrom.pictures.stores` carries them, so that credentials
come from the same places as anywhere in Photochrom.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np

from photochrom.errors import (
    Advice,
    DataError,
    JobError,
    MissingExtraError,
    OutputExistsError,
    PictureReadError,
    RecipeError,
)
from photochrom.evaluation.sources import list_source
from photochrom.models import fields
from photochrom.models.plain import read_json
from photochrom.pictures import stores
from photochrom.pictures.stores import Address, ObjectStamp
from photochrom.training.store import (
    LeftOut,
    Photograph,
    Store,
    cache_folder,
    decoded,
    kept,
    rules,
    summary,
)
from photochrom.training.tables import DataConfig

INDEX = "photochrom.json"
"""Written last: without it, a place holds nothing that could be trained on."""

SHARD_BYTES = 64_000_000
"""A shard is full once it has more."""

_OF_LITDATA = "index.json"
_RULES = ("store_side_px", "min_chroma", "min_side_px")
_FORMAT = {
    "data_format": ["str", "str", "numpy"],
    "compression": None,
    "encryption": None,
    "item_loader": "PyTreeLoader",
}
"""What litdata may find in shards: nothing that it would unpickle."""

_NAMES = fields.several(fields.text, most=10**9)
_OF_INDEX: dict[str, fields.Check] = {
    "rules": fields.several(fields.real(0, 1e9), 4, 4),
    "names": _NAMES,
    "labels": _NAMES,
    "left_out": fields.table,
}
_COUNT = fields.whole(1, 2**31)


def _file(value: Any, name: str) -> str:
    """A file's name, without a folder's."""
    if PurePath(fields.text(value, name)).name != value:
        raise ValueError(f"{name} is {value!r}; expected a file's name.")
    return value


class Packed(NamedTuple):
    """What ``photochrom.json`` says."""

    rules: tuple[float, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    left_out: LeftOut


def is_packed(source: str) -> bool:
    """Whether a source is an address, or a folder that `pack` has written."""
    return stores.is_url(source) or (Path(source).expanduser() / INDEX).is_file()


def pack(
    source: str,
    place: Address,
    config: DataConfig,
    *,
    replace: bool = False,
    on_picture: Callable[[int, int], object] = lambda number, of: None,
) -> str:
    """Decode, shrink and pack the pictures of a source.

    Parameters
    ----------
    source : as for `list_source`; no packed one
    place : where the shards go
    config : ``store_side_px``, ``min_chroma`` and ``min_side_px`` are used
    replace : replace what has been packed there before
    on_picture : called after each picture that is packed with (how many are, of how many)

    Returns
    -------
    One line for people: how many there are and what was left out

    Raises
    ------
    DataError
        There is no such source, or no picture in it can be used.
    JobError
        The place can only be read.
    MissingExtraError
        litdata is not installed.
    OutputExistsError
        There are shards at the place already.
    StoreError
        The object store can't be reached, or refuses.
    """
    streaming = _streaming()
    if place.is_web:
        raise JobError(f"{place}: shards cannot be written over HTTP; name a bucket.")
    if not replace and stores.look(place.below(INDEX)) is not None:
        raise _exists(place.below(INDEX))
    items = list_source(source)
    left_out: LeftOut = {}
    names, labels = [], []
    with tempfile.TemporaryDirectory(prefix="photochrom-") as name:
        folder = Path(name)
        shards = streaming.Cache(name, chunk_bytes=SHARD_BYTES)
        for number, one in enumerate(decoded(items, source, config, left_out)):
            shards[number] = {"name": one.name, "label": one.label, "srgb": one.srgb}
            names.append(one.name)
            labels.append(one.label)
            _send(folder, place, replace=replace)
            on_picture(number + 1, len(items))
        shards.done()
        _send(folder, place, replace=replace)
        (index,) = folder.glob(f"*.{_OF_LITDATA}")
        _put(place.below(_OF_LITDATA), index.read_bytes(), replace=replace)
    packed = Packed(rules(config), tuple(names), tuple(labels), left_out)
    _put(place.below(INDEX), json.dumps(packed._asdict()).encode(), replace=replace)
    return summary(len(names), left_out)


def open_packed(place: Address, config: DataConfig) -> Store:
    """The pictures of a place that `pack` has written; read into the cache at the first call.

    Parameters
    ----------
    place : as it was given to `pack`
    config : ``cache`` is used; the others must be what it was packed by

    Raises
    ------
    DataError
        Nothing has been packed there, or it is damaged.
    MissingExtraError
        litdata is not installed, and the cache doesn't hold the pictures yet.
    RecipeError
        It was packed by other rules.
    StoreError
        The object store can't be reached, or refuses.
    """
    index, stamp = _index(place)
    for key, found, wanted in zip(_RULES, index.rules, rules(config), strict=False):
        if found != wanted:
            raise RecipeError(
                f"{place} was packed with data.{key} = {found:g}, but the recipe has {wanted:g}. "
                "Change the recipe, or pack the pictures anew."
            )

    def photographs(left_out: LeftOut) -> Iterator[Photograph]:
        left_out |= index.left_out
        yield from _unpacked(place, index)

    return kept(cache_folder(config.cache), [str(place), str(stamp)], photographs)


def _index(place: Address) -> tuple[Packed, ObjectStamp]:
    try:
        data, stamp = stores.get(place.below(INDEX))
    except PictureReadError as error:
        raise DataError(
            f"{place}: there is no {INDEX}. Pack photographs there first.",
            advice=[Advice.PACK],
        ) from error
    try:
        table = fields.table(read_json(data))
        found = Packed(**{key: check(table.get(key), key) for key, check in _OF_INDEX.items()})
        if found.rules[-1] != rules(DataConfig())[-1]:
            raise ValueError(f"it is of version {found.rules[-1]:g}, which isn't known here")
        if not found.names or len(found.names) != len(found.labels):
            raise ValueError("names and labels don't match")
    except ValueError as error:
        raise DataError(f"{place.below(INDEX)}: this can't be read: {error}") from error
    return found, stamp


def _unpacked(place: Address, index: Packed) -> Iterator[Photograph]:
    """All pictures in their order; of the shards, two at most are held at once."""
    streaming = _streaming()
    told = stores.get(place.below(_OF_LITDATA))[0]
    shards = _shards(told, place, len(index.names))
    labels = iter(zip(index.names, index.labels, strict=True))
    with tempfile.TemporaryDirectory(prefix="photochrom-") as name, ThreadPoolExecutor(1) as pool:
        folder, first = Path(name), 0
        (folder / _OF_LITDATA).write_bytes(told)
        reader = streaming.StreamingDataset(name)
        coming = pool.submit(stores.get, place.below(shards[0][0]))
        for at, (file, count) in enumerate(shards):
            (folder / file).write_bytes(coming.result()[0])
            if at + 1 < len(shards):
                coming = pool.submit(stores.get, place.below(shards[at + 1][0]))
            for number in range(first, first + count):
                yield _photograph(reader, number, next(labels), place.below(file))
            first += count
            (folder / file).unlink()


def _shards(told: bytes, place: Address, count: int) -> list[tuple[str, int]]:
    """The files and how many pictures each holds, from litdata's index."""
    try:
        table = fields.table(read_json(told), "it")
        config = fields.table(table.get("config"), "config")
        for key, wanted in _FORMAT.items():
            if config.get(key) != wanted:
                raise ValueError(f"{key} is {config.get(key)!r}; expected {wanted!r}.")
        shards = [
            (_file(one.get("filename"), "filename"), _COUNT(one.get("chunk_size"), "chunk_size"))
            for one in fields.several(fields.table, 1, 10**7)(table.get("chunks"), "chunks")
        ]
        if sum(size for _, size in shards) != count:
            raise ValueError(f"it has not {count} pictures")
    except ValueError as error:
        raise DataError(f"{place.below(_OF_LITDATA)}: this can't be read: {error}") from error
    return shards


def _photograph(reader: Any, number: int, of: tuple[str, str], shard: Address) -> Photograph:
    try:
        found = Photograph(**reader[number])
        if found[:2] != of or found.srgb.dtype != np.uint8 or found.srgb.shape[2:] != (3,):
            raise ValueError(f"there is another picture than {of[0]}")
    except Exception as error:  # litdata raises whatever its readers meet
        raise DataError(f"{shard}: this shard is damaged ({error}).") from error
    return found


def _send(folder: Path, place: Address, *, replace: bool) -> None:
    """Move the shards that are full to their place."""
    for path in sorted(folder.glob("*.bin")):
        _put(place.below(path.name), path.read_bytes(), replace=replace)
        path.unlink()


def _put(place: Address, data: bytes, *, replace: bool) -> None:
    if stores.put(place, data, notes={}, replace=replace) is None:
        raise _exists(place)


def _exists(place: Address) -> OutputExistsError:
    return OutputExistsError(
        f"{place}: the object already exists.", advice=[Advice.OTHER_OUTPUT, Advice.REPLACE]
    )


def _streaming() -> Any:
    """litdata, told not to ask the package index for a newer one."""
    os.environ["LITDATA_DISABLE_VERSION_CHECK"] = "1"
    try:
        from litdata import streaming
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "Packed photographs need the shards extra: pip install 'photochrom[shards]'"
        ) from error
    return streaming
