"""Whether two states of the code give the same files, and what each takes.

    git worktree add ../before COMMIT
    python benchmarks/same.py ../before                   # what is installed, beside ../before
    python benchmarks/same.py ../before ../after -m FILE  # both with one model

The samples are colorized with each of the options below by the command of each checkout, and the
results compared byte for byte; where they differ, also their pixels. Then both colorize one and
twelve megapixels in turn, with one thread, and CPU times are compared: other programs may run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "src" / "photochrom" / "samples"
NAMES = ("flower", "china", "chelsea")
OPTIONS: dict[str, tuple[str, ...]] = {
    "plain.jpg": (),
    "png.png": (),
    "tiff.tif": (),
    "lossless.webp": ("--lossless",),
    "quality.jpg": ("--quality", "60"),
    "unsigned.jpg": ("--no-provenance",),
    "gray.jpg": ("--only-gray",),
    "hint.jpg": ("--hint", "275,150=#c03080"),
    "palette.jpg": ("--palette", "#aa3377,#ddeeaa"),
    "reference.jpg": ("--reference", str(SAMPLES / "originals" / "china.jpg")),
    "vividness.jpg": ("--vividness", "1.4"),
    "alternatives.jpg": ("--alternatives", "2", "--seed", "3"),
    "confidence.jpg": ("--confidence", "{out}.map.png"),
}
SIZES = ((1000, 1000, 5), (3000, 4000, 2))
"""Height, width, and how often in a round."""


def colorize(checkout: Path, folder: Path, model: str) -> None:
    """Colorize the samples with all options, by the command of a checkout that is on the path."""
    scripts = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["photochrom"].partition(":")
    main = getattr(import_module(module), name)
    for sample in NAMES:
        for target, options in OPTIONS.items():
            out = folder / f"{sample}-{target}"
            more = [one.format(out=out) for one in options] + (["-m", model] if model else [])
            source = str(SAMPLES / f"{sample}.jpg")
            sys.argv = ["photochrom", "colorize", source, "-o", str(out), *more]
            try:
                main()
            except SystemExit as stop:
                if stop.code:
                    raise


def measure(folder: Path, model: str) -> None:
    """Print the CPU milliseconds of one round, by size, as JSON."""
    import pyvips

    from photochrom import Colorizer

    colorizer = Colorizer(model or None, threads=1)
    found = {}
    for height, width, times in SIZES:
        gray, out = folder / f"gray-{width}.jpg", folder / f"out-{width}.jpg"
        source = str(SAMPLES / "china.jpg")
        pyvips.Image.thumbnail(source, width, height=height, size="force").jpegsave(str(gray), Q=92)
        costs = []
        for _ in range(times + 1):
            started = time.process_time()
            colorizer.colorize(str(gray)).save(out, force=True)
            costs.append(1000 * (time.process_time() - started))
        found[f"{width} x {height}"] = min(costs[1:])
    print(json.dumps(found))


def run(checkout: Path, what: str, folder: Path, model: str) -> str:
    """Do one of the two above in a process that imports a checkout; what it prints."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, __file__, str(checkout), "--do", what, "--in", str(folder), "-m", model],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return done.stdout


def difference(one: Path, other: Path) -> str:
    """How far the pixels of two files lie apart, in levels."""
    import pyvips

    images = [pyvips.Image.new_from_file(str(path)) for path in (one, other)]
    if images[0].width != images[1].width or images[0].bands != images[1].bands:
        return "another size"
    apart = (images[0].cast("int") - images[1].cast("int")).abs()
    return f"levels apart: {apart.avg():.3f} on average, {apart.max():.0f} at most"


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkouts", type=Path, nargs="+")
    parser.add_argument("-m", "--model", default="", help="of both, instead of each one's own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--do", choices=("colorize", "measure"), help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.do == "colorize":
        colorize(asked.checkouts[0], asked.folder, asked.model)
        return
    if asked.do == "measure":
        measure(asked.folder, asked.model)
        return
    pair = [path.resolve() for path in [*asked.checkouts, ROOT][:2]]
    with tempfile.TemporaryDirectory() as parent:
        folders = [Path(parent) / name for name in ("one", "other")]
        for checkout, folder in zip(pair, folders, strict=True):
            run(checkout, "colorize", folder, asked.model)
        files = sorted(path.name for path in folders[0].iterdir())
        other = [
            name for name in files if (folders[0] / name).read_bytes() != _bytes(folders[1] / name)
        ]
        print(f"{len(files)} files, {len(files) - len(other)} the same byte for byte")
        for name in other:
            print(f"  {name}: {difference(*(folder / name for folder in folders))}")
        rounds = [
            [json.loads(run(checkout, "measure", folders[0], asked.model)) for checkout in pair]
            for _ in range(asked.rounds)
        ]
    for size in rounds[0][0]:
        one, other_ms = (statistics.median(found[at][size] for found in rounds) for at in (0, 1))
        print(f"{size}: CPU {one:.1f} and {other_ms:.1f} ms, x{other_ms / one:.3f}")


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


if __name__ == "__main__":
    main()
