"""The disk that films lie on: what is written there finds room, or is refused with a reason."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from photochrom.studio.problems import Problem

SPARE_BYTES = 500_000_000
"""So much of a disk stays free."""

WRITE_BYTES = 1 << 20
"""An upload goes to the disk in pieces of this size."""


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
