"""Do colors follow edges at full size? Guided against bilinear upsampling.

    python benchmarks/upsample.py data/flowers [--picture comparison.jpg]

The true ab of each test photograph (short side 256 px) is shrunk to 1/4 size and brought back
in two ways: bilinearly, and as the runtime does. Prints, as means over the photographs with
95 % bootstrap intervals: PSNR, and the error of ab where the true colors change most (the tenth
of the pixels with the strongest gradient), which is what bleeding is. Then what the guide costs
beside colorizing a 12-megapixel JPEG.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

import photochrom
from photochrom import Colorizer, color
from photochrom.evaluation.sources import list_source
from photochrom.pictures import painting
from photochrom.runtime import upsample

FACTOR = 4
SAMPLE = Path(photochrom.__file__).parent / "samples" / "originals" / "flower.jpg"


def coarse(srgb: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Lab of a picture cut to whole blocks, and its ab at 1/4 size (block means)."""
    height, width = (side - side % FACTOR for side in srgb.shape[:2])
    lab = color.srgb_to_lab(srgb[:height, :width])
    blocks = lab[..., 1:].reshape(height // FACTOR, FACTOR, width // FACTOR, FACTOR, 2)
    return lab, blocks.mean(axis=(1, 3))


def both_ways(lab: NDArray[Any], ab: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """ab at full size, bilinear and guided."""
    height, width = lab.shape[:2]
    plain = painting.fit(pyvips.Image.new_from_array(ab), width, height).numpy()
    offset, gain = (
        painting.fit(field, width, height).numpy() for field in upsample.guide(ab, lab[..., 0])
    )
    return {"bilinear": plain, "guided": offset + gain * lab[..., :1]}


def to_srgb(lab: NDArray[Any], ab: NDArray[Any]) -> NDArray[np.uint8]:
    """8-bit sRGB of the lightness of `lab` with other colors."""
    srgb = color.lab_to_srgb(np.concatenate([lab[..., :1], ab], axis=-1))
    return np.rint(255 * srgb).astype(np.uint8)


def edge_error(lab: NDArray[Any], ab: NDArray[Any]) -> float:
    """Mean distance in the ab plane where the true colors change most."""
    truth = lab[..., 1:]
    strength = sum(np.hypot(*np.gradient(truth[..., c])) for c in (0, 1))
    edges = strength >= np.quantile(strength, 0.9)
    return float(np.linalg.norm(ab - truth, axis=-1)[edges].mean())


def show(name: str, values: list[float]) -> str:
    """Mean and interval."""
    random = np.random.default_rng(0)
    array = np.array(values)
    means = [array[random.integers(0, len(array), len(array))].mean() for _ in range(1000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{name} {array.mean():.2f} [{low:.2f}, {high:.2f}]"


def quality(source: str) -> None:
    """Print PSNR and edge error over a source's test photographs."""
    psnr: dict[str, list[float]] = {}
    edges: dict[str, list[float]] = {}
    for item in list_source(source, part="test"):
        lab, ab = coarse(item.load().srgb(short_side_px=256))
        truth = to_srgb(lab, lab[..., 1:]).astype(float)
        for name, found in both_ways(lab, ab).items():
            mse = np.mean((to_srgb(lab, found) - truth) ** 2)
            psnr.setdefault(name, []).append(10 * np.log10(255**2 / mse))
            edges.setdefault(name, []).append(edge_error(lab, found))
    print(f"{source}: {len(psnr['guided'])} photographs, true ab at 1/{FACTOR} size")
    for name, values in psnr.items():
        print(f"  {name:9} {show('PSNR dB', values)}   {show('edge error', edges[name])}")
    gains = [g - b for g, b in zip(psnr["guided"], psnr["bilinear"], strict=True)]
    print(f"  guided - bilinear: {show('PSNR dB', gains)}")


def cost() -> None:
    """Print what the guide costs beside the whole."""
    colorizer = Colorizer()
    with tempfile.TemporaryDirectory() as folder:
        gray, out = Path(folder) / "gray.jpg", Path(folder) / "out.jpg"
        image = pyvips.Image.thumbnail(str(SAMPLE), 4000, height=3000, size="force")
        image.colourspace("b-w").jpegsave(str(gray), Q=92)
        prepared = colorizer.prepare(str(gray))
        ab = prepared.ab()
        plain = pyvips.Image.new_from_array(ab)

        def guided() -> None:
            offset, gain = upsample.guide(ab, prepared.lightness)
            prepared.picture.with_ab(offset, gain).save(out, force=True)

        work: dict[str, Callable[[], object]] = {
            "whole": lambda: colorizer.colorize(str(gray)).save(out, force=True),
            "guided": guided,
            "bilinear": lambda: prepared.picture.with_ab(plain).save(out, force=True),
        }
        times: dict[str, list[float]] = {name: [] for name in work}
        for run in range(8):
            for name, call in work.items():
                started = time.perf_counter()
                call()
                if run:
                    times[name].append(1000 * (time.perf_counter() - started))
        ms = {name: statistics.median(values) for name, values in times.items()}
        share = (ms["guided"] - ms["bilinear"]) / ms["whole"]
        print(
            f"12 megapixels: painting guided {ms['guided']:.0f} ms, bilinear "
            f"{ms['bilinear']:.0f} ms; the guide is {share:.0%} of the whole {ms['whole']:.0f} ms"
        )


def picture(path: Path) -> None:
    """Write bilinear, guided and truth side by side, a part of a sample enlarged."""
    lab, ab = coarse(photochrom.read(SAMPLE).srgb(short_side_px=256))
    crops = [*both_ways(lab, ab).values(), lab[..., 1:]]
    part = np.s_[60:188, 120:248]
    shown = [pyvips.Image.new_from_array(to_srgb(lab, c)[part]).zoom(3, 3) for c in crops]
    pyvips.Image.arrayjoin(shown, across=3, shim=6, background=255).write_to_file(str(path))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("source", nargs="?", default="data/flowers")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if options.picture:
        picture(options.picture)
    quality(options.source)
    cost()


if __name__ == "__main__":
    main()
