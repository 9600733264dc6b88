"""Bytes put into a file that is there already."""

from __future__ import annotations

import io
from typing import BinaryIO

_BLOCK_BYTES = 1 << 20


def insert(stream: BinaryIO, place: int, piece: bytes, *, instead_of: int = 0) -> None:
    """Put bytes into a file; what comes behind moves, at most a megabyte of it in memory.

    Parameters
    ----------
    stream : the file, open for reading and writing
    place : where
    piece : the bytes
    instead_of : how many of the old bytes they replace

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    end = stream.seek(0, io.SEEK_END)
    shift = len(piece) - instead_of
    first = place + instead_of
    starts = range(first, end, _BLOCK_BYTES)
    for start in starts if shift < 0 else reversed(starts):
        stream.seek(start)
        block = stream.read(min(_BLOCK_BYTES, end - start))
        stream.seek(start + shift)
        stream.write(block)
    if shift < 0:
        stream.truncate(end + shift)
    stream.seek(place)
    stream.write(piece)
