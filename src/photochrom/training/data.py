"""Photographs for training: sources -> a store of decoded pixels -> crops of L* and ab.

A source's pictures (`photochrom.evaluation.sources`) are decoded once, shrunk to a short side,
and kept in a cache folder as one memory-mapped file, so that a crop costs no decoding
(`benchmarks/data.py` measures what that saves). Near-gray, broken and tiny pictures are left
out, counted and named in `Store.left_out`.

A crop is a pure function of (picture, sample seed), and the order of an epoch of (seed,
epoch): a run can stop and go on anywhere, with any number of workers or devices, and see
the same crops.

Axes: B batch, H height, W width, 1 lightness, 2 ab, 3 sRGB.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler
from torchvision.transforms import v2

from photochrom import color
from photochrom.errors import DataError, PictureReadError, RecipeError
from photochrom.evaluation.sources import Item, list_source
from photochrom.pictures import systems
from photochrom.training.aging import age
from photochrom.training.regions import parts
from photochrom.training.tables import AgeConfig, DataConfig

STORE_VERSION = 1


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
    left_out: dict[str, list[str]]
    """Why -> names of the pictures that were left out for it."""

    def __len__(self) -> int:
        return len(self.names)

    def srgb(self, index: int) -> NDArray[np.uint8]:
        """Picture `index` as (height, width, 3) uint8."""
        height, width = self.sizes[index]
        start = self.offsets[index]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def summary(self) -> str:
        """One line for people: how many there are and what was left out."""
        gone = ", ".join(f"{len(names)} {why}" for why, names in self.left_out.items() if names)
        return f"{len(self)} pictures" + (f" (left out: {gone})" if gone else "")


def open_store(source: str, config: DataConfig, *, part: str = "train") -> Store:
    """The decoded pictures of a source; made in the cache at the first call.

    Parameters
    ----------
    source : as for `list_source`
    config : ``store_side_px``, ``min_chroma``, ``min_side_px`` and ``cache`` are used

    Raises
    ------
    DataError
        There is no such source, or no picture in it can be used.
    """
    items = list_source(source, part=part)
    rules = (config.store_side_px, config.min_chroma, config.min_side_px, STORE_VERSION)
    stamps = "\n".join([str(Path(source).absolute()), str(rules), *(item.stamp for item in items)])
    key = hashlib.sha256(stamps.encode()).hexdigest()[:16]
    folder = cache_folder(config.cache) / key
    if not (folder / "index.json").is_file():
        _build_store(items, config, folder, source)
    return _load_store(folder)


def cache_folder(cache: str = "") -> Path:
    """Where stores are kept: `cache`, or the user's cache folder."""
    if cache:
        return Path(cache).expanduser()
    return systems.cache_folder() / "stores"


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


