"""Text, JSON and TOML from outside: read whole, or refused by one kind of error.

Python's readers follow nesting to the interpreter's own depth, and leave to whoever copies,
prints or writes the result again to go beyond it. Devices and pipes can have no end.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

DEPTH = 64
"""Tables and lists within each other, at most; nothing of ours has ten."""

MOST_BYTES = 2**26
"""Of a file that is read whole. Edits with 200 strokes have some 100 kB."""

MOST_LINE_BYTES = 2**16
"""Of an entry in a list; systems' longest paths have 4,096 to 32,767 characters."""

MOST_LIST_BYTES = 2**30
"""Of a list as a whole: ten million paths of 100 characters."""


def read_text(path: Path) -> str:
    """The text of a file in UTF-8; of a pipe or a device, too.

    Raises
    ------
    ValueError
        It can't be read, is no UTF-8, or longer than `MOST_BYTES`; the message says which.
    """
    try:
        with path.open("rb") as file:
            found = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if len(found) > MOST_BYTES:
        raise ValueError(f"it has no end after {MOST_BYTES // 2**20} MB; expected less")
    return found.decode("utf-8-sig")  # editors on Windows put a mark before UTF-8


def read_entries(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    """The entries of a list, without the bytes that end each, and without the empty ones.

    Raises
    ------
    ValueError
        An entry, or what stands between two, is longer than `MOST_LINE_BYTES`, or all together
        than `MOST_LIST_BYTES`.
    OSError
        The stream can't be read.
    """
    rest, size = b"", 0
    while chunk := stream.read(MOST_LINE_BYTES):
        *entries, rest = (rest + chunk).split(end)
        entries = list(filter(None, entries))
        size += len(chunk)
        endless = len(chunk) == MOST_LINE_BYTES and not entries
        if endless or max(map(len, [*entries, rest])) > MOST_LINE_BYTES:
            raise ValueError(f"it has {MOST_LINE_BYTES:,} bytes and more without a name's end")
        if size > MOST_LIST_BYTES:
            raise ValueError(f"it has no end after {MOST_LIST_BYTES // 2**20:,} MB")
        yield from entries
    if rest:
        yield rest


def read_json(text: str | bytes) -> Any:
    """What a JSON text holds.

    Raises
    ------
    ValueError
        It is no JSON, or nested more deeply than `DEPTH`.
    """
    try:
        return shallow(json.loads(text))
    except RecursionError as error:
        raise _too_deep() from error


def read_toml(text: str) -> dict[str, Any]:
    """What a TOML text holds.

    Raises
    ------
    ValueError
        It is no TOML, or nested more deeply than `DEPTH`.
    """
    try:
        table: dict[str, Any] = shallow(tomllib.loads(text))
    except RecursionError as error:
        raise _too_deep() from error
    return table


def shallow(content: Any) -> Any:
    """A value of plain tables and lists as it is.

    Raises
    ------
    ValueError
        It is nested more deeply than `DEPTH`.
    """
    level = [content]
    for _ in range(DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return content
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEPTH} deep")
