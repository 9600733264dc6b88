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
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

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
        raise ModelNotFoundError(f"{path}: the model file does not exist.")
    try:
        with path.open("rb") as file:
            text = _metadata_in(file, path.stat().st_size).get(METADATA_KEY)
        digest = digest_of(path)
    except OSError as error:
        raise ModelNotFoundError(f"{path}: can't be read ({error.strerror}).") from error
    except (ValueError, EOFError) as error:
        raise ContractError(
            f"{path}: this is not a complete ONNX model. Name a model, or a model file."
        ) from error
    if text is None:
        raise ContractError(
            f"{path}: an ONNX model, but not one of Photochrom's, and no {path.stem}.toml beside "
            'it describes it. Write one, such as: like = "ddcolor".',
            advice=[Advice.DESCRIBE_MODEL],
        )
    contract = ModelContract.from_json(text, name=str(path))
    return dataclasses.replace(contract, sha256=digest)


def has_contract(path: Path) -> bool:
    """Whether a file is an ONNX model with a contract inside; false for whatever else it is."""
    return METADATA_KEY in metadata_of(path)


def metadata_of(path: Path) -> dict[str, str]:
    """What an ONNX model says of itself by name; nothing for whatever else a file is."""
    try:
        with path.open("rb") as file:
            return _metadata_in(file, path.stat().st_size)
    except (OSError, ValueError, EOFError):
        return {}


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; computed once until the file changes.

    Raises
    ------
    OSError
        It can't be read.
    """
    found = path.stat()
    return _digest(path, found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=64)
def _digest(path: Path, *changes_with: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Part(NamedTuple):
    """A field of a message."""

    number: int
    kind: int
    """Of its encoding: 0 is a number, 2 has its length before it."""
    start: int
    end: int
    """Where its value lies in the file."""
    value: int
    """Of a number; otherwise 0."""


def parts_of(file: BinaryIO, start: int, end: int) -> Iterator[Part]:
    """The fields of a message that lies between two places of a file.

    Raises
    ------
    ValueError, EOFError
        It is none, or a cut one.
    """
    at = start
    while at < end:
        file.seek(at)
        key = _varint(file)
        number, kind = key >> 3, key & 7
        value, length = 0, 0
        if kind == 0:
            value = _varint(file)
        elif kind in _SIZES:
            length = _SIZES[kind]
        elif kind == 2:
            length = _varint(file)
        else:
            raise ValueError(f"there is no type {kind}")
        begun = file.tell()
        at = begun + length
        if at > end:
            raise EOFError("a field goes on after the end")
        yield Part(number, kind, begun, at, value)


def _metadata_in(file: BinaryIO, size: int) -> dict[str, str]:
    """The metadata of an ONNX file, by their keys.

    Raises
    ------
    ValueError, EOFError
        It is no ONNX file, or a cut one.
    """
    found, has_graph = {}, False
    for part in parts_of(file, 0, size):
        has_graph |= part.number == _GRAPH
        if part.number == _METADATA_PROPS and part.kind == 2:
            entry = {
                one.number: bytes_of(file, one).decode()
                for one in list(parts_of(file, part.start, part.end))
                if one.kind == 2
            }
            found[entry.get(_KEY, "")] = entry.get(_VALUE, "")
    if not has_graph:
        raise ValueError("there is no graph")
    return found


def bytes_of(file: BinaryIO, part: Part) -> bytes:
    """The value of a field that has its length before it."""
    file.seek(part.start)
    return file.read(part.end - part.start)


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
