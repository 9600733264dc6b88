"""Old-style JPEG in TIFF: a page whose tag 513 points at a whole JPEG stream is made readable.

Sources: TIFF 6.0, section 22; Adobe's TIFF technical note 2; ITU-T T.81.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from photochrom.pictures import storage
from photochrom.pictures.directories import File, Tree, Value, serialize

PLACE, SIZE = 513, 514
_COMPONENTS = {6: 3, 1: 1}  # of YCbCr and of gray
_MODERN = 7
_LEFT_OUT = {*range(512, 522), 322, 323, 324, 325, storage.SUBSAMPLING, storage.SUB_DIRECTORIES}
_FRAMES = {0xC0, 0xC1, 0xC2}
_MAX_BYTES = 1 << 30


def has_stream(file: BinaryIO, tags: dict[int, Value]) -> bool:
    """Whether a page's tag 513 points at a whole stream of the page's size and channels.

    Parameters
    ----------
    file : the file
    tags : the page's, those of `storage.TAGS`, `PLACE` and `SIZE` at least
    """
    wanted = (storage.COMPRESSION, PLACE, SIZE, storage.WIDTH, storage.LENGTH)
    given = [tags[tag].integers()[:1] if tag in tags else () for tag in wanted]
    if not all(given) or given[0] != (6,):
        return False
    _, (place,), (length,), (width,), (height,) = given
    photometric = tags[storage.PHOTOMETRIC].integers() if storage.PHOTOMETRIC in tags else (0,)
    count = _COMPONENTS.get(photometric[0])
    if not 4 <= length <= _MAX_BYTES:
        return False
    file.seek(place)
    stream = file.read(length)
    if len(stream) < length or not stream.rstrip(b"\0").endswith(b"\xff\xd9"):
        return False
    return count is not None and _frame(stream) == (8, height, width, count)


def as_modern(tags: dict[int, Value]) -> dict[int, Value]:
    """A page's tags as `modernized` changes them, but for the place of its strip."""
    return {tag: value for tag, value in tags.items() if tag not in _LEFT_OUT} | {
        storage.COMPRESSION: Value(3, 1, struct.pack("<H", _MODERN)),
        storage.ROWS_PER_STRIP: tags[storage.LENGTH],
    }


def modernized(content: bytes, page: int) -> bytes:
    """A file whose only page is the given one, with its stream as a strip of new-style JPEG.

    Parameters
    ----------
    content : the file; its pixels stay where they are
    page : the number of the page among all; `has_stream` holds for it
    """
    file = File(io.BytesIO(content))
    offset = file.first
    for _ in range(page):
        offset = file.following(offset)
    old, _ = file.raw_directory(offset)
    given = file.directory(offset, {PLACE, SIZE, storage.LENGTH})
    tree: Tree = {tag: entry for tag, entry in old.items() if tag not in _LEFT_OUT}
    tree |= as_modern(given) | {273: given[PLACE], 279: given[SIZE]}
    start = -(-len(content) // 8) * 8
    table = serialize(tree, start, file.order, big=file.big, following=0)
    at, first = (8, "Q") if file.big else (4, "I")
    head = content[:at] + struct.pack(file.order + first, start)
    return head + content[len(head) :] + bytes(start - len(content)) + table


def _frame(stream: bytes) -> tuple[int, int, int, int] | None:
    """Bits, height, width and channels of a JPEG stream; None where it can't be taken as it is."""
    at, found = 2, None
    while stream[:2] == b"\xff\xd8" and at + 4 <= len(stream) and stream[at] == 0xFF:
        marker, size = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        body = stream[at + 4 : at + 2 + size]
        if marker == 0xDA:
            return found
        if marker == 0xEE and body[:5] == b"Adobe" and body[11:12] == b"\0":
            return None  # three channels that are no YCbCr
        if marker in _FRAMES and len(body) >= 6:
            found = struct.unpack(">BHHB", body[:6])
        at += 2 + size
    return None
