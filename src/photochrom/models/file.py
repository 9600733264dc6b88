"""A model's file: its contract and its hash, read without making a session.

An ONNX file is one Protocol Buffers message: fields one after another, each a key (number and
type) and a value. The contract is one of the entries of ``metadata_props``; all other fields
are skipped by their lengths.

Source: onnx.proto3 (``ModelProto``, ``StringStringEntryProto``); Protocol Buffers' encoding.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from photochrom.errors import Advice, ContractError, ModelNotFoundError
from photochrom.models.contract import METADATA_KEY, ModelContract

_GRAPH, _METADATA_PROPS = 7, 14
_KEY, _VALUE = 1, 2
_SIZES = {1: 8, 5: 4}
"""Of the types of fixed size, in bytes; 0 is a varint, 2 has its length before it."""


def read_contract(path: Path) -> ModelContract:
    """The contract of a model's file, with the hash of that file.

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ContractError
        It is no ONNX model, or not one of Photochrom's, or can't be understood.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: there is no such model file.")
    try:
        with path.open("rb") as file:
            text = _contract_in(file, path.stat().st_size)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelNotFoundError(f"{path}: can't be read ({error.strerror}).") from error
    except (ValueError, EOFError) as error:
        raise ContractError(
            f"{path}: this is no ONNX model, or not a whole one. Name a model or the file of one."
        ) from error
    if text is None:
        raise ContractError(
            f"{path}: an ONNX model, but not one of Photochrom's.",
            advice=[Advice.EXPORT_MODEL],
        )
    contract = ModelContract.from_json(text, name=str(path))
    return dataclasses.replace(contract, sha256=digest)


def _contract_in(file: BinaryIO, size: int) -> str | None:
    """The text of the contract in an ONNX file; None where it has none.

    Raises
    ------
    ValueError, EOFError
        It is no ONNX file, or a cut one.
    """
    found, has_graph = None, False
    for number, value in _fields(file, size, wanted=_METADATA_PROPS):
        has_graph |= number == _GRAPH
        if value is not None:
            entry = dict(_entry(value))
            if entry.get(_KEY) == METADATA_KEY.encode():
                found = entry.get(_VALUE, b"").decode()
    if not has_graph:
        raise ValueError("there is no graph")
    return found


def _entry(message: bytes) -> Iterator[tuple[int, bytes]]:
    import io

    for number, value in _fields(io.BytesIO(message), len(message), wanted=None):
        if value is not None:
            yield number, value


def _fields(file: BinaryIO, size: int, *, wanted: int | None) -> Iterator[tuple[int, bytes | None]]:
    """The fields of a message: numbers and values, but None for values that nobody wants.

    Parameters
    ----------
    size : where the message ends
    wanted : the number of the fields whose values are read; all by default
    """
    while file.tell() < size:
        key = _varint(file)
        number, kind = key >> 3, key & 7
        value = None
        if kind == 0:
            _varint(file)
        elif kind in _SIZES:
            file.seek(_SIZES[kind], 1)
        elif kind == 2:
            length = _varint(file)
            if file.tell() + length > size:
                raise EOFError("a field goes on after the end")
            if wanted in (None, number):
                value = file.read(length)
            else:
                file.seek(length, 1)
        else:
            raise ValueError(f"there is no type {kind}")
        yield number, value


def _varint(file: BinaryIO) -> int:
    """A number of seven bits a byte, the lowest first."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise EOFError("a number goes on after the end")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number is too long")
