"""How good are the colors that nobody steers? Figures over a folder of photographs.

    python benchmarks/automatic.py data/wide/test --groups -m photochrom -m mine.onnx

Colorizes a gray copy (libvips' luminance-true b-w) of each photograph, at its own size, with
default settings, and prints: PSNR dB of the results over 8-bit sRGB, of the gray copies, and the
difference; the ratio of the results' mean colorfulness (signed Hasler-Suesstrunk) to the
truth's; false vivid, the percentage of pixels whose chroma is >= 30 while ab is off by >= 30;
skin, the mean ab error where the truth lies in a plain YCbCr skin box, over the photographs with
more than 2 % of it; and their number. PSNR, false vivid and skin are means over photographs.
`--groups` adds a row for each folder inside the folder.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import Colorizer, color
from photographs import add_models, colorizers, distance, listed, psnr

VIVID_CHROMA = 30
VIVID_ERROR = 30
SKIN_SHARE = 0.02


class Figures(NamedTuple):
    """What is measured on one photograph; `skin` is NaN where there is too little of it."""

    psnr: float
    gray_psnr: float
    truth_colorfulness: float
    colorfulness: float
    false_vivid: float
    skin: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=Path, help="folder of photographs")
    parser.add_argument("--limit", type=int, help="measure fewer photographs, evenly drawn")
    parser.add_argument("--groups", action="store_true", help="print each inner folder as well")
    add_models(parser)
    options = parser.parse_args()
    files = listed(options.pictures, options.limit)
    print("| model | photographs | PSNR dB | gray | gain | ratio | false vivid % | skin | number |")
    print("|---|---|---|---|---|---|---|---|---|")
    for model, colorizer in colorizers(options.models, options.like).items():
        groups: dict[str, list[Figures]] = defaultdict(list)
        for file in files:
            parts = file.relative_to(options.pictures).parts
            groups[parts[0] if len(parts) > 1 else "."].append(measure(colorizer, file))
        every = [one for group in groups.values() for one in group]
        rows = {"all": every} | (groups if options.groups else {})
        for name, figures in rows.items():
            print(f"| {model} | {name} | {cells(figures)} |", flush=True)


def measure(colorizer: Colorizer, file: Path) -> Figures:
    """The figures of one photograph."""
    truth = pyvips.Image.new_from_file(str(file))
    result = colorizer.colorize(truth.colourspace("b-w").pngsave_buffer()).encode("png")
    srgb, lab = srgb_and_lab(truth)
    own, own_lab = srgb_and_lab(pyvips.Image.new_from_buffer(result, ""))
    if own.shape != srgb.shape:
        raise SystemExit(f"{file}: the result has the shape {own.shape}, not {srgb.shape}.")
    gray = truth.colourspace("srgb")[0:3].colourspace("b-w")[0].numpy()
    error = distance(lab[..., 1:], own_lab[..., 1:])
    vivid = (np.hypot(own_lab[..., 1], own_lab[..., 2]) >= VIVID_CHROMA) & (error >= VIVID_ERROR)
    skin = is_skin(srgb)
    return Figures(
        psnr=psnr(own, srgb),
        gray_psnr=psnr(gray[..., None], srgb),
        truth_colorfulness=color.colorfulness(srgb),
        colorfulness=color.colorfulness(own),
        false_vivid=float(vivid.mean()),
        skin=float(error[skin].mean()) if skin.mean() > SKIN_SHARE else float("nan"),
    )


def srgb_and_lab(image: pyvips.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """8-bit sRGB and libvips' CIELAB of an image: (H, W, 3) each."""
    srgb = image.colourspace("srgb")[0:3]
    lab = srgb.colourspace("lab")
    return srgb.numpy().astype(np.float32), lab.numpy().astype(np.float32)


def is_skin(srgb: NDArray[np.float32]) -> NDArray[Any]:
    """Where the YCbCr of (H, W, 3) 8-bit sRGB is that of skin, and not dark: (H, W) bool."""
    red, green, blue = np.moveaxis(srgb, -1, 0)
    cb = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue
    return (cb > 85) & (cb < 127) & (cr > 137) & (cr < 173) & (srgb.mean(-1) > 40)


def cells(figures: list[Figures]) -> str:
    """The figures of some photographs together, as cells of a table."""
    mean = Figures(*np.mean(figures, axis=0))
    skins = [one.skin for one in figures if not np.isnan(one.skin)]
    return (
        f"{mean.psnr:.2f} | {mean.gray_psnr:.2f} | {mean.psnr - mean.gray_psnr:+.2f} | "
        f"{mean.colorfulness / mean.truth_colorfulness:.3f} | {100 * mean.false_vivid:.2f} | "
        f"{np.mean(skins) if skins else float('nan'):.1f} | {len(figures)}"
    )


if __name__ == "__main__":
    main()
