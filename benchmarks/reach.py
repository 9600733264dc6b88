"""Does a hint color its object, and only that? One surprising hint in a region drawn by a human.

    python benchmarks/reach.py data/bsds500/test data/bsds500/labels -m photochrom -m mine.onnx

LABELS has PNG label maps with the stems of the photographs (BSDS500's human segmentations). In
each photograph up to two regions of 4 to 40 % of the area are drawn (seed 0). The hint stands at
the region's innermost point, with a color of chroma 45 whose hue is a quarter to three quarters
of a turn from what the model paints there. Changed is where ab moved by more than 10. Prints
medians: the IoU of what changed with the region, the share of the region that changed, and the
share of what lies outside that changed; then the mean IoU.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import Colorizer, Hint, color
from photographs import add_models, colorizers, distance

AREAS = (0.04, 0.40)
REGIONS = 2
CHROMA = 45
MOVED = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=Path, help="folder of JPEG photographs")
    parser.add_argument("labels", type=Path, help="folder of label maps")
    parser.add_argument("--limit", type=int, help="take only the first photographs")
    add_models(parser)
    options = parser.parse_args()
    files = sorted(options.pictures.glob("*.jpg"))[: options.limit]
    pairs = [(file, options.labels / f"{file.stem}.png") for file in files]
    pairs = [(file, labels) for file, labels in pairs if labels.exists()]
    if not pairs:
        raise SystemExit(f"{options.pictures}: no .jpg has a label map in {options.labels}.")
    print("| model | IoU | inside | outside | mean IoU | hints |\n|---|---|---|---|---|---|")
    for model, colorizer in colorizers(options.models, options.like).items():
        random = np.random.default_rng(0)
        found = np.array(
            [row for pair in pairs for row in reached(colorizer, *pair, random)]
        ).reshape(-1, 3)
        medians = " | ".join(f"{value:.3f}" for value in np.median(found, axis=0))
        print(f"| {model} | {medians} | {found[:, 0].mean():.3f} | {len(found)} |", flush=True)


def reached(
    colorizer: Colorizer, file: Path, labels: Path, random: np.random.Generator
) -> list[tuple[float, float, float]]:
    """IoU and the shares of inside and outside that changed, for each hint in a photograph."""
    regions = np.asarray(pyvips.Image.new_from_file(str(labels)).numpy())
    gray = pyvips.Image.new_from_file(str(file)).colourspace("b-w")
    prepared = colorizer.prepare(gray.pngsave_buffer())
    before = color.srgb_to_lab(prepared.paint().srgb())[..., 1:]
    areas = [(number, (regions == number).mean()) for number in np.unique(regions)]
    chosen = [number for number, area in areas if AREAS[0] <= area <= AREAS[1]]
    random.shuffle(chosen)
    rows = []
    for number in chosen[:REGIONS]:
        region = regions == number
        x, y = innermost(region)
        a, b = before[y, x]
        hue = np.arctan2(b, a) + random.uniform(0.5, 1.5) * np.pi
        ab = (float(CHROMA * np.cos(hue)), float(CHROMA * np.sin(hue)))
        hint = Hint(points=((float(x), float(y)),), ab=ab)
        after = color.srgb_to_lab(prepared.paint(hints=[hint]).srgb())[..., 1:]
        moved = distance(after, before) > MOVED
        shared = (moved & region).sum() / (moved | region).sum()
        rows.append((shared, moved[region].mean(), moved[~region].mean()))
    return rows


def innermost(region: NDArray[Any]) -> tuple[int, int]:
    """x and y of a pixel that is left when a region is worn off from its edge for longest."""
    left = last = region
    while left.any():
        last = left
        padded = np.pad(left, 1)
        left = (
            padded[1:-1, 1:-1]
            & padded[:-2, 1:-1]
            & padded[2:, 1:-1]
            & padded[1:-1, :-2]
            & padded[1:-1, 2:]
        )
    ys, xs = np.nonzero(last)
    middle = len(ys) // 2
    return int(xs[middle]), int(ys[middle])


if __name__ == "__main__":
    main()
