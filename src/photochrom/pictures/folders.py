"""The pictures in a folder: found by their suffix, never opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from photochrom.errors import DataError
from photochrom.pictures import formats


def list_pictures(folder: Path) -> list[Path]:
    """Files below a folder whose suffix is a picture's, sorted, hidden ones left out.

    Raises
    ------
    DataError
        It is no folder, or there are none.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: the folder does not exist.")
    found = sorted(path for path in _files(folder) if path.suffix.lower() in formats.BY_SUFFIX)
    if not found:
        known = " ".join(formats.BY_SUFFIX)
        raise DataError(f"{folder}: no pictures in this folder; looked for {known}.")
    return found


def list_others(folder: Path) -> list[Path]:
    """Files below a folder that `list_pictures` leaves out, hidden ones not counted, sorted."""
    return sorted(path for path in _files(folder) if path.suffix.lower() not in formats.BY_SUFFIX)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def real_path(path: Path) -> Path:
    """A path without links, as far as that can be found out: links that lead to themselves stay."""
    return Path(os.path.realpath(path))
