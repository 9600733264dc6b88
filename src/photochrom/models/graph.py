"""What an ONNX file holds that must not run: data of other files, operators of other libraries.

A foreign model is looked at before ONNX Runtime sees it. Weights, which make up nearly all of a
file, are skipped by their lengths.

Source: onnx.proto3 (``ModelProto`` and what is below it); Protocol Buffers' encoding.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

from photochrom.errors import ContractError
from photochrom.models.file import Part, bytes_of, parts_of

DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Of the operators that come with ONNX Runtime."""

_INSIDE = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""The messages inside of each message, by their fields' numbers."""

_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_NODE_OPERATOR, _NODE_DOMAIN, _FUNCTION_DOMAIN = 4, 7, 10


class _Message(NamedTuple):
    kind: str
    start: int
    end: int


def check_graph(path: Path) -> None:
    """See that a model's file is all that it takes to run it.

    Raises
    ------
    ContractError
        It is no ONNX model, its data lie in other files, or it needs operators that ONNX
        Runtime doesn't have.
    """
    own, wanted = set(DOMAINS), {}
    try:
        with path.open("rb") as file:
            left = [_Message("model", 0, path.stat().st_size)]
            has_graph = False
            while left:
                message = left.pop()
                has_graph |= message.kind == "graph"
                parts = list(parts_of(file, message.start, message.end))
                left += [
                    _Message(_INSIDE[message.kind][one.number], one.start, one.end)
                    for one in parts
                    if one.kind == 2 and one.number in _INSIDE[message.kind]
                ]
                if message.kind == "tensor" and _is_elsewhere(parts):
                    raise ContractError(
                        f"{path}: its data lie in other files, which may be any on this machine. "
                        "Save it as one file: onnx.save(model, path, save_as_external_data=False)."
                    )
                if message.kind == "node":
                    wanted[_text(file, parts, _NODE_DOMAIN)] = _text(file, parts, _NODE_OPERATOR)
                if message.kind == "function":
                    own.add(_text(file, parts, _FUNCTION_DOMAIN))
    except (ValueError, EOFError) as error:
        raise ContractError(f"{path}: this is not a complete ONNX model.") from error
    if not has_graph:
        raise ContractError(f"{path}: this is not a complete ONNX model.")
    for domain in sorted(set(wanted) - own):
        raise ContractError(
            f"{path}: it needs the operator '{wanted[domain]}' of '{domain}', which ONNX Runtime "
            "doesn't have. Export it with standard operators only."
        )


def _is_elsewhere(parts: list[Part]) -> bool:
    """Whether a tensor's data lie in another file."""
    return any(
        one.number == _EXTERNAL_DATA or (one.number == _DATA_LOCATION and one.value)
        for one in parts
    )


def _text(file: BinaryIO, parts: list[Part], number: int) -> str:
    """The last text of this number; an empty one where there is none."""
    for one in reversed(parts):
        if one.number == number and one.kind == 2:
            return bytes_of(file, one).decode()
    return ""
