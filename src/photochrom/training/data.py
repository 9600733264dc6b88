"""Photographs for training: sources -> a store of decoded pixels -> crops of L* and ab.

A source's pictures (`photochrom.evaluation.sources`) are decoded once, shrunk to a short side,
and kept (`photochrom.training.store`), so that a crop costs no decoding (`benchmarks/data.py`
measures what that saves). A packed source (`photochrom.training.packed`) gives the same crops.

A crop is a pure function of (picture, sample seed), and the order of an epoch of (seed,
epoch): a run can stop and go on anywhere, with any number of workers or devices, and see
the same crops.

Axes: B batch, H height, W width, 1 lightness, 2 ab, 3 sRGB.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler
from torchvision.transforms import v2

from photochrom import color
from photochrom.errors import DataError, RecipeError
from photochrom.evaluation.sources import list_source
from photochrom.pictures.stores import Address
from photochrom.training import packed
from photochrom.training.aging import age
from photochrom.training.regions import parts
from photochrom.training.store import Store, cache_folder, decoded, kept, rules
from photochrom.training.tables import AgeConfig, DataConfig


def open_store(source: str, config: DataConfig, *, part: str = "train") -> Store:
    """The decoded pictures of a source; made in the cache at the first call.

    Parameters
    ----------
    source : as for `list_source`, or a place that `packed.pack` has written: a folder or an
        address such as s3://BUCKET/KEY
    config : ``store_side_px``, ``min_chroma``, ``min_side_px`` and ``cache`` are used

    Raises
    ------
    DataError
        There is no such source, or no picture in it can be used.
    RecipeError
        It was packed by other rules than those of `config`.
    StoreError
        The object store can't be reached, or refuses.
    """
    if packed.is_packed(source):
        return packed.open_packed(Address.parse(source), config)
    items = list_source(source, part=part)
    return kept(
        cache_folder(config.cache),
        [str(Path(source).absolute()), str(rules(config)), *(item.stamp for item in items)],
        lambda left_out: decoded(items, source, config, left_out),
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
    limit : the most to take, evenly spread

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
        label = self.stores[store].labels[index]
        item = {"label": torch.tensor(self.classes.index(label))}
        if self.aged is not None:
            seen = lab[..., 0]
            if sample_seed >= 0:
                rng = np.random.default_rng(sample_seed)
                seen, lab = age(srgb_HW3, lab, self.aged, rng, label)
            item["seen"] = torch.from_numpy(seen.copy())[None]
            item["parts"] = torch.from_numpy(parts(lab))
        lab_3HW = torch.from_numpy(np.moveaxis(lab, -1, 0).copy())
        return item | {"lightness": lab_3HW[:1], "ab": lab_3HW[1:]}


def check_portraits(stores: Sequence[Store], portraits: Sequence[str]) -> None:
    """Check that the portraits' class folders are there.

    Raises
    ------
    RecipeError
        One isn't.
    """
    known = {label for store in stores for label in store.labels} - {""}
    for name in portraits:
        if name not in known:
            there = f"there are {', '.join(sorted(known))}" if known else "there are none"
            raise RecipeError(f"age.portraits names '{name}', which is no class folder; {there}.")


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
