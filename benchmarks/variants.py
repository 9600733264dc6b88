"""Is a model faster in 8-bit integers or in half precision, and what does it lose?

    python benchmarks/variants.py data/flowers/train [--model model.onnx] [--pictures 60]

Makes variants of a model with ONNX Runtime's own tools and colorizes the same photographs with
each, in turn, in one run. Prints CPU time of encoder and decoder on one thread relative to the
model as it is, PSNR against the true colors, and the size of the file. 24 further photographs
calibrate the integers. Give it photographs of the training side: what counts is the difference.
The model must be one of Photochrom's own: others have no contract that says what their graphs take.
"""

from __future__ import annotations

import photochrom  # isort: skip  (silences ONNX Runtime, and so comes before it)  # noqa: F401

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime import quantization
from onnxruntime.transformers.float16 import convert_float_to_float16

from photochrom import Colorizer, color
from photochrom.evaluation.metrics import psnr
from photochrom.evaluation.sources import list_source
from photochrom.models import weights
from photochrom.models.contract import COLORS, DECODER_SUFFIX, LIGHTNESS, PLACES, PLANES, SEEN
from photochrom.models.file import has_contract
from photochrom.models.session import Session
from photochrom.pictures import picture

CALIBRATION = 24
SHORT_SIDE_PX = 256
HINTS = 5


def with_float_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model, its half-precision weights widened once instead of at every load."""
    graph = model.graph
    halves = {
        one.name: one for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT16
    }
    for node in [node for node in graph.node if node.op_type == "Cast" and node.input[0] in halves]:
        half = halves[node.input[0]]
        wide = numpy_helper.to_array(half).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(wide, node.output[0]))
        graph.node.remove(node)
    for half in halves.values():
        graph.initializer.remove(half)
    return model


def without_defaults(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """Take the inputs' default values out, which the tools would take for weights."""
    names = {one.name for one in model.graph.input}
    defaults = [one for one in model.graph.initializer if one.name in names]
    for one in defaults:
        model.graph.initializer.remove(one)
    return defaults


class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]
    """What a model is fed with for some photographs and hints of their own colors."""

    def __init__(self, session: Session, photographs: list[NDArray[np.uint8]]) -> None:
        self._feeds = self._each(session, photographs)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The inputs for the next photograph, as the tools want it."""
        return next(self._feeds, None)

    @staticmethod
    def _each(
        session: Session, photographs: list[NDArray[np.uint8]]
    ) -> Iterator[dict[str, NDArray[Any]]]:
        contract, random = session.contract, np.random.default_rng(0)
        for srgb in photographs:
            stride = contract.stride
            height, width = (side - side % stride for side in srgb.shape[:2])
            lab = color.srgb_to_lab(srgb[:height, :width])
            features = session.encode(lab[..., 0])
            pairs = zip(contract.features, features.arrays, strict=True)
            feeds = {one.name + DECODER_SUFFIX: array for one, array in pairs}
            feeds[LIGHTNESS] = lab[None, None, ..., 0]
            if contract.token_features:
                points = random.integers(0, [width, height], (HINTS, 2))
                place = np.concatenate([points, np.ones((HINTS, 1))], axis=1)
                feeds[SEEN] = session.sample(features, points)[None]
                feeds[COLORS] = lab[points[:, 1], points[:, 0], 1:][None]
                feeds[PLACES] = place.astype(np.float32)[None]
                cells = [side // contract.output_stride for side in (height, width)]
                feeds[PLANES] = np.zeros((1, 3, *cells), np.float32)
            yield feeds


def variants(
    source: Path, photographs: list[NDArray[np.uint8]], folder: Path
) -> dict[str, tuple[Path, str]]:
    """Files of a model's variants by name, each with what went wrong, if anything did."""
    plain = with_float_weights(onnx.load(source))
    defaults = without_defaults(plain)
    base = folder / "base.onnx"
    onnx.save(plain, base)
    session = Session(source, threads=1)

    convolutions = [node.name for node in plain.graph.node if node.op_type == "Conv"]

    def static(target: Path, *kinds: str, but: tuple[str, ...] = ()) -> None:
        quantization.quantize_static(
            base,
            target,
            Calibration(session, photographs),
            per_channel=True,
            op_types_to_quantize=list(kinds),
            nodes_to_exclude=list(but),
        )

    def half(target: Path) -> None:
        onnx.save(convert_float_to_float16(onnx.load(base), keep_io_types=True), target)

    makers: dict[str, Callable[[Path], None]] = {
        "int8, dynamic": lambda target: quantization.quantize_dynamic(
            base, target, op_types_to_quantize=["MatMul"], per_channel=True
        ),
        "int8, static": lambda target: static(target, "Conv", "MatMul"),
        "int8, static, Conv": lambda target: static(target, "Conv"),
        "int8, inner Conv": lambda target: static(
            target, "Conv", but=(convolutions[0], convolutions[-1])
        ),
        "fp16": half,
    }
    made: dict[str, tuple[Path, str]] = {"as it is": (source, "")}
    for number, (name, make) in enumerate(makers.items()):
        target, failure = folder / f"{number}.onnx", ""
        try:
            make(target)
            model = onnx.load(target)
            model.graph.initializer.extend(defaults)
            del model.metadata_props[:]
            model.metadata_props.extend(plain.metadata_props)
            onnx.save(model, target)
            Session(target, threads=1)
        except Exception as error:  # the tools' errors share no base class but this
            failure = str(error).splitlines()[0][:100]
        made[name] = (target, failure)
    return made


