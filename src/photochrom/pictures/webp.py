"""EXIF put into a WebP file that libvips has written without it.

Source: Google's WebP container specification.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from photochrom.pictures import exif
from photochrom.pictures.editing import insert

_HEAD_BYTES = 12
_HAS_EXIF, _HAS_ALPHA = 0x08, 0x10


def complete(
    stream: BinaryIO, *, exif_block: bytes, size: tuple[int, int], has_alpha: bool
) -> None:
    """Add EXIF.

    Parameters
    ----------
    stream : the file, open for reading and writing
    exif_block : EXIF, or nothing
    size : (height, width) of the picture
    has_alpha : whether it has an alpha channel

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    if not exif_block:
        return
    stream.seek(_HEAD_BYTES)
    if stream.read(4) != b"VP8X":
        flags = _HAS_ALPHA if has_alpha else 0
        height, width = size
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        insert(stream, _HEAD_BYTES, _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + canvas))
    stream.seek(_HEAD_BYTES + 8)
    flags = stream.read(1)[0]
    stream.seek(_HEAD_BYTES + 8)
    stream.write(bytes([flags | _HAS_EXIF]))
    place = _HEAD_BYTES
    stream.seek(place)
    while len(head := stream.read(8)) == 8 and head[:4] != b"XMP ":  # EXIF stands before XMP
        size_bytes = struct.unpack_from("<I", head, 4)[0]
        place += 8 + size_bytes + size_bytes % 2
        stream.seek(place)
    insert(stream, place, _chunk(b"EXIF", exif_block.removeprefix(exif.PREFIX)))
    end = stream.seek(0, 2)
    stream.seek(4)
    stream.write(struct.pack("<I", end - 8))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
