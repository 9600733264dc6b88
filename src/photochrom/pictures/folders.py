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
        It is no folder, it can't be opened, or there are none.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: the folder does not exist.")
    found = sorted(path for path in _files(folder) if path.suffix.lower() in formats.BY_SUFFIX)
    if not found:
        for path, why in list_unseen(folder):
            raise DataError(f"{path}: {why}.")
        for path in list_linked(folder):
            raise DataError(f"{path}: linked folders are not followed; name this one itself.")
        known = " ".join(formats.BY_SUFFIX)
        raise DataError(f"{folder}: no pictures in this folder; looked for {known}.")
    return found


def list_others(folder: Path) -> list[Path]:
    """Files below a folder that `list_pictures` leaves out, hidden ones not counted, sorted."""
    return sorted(path for path in _files(folder) if path.suffix.lower() not in formats.BY_SUFFIX)


def list_unseen(folder: Path) -> list[tuple[Path, str]]:
    """What below a folder can't be looked at, hidden things left out, sorted; each with the reason.

    These are folders that can't be opened, and links with a picture's suffix that lead nowhere.
    """
    closed: list[OSError] = []
    found = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            if path.suffix.lower() in formats.BY_SUFFIX and path.is_symlink() and not path.exists():
                found.append((path, f"the link leads to {path.readlink()}, which isn't there"))
    found += [(Path(one.filename), f"can't be opened ({one.strerror})") for one in closed]
    return sorted(found)


def list_linked(folder: Path) -> list[Path]:
    """Links to folders below a folder, hidden ones left out, sorted; nothing follows them."""
    found = []
    for place, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [path for path in (Path(place, name) for name in folders) if path.is_symlink()]
    return sorted(found)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def real_path(path: Path) -> Path:
    """A path without links, as far as that can be found out: links that lead to themselves stay."""
    return Path(os.path.realpath(path))
