"""Whether what a call is given is of the kind that it wants."""

from __future__ import annotations

import numbers
from os import PathLike

from photochrom.errors import OptionError

_SHOWN = 80
"""The most characters of a value that are shown."""


def check_number(name: str, value: object, *, whole: bool = False) -> None:
    """Check that something is a number, and a whole one where that is wanted.

    Raises
    ------
    OptionError
        It is something else.
    """
    if not isinstance(value, numbers.Integral if whole else numbers.Real):
        raise another_kind(name, value, "a whole number" if whole else "a number")


def check_path(name: str, value: object, *, other: tuple[type, ...] = (), wanted: str) -> None:
    """Check that something is a path, or one of some other types.

    Raises
    ------
    OptionError
        It is something else.
    """
    if not isinstance(value, (str, PathLike, *other)):
        raise another_kind(name, value, wanted)


def another_kind(name: str, value: object, wanted: str) -> OptionError:
    """The error for an argument of the wrong kind."""
    text = repr(value)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return OptionError(f"{name}: found {text} ({type(value).__name__}); expected {wanted}.")
