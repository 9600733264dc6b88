"""How to read a model out: at which size, temperature, chroma and contrast. Held-out figures.

    python benchmarks/read_out.py model.onnx --temperatures 0.5 0.7 --contrasts 0 0.2 --limit 150

Takes the tenth that training on data/flowers and data/natural holds out (never a test
folder), and prints PSNR, colorfulness over the truth's, and the kernel distance for each
setting. Chroma is a factor to what the model has. The model may be anybody's: `--like` says of
which kind a file is that nothing else describes. One that answers with colors has no temperature,
and another maker's always sees pictures at one side, which its descriptor may set.
"""

from __future__ import annotations

import argparse
import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.color.grid import AbGrid, set_off
from photochrom.evaluation import metrics
from photochrom.evaluation.steering import gray_of
from photochrom.models.foreign import Foreign
from photochrom.models.network import Network
from photochrom.models.opening import open_model
from photochrom.pictures import picture
from photochrom.runtime import upsample
from photochrom.runtime.prepared import small_size
from photochrom.training.data import open_store, split_stores
from photochrom.training.tables import DataConfig


class Setting(NamedTuple):
    """One way to read out."""

    temperature: float
    """Of a distribution."""
    chroma: float
    contrast: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--like", metavar="KIND", help="of which kind another maker's file is")
    parser.add_argument("--data", nargs="+", default=["data/flowers", "data/natural"])
    parser.add_argument("--sides", nargs="+", type=int, help="the model's by default")
    parser.add_argument("--temperatures", nargs="+", type=float, help="the model's by default")
    parser.add_argument("--chromas", nargs="+", type=float, default=[1.0])
    parser.add_argument("--contrasts", nargs="+", type=float, help="the model's by default")
    parser.add_argument("--limit", type=int, default=150)
    options = parser.parse_args()
    network = open_model(options.model, like=options.like, threads=1)
    contract = network.contract
    if options.temperatures and contract.output != "distribution":
        parser.error(f"--temperatures: '{contract.name}' answers with colors, not a distribution")
    if options.sides and isinstance(network, Foreign):
        side = contract.short_side_px
        words = (
            f"'{contract.name}' sees all pictures at {side} px; its descriptor can set another side"
        )
        parser.error(f"--sides: {words}")
    grid = itertools.product(
        options.temperatures or [contract.temperature],
        options.chromas,
        [contract.contrast] if options.contrasts is None else options.contrasts,
    )
    settings = [Setting(*values) for values in grid]
    print(
        "| held-out pictures of | side px | temperature | chroma | contrast "
        "| PSNR dB | above gray | colorful | kernel x1000 |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for source in options.data:
        truths = held_out(source, options.limit)
        kept = metrics.lite0_features(truths)
        gray = np.mean(
            [
                metrics.psnr(np.repeat(gray_of(truth)[..., None], 3, axis=-1), truth)
                for truth in truths
            ]
        )
        print(f"| {source} | | gray | | | {gray:.2f} | 0 | 0 | |")
        ratio_of = np.mean([color.colorfulness(truth) for truth in truths])
        for side in options.sides or [contract.short_side_px]:
            with ThreadPoolExecutor() as pool:
                color_one = partial(colored, network, side=side, settings=settings)
                results = list(pool.map(color_one, truths))
            for index, setting in enumerate(settings):
                ours = [result[index] for result in results]
                psnr = np.mean([metrics.psnr(a, b) for a, b in zip(ours, truths, strict=True)])
                vivid = np.mean([color.colorfulness(one) for one in ours]) / ratio_of
                features = metrics.lite0_features(ours)
                pairs = [(features, features), (kept, kept), (features, kept)]
                kernel = metrics.kernel_distance(
                    *(metrics.polynomial_kernel(one, other) for one, other in pairs)
                )
                print(
                    f"| {source} | {side} | {' | '.join(f'{value:g}' for value in setting)} | "
                    f"{psnr:.2f} | {psnr - gray:.2f} | {vivid:.2f} | {1000 * kernel:.1f} |",
                    flush=True,
                )


def held_out(source: str, limit: int) -> list[NDArray[np.uint8]]:
    """Photographs that training on this source alone or with others holds out, evenly drawn."""
    store = open_store(source, DataConfig(min_chroma=1.0))  # as recipes/photochrom.toml has it
    _, references = split_stores([store], share=0.1)
    chosen = np.linspace(0, len(references) - 1, min(limit, len(references))).round().astype(int)
    return [np.array(store.srgb(references[index].number)) for index in chosen]


def colored(
    network: Network, truth: NDArray[np.uint8], *, side: int, settings: list[Setting]
) -> list[NDArray[np.uint8]]:
    """A photograph's lightness in color, with each setting."""
    gray = picture.from_array(gray_of(truth))
    lightness = color.srgb_to_lightness(gray.srgb(size=small_size(gray.size, side)))
    contract = network.contract
    given = np.moveaxis(network.decode(network.encode(lightness)), 0, -1)
    grid = AbGrid(np.array(contract.bins, dtype=np.float32)) if contract.bins else None
    results = []
    for temperature, chroma, contrast in settings:
        ab = given if grid is None else grid.read_out(given, temperature=temperature)
        ab = set_off(ab * chroma, contrast)
        offset, gain = upsample.guide(ab, lightness)
        results.append(gray.with_ab(offset, gain).srgb())
    return results


if __name__ == "__main__":
    main()
