"""Where operating systems differ: locks, names of files, upper and lower case.

Written so that all of it can be tried on any system: what a system is like is found out in one
place each, or told.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import unicodedata
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

import platformdirs


def _module(name: str) -> Any:
    """A module that some systems lack; None there."""
    try:
        return import_module(name)
    except ImportError:
        return None


fcntl, msvcrt = _module("fcntl"), _module("msvcrt")

IS_WINDOWS = os.name == "nt"

BINARY = getattr(os, "O_BINARY", 0)
r"""For `os.open`: Windows makes \r\n of \n without it."""

_LOCKED_BYTE = 1 << 40
"""Windows locks ranges of bytes, and no one else may read them: one far behind the end."""

_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE
)
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')


def lock(file: int) -> bool:
    """Lock an open file until it is closed, or its process ends.

    Parameters
    ----------
    file : its number

    Returns
    -------
    False where somebody else has locked it. On a file system without locks: True
    """
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True
    return msvcrt is None or _lock_byte(file, msvcrt)


def _lock_byte(file: int, system: Any) -> bool:
    """The same on Windows, whose lock begins where the file is read next."""
    before = os.lseek(file, 0, os.SEEK_CUR)
    os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
    try:
        system.locking(file, system.LK_NBLCK, 1)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EDEADLK, errno.EAGAIN)
    finally:
        os.lseek(file, before, os.SEEK_SET)
    return True


def cache_folder() -> Path:
    """Where this user keeps what can be made again: of Photochrom's, on each system's usual place.

    ``XDG_CACHE_HOME`` counts on all systems.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    if home:
        return Path(home) / "photochrom"
    return Path(platformdirs.user_cache_path("photochrom", appauthor=False))


def ends_as_folder(text: str) -> bool:
    """Whether a path is written as a folder's: with a separator at its end."""
    return text.endswith(tuple(filter(None, (os.sep, os.altsep))))


def is_case_blind(folder: Path) -> bool:
    """Whether `A.jpg` and `a.jpg` are one file in a folder, which need not be there yet.

    Found out by calling the nearest folder that is there by its name in the other case.
    """
    for place in (folder, *folder.absolute().parents):
        other = place.name.swapcase()
        if not place.exists() or other == place.name:
            continue
        try:
            return place.with_name(other).samefile(place)
        except OSError:
            return False
    return sys.platform in ("win32", "darwin")


def one_name(path: PurePath) -> str:
    """What two paths have in common that are one file where case doesn't count.

    macOS doesn't tell composed letters from decomposed ones there, either.
    """
    return unicodedata.normalize("NFC", str(path)).casefold()


def fault_of_name(name: str, *, windows: bool = IS_WINDOWS) -> str:
    """Why a system can't have a file of this name, in words; empty where it can.

    Parameters
    ----------
    name : without folders
    windows : whether the system is Windows; others take every name

    Source: Microsoft, "Naming files, paths, and namespaces".
    """
    if not windows:
        return ""
    if _RESERVED.fullmatch(name):
        return f"'{name}' is a device's name on Windows"
    if name.endswith((".", " ")):
        return f"Windows takes names with no dot or blank at their end; this is '{name}'"
    if found := _FORBIDDEN.search(name):
        return f"Windows has no '{found[0]}' in names; this is '{name}'"
    return ""
