"""What colorizing costs beside decoding and encoding the same file with libvips.

    python benchmarks/runtime.py

Makes a 12-megapixel and a 1-megapixel grey JPEG from a sample photograph and prints, for
each, medians over several runs taken in turn: libvips decoding and encoding in colour, the
whole of colorizing, and its parts. Times are of this machine; the ratios are what to quote.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyvips

import photochrom
from photochrom import Colorizer

SAMPLE = Path(photochrom.__file__).parent / "samples" / "china.jpg"
SIZES = ((1000, 1000), (3000, 4000))
RUNS = 7


def median_ms(work: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median milliseconds of each piece of work, taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for run in range(RUNS + 1):
        for name, call in work.items():
            started = time.perf_counter()
            call()
            if run:  # the first is a warm-up
                times[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in times.items()}


def measure(colorizer: Colorizer, height: int, width: int, folder: Path) -> None:
    """Measure one size and print it."""
    gray, out = folder / "gray.jpg", folder / "out.jpg"
    sample = pyvips.Image.thumbnail(str(SAMPLE), width, height=height, size="force")
    sample.jpegsave(str(gray), Q=92)
    prepared = colorizer.prepare(str(gray))
    side = colorizer.contract.short_side_px
    lightness = np.zeros((side, side * width // height), np.float32)

    def resave() -> None:
        image = pyvips.Image.new_from_file(str(gray), access="sequential")
        image.colourspace("srgb").jpegsave(str(out), Q=92, optimize_coding=True)

    anchor = "libvips: decode and encode in colour"
    ms = median_ms(
        {
            anchor: resave,
            "colorize, all": lambda: colorizer.colorize(str(gray)).save(out, force=True),
            "  prepare: shrink and encoder": lambda: colorizer.prepare(str(gray)),
            "    of which the encoder": lambda: colorizer._session.encode(lightness),
            "  decoder": prepared.ab,
            "  paint and save, with decoder": lambda: prepared.paint().save(out, force=True),
        }
    )
    print(f"{height} x {width}, {RUNS} runs")
    for name, value in ms.items():
        print(f"  {name:<38} {value:8.1f} ms   x{value / ms[anchor]:.2f}")


def main() -> None:
    """Measure all sizes."""
    colorizer = Colorizer()
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES:
            measure(colorizer, height, width, Path(folder))


if __name__ == "__main__":
    main()
