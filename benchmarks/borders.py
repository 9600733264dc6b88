"""How much do the colors of a photograph change when a plain border is put round it?

    python benchmarks/borders.py data/wide/test -m photochrom -m mine.onnx

Puts a white (250) and a black (8) border of a tenth and of a fifth of the short side round a
gray copy of each photograph, and prints the mean change of ab inside of it, over the
photographs: the mean and the 90th percentile.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyvips

from photochrom import Colorizer
from photographs import add_models, colored_ab, colorizers, distance, listed

SHARES = (0.1, 0.2)
TONES = {"white": 250, "black": 8}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=Path, help="folder of photographs")
    parser.add_argument("--limit", type=int, default=60, help="photographs (default: %(default)s)")
    add_models(parser)
    options = parser.parse_args()
    files = listed(options.pictures, options.limit)
    print("| model | border | share | mean ab change | 90th percentile | photographs |")
    print("|---|---|---|---|---|---|")
    for model, colorizer in colorizers(options.models, options.like).items():
        for (name, share), values in changes(colorizer, files).items():
            print(
                f"| {model} | {name} | {share} | {np.mean(values):.2f} | "
                f"{np.percentile(values, 90):.1f} | {len(values)} |",
                flush=True,
            )


def changes(colorizer: Colorizer, files: list[Path]) -> dict[tuple[str, float], list[float]]:
    """The mean change inside, of each photograph, for each tone and share."""
    found: dict[tuple[str, float], list[float]] = defaultdict(list)
    for file in files:
        image = pyvips.Image.new_from_file(str(file)).colourspace("b-w")[0]
        gray = image.cast("uchar").copy(interpretation="b-w")
        plain = colored_ab(colorizer, gray)
        for share in SHARES:
            width = max(1, int(share * min(gray.width, gray.height)))
            for name, tone in TONES.items():
                inside = colored_ab(colorizer, bordered(gray, width, tone))[
                    width:-width, width:-width
                ]
                found[name, share].append(float(distance(inside, plain).mean()))
    return found


def bordered(gray: pyvips.Image, width: int, tone: int) -> pyvips.Image:
    """A gray image with a plain border of `width` px on each side."""
    sides = (gray.width + 2 * width, gray.height + 2 * width)
    return gray.embed(width, width, *sides, extend="background", background=[tone])


if __name__ == "__main__":
    main()
