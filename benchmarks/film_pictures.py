"""The pictures of the guide to films: frames of an old film, and what flicker looks like over time.

    python benchmarks/film_pictures.py [--out docs/images]

The film is made from a sample photograph: a pan, with the exposure and the grain of old film.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyvips

from clips import Array, luma_of, original, pan, read, write
from photochrom import Colorizer, colorize_film
from steadiness import LOSSLESS, alone

FRAMES, SIZE = 64, (300, 480)
SHOWN = (4, 20, 36, 52)
"""Frames that are shown."""

LINE_PX, STRETCH = 180, 3
"""Which row is followed over time, and how high each of its moments is drawn."""

GAP_PX = 6


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out = parser.parse_args().out
    colorizer = Colorizer()
    with tempfile.TemporaryDirectory() as folder:
        gray = write(Path(folder) / "gray.mkv", old_film())
        steady = Path(folder) / "steady.mkv"
        colorize_film(colorizer, gray, steady, encoding=LOSSLESS)
        before, after = alone(colorizer, gray), read(steady)
        rows = [read(gray), before, after]
    frames = [[film[at, ::2, ::2] for at in SHOWN] for film in rows]
    save(out / "film-frames.jpg", [one for row in frames for one in row], across=len(SHOWN))
    slices = [np.repeat(film[:, LINE_PX], STRETCH, axis=0) for film in rows]
    save(out / "film-flicker.jpg", slices, across=len(slices))


def old_film() -> Array:
    """Luma (T, h, w) of a slow pan whose exposure flickers, with grain."""
    rng = np.random.default_rng(7)
    luma = luma_of(pan(original("china", 640), FRAMES, (2, 0), SIZE)).astype(np.float32)
    gain = rng.uniform(0.72, 1.12, (FRAMES, 1, 1))
    grain = rng.normal(0, 9, luma.shape)
    return np.rint((luma - 16) * gain + 16 + grain).clip(16, 235).astype(np.uint8)


def save(path: Path, pictures: list[Array], *, across: int) -> None:
    """Write pictures beside and below one another."""
    images = [pyvips.Image.new_from_array(np.ascontiguousarray(one)) for one in pictures]
    joined = pyvips.Image.arrayjoin(images, across=across, shim=GAP_PX, background=255)
    joined.write_to_file(str(path), Q=88)
    print(path)


if __name__ == "__main__":
    main()
