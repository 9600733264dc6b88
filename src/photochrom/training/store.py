"""Decoded photographs: shrunk once, and kept in a cache folder as one memory-mapped file.

Near-gray, broken and tiny pictures are left out, counted and named in `Store.left_out`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import DataError, PictureReadError
from photochrom.evaluation.sources import Item
from photochrom.pictures import systems
from photochrom.training.tables import DataConfig

VERSION = 1
_BEGUN, _LEFT_S = ".building-", 86_400
_AT_ONCE = 256
"""The most decoded pictures that wait in memory."""

LeftOut = dict[str, list[str]]
"""Why -> names of the pictures that were left out for it."""


class Photograph(NamedTuple):
    """A decoded picture with what is known about it."""

    name: str
    label: str
    """Its class folder's name; "" where there is none."""
    srgb: NDArray[np.uint8]
    """(height, width, 3)."""


@dataclass(frozen=True)
class Store:
    """Decoded pictures of one source, memory-mapped.

    ``labels`` are class folders' names ("" where there is none).
    """

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int32]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    left_out: LeftOut

    def __len__(self) -> int:
        return len(self.names)

    def srgb(self, index: int) -> NDArray[np.uint8]:
        """Picture `index` as (height, width, 3) uint8."""
        height, width = self.sizes[index]
        start = self.offsets[index]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def summary(self) -> str:
        """One line for people: how many there are and what was left out."""
        return summary(len(self), self.left_out)


def summary(count: int, left_out: LeftOut) -> str:
    """One line for people: how many pictures there are and what was left out."""
    gone = ", ".join(f"{len(names)} {why}" for why, names in left_out.items() if names)
    return f"{count} pictures" + (f" (left out: {gone})" if gone else "")


def cache_folder(cache: str = "") -> Path:
    """Where stores are kept: `cache`, or the user's cache folder."""
    if cache:
        return Path(cache).expanduser()
    return systems.cache_folder() / "stores"


def rules(config: DataConfig) -> tuple[int, float, int, int]:
    """What the pictures of a store, and which there are, depend on besides their source."""
    return (config.store_side_px, config.min_chroma, config.min_side_px, VERSION)


def decoded(
    items: Sequence[Item], source: str, config: DataConfig, left_out: LeftOut
) -> Iterator[Photograph]:
    """Decode pictures in several threads, and shrink them; in the order in which they stand.

    Parameters
    ----------
    items : the pictures
    source : their source, for messages
    config : ``store_side_px``, ``min_chroma`` and ``min_side_px`` are used
    left_out : takes the names of pictures that can't be used

    Raises
    ------
    DataError
        No picture can be used.
    """
    left_out |= {"near-gray": [], "broken": [], "tiny": []}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(items), _AT_ONCE):
            part = items[start : start + _AT_ONCE]
            for item, result in zip(
                part, pool.map(lambda i: _decode(i, config), part), strict=True
            ):
                if isinstance(result, str):
                    left_out[result].append(item.name)
                else:
                    yield Photograph(item.name, item.label, result)
    if sum(map(len, left_out.values())) == len(items):
        counts = ", ".join(f"{len(names)} {why}" for why, names in left_out.items())
        raise DataError(f"{source}: of {len(items)} pictures none can be used ({counts}).")


def _decode(item: Item, config: DataConfig) -> NDArray[np.uint8] | str:
    """The shrunk pixels of a picture, or why it is left out."""
    try:
        srgb: NDArray[np.uint8] = item.load().srgb(short_side_px=config.store_side_px)
    except PictureReadError:
        return "broken"
    if min(srgb.shape[:2]) < config.min_side_px:
        return "tiny"
    step = max(1, min(srgb.shape[:2]) // 64)
    ab = color.srgb_to_lab(srgb[::step, ::step])[..., 1:]
    return (
        "near-gray" if float(np.hypot(*np.moveaxis(ab, -1, 0)).mean()) < config.min_chroma else srgb
    )


def kept(
    cache: Path, stamps: Iterable[str], photographs: Callable[[LeftOut], Iterable[Photograph]]
) -> Store:
    """A store in the cache; filled where it isn't there yet.

    Parameters
    ----------
    cache : from `cache_folder`
    stamps : what the store depends on: another one where any of these changes
    photographs : all pictures; given a dictionary that takes the names of those left out

    Raises
    ------
    DataError
        The cache can't be written.
    """
    key = hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:16]
    folder = cache / key
    if not (folder / "index.json").is_file():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _clean(cache)
            building = Path(tempfile.mkdtemp(prefix=_BEGUN, dir=cache))
        except OSError as error:
            raise DataError(f"{folder}: the cache can't be written ({error.strerror}).") from error
        try:
            _fill(building, folder, photographs)
        except OSError as error:
            raise DataError(f"{folder}: the cache can't be written ({error.strerror}).") from error
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return _load(folder)


def _clean(cache: Path) -> None:
    """Remove what runs that were killed have left; what is still written to stays."""
    for left in cache.glob(f"{_BEGUN}*"):
        with suppress(OSError):
            newest = max(one.stat().st_mtime for one in (left, *left.iterdir()))
            if time.time() - newest > _LEFT_S:
                shutil.rmtree(left, ignore_errors=True)


def _fill(
    building: Path, folder: Path, photographs: Callable[[LeftOut], Iterable[Photograph]]
) -> None:
    """Write all pictures into `building`, and rename it to `folder`."""
    left_out: LeftOut = {}
    names, labels, sizes = [], [], []
    with (building / "pixels.u8").open("wb") as file:
        for one in photographs(left_out):
            file.write(one.srgb.tobytes())
            names.append(one.name)
            labels.append(one.label)
            sizes.append(one.srgb.shape[:2])
    index = {"names": names, "labels": labels, "sizes": sizes, "left_out": left_out}
    (building / "index.json").write_text(json.dumps(index), encoding="utf-8")
    try:
        building.rename(folder)
    except OSError:  # another process was faster
        if not (folder / "index.json").is_file():
            raise


def _load(folder: Path) -> Store:
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    sizes = np.array(index["sizes"], dtype=np.int32)
    areas = sizes.astype(np.int64).prod(axis=1) * 3
    return Store(
        pixels=np.memmap(folder / "pixels.u8", dtype=np.uint8, mode="r"),
        offsets=np.concatenate([[0], np.cumsum(areas)[:-1]]).astype(np.int64),
        sizes=sizes,
        names=tuple(index["names"]),
        labels=tuple(index["labels"]),
        left_out=index["left_out"],
    )
