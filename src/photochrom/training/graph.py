"""Checkpoint -> ONNX: a network in PyTorch as one graph with optional entrances.

The encoder and the decoder are exported one by one and put into one graph with two
optional entrances (see `photochrom.models.contract`). Weights are stored in half precision and
cast back when the model is loaded; all arithmetic stays single precision.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from photochrom.models.contract import (
    COLORS,
    DECODER_SUFFIX,
    LIGHTNESS,
    OUTPUT,
    PLACES,
    PLANES,
    SEEN,
    Region,
)
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.hints import Hints
from photochrom.training.network import HintNetwork
from photochrom.version import __version__

HALF_FROM_BYTES = 1024


Model = Autoencoder | HintNetwork


class _Encoder(nn.Module):
    """`encode` of a model as a module, as torch's exporter wants it."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, lightness_B1HW: Tensor) -> Any:
        return self.model.encode(lightness_B1HW)


class _Decoder(nn.Module):
    """`decode` of a model as a module; of a hint network, with hints."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, *values: Tensor) -> Tensor:
        if isinstance(self.model, Autoencoder):
            return self.model.decode(*values)
        count = len(self.model.features)
        return self.model.decode(values[:count], Hints(*values[count:]))


class _Region(nn.Module):
    """The head that finds the thing under a point, as a module."""

    def __init__(self, model: HintNetwork) -> None:
        super().__init__()
        self.region = model.region

    def forward(self, *features: Tensor) -> Tensor:
        embedding: Tensor = self.region(*features)
        return embedding


@dataclass(frozen=True, kw_only=True)
class _Entrance:
    """One input of the graph.

    ``sizes`` are, for each axis, a number, or how many of the deepest positions' units it has
    as ("h", units) or ("w", units), or ("t", 1) for the number of hints.
    """

    name: str
    sizes: tuple[Any, ...]

    def array(self, **lengths: int) -> NDArray[np.float32]:
        """Zeros of this shape, with these numbers of deepest positions and hints."""
        shape = [s if isinstance(s, int) else s[1] * lengths[s[0]] for s in self.sizes]
        return np.zeros(shape, np.float32)

    def free(self, dims: dict[str, Any]) -> dict[int, Any]:
        """Its free axes, for torch's exporter."""
        return {
            axis: dims[s[0]] if s[1] == 1 else s[1] * dims[s[0]]
            for axis, s in enumerate(self.sizes)
            if not isinstance(s, int)
        }


def _entrances(model: Model) -> list[_Entrance]:
    """The inputs of the decoder."""
    deepest = max(model.feature_strides)
    found = _features(model, DECODER_SUFFIX)
    if isinstance(model, HintNetwork):
        cells = deepest // min(model.feature_strides)
        found += [
            _Entrance(name=SEEN, sizes=(1, ("t", 1), model.seen_channels)),
            _Entrance(name=COLORS, sizes=(1, ("t", 1), 2)),
            _Entrance(name=PLACES, sizes=(1, ("t", 1), 3)),
            _Entrance(name=PLANES, sizes=(1, 3, ("h", cells), ("w", cells))),
        ]
    return found


def _features(model: Model, suffix: str) -> list[_Entrance]:
    """The encoder's features as inputs."""
    deepest = max(model.feature_strides)
    shapes = zip(model.features, model.feature_channels, model.feature_strides, strict=True)
    return [
        _Entrance(
            name=name + suffix,
            sizes=(1, channels, ("h", deepest // stride), ("w", deepest // stride)),
        )
        for name, channels, stride in shapes
    ]


def one_graph(model: Model) -> onnx.ModelProto:
    """One graph: lightness -> features, features and hints -> output, and, of a network that
    takes hints, features -> embedding; all optional."""
    for module in model.modules():  # torch's exporter takes twice as long over work in place
        if "inplace" in vars(module):
            vars(module)["inplace"] = False
    deepest = max(model.feature_strides)
    lightness = _Entrance(name=LIGHTNESS, sizes=(1, 1, ("h", deepest), ("w", deepest)))
    entrances = _entrances(model)
    encoder = _to_onnx(_Encoder(model), [lightness], list(model.features))
    decoder = _to_onnx(_Decoder(model), entrances, [OUTPUT])
    decoder = onnx.compose.add_prefix(
        decoder, "decoder/", rename_inputs=False, rename_outputs=False
    )
    parts = [encoder.graph, decoder.graph]
    if isinstance(model, HintNetwork):
        doors = _features(model, Region.input_suffix)
        region = _to_onnx(_Region(model), doors, [Region.output])
        entrances = [*entrances, *doors]
        parts.append(
            onnx.compose.add_prefix(
                region, "region/", rename_inputs=False, rename_outputs=False
            ).graph
        )
    graph = helper.make_graph(
        [node for part in parts for node in part.node],
        "photochrom",
        [value for part in parts for value in part.input],
        [value for part in parts for value in part.output],
        [weights for part in parts for weights in part.initializer],
    )
    for node in graph.node:  # what the exporter notes on each of its nodes
        del node.metadata_props[:]
        node.ClearField("doc_string")
    _store_half(graph)
    for entrance in (lightness, *entrances):  # an input with a default is optional
        default = entrance.array(h=1, w=1, t=0)
        graph.initializer.append(numpy_helper.from_array(default, entrance.name))
    proto: onnx.ModelProto = helper.make_model(
        graph, opset_imports=encoder.opset_import, producer_name=f"photochrom {__version__}"
    )
    proto.ir_version = encoder.ir_version
    return proto


def _to_onnx(module: nn.Module, sources: list[_Entrance], targets: list[str]) -> onnx.ModelProto:
    """Export one module with free height, width and number of hints."""
    dims = {"h": torch.export.Dim("h", min=1), "w": torch.export.Dim("w", min=1)}
    dims["t"] = torch.export.Dim("t", min=0)
    examples = tuple(torch.from_numpy(one.array(h=8, w=10, t=5)) for one in sources)
    shapes = tuple(one.free(dims) for one in sources)
    takes_many = isinstance(module, _Decoder | _Region)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            module.eval(),
            examples,
            input_names=[one.name for one in sources],
            output_names=targets,
            dynamic_shapes=(shapes,) if takes_many else shapes,
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto: onnx.ModelProto = program.model_proto
    return proto


def _store_half(graph: onnx.GraphProto) -> None:
    """Store large weights as float16, cast back by a node that is folded at loading."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.nbytes < HALF_FROM_BYTES:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
        casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
