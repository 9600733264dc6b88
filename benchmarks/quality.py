"""What docs/results.md says: models over sets of photographs, as Markdown.

    python benchmarks/quality.py
    python benchmarks/quality.py photochrom --data flowers102:test@data/flowers102 --limit 1500

Without arguments: both shipped models over data/flowers and data/natural, whole. `--json FOLDER`
also keeps every figure; `--limit N` measures fewer photographs of each; `--only reports` (or
hints, sizes, cost) prints one part.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from photochrom.errors import UnsupportedError
from photochrom.evaluation.report import cell, evaluate, to_markdown
from photochrom.evaluation.steering import hint_curve, size_consistency
from photochrom.models.session import Session
from photochrom.models.weights import find_model
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint

PARTS = ("reports", "hints", "sizes", "cost")
SIZES_LIMIT = 100
SIDE_PX = 256
MEGAPIXEL = (1000, 1000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=["photochrom", "resnet18-gray"])
    parser.add_argument("--data", nargs="+", default=["data/flowers", "data/natural"])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    parts = options.only or PARTS
    if "reports" in parts:
        for data in options.data:
            for model in options.models:
                print_report(model, data, options.limit, options.json)
    if "hints" in parts:
        print_hint_curves(options.models, options.data, options.limit)
    if "sizes" in parts:
        print_sizes(options.models, options.data, options.limit or SIZES_LIMIT)
    if "cost" in parts:
        print_cost(options.models)


def print_report(model: str, data: str, limit: int | None, folder: Path | None) -> None:
    """The table of a model over a set."""
    started = time.perf_counter()
    report = evaluate(model, data, limit=limit)
    print(f"### {report.model} on {data}, {report.pictures} photographs\n")
    print(to_markdown(report), end="\n\n")
    own, truth = report.rows[report.model]["colorfulness"], report.truth_colorfulness
    print(
        f"Colorfulness / truth's: {own.value / truth.value:.2f}; mean |difference| of each "
        f"photograph's from its truth's: {report.colorfulness_mean_difference:.1f}.\n",
        flush=True,
    )
    print(f"{model} on {data}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{Path(model).stem}-{Path(data.partition('@')[0]).name}.json"
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
        (folder / name.replace(":", "-")).write_text(text + "\n", encoding="utf-8")


def print_hint_curves(models: list[str], data: list[str], limit: int | None) -> None:
    """PSNR by the number of true 7 x 7 patches that are given as hints."""
    print("### PSNR dB by the number of hints (7 x 7 px, seeded random points, 256 px)\n")
    header = False
    for source in data:
        for model in models:
            try:
                curve = hint_curve(model, source, limit=limit)
            except UnsupportedError:
                continue
            if not header:
                print("| | " + " | ".join(map(str, curve)) + " |")
                print("|---" * (len(curve) + 1) + "|")
                header = True
            cells = [cell("psnr", estimate) for estimate in curve.values()]
            print(f"| {model} on {source} | " + " | ".join(cells) + " |", flush=True)
    print()


def print_sizes(models: list[str], data: list[str], limit: int) -> None:
    """How colors change with the size that a picture comes in at."""
    print(f"### CIEDE2000 between results at other sizes and at 1x ({limit} photographs)\n")
    print("| | 0.5x | 2x |\n|---|---|---|")
    for source in data:
        for model in models:
            found = size_consistency(model, source, limit=limit)
            cells = [cell("ciede2000", estimate) for estimate in found.values()]
            print(f"| {model} on {source} | " + " | ".join(cells) + " |", flush=True)
    print()


def print_cost(models: list[str]) -> None:
    """Milliseconds, operations and bytes."""
    print("### Cost\n")
    print(
        "| | encoder + decoder, 256 px, one core, ms | GMAC | hint edit to 1 megapixel, "
        f"{os.cpu_count()} cores, ms | file, MB |\n|---|---|---|---|---|"
    )
    for model in models:
        path = find_model(model)
        session = Session(path, threads=1)
        lightness = np.random.default_rng(0).uniform(0, 100, (SIDE_PX, SIDE_PX))
        both = median_ms(partial(encode_and_decode, session, lightness))
        edit = "" if not session.contract.token_features else f"{hint_edit_ms(model):.0f}"
        print(
            f"| {model} | {both:.0f} | {macs(path) / 1e9:.2f} | {edit} | "
            f"{path.stat().st_size / 1e6:.1f} |"
        )


def encode_and_decode(session: Session, lightness: NDArray[np.float64]) -> None:
    """The network, once."""
    session.decode(session.encode(lightness))


def hint_edit_ms(model: str) -> float:
    """From a changed hint to the pixels of one megapixel: decoder, read-out, upsampling."""
    pixels = np.random.default_rng(0).integers(0, 256, MEGAPIXEL, dtype=np.uint8)
    prepared = Colorizer(model).prepare(pixels)
    hint = Hint.at(500, 500, "#cc2222")
    return median_ms(lambda: prepared.paint(hints=[hint]).srgb())


def median_ms(work: Callable[[], object], *, warm: int = 3, times: int = 15) -> float:
    """The median of several runs."""
    taken = []
    for number in range(warm + times):
        started = time.perf_counter()
        work()
        if number >= warm:
            taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def macs(path: Path) -> int:
    """Multiply-accumulates of convolutions and matrix products over one 256-px picture.

    The shapes are those of a real run, in which every such node's values are outputs.
    """
    import onnxruntime  # after photochrom, which silences it

    model = onnx.load(path)
    counted = [one for one in model.graph.node if one.op_type in ("Conv", "MatMul", "Gemm")]
    present = {output.name for output in model.graph.output}
    asked = list(dict.fromkeys(name for one in counted for name in (one.input[0], one.output[0])))
    given = {tensor.name for tensor in [*model.graph.initializer, *model.graph.input]}
    for name in asked:
        if name not in present | given:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    positions = SIDE_PX // Session(path).contract.stride
    feeds = {
        one.name: np.zeros([_side(axis, positions) for axis in one.shape], np.float32)
        for one in session.get_inputs() + session.get_overridable_initializers()
    }
    wanted = [name for name in asked if name not in given]
    shapes = {
        name: value.shape for name, value in zip(wanted, session.run(wanted, feeds), strict=True)
    }
    shapes |= {name: value.shape for name, value in feeds.items()}
    weights = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    casts = {one.output[0]: one.input[0] for one in model.graph.node if one.op_type == "Cast"}
    total = 0
    for one in counted:
        out = int(np.prod(shapes[one.output[0]]))
        if one.op_type == "Conv":
            name = one.input[1] if one.input[1] in weights else casts[one.input[1]]
            total += out * int(np.prod(weights[name][1:]))
        else:
            total += out * shapes[one.input[0]][-1]
    return total


def _side(axis: int | str, positions: int) -> int:
    """The length of an input's axis; h and w are the deepest positions, t is one hint."""
    if isinstance(axis, int):
        return axis
    factor, _, name = axis.rpartition("*")
    return int(factor or 1) * (1 if name == "t" else positions)


if __name__ == "__main__":
    main()
