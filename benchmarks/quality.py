"""What docs/results.md says: models over sets of photographs, as Markdown.

    python benchmarks/quality.py
    python benchmarks/quality.py -m photochrom --data flowers102:test@data/flowers102 --limit 1500
    python benchmarks/quality.py -m photochrom -m ddcolor.onnx --like ddcolor

Without arguments: both shipped models over data/flowers and data/natural, whole. `-m`, once for
each, names others, of this package or anybody's; `--like` says of which kind files are that
nothing else describes. `--json FOLDER` also keeps every figure; `--limit N` measures fewer
photographs of each; `--only reports` (or hints, sizes, cost) prints one part.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from photochrom.evaluation.cost import measure_cost
from photochrom.evaluation.report import cell, cost_lines, evaluate, to_markdown
from photochrom.evaluation.steering import COUNTS, hint_curve, size_consistency
from photochrom.models.opening import labels_of, like_of
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photographs import add_models

PARTS = ("reports", "hints", "sizes", "cost")
SIZES_LIMIT = 100
MEGAPIXEL = (1000, 1000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    add_models(parser)
    parser.add_argument("--data", nargs="+", default=["data/flowers", "data/natural"])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    parts = options.only or PARTS
    models = labels_of(options.models or ["photochrom", "resnet18-gray"], like=options.like)
    if "reports" in parts:
        for data in options.data:
            print_report(list(models.values()), options.like, data, options.limit, options.json)
    if "hints" in parts:
        print_hint_curves(models, options.like, options.data, options.limit)
    if "sizes" in parts:
        print_sizes(models, options.like, options.data, options.limit or SIZES_LIMIT)
    if "cost" in parts:
        print_cost(models, options.like)


def print_report(
    models: list[str | None], like: str | None, data: str, limit: int | None, folder: Path | None
) -> None:
    """The table of models over a set."""
    started = time.perf_counter()
    report = evaluate(models, data, like=like, limit=limit)
    print(f"### {', '.join(report.models)} on {data}, {report.pictures} photographs\n")
    print(to_markdown(report), end="\n\n")
    for model in report.models:
        own, truth = report.rows[model]["colorfulness"], report.truth_colorfulness
        print(
            f"Colorfulness of {model} / truth's: {own.value / truth.value:.2f}; mean |difference| "
            "of each photograph's from its truth's: "
            f"{report.colorfulness_mean_difference[model]:.1f}.\n",
            flush=True,
        )
    print(f"{data}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{'-'.join(report.models)}-{Path(data.partition('@')[0]).name}.json"
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
        for sign in ":/\\":
            name = name.replace(sign, "-")
        (folder / name).write_text(text + "\n", encoding="utf-8")


def print_hint_curves(
    models: dict[str, str | None], like: str | None, data: list[str], limit: int | None
) -> None:
    """PSNR by the number of true 7 x 7 patches that are given as hints."""
    print("### PSNR dB by the number of hints (7 x 7 px, seeded random points, 256 px)\n")
    print("| | " + " | ".join(map(str, COUNTS)) + " |")
    print("|---" * (len(COUNTS) + 1) + "|")
    for source in data:
        for label, model in models.items():
            curve = hint_curve(model, source, like=like, limit=limit)
            cells = [cell("psnr", estimate) for estimate in curve.values()]
            print(f"| {label} on {source} | " + " | ".join(cells) + " |", flush=True)
    print()


def print_sizes(
    models: dict[str, str | None], like: str | None, data: list[str], limit: int
) -> None:
    """How colors change with the size that a picture comes in at."""
    print(f"### CIEDE2000 between results at other sizes and at 1x ({limit} photographs)\n")
    print("| | 0.5x | 2x |\n|---|---|---|")
    for source in data:
        for label, model in models.items():
            found = size_consistency(model, source, like=like, limit=limit)
            cells = [cell("ciede2000", estimate) for estimate in found.values()]
            print(f"| {label} on {source} | " + " | ".join(cells) + " |", flush=True)
    print()


def print_cost(models: dict[str, str | None], like: str | None) -> None:
    """Milliseconds, operations and bytes of each, and how long a hint takes."""
    print("### Cost\n")
    for line in cost_lines(
        {label: measure_cost(model, like=like) for label, model in models.items()}
    ):
        print(line)
    print(f"\n| hint edit to 1 megapixel, {os.cpu_count()} cores | ms |\n|---|---|")
    for label, model in models.items():
        print(f"| {label} | {hint_edit_ms(model, like):.0f} |")


def hint_edit_ms(model: str | None, like: str | None) -> float:
    """From a changed hint to the pixels of one megapixel: decoder, read-out, upsampling."""
    pixels = np.random.default_rng(0).integers(0, 256, MEGAPIXEL, dtype=np.uint8)
    prepared = Colorizer(model, like=like_of(model, like)).prepare(pixels)
    places = iter(range(10, 900, 5))  # another each time, as results are kept
    return median_ms(lambda: prepared.paint(hints=[Hint.at(next(places), 500, "#cc2222")]).srgb())


def median_ms(work: Callable[[], object], *, warm: int = 3, times: int = 15) -> float:
    """The median of several runs."""
    taken = []
    for number in range(warm + times):
        started = time.perf_counter()
        work()
        if number >= warm:
            taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
