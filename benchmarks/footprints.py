"""What reading and writing each format takes at most, beside what `pictures/footprint.py` reckons.

    python benchmarks/footprints.py [--match TEXT]

Each is measured in a process of its own; some minutes.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np
import pyvips

from photochrom.pictures import footprint, picture
from photochrom.runtime.colorizer import Colorizer


def samples(side: int, *, noise: bool) -> Iterator[tuple[str, bytes]]:
    """Pictures in all formats and ways of storing them: (name, file)."""
    rng = np.random.default_rng(0)
    tile = rng.integers(0, 256, (256, 256, 4), dtype=np.uint8)
    if not noise:
        tile = np.zeros_like(tile) + np.arange(256, dtype=np.uint8)[:, None, None]
    rgba = pyvips.Image.new_from_array(tile).replicate(-(-side // 256), -(-side // 256))
    rgba = rgba.crop(0, 0, side, side).copy(interpretation="srgb")
    rgb, deep = rgba[:3], (rgba * 257).cast("ushort").copy(interpretation="rgb16")
    turned = rgb.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    yield "jpeg", rgb.jpegsave_buffer()
    yield "jpeg turned", turned.jpegsave_buffer()
    yield "jpeg progressive", rgb.jpegsave_buffer(interlace=True)
    yield "jpeg progressive 4:4:4", rgb.jpegsave_buffer(interlace=True, subsample_mode="off")
    for name, image in (("rgb", rgb), ("rgba", rgba), ("rgb 16", deep[:3]), ("rgba 16", deep)):
        yield f"png {name}", image.pngsave_buffer(compression=1)
        yield f"png interlaced {name}", image.pngsave_buffer(compression=1, interlace=True)
        yield f"tiff {name}", image.tiffsave_buffer(compression="deflate")
        edge = side * 4 // 5 // 16 * 16  # libvips takes none of more than 100 MB
        large = {"tile": True, "tile_width": edge, "tile_height": edge}
        yield f"tiff, large tiles, {name}", image.tiffsave_buffer(compression="deflate", **large)
    yield "tiff turned", turned.tiffsave_buffer(compression="deflate")
    for name, image in (("rgb", rgb), ("rgba", rgba)):
        yield f"webp {name}", image.webpsave_buffer(effort=0)
        yield f"gif {name}", image.gifsave_buffer(effort=1)
        yield f"avif {name}", image.heifsave_buffer(compression="av1", effort=0)
    yield "avif rgba 12", deep.heifsave_buffer(compression="av1", effort=0, bitdepth=12)
    yield from heic_samples(rgba, deep)


def heic_samples(rgba: pyvips.Image, deep: pyvips.Image) -> Iterator[tuple[str, bytes]]:
    """The same as HEIC, where something that writes it is installed."""
    try:
        import pillow_heif
    except ImportError:
        return
    for name, mode, image in (
        ("rgb", "RGB", rgba[:3]),
        ("rgba", "RGBA", rgba),
        ("rgb 16", "RGB;16", deep[:3]),
    ):
        size, pixels = (image.width, image.height), image.numpy().tobytes()
        stream = io.BytesIO()
        pillow_heif.from_bytes(mode, size, pixels).save(stream, quality=50)
        yield f"heic {name}", stream.getvalue()


READ_PX, WRITE_PX = 4000, 2500
MOST = 10**9
TARGETS = ("jpeg", "png", "tiff", "webp", "webp lossless", "avif", "avif lossless")


def footprints(match: str) -> None:
    """Peaks beside what is reckoned, of the rows whose names hold a text."""
    for name, data in samples(READ_PX, noise=False):
        if match in f"read {name}":
            show_footprint(f"read {name}", data, "read")
    wanted = takewhile(lambda one: one[0] != "tiff turned", samples(WRITE_PX, noise=True))
    for name, data in wanted:
        if name in ("jpeg", "png rgba", "png rgb 16", "png rgba 16"):
            for target in TARGETS:
                if match in (row := f"{name}, noise, to {target}"):
                    show_footprint(row, data, target)


def show_footprint(name: str, data: bytes, target: str) -> None:
    """Measure in a process of its own, and print."""
    place = Path("/dev/shm") / f"photochrom-footprint-{os.getpid()}"
    try:
        place.write_bytes(data)
        ran = subprocess.run(
            [sys.executable, __file__, "--one", str(place), target],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "VIPS_DISC_THRESHOLD": "1t"},
        )
    finally:
        place.unlink(missing_ok=True)
    if ran.returncode:
        print(f"{name:<40} {ran.stderr.strip().splitlines()[-1][:80]}")
        return
    pixels, peak, reckoned = json.loads(ran.stdout)
    over = "  TOO LITTLE" if peak > reckoned else ""
    print(
        f"{name:<40} {peak / 1e6:7.0f} MB {peak / pixels:6.1f} bytes a pixel; "
        f"{reckoned / 1e6:7.0f} MB reckoned{over}"
    )


def one_footprint(path: str, target: str) -> tuple[int, int, int]:
    """(pixels, peak bytes above what was held before, reckoned bytes) of one piece of work."""
    colorizer = Colorizer(threads=1)
    gray = np.zeros((64, 64), np.uint8)
    colorizer.colorize(gray).encode("jpeg")
    data = Path(path).read_bytes()
    format_, _, lossless = target.partition(" ")
    found = footprint.of(data, max_pixels=MOST)
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = own_bytes("VmRSS")
    if target == "read":
        colorizer.prepare(picture.read(data))
        picture.read(data).encode("jpeg")
        reckoned = found.writing("jpeg", kept=True)
    else:
        prepared = colorizer.prepare(picture.read(data), once=True)
        prepared.paint().encode(format_, lossless=bool(lossless))
        reckoned = found.writing(format_, lossless=bool(lossless), kept=True)
    return found.size[0] * found.size[1], own_bytes("VmHWM") - before, reckoned


def own_bytes(name: str) -> int:
    """A figure of this process's memory."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{name}:\s+(\d+)", status)
    assert found
    return 1024 * int(found[1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--match", default="", help="rows whose names hold this")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one_footprint(*arguments.one)))
    else:
        footprints(arguments.match)


if __name__ == "__main__":
    main()
