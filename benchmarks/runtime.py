"""What colorizing costs: beside libvips, beside a plain script, in memory, from a cold start.

    python benchmarks/runtime.py            # about a minute
    python benchmarks/runtime.py --huge     # and a 400-megapixel TIFF: some minutes, 2 GB of disk

All work of a size is done in turn within one run, medians are printed, and the ratios are what
to quote: of time, or of CPU time over all cores where other programs are running too. The anchor
decodes a gray JPEG with libvips and encodes it as a color JPEG of the same quality. The plain
script is what one writes in an hour: Pillow, scikit-image, ONNX Runtime.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyvips

import photochrom
from photochrom import Colorizer

SAMPLE = Path(photochrom.__file__).parent / "samples" / "china.jpg"
COMMAND = Path(sys.executable).with_name("photochrom")
SIZES = ((1000, 1000), (3000, 4000))
RUNS = 7
QUALITY = 92


class Cost(NamedTuple):
    """Milliseconds that something takes."""

    ms: float
    cpu_ms: float
    """Of all cores together."""


def medians(work: dict[str, Callable[[], object]], runs: int = RUNS) -> dict[str, Cost]:
    """The median cost of each piece of work, taken in turn after a warm-up."""
    costs: dict[str, list[Cost]] = {name: [] for name in work}
    for run in range(runs + 1):
        for name, call in work.items():
            started, cpu_started = time.perf_counter(), time.process_time()
            call()
            ended, cpu_ended = time.perf_counter(), time.process_time()
            if run:
                costs[name].append(Cost(1000 * (ended - started), 1000 * (cpu_ended - cpu_started)))
    return {
        name: Cost(*(statistics.median(column) for column in zip(*rows, strict=True)))
        for name, rows in costs.items()
    }


def show(costs: dict[str, Cost], anchor: str) -> None:
    """Print milliseconds and ratios to the anchor."""
    ms, cpu_ms = costs[anchor]
    for name, cost in costs.items():
        print(
            f"  {name:<36} {cost.ms:8.1f} ms x{cost.ms / ms:5.2f}"
            f"   CPU {cost.cpu_ms:8.1f} ms x{cost.cpu_ms / cpu_ms:5.2f}"
        )


def make_gray(path: Path, height: int, width: int) -> None:
    """Write a gray picture of that size, enlarged from a sample."""
    image = pyvips.Image.thumbnail(str(SAMPLE), width, height=height, size="force")
    if path.suffix == ".tif":
        image.tiffsave(str(path), tile=True, compression="none", bigtiff=True)
    else:
        image.jpegsave(str(path), Q=QUALITY)


def plain_script(colorizer: Colorizer, source: Path, target: Path) -> None:
    """Colorize as one would without this package: fairly, but without tricks."""
    from PIL import Image
    from skimage.color import lab2rgb, rgb2lab
    from skimage.transform import resize

    gray = np.asarray(Image.open(source).convert("RGB"))
    lightness = rgb2lab(gray)[..., 0].astype(np.float32)
    height, width = lightness.shape
    side = colorizer.contract.short_side_px
    scale = side / min(height, width)
    small_size = (round(height * scale), round(width * scale))
    small = Image.fromarray(gray[..., 0]).resize(small_size[::-1], Image.Resampling.BOX)
    ab = colorizer.prepare(np.asarray(small)).ab()
    lab = np.concatenate([lightness[..., None], resize(ab, (height, width), order=1)], axis=-1)
    Image.fromarray((255 * lab2rgb(lab)).round().astype(np.uint8)).save(target, quality=QUALITY)


def warm(colorizer: Colorizer, height: int, width: int, folder: Path) -> None:
    """Time one size in this process, and where the time goes."""
    gray, out = folder / "gray.jpg", folder / "out.jpg"
    make_gray(gray, height, width)
    prepared = colorizer.prepare(str(gray))
    side = colorizer.contract.short_side_px
    lightness = np.zeros((side, side * width // height), np.float32)

    def resave() -> None:
        image = pyvips.Image.new_from_file(str(gray), access="sequential")
        image.colourspace("srgb").jpegsave(str(out), Q=QUALITY)

    anchor = "libvips: decode, encode in color"
    print(f"{width} x {height}, medians of {RUNS} runs")
    show(
        medians(
            {
                anchor: resave,
                "colorize, all": lambda: colorizer.colorize(str(gray)).save(out, force=True),
                "  prepare: shrink and encoder": lambda: colorizer.prepare(str(gray)),
                "    of which the encoder": lambda: colorizer.network.encode(lightness),
                "  decoder": prepared.ab,
                "  paint and save, with decoder": lambda: prepared.paint().save(out, force=True),
            }
        ),
        anchor,
    )
    whole, plain = "colorize, all", "plain script"
    costs = medians(
        {
            whole: lambda: colorizer.colorize(str(gray)).save(out, force=True),
            plain: lambda: plain_script(colorizer, gray, out),
        },
        runs=3,
    )
    longer, more = (costs[plain][axis] / costs[whole][axis] for axis in (0, 1))
    print(
        f"  a plain script takes {costs[plain].ms:.0f} ms, x{longer:.1f} (CPU x{more:.1f}) as long"
    )


def command(source: Path, target: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of `photochrom colorize`, as a process of its own."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL,"
        " stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    arguments = [str(COMMAND), "colorize", str(source), "-o", str(target), "--force"]
    started = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - started, int(ran.stdout) / 1024


def cold(folder: Path) -> None:
    """Time the command from start to exit on a small picture."""
    small, out = folder / "small.jpg", folder / "small-out.jpg"
    make_gray(small, 300, 400)
    arguments = [str(COMMAND), "colorize", str(small), "-o", str(out), "--force"]

    def run() -> None:
        subprocess.run(arguments, check=True, capture_output=True)

    print(f"cold start, 400 x 300: {medians({'all': run})['all'].ms:.0f} ms from start to exit")


def memory(folder: Path, *, huge: bool) -> None:
    """Print the peak memory of the command, by size."""
    sizes = [("jpg", 3000, 4000)]
    if huge:
        sizes += [("tif", 10_000, 10_000), ("tif", 20_000, 20_000)]
    peaks = []
    for suffix, height, width in sizes:
        source, target = folder / f"source.{suffix}", folder / f"target.{suffix}"
        make_gray(source, height, width)
        seconds, peak = command(source, target)
        peaks.append(peak)
        print(f"{height * width / 1e6:.0f}-megapixel {suffix}: {peak:.0f} MB peak, {seconds:.1f} s")
        source.unlink()
        target.unlink()
    if huge:
        print(f"400 against 100 megapixels: x{peaks[2] / peaks[1]:.2f} the memory")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--huge", action="store_true", help="a 400-megapixel TIFF too")
    options = parser.parse_args()
    colorizer = Colorizer()
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES:
            warm(colorizer, height, width, Path(folder))
        cold(Path(folder))
        memory(Path(folder), huge=options.huge)
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB peak")


if __name__ == "__main__":
    main()
