"""A file that is written under a temporary name and gets its own when it is whole.

The temporary file is locked while it is being written, so that whoever tidies a folder up can
tell what a killed run has left from what another run is writing now.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from photochrom.errors import Advice, OutputExistsError, PictureWriteError
from photochrom.pictures import systems

_TEMPORARY = re.compile(r"\.(?P<stem>.*)\.[0-9a-f]{8}\.part\.\w+")
_STEM_LENGTH = 40
"""A name may be as long as the file system allows already."""

BUSY_S = (0.05, 0.2, 0.5, 1.0)
"""Pauses before a file that another program has open is replaced after all."""

_writing: set[Path] = set()
"""What this process is writing now."""


def check_free(target: Path, *, force: bool) -> None:
    """Refuse a target that is there already, before any work.

    Raises
    ------
    OutputExistsError
        There is such a file, and `force` is not set.
    PictureWriteError
        No file can have this name.
    """
    if "\0" in str(target):
        raise PictureWriteError(f"{str(target)!r}: can't be written (a name can't hold NUL).")
    if target.exists() and not force:
        raise _exists(target)


@contextmanager
def whole(target: Path, *, force: bool = True) -> Iterator[Path]:
    """A temporary file that becomes the target if all goes well; else the target is untouched.

    Errors as for `temporary` and `publish`.
    """
    with temporary(target) as path:
        yield path
        publish(path, target, force=force)


def write_whole(target: Path, content: bytes) -> None:
    """Write bytes so that a target holds either what it held before or all of them.

    Raises
    ------
    OSError
        It can't be written.
    """
    with whole(target) as path:
        path.write_bytes(content)


@contextmanager
def temporary(target: Path) -> Iterator[Path]:
    """A locked, empty file beside a target, which is gone afterwards.

    Raises
    ------
    OSError
        It can't be made.
    """
    suffix = target.suffix or ".new"
    name = f".{target.stem[:_STEM_LENGTH]}.{secrets.token_hex(4)}.part{suffix}"
    path = target.with_name(name)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | systems.BINARY, 0o666)
    if systems.IS_WINDOWS:  # which renames no open file
        os.close(file)
    try:
        _writing.add(path)
        if not systems.IS_WINDOWS:
            systems.lock(file)
        yield path
    finally:
        _writing.discard(path)
        try:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        finally:
            if not systems.IS_WINDOWS:
                os.close(file)


def publish(path: Path, target: Path, *, force: bool) -> None:
    """Give a finished file its name; without `force`, never over another that appeared.

    Raises
    ------
    OutputExistsError
        There is such a file, and `force` is not set.
    OSError
        It can't be renamed.
    """
    with path.open("r+b") as file:  # some systems flush only what is open for writing
        os.fsync(file.fileno())
    if force:
        _replace(path, target)
        return
    try:
        os.link(path, target)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError:  # a file system without links
        if target.exists():
            raise _exists(target) from None
        path.rename(target)


def _replace(path: Path, target: Path) -> None:
    """Rename over a target; on Windows, wait a little for whoever is just looking at it."""
    for pause in BUSY_S if systems.IS_WINDOWS else ():
        try:
            path.replace(target)
            return
        except PermissionError:  # opened by a viewer, an indexer, a virus scanner
            time.sleep(pause)
    path.replace(target)


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk, so that they survive a loss of power."""
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        with suppress(OSError):  # a file system that doesn't sync folders
            os.fsync(folder)
    finally:
        os.close(folder)


def abandon() -> None:
    """Remove what this process is writing now, before it ends at once."""
    for path in list(_writing):
        with suppress(OSError):
            path.unlink()


def remove_left(folder: Path, targets: Iterable[Path] | None = None) -> list[Path]:
    """Remove the temporary files that killed processes have left in a folder.

    Parameters
    ----------
    folder : where they are
    targets : only what was to become one of these; everything for None

    Returns
    -------
    The files that were removed
    """
    removed = []
    stems = None if targets is None else {target.stem[:_STEM_LENGTH] for target in targets}
    try:
        found = [(path, _TEMPORARY.fullmatch(path.name)) for path in folder.iterdir()]
    except OSError:  # no such folder
        return []
    for path, match in found:
        if not match or (stems is not None and match["stem"] not in stems):
            continue
        with suppress(OSError):
            file = os.open(path, os.O_RDWR)
            try:
                is_left = systems.lock(file)
            finally:
                os.close(file)
            if is_left:
                path.unlink()
                removed.append(path)
    return removed


def _exists(target: Path) -> OutputExistsError:
    return OutputExistsError(
        f"{target}: the file already exists.",
        advice=[Advice.OTHER_OUTPUT, Advice.REPLACE],
    )
