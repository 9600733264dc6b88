"""What a model costs: time, arithmetic and memory, each measured in a process of its own.

    python -m photochrom.evaluation.cost NAME|FILE [KIND]

is that process. The network runs over one picture of its own size, on one core.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.errors import ModelError
from photochrom.models.opening import like_of, open_model
from photochrom.models.session import Engine
from photochrom.models.weights import find_model

WARM, TIMES = 2, 7


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one model costs."""

    size: tuple[int, int]
    """(height, width) of the lightness that it was run over."""
    milliseconds: float
    """CPU time of encoder and decoder on one core; a median."""
    gmac: float | None
    """10^9 multiply-accumulates of convolutions and matrix products; None without the package
    onnx, which the ``train`` extra brings."""
    memory_mb: float | None
    """By so much the process has grown at most; None where the system doesn't tell."""
    file_mb: float


def measure_cost(model: str | None, *, like: str | None = None) -> Cost:
    """Measure a model in a new process.

    Parameters
    ----------
    model, like : as for `Colorizer`

    Raises
    ------
    ModelError
        It can't be opened or run; the message is that of the process.
    """
    find_model(model)  # with its own errors
    command = [sys.executable, "-m", "photochrom.evaluation.cost", model or "", like or ""]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        words = ran.stderr.strip().splitlines() or [f"it has ended with {ran.returncode}"]
        raise ModelError(f"{model}: its cost can't be measured: {words[-1]}")
    table = json.loads(ran.stdout)
    return Cost(**table | {"size": tuple(table["size"])})


def _measured(model: str | None, like: str | None) -> Cost:
    """Measure in this process, which has opened no model yet."""
    path, before = find_model(model), _most_bytes()
    network = open_model(model, like=like_of(model, like), threads=1)
    contract = network.contract
    size = contract.size_px or (contract.short_side_px, contract.short_side_px)
    lightness = np.random.default_rng(0).uniform(0, 100, size).astype(np.float32)
    taken = []
    for number in range(WARM + TIMES):
        started = time.process_time()
        network.decode(network.encode(lightness))
        if number >= WARM:
            taken.append(1000 * (time.process_time() - started))
    after = _most_bytes()
    return Cost(
        size=size,
        milliseconds=statistics.median(taken),
        memory_mb=None if before is None or after is None else (after - before) / 1e6,
        gmac=_gmac(path, size, contract.stride),
        file_mb=path.stat().st_size / 1e6,
    )


def _most_bytes() -> int | None:
    """The most memory that this process has had, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _gmac(path: Path, size: tuple[int, int], stride: int) -> float | None:
    """Count by the shapes of a real run, in which all values of such nodes are outputs."""
    try:
        import onnx
    except ImportError:
        return None

    model = onnx.load(path)
    operators = ("Conv", "ConvTranspose", "MatMul", "Gemm")
    counted = [one for one in model.graph.node if one.op_type in operators]
    shapes = {one.name: tuple(one.dims) for one in model.graph.initializer}
    given = {one.name: one.type.tensor_type for one in model.graph.input}
    present = {*given, *(one.name for one in model.graph.output)}
    values = (name for one in counted for name in (*one.input[:2], one.output[0]))
    asked = [name for name in dict.fromkeys(values) if name in given or name not in shapes]
    for name in asked:
        if name not in present:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    feeds = {
        name: np.zeros(
            _lengths([axis.dim_param or axis.dim_value for axis in kind.shape.dim], size, stride),
            np.float16 if kind.elem_type == onnx.TensorProto.FLOAT16 else np.float32,
        )
        for name, kind in given.items()
    }
    shapes |= {name: value.shape for name, value in feeds.items()}
    wanted = [name for name in asked if name not in feeds]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        onnx.save(model, whole)
        found = Engine(whole).run(wanted, feeds, model=path.name)
    shapes |= {name: value.shape for name, value in zip(wanted, found, strict=True)}
    return sum(_macs(one.op_type, *_of_node(one, shapes)) for one in counted) / 1e9


def _of_node(node: Any, shapes: dict[str, tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [shapes[name] for name in (node.input[0], node.input[1], node.output[0])]


def _macs(
    operator: str, given: tuple[int, ...], weight: tuple[int, ...], result: tuple[int, ...]
) -> int:
    """Multiply-accumulates of one node."""
    if operator == "Conv":
        return int(np.prod(result)) * int(np.prod(weight[1:]))
    if operator == "ConvTranspose":
        return int(np.prod(given)) * int(np.prod(weight[1:]))
    return int(np.prod(result)) * given[-1]


def _lengths(shape: list[int | str], size: tuple[int, int], stride: int) -> tuple[int, ...]:
    """The lengths of an input's axes.

    A model of Photochrom's own has axes such as ``4*h``, with h the deepest positions, and t
    tokens. Of any other, what is open is the batch and the picture's sides.
    """
    found = []
    for at, axis in enumerate(shape):
        if isinstance(axis, int) and axis:
            found.append(axis)
            continue
        factor, _, name = str(axis).rpartition("*")
        if name == "t" or at == 0:
            found.append(1)
        elif name in ("h", "w"):
            found.append(int(factor or 1) * size[name == "w"] // stride)
        else:
            found.append(size[at == 3])
    return tuple(found)


def _main() -> None:
    model, like = (text or None for text in (*sys.argv[1:3], "", "")[:2])
    print(json.dumps(asdict(_measured(model, like))))


if __name__ == "__main__":
    _main()
