"""Does decoding starve training? Crops a second from files and from the decoded store.

    python benchmarks/data.py data/flowers

Prints one core's crops a second at 224 px, and how long the store took to make.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch

from photochrom import color
from photochrom.evaluation.sources import list_source
from photochrom.training.data import Crops, Pointer, open_store
from photochrom.training.tables import DataConfig

CROPS = 300


def rate(work: Callable[[int], object]) -> float:
    """Calls a second of `work`, over `CROPS` calls after a warm-up."""
    for number in range(10):
        work(number)
    started = time.perf_counter()
    for number in range(CROPS):
        work(number)
    return CROPS / (time.perf_counter() - started)


def main(source: str) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as cache:
        config = DataConfig(train=(source,), cache=cache)
        items = list_source(source)
        started = time.perf_counter()
        store = open_store(source, config)
        making = time.perf_counter() - started
        crops = Crops([store], [Pointer(0, index) for index in range(len(store))], config)
        order = np.random.default_rng(0).permutation(len(store))
        side = config.store_side_px

        decode = rate(lambda n: items[order[n]].load().srgb(short_side_px=side))
        crop = rate(lambda n: crops[int(order[n]), n])
        pixels = np.array(store.srgb(0)[:224, :224])
        lab = rate(lambda _: color.srgb_to_lab(pixels))
        print(f"{source}: {store.summary()}; the store took {making:.1f} s to make")
        print(f"decode a file            {decode:7.0f} a second")
        print(f"crop from the store      {crop:7.0f} a second, of which")
        print(f"  sRGB to Lab            {lab:7.0f} a second")
        both = 1 / (1 / decode + 1 / crop)
        print(f"decode and crop          {both:7.0f} a second: the store saves x{crop / both:.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "data/flowers")
