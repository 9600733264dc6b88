"""JPEG's segments: captions, comments, resolution and the end, which libvips leaves aside.

Sources: ITU-T T.81; JFIF 1.02; EXIF 2.32; Adobe's XMP part 3 and Photoshop file formats.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from photochrom.pictures import exif
from photochrom.pictures.contents import Contents, Resolution
from photochrom.pictures.editing import insert

START, END = b"\xff\xd8", b"\xff\xd9"
RESOURCES = b"Photoshop 3.0\0"

_APP0, _APP1, _APP11, _APP13, _COMMENT, _SCAN, _FINISH = 0xE0, 0xE1, 0xEB, 0xED, 0xFE, 0xDA, 0xD9
_JFIF = b"JFIF\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_UNITS = {0: "ratio", 1: "inch", 2: "cm"}
_MAX_SEGMENTS = 10_000
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""What ends a scan's data: a marker that is neither a stuffed byte nor a restart."""

FILM = "the film behind the picture was left out"

_TAIL_BYTES = 64
_MOVIE = re.compile(rb"\A.{0,64}?ftyp(?!avif|heic|mif1)", re.DOTALL)


def examine(stream: BinaryIO) -> Contents | None:
    """Look through a file's segments; None where it is no JPEG."""
    if stream.read(2) != START:
        return None
    block, resources, comments = b"", b"", b""
    resolution: Resolution | None = None
    notes: dict[str, None] = {}
    ends, behind = True, b""
    for marker, content in _segments(stream):
        if marker == _APP0 and content.startswith(_JFIF) and len(content) >= 12:
            resolution = _resolution(content)
        elif marker == _APP1 and content.startswith(exif.PREFIX):
            block = block or content
        elif marker == _APP1 and content.startswith(_EXTENDED_XMP):
            notes["XMP beyond 64 kB was left out"] = None
        elif marker == _APP11 and content[:2] == b"JP":
            notes["content credentials (C2PA) were left out, as they no longer hold"] = None
        elif marker == _APP13 and content.startswith(RESOURCES):
            resources += content.removeprefix(RESOURCES)  # one block may be spread over several
        elif marker == _COMMENT:
            comments += _segment(_COMMENT, content)
        elif marker == _SCAN:
            ends, behind = _end(stream)
    if _MOVIE.match(behind):
        notes[FILM] = None
    return Contents(
        photoshop=resources,
        comments=comments,
        resolution=exif.resolution(block) or resolution,
        ends=ends,
        notes=tuple(notes),
    )


def complete(
    stream: BinaryIO,
    *,
    exif_block: bytes,
    comments: bytes,
    resolution: Resolution | None,
) -> None:
    """Add EXIF, comments and resolution to a file that libvips has written without them.

    Parameters
    ----------
    stream : the file, open for reading and writing
    exif_block : EXIF of at most 65,533 bytes, or nothing
    comments : as in `Contents`
    resolution : None says that it isn't known

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    stream.seek(2)
    head = stream.read(4)
    old = 2 + struct.unpack(">H", head[2:])[0] if head[:2] == b"\xff\xe0" else 0
    added = _segment(_APP0, _density(resolution))
    if exif_block:
        added += _segment(_APP1, exif_block)
    insert(stream, 2, added + comments, instead_of=old)


def _segments(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The segments ahead of the pixels, and the head of the first scan, behind which they are."""
    for _ in range(_MAX_SEGMENTS):
        byte = stream.read(1)
        while byte == b"\xff":
            byte = stream.read(1)
        if not byte:
            return
        marker = byte[0]
        size = stream.read(2)
        if len(size) < 2 or marker in (0, _FINISH):
            return
        content = stream.read(max(0, struct.unpack(">H", size)[0] - 2))
        yield marker, content
        if marker == _SCAN or stream.read(1) != b"\xff":
            return


def _end(stream: BinaryIO) -> tuple[bool, bytes]:
    """Whether the picture has its end mark, and the first bytes behind it.

    The stream stands in the first scan's data.
    """
    here = stream.tell()
    stream.seek(max(here, stream.seek(0, io.SEEK_END) - _TAIL_BYTES))
    if stream.read().rstrip(b"\0\r\n").endswith(END):
        return True, b""
    stream.seek(here)
    data = stream.read()
    at = 0
    while found := _MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        if marker == _FINISH:
            return True, data[at : at + 80]
        if at + 2 > len(data):
            break
        at += struct.unpack_from(">H", data, at)[0]  # tables, or the next scan's head
    return False, b""


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _resolution(content: bytes) -> Resolution | None:
    unit, x, y = struct.unpack_from(">BHH", content, 7)
    if not (x and y) or unit not in _UNITS or (unit == 0 and x == y):
        return None
    return Resolution(x, y, _UNITS[unit])  # type: ignore[arg-type]


def _density(resolution: Resolution | None) -> bytes:
    unit, x, y = 0, 1.0, 1.0
    if resolution is not None and resolution.unit == "ratio":
        x, y = resolution.x, resolution.y
    elif resolution is not None:
        unit = 2 if resolution.unit == "cm" else 1
        x, y = resolution.per("cm" if unit == 2 else "inch")
    sides = [min(65_535, max(1, round(side))) for side in (x, y)]
    return _JFIF + struct.pack(">HBHHBB", 0x0101, unit, *sides, 0, 0)
