"""The pictures of the docs, made from the sample photographs.

python benchmarks/gallery.py [--model NAME|FILE] [--out docs/images]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import Colorizer, Hint, Picture
from photochrom.runtime.prepared import Prepared

SAMPLES = Path(__file__).parent.parent / "src" / "photochrom" / "samples"
HEIGHT_PX = 220
GAP_PX = 6


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    colorizer = Colorizer(options.model)
    options.out.mkdir(parents=True, exist_ok=True)
    names = ("flower", "china", "chelsea")
    grays = {name: colorizer.prepare(SAMPLES / f"{name}.jpg") for name in names}
    truths = {name: SAMPLES / "originals" / f"{name}.jpg" for name in names}

    def write(name: str, rows: list[list[Picture | NDArray[np.uint8]]]) -> None:
        sheet = [
            pyvips.Image.arrayjoin(
                [_cell(one) for one in row], shim=GAP_PX, background=255, across=len(row)
            )
            for row in rows
        ]
        joined = pyvips.Image.arrayjoin(sheet, across=1, shim=GAP_PX, background=255)
        path = options.out / f"{name}.jpg"
        joined.write_to_file(str(path), Q=88)
        print(path)

    write(
        "samples",
        [[gray.picture, gray.paint(), _read(truths[name])] for name, gray in grays.items()],
    )
    flower, china = grays["flower"], grays["china"]
    write("hints", [hint_row(flower)])
    write("vividness", [[china.paint(vividness=v) for v in (0, 1, 2)]])
    palettes = (("#aa3377", "#ddeeaa"), ("#3355aa", "#ddcc88"))
    write("palette", [[flower.paint(), *(flower.paint(palette=one) for one in palettes)]])
    related = colorizer.reference(truths["flower"])
    unrelated = colorizer.reference(truths["china"])
    write(
        "reference",
        [
            [
                _read(truths["flower"]),
                flower.paint(),
                flower.paint(reference=related),
                flower.paint(reference=unrelated),
            ]
        ],
    )
    write(
        "alternatives",
        [[gray.paint(hints=one.hints) for one in gray.alternatives(4)] for gray in (flower, china)],
    )
    write(
        "confidence",
        [
            [flower.paint(), flower.confidence_picture()],
            [china.paint(), china.confidence_picture()],
        ],
    )


def hint_row(flower: Prepared) -> list[Picture | NDArray[np.uint8]]:
    """Automatic, and with one hint and two on the sample flower."""
    height, width = flower.picture.size
    petal = Hint.at(0.43 * width, 0.36 * height, "#c03080")
    leaf = Hint.at(0.12 * width, 0.3 * height, "#306080")
    return [flower.paint(), flower.paint(hints=[petal]), flower.paint(hints=[petal, leaf])]


def _read(path: Path) -> NDArray[np.uint8]:
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy())


def _cell(shown: Picture | NDArray[np.uint8]) -> pyvips.Image:
    srgb = shown.srgb() if isinstance(shown, Picture) else shown
    image = pyvips.Image.new_from_array(srgb, interpretation="srgb")
    return image.thumbnail_image(10 * HEIGHT_PX, height=HEIGHT_PX)


if __name__ == "__main__":
    main()
