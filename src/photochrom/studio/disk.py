"""The disk that films lie on: what is written there finds room, or is refused with a reason."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path

from photochrom.pictures import systems
from photochrom.studio.problems import Problem

SPARE_BYTES = 500_000_000
"""So much of a disk stays free."""

WRITE_BYTES = 1 << 20
"""An upload goes to the disk in pieces of this size."""

PREFIX = "photochrom-films-"
"""What the names of temporary folders begin with."""

LOCK = ".lock"
"""A file in such a folder that its process keeps locked, and writes its number to."""

YOUNG_S = 60.0
"""A folder that is no older may have a process that is about to lock it."""


class TemporaryFolder:
    """A temporary folder of this process; see also `remove_left`.

    Raises
    ------
    OSError
        It can't be made.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        """Where it is."""
        mode = os.O_RDWR | os.O_CREAT | systems.BINARY
        self._lock = os.open(self.path / LOCK, mode, 0o600)
        systems.lock(self._lock)
        os.write(self._lock, str(os.getpid()).encode())

    def remove(self) -> None:
        """Remove it, with all that is in it."""
        os.close(self._lock)
        shutil.rmtree(self.path, ignore_errors=True)


def remove_left(place: Path) -> None:
    """Remove the folders that killed processes have left in a folder of temporary files.

    A folder goes only if it is this user's, nobody has locked its lock file, and the process
    whose number is in there doesn't run; a doubtful one stays.
    """
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError):
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or not (systems.IS_WINDOWS or facts.st_uid == os.getuid()):
        return False
    file = os.open(folder / LOCK, os.O_RDWR | systems.BINARY)
    try:
        is_young = time.time() - os.fstat(file).st_mtime < YOUNG_S
        return not (is_young or _runs(int(os.read(file, 20)))) and systems.lock(file)
    finally:
        os.close(file)


def _runs(process: int) -> bool:
    """Whether there is such a process; on Windows, which has no harmless way to ask: False."""
    if systems.IS_WINDOWS:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def check_room(folder: Path, wanted: int) -> None:
    """Refuse what doesn't find room.

    Parameters
    ----------
    folder : where it is to lie
    wanted : its bytes

    Raises
    ------
    Problem
        507: the disk is full.
    """
    free = shutil.disk_usage(folder).free
    if free < wanted + SPARE_BYTES:
        raise _full(f"has {free / 1e9:.1f} GB free, which is too little")


@contextmanager
def room(folder: Path, wanted: int) -> Iterator[None]:
    """Write something inside. Parameters and errors as for `check_room`."""
    check_room(folder, wanted)
    try:
        yield
    except OSError as error:
        raise _full(f"refused to keep this ({error.strerror})") from error


async def write(path: Path, chunks: AsyncIterator[bytes]) -> None:
    """Write a body to a file as it comes. Errors as for `check_room`."""
    waiting = bytearray()
    with room(path.parent, 0), path.open("wb", buffering=0) as file:

        def write_out(data: bytes) -> None:
            check_room(path.parent, len(data))
            while data:
                data = data[file.write(data) :]

        async for chunk in chunks:
            waiting += chunk
            if len(waiting) >= WRITE_BYTES:
                await asyncio.to_thread(write_out, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(write_out, bytes(waiting))


def _full(found: str) -> Problem:
    return Problem(
        HTTPStatus.INSUFFICIENT_STORAGE,
        f"The server's disk {found}. Close films that you don't need any more.",
        kind="disk-full",
    )
