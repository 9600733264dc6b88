"""A model's file -> its encoder and its decoder as two files, for browsers.

ONNX Runtime Web doesn't list optional inputs, so that one file with two entrances can't be used
there. Only the parts of the file's format that matter are described here; protobuf keeps the
rest as it is.

Source: onnx.proto of ONNX's repository, for the numbers of the fields.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from photochrom.errors import ContractError
from photochrom.models.contract import LIGHTNESS, OUTPUT, ModelContract
from photochrom.models.file import read_contract

_FIELDS = {
    "Entry": {"key": (1, "one"), "value": (2, "one")},
    "Named": {"name": (1, "one")},
    "Tensor": {"name": (8, "one")},
    "Node": {"input": (1, "many"), "output": (2, "many")},
    "Graph": {
        "node": (1, "Node"),
        "initializer": (5, "Tensor"),
        "input": (11, "Named"),
        "output": (12, "Named"),
        "value_info": (13, "Named"),
    },
    "Model": {"graph": (7, "Graph one"), "metadata_props": (14, "Entry")},
}
"""Of each message its fields: their numbers, and texts or the messages that they hold."""


@cache
def _model_class() -> Any:
    """The class of an ONNX file's outermost message."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="photochrom_onnx.proto", package="photochrom")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            one = kind.endswith("one")
            added = message.field.add(
                name=field,
                number=number,
                label=kinds.LABEL_OPTIONAL if one else kinds.LABEL_REPEATED,
                type=kinds.TYPE_STRING,
            )
            if kind not in {"one", "many"}:
                added.type = kinds.TYPE_MESSAGE
                added.type_name = f".photochrom.{kind.split()[0]}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("photochrom.Model"))


class Halves(NamedTuple):
    """A model in two files; weights and all else stay as they are."""

    contract: ModelContract
    encoder: bytes
    """Lightness -> the contract's features."""
    decoder: bytes
    """These and hints -> output."""
    region: bytes | None
    """These -> the embedding that things are read from, where the model has such an entrance."""


def halves(path: Path) -> Halves:
    """The encoder and the decoder of a model, each as an ONNX file.

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ContractError
        It is no Photochrom model, or its encoder and decoder can't be told apart.
    """
    contract = read_contract(path)
    data, name = path.read_bytes(), str(path)
    features = [feature.name for feature in contract.features]
    encoder = _part(data, features, name=name, wanted={LIGHTNESS})
    decoder = _part(data, [OUTPUT], name=name)
    region = contract.region
    third = None if region is None else _part(data, [region.output], name=name)
    return Halves(contract, encoder, decoder, third)


def _part(data: bytes, outputs: list[str], *, name: str, wanted: set[str] | None = None) -> bytes:
    """What of a model leads to some outputs; its inputs have no defaults any more."""
    model = _model_class().FromString(data)
    graph = model.graph
    inputs = {one.name for one in graph.input}
    makers = {made: node for node in graph.node for made in node.output}
    needed: set[str] = set()
    waiting = list(outputs)
    while waiting:
        value = waiting.pop()
        if value and value not in needed:
            needed.add(value)
            waiting += makers[value].input if value in makers else []
    found = needed & inputs
    if not found or (wanted is not None and found != wanted):
        raise ContractError(
            f"{name}: {', '.join(outputs)} come from {', '.join(sorted(found)) or 'nothing'}, so "
            "that the encoder and the decoder can't be parted. Export the model again."
        )
    _keep(graph.node, lambda node: any(made in needed for made in node.output))
    _keep(graph.initializer, lambda one: one.name in needed - inputs)
    _keep(graph.input, lambda one: one.name in needed)
    _keep(graph.output, lambda one: one.name in outputs)
    _keep(graph.value_info, lambda one: one.name in needed)
    model.ClearField("metadata_props")
    part: bytes = model.SerializeToString(deterministic=True)
    return part


def _keep(messages: Any, wanted: Any) -> None:
    for index in reversed(range(len(messages))):
        if not wanted(messages[index]):
            del messages[index]