def measure(
    colorizers: dict[str, Colorizer], photographs: list[NDArray[np.uint8]]
) -> dict[str, tuple[float, float]]:
    """Median CPU milliseconds of encoder and decoder, and mean PSNR, of each."""
    times: dict[str, list[float]] = {name: [] for name in colorizers}
    decibels: dict[str, list[float]] = {name: [] for name in colorizers}
    for srgb in photographs:
        gray = picture.from_array(srgb)
        for name, colorizer in colorizers.items():
            started = time.process_time()
            prepared = colorizer.prepare(gray)
            prepared.ab()
            times[name].append(1000 * (time.process_time() - started))
            decibels[name].append(psnr(prepared.paint().srgb(), srgb))
    return {
        name: (statistics.median(times[name]), statistics.fmean(decibels[name]))
        for name in colorizers
    }


def main() -> None:
    """Make the variants, measure them side by side, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("--model")
    parser.add_argument("--pictures", type=int, default=60)
    options = parser.parse_args()
    source = weights.find_model(options.model)
    if not has_contract(source):
        parser.error(
            f"{source}: another maker's model; what its graph takes, which calibrates integers, "
            "is known only for models from photochrom export"
        )
    items = list_source(options.source)
    order = np.random.default_rng(0).permutation(len(items))[: options.pictures + CALIBRATION]
    photographs = [items[index].load().srgb(short_side_px=SHORT_SIDE_PX) for index in order]
    with tempfile.TemporaryDirectory() as name:
        made = variants(source, photographs[options.pictures :], Path(name))
        for one, (_, failure) in made.items():
            if failure:
                print(f"{one:<24} can't be made or run: {failure}")
        running = {
            one: Colorizer(path, threads=1) for one, (path, failure) in made.items() if not failure
        }
        figures = measure(running, photographs[: options.pictures])
        first_ms, first_db = figures["as it is"]
        for one, (ms, db) in figures.items():
            size = made[one][0].stat().st_size / 1e6
            print(
                f"{one:<24} {ms:7.1f} ms x{ms / first_ms:.2f}  {db:6.2f} dB "
                f"{db - first_db:+.2f}  {size:5.1f} MB"
            )


if __name__ == "__main__":
    main()
