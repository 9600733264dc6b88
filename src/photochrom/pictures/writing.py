"""A file that is written under a temporary name and gets its own when it is whole.

The temporary file is locked while it is being written, so that whoever tidies a folder up can
tell what a killed run has left from what another run is writing now.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from photochrom.errors import OutputExistsError

try:
    import fcntl
except ImportError:
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

_TEMPORARY = re.compile(r"\.(?P<stem>.*)\.[0-9a-f]{8}\.part\.\w+")
_STEM_LENGTH = 40
"""A name may be as long as the file system allows already."""

_writing: set[Path] = set()
"""What this process is writing now."""


@contextmanager
def temporary(target: Path, suffix: str) -> Iterator[Path]:
    """A locked, empty file beside a target, which is gone afterwards.

    Parameters
    ----------
    target : the file that is to be written
    suffix : of the temporary name

    Raises
    ------
    OSError
        It can't be made.
    """
    name = f".{target.stem[:_STEM_LENGTH]}.{secrets.token_hex(4)}.part{suffix}"
    path = target.with_name(name)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    if not _HAS_LOCKS:  # Windows, which renames no open file
        os.close(file)
    try:
        _writing.add(path)
        if _HAS_LOCKS:
            _lock(file)
        yield path
    finally:
        _writing.discard(path)
        try:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        finally:
            if _HAS_LOCKS:
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
        path.replace(target)
        return
    try:
        os.link(path, target)
    except FileExistsError as error:
        raise OutputExistsError(f"{target}: there is such a file already.") from error
    except OSError:  # a file system without links
        if target.exists():
            raise OutputExistsError(f"{target}: there is such a file already.") from None
        path.rename(target)


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
                is_left = _lock(file)
            finally:
                os.close(file)
            if is_left:
                path.unlink()
                removed.append(path)
    return removed


def _lock(file: int) -> bool:
    """Lock an open file as long as it is open; False where somebody else has."""
    if not _HAS_LOCKS:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