def _build_store(items: Sequence[Item], config: DataConfig, folder: Path, source: str) -> None:
    """Decode all pictures into `folder`, under a temporary name first."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"{folder}: the cache can't be written ({error.strerror}).") from error
    left_out: dict[str, list[str]] = {"near-gray": [], "broken": [], "tiny": []}
    kept: list[tuple[Item, tuple[int, int]]] = []
    try:
        with (
            (building / "pixels.u8").open("wb") as file,
            ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
        ):
            chunk = 256  # so that no more than this many decoded pictures wait in memory
            for start in range(0, len(items), chunk):
                part = items[start : start + chunk]
                for item, result in zip(
                    part, pool.map(lambda i: _decode(i, config), part), strict=True
                ):
                    if isinstance(result, str):
                        left_out[result].append(item.name)
                    else:
                        file.write(result.tobytes())
                        kept.append((item, result.shape[:2]))
        if not kept:
            counts = ", ".join(f"{len(names)} {why}" for why, names in left_out.items())
            raise DataError(f"{source}: of {len(items)} pictures none can be used ({counts}).")
        index = {
            "names": [item.name for item, _ in kept],
            "labels": [item.label for item, _ in kept],
            "sizes": [size for _, size in kept],
            "left_out": left_out,
        }
        (building / "index.json").write_text(json.dumps(index), encoding="utf-8")
        try:
            building.rename(folder)
        except OSError:  # another process was faster
            if not (folder / "index.json").is_file():
                raise
    except OSError as error:
        raise DataError(f"{folder}: the cache can't be written ({error.strerror}).") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _load_store(folder: Path) -> Store:
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


class Pointer(NamedTuple):
    """Picture `number` of store `store`."""

    store: int
    number: int


def split_stores(stores: Sequence[Store], *, share: float) -> tuple[list[Pointer], list[Pointer]]:
    """Split pictures into training and held-out ones.

    A picture's side depends on its name alone: it stays when others come, and from one run to
    the next, whatever its seed, so that runs can go on from one another.

    Returns
    -------
    training, held-out; both in a fixed order

    Raises
    ------
    DataError
        A side is empty.
    """
    training: list[Pointer] = []
    held_out: list[Pointer] = []
    for number, store in enumerate(stores):
        for index, name in enumerate(store.names):
            digest = hashlib.sha256(f"0/{name}".encode()).digest()
            side = held_out if int.from_bytes(digest[:8]) / 2**64 < share else training
            side.append(Pointer(number, index))
    if not training or not held_out:
        raise DataError(
            f"{sum(map(len, stores))} pictures split into {len(training)} to train on and "
            f"{len(held_out)} held out; more are needed, or another data.validation_share."
        )
    return training, held_out


def mean_ab_by_lightness(
    stores: Sequence[Store], pointers: Sequence[Pointer], *, limit: int = 1000
) -> NDArray[np.float32]:
    """The mean ab of training pixels of each whole L*: a floor that any model must beat.

    Parameters
    ----------
    stores, pointers : the pictures to average over
    limit : at most so many of them, evenly spread

    Returns
    -------
    (101, 2) float32; where no pixel has that L*, what lies between its neighbors
    """
    sums, counts = np.zeros((101, 2)), np.zeros(101)
    for store, index in pointers[:: max(1, len(pointers) // limit)]:
        lab = color.srgb_to_lab(stores[store].srgb(index)[::2, ::2]).reshape(-1, 3)
        level = np.clip(np.rint(lab[:, 0]), 0, 100).astype(int)
        counts += np.bincount(level, minlength=101)
        for channel in (0, 1):
            sums[:, channel] += np.bincount(level, lab[:, channel + 1], minlength=101)
    seen = np.flatnonzero(counts)
    means = [np.interp(np.arange(101), seen, sums[seen, c] / counts[seen]) for c in (0, 1)]
    return np.stack(means, axis=-1).astype(np.float32)


class Crops(Dataset[dict[str, torch.Tensor]]):
    """Crops of pictures as L* and ab; indexed by (number, sample seed).

    Each item: ``lightness`` (1, H, W) 0..100, ``ab`` (2, H, W), ``label`` (); with `aged` also
    ``seen`` (1, H, W), the lightness as an old print might have it, and ``parts`` (S, H/4, W/4),
    see `regions.parts`. A sample seed below 0 gives the middle square, unflipped and untouched,
    as held-out figures want it.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        pointers: Sequence[Pointer],
        config: DataConfig,
        aged: AgeConfig | None = None,
    ) -> None:
        self.aged = aged
        self.stores, self.pointers, self.config = stores, pointers, config
        self.classes = sorted({label for store in stores for label in store.labels})
        side = config.crop_px
        flip = [v2.RandomHorizontalFlip()] if config.flip else []
        area, ratio, turn = config.crop_area, config.crop_ratio, config.rotation
        crop = v2.RandomResizedCrop(side, scale=area, ratio=ratio, antialias=True)
        if turn:
            angle = math.radians(turn)
            wide = math.ceil(side * (math.sin(angle) + math.cos(angle)))  # no corner stays empty
            turned = [
                v2.RandomResizedCrop(wide, scale=area, ratio=ratio, antialias=True),
                v2.RandomRotation(turn, interpolation=v2.InterpolationMode.BILINEAR),
                v2.CenterCrop(side),
            ]
            crop = v2.RandomChoice([crop, v2.Compose(turned)])
        self._random = v2.Compose([crop, *flip])
        self._middle = v2.Compose([v2.Resize(side, antialias=True), v2.CenterCrop(side)])

    def __len__(self) -> int:
        return len(self.pointers)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, torch.Tensor]:
        number, sample_seed = key
        store, index = self.pointers[number]
        srgb = np.array(self.stores[store].srgb(index))
        srgb_3HW = torch.from_numpy(srgb).permute(2, 0, 1)
        if sample_seed < 0:
            srgb_3HW = self._middle(srgb_3HW)
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(sample_seed)
                srgb_3HW = self._random(srgb_3HW)
        srgb_HW3 = srgb_3HW.permute(1, 2, 0).numpy()
        lab = color.srgb_to_lab(srgb_HW3)
        item = {"label": torch.tensor(self.classes.index(self.stores[store].labels[index]))}
        if self.aged is not None:
            seen = lab[..., 0]
            if sample_seed >= 0:
                rng = np.random.default_rng(sample_seed)
                seen, lab = age(srgb_HW3, lab, self.aged, rng)
            item["seen"] = torch.from_numpy(seen.copy())[None]
            item["parts"] = torch.from_numpy(parts(lab))
        lab_3HW = torch.from_numpy(np.moveaxis(lab, -1, 0).copy())
        return item | {"lightness": lab_3HW[:1], "ab": lab_3HW[1:]}


