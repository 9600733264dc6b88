"""JSON and TOML from outside: read whole, or refused by one kind of error.

Python's readers follow nesting to the interpreter's own depth, and leave to whoever copies,
prints or writes the result again to go beyond it.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

DEPTH = 64
"""Tables and lists within each other, at most; nothing of ours has ten."""


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
