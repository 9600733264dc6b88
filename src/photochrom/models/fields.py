"""The values that fields of a contract may have.

A check takes what was read and the field's name, and returns the value in its form (tuples for
lists, floats for numbers), or raises a ValueError that says what was found and what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any, str], Any]

SHOWN = 60
"""How many characters of a wrong value are shown."""


def whole(low: int, high: int) -> Check:
    """A whole number between two others, which are allowed."""

    def check(value: Any, name: str) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise _wrong(value, name, f"a whole number from {low} to {high}")

    return check


def real(low: float, high: float) -> Check:
    """A number between two others, which are allowed; never NaN."""

    def check(value: Any, name: str) -> float:
        if type(value) in (int, float) and low <= value <= high:
            return float(value)
        raise _wrong(value, name, f"a number from {low:g} to {high:g}")

    return check


def choice(*values: str) -> Check:
    """One of some texts."""

    def check(value: Any, name: str) -> str:
        if isinstance(value, str) and value in values:
            return value
        raise _wrong(value, name, " or ".join(f"'{one}'" for one in values))

    return check


def text(value: Any, name: str) -> str:
    """A text."""
    if isinstance(value, str):
        return value
    raise _wrong(value, name, "a text")


def table(value: Any, name: str = "the whole") -> dict[str, Any]:
    """A table, whose keys are texts."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return value
    raise _wrong(value, name, "a table")


def several(check: Check, least: int = 0, most: int = 10_000) -> Check:
    """A list of values that pass another check."""
    length = f"{least}" if least == most else f"{least} to {most}"

    def check_each(values: Any, name: str) -> tuple[Any, ...]:
        if isinstance(values, list | tuple) and least <= len(values) <= most:
            return tuple(check(value, f"{name}[{at}]") for at, value in enumerate(values))
        raise _wrong(values, name, f"a list of {length} values")

    return check_each


def maybe(check: Check) -> Check:
    """What passes another check, or None."""
    return lambda value, name: None if value is None else check(value, name)


def instance(kind: type) -> Check:
    """An object of a class."""

    def check(value: Any, name: str) -> Any:
        if isinstance(value, kind):
            return value
        raise _wrong(value, name, f"a {kind.__name__}")

    return check


def _wrong(found: Any, name: str, wanted: str) -> ValueError:
    shown = repr(found)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return ValueError(f"{name} is {shown}; expected {wanted}.")