def weights_of(
    stores: Sequence[Store],
    pointers: Sequence[Pointer],
    sources: Sequence[str],
    weights: dict[str, float],
) -> NDArray[np.float64]:
    """How often each picture is taken, (N,): its source's weight times its class folder's.

    Raises
    ------
    RecipeError
        A weight is for something that isn't there, or nothing is left.
    """
    known = {*sources, *(label for store in stores for label in store.labels)}
    for name in weights:
        if name not in known:
            raise RecipeError(
                f"data.weights names '{name}', which is neither a source nor a class folder; "
                f"there are {', '.join(sorted(known - {''}))}."
            )
    found = [
        weights.get(sources[number], 1.0) * weights.get(stores[number].labels[index], 1.0)
        for number, index in pointers
    ]
    if not sum(found) > 0:
        raise RecipeError("data.weights leaves no picture to train on.")
    return np.array(found)


def _systematic(
    order: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    crops: int,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Positions in a shuffled `order`: `crops` of them, each as often as its weight says, give or
    take one, and shuffled again.

    Source: systematic sampling; Madow and Madow, 1944.
    """
    shares = np.ones(len(order)) if weights is None else weights[order]
    reached = np.cumsum(shares) / shares.sum() * crops
    chosen = np.searchsorted(reached, np.arange(crops) + generator.random(), side="right")
    return generator.permutation(np.minimum(chosen, len(order) - 1))


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """The batches of one epoch for one device, from any batch on.

    Every device takes its own equal slice of every global batch, so that devices together
    see what one device would. A last, incomplete batch is left out.

    Parameters
    ----------
    weights : (count,), how often each is taken; alike by default
    crops : how many an epoch has; `count` by default
    """

    def __init__(
        self,
        count: int,
        *,
        batch: int,
        seed: int,
        epoch: int,
        weights: NDArray[np.float64] | None = None,
        crops: int = 0,
        start: int = 0,
        rank: int = 0,
        devices: int = 1,
        accumulate: int = 1,
    ) -> None:
        generator = np.random.default_rng([seed, epoch])
        order = generator.permutation(count)
        if weights is not None or crops:
            order = order[_systematic(order, weights, crops or count, generator)]
        seeds = generator.integers(0, 2**62, size=len(order))
        share = batch // (devices * accumulate)
        self._batches = []
        for first in range(start * batch, len(order) - batch + 1, batch):
            for step in range(accumulate):
                low = first + (rank * accumulate + step) * share
                pairs = zip(order[low : low + share], seeds[low : low + share], strict=True)
                self._batches.append([(int(number), int(one)) for number, one in pairs])

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)
