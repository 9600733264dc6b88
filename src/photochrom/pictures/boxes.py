"""The boxes of AVIF and HEIC files: brands, animation, and EXIF put in after libvips.

Sources: ISO/IEC 14496-12 and 23008-12; AVIF 1.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from photochrom.pictures import exif
from photochrom.pictures.contents import Contents

_HEVC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AV1 = {b"avif", b"avis"}
_SEQUENCES = {b"avis", b"hevc", b"hevx", b"msf1"}
_HEIF = _HEVC | _AV1 | {b"mif1", b"msf1"}
_RAW = {b"crx "}
"""Canon's raw files."""

_MAX_BOXES, _MAX_BYTES = 1000, 1 << 24
_PIECE_BYTES = 1 << 20
_PATH = (b"trak", b"mdia", b"minf", b"stbl", b"stsz")

PLACEHOLDER_MAX_BYTES = 60_000
"""EXIF beyond it finds no place: libexif, which makes the place, ends at 64 kB."""

_FILL = b"Photochrom puts EXIF here. "


def examine(stream: BinaryIO) -> Contents | None:
    """Look through a file's boxes; None where it is neither AVIF nor HEIC."""
    kind, content = next(_boxes_of(stream), (b"", b""))
    if kind != b"ftyp" or len(content) < 8:
        return None
    brands = {content[:4], *(content[at : at + 4] for at in range(8, len(content) - 3, 4))}
    if brands & _RAW:
        return Contents(pages=0)
    if not brands & _HEIF:
        return None
    frames = 1
    for kind, inner in _boxes_of(stream) if brands & _SEQUENCES else ():
        if kind == b"moov":
            frames = max([1, *_sample_counts(inner)])
    return Contents(
        pages=frames,
        is_sequence=content[:4] in _SEQUENCES and frames > 1,
        is_hevc=bool(brands & _HEVC) or not brands & _AV1,
    )


def placeholder(size: int) -> str:
    """A text of this many bytes, for libvips to write as EXIF's description."""
    return (_FILL.decode() * (size // len(_FILL) + 1))[: max(size, len(_FILL))]


def complete(stream: BinaryIO, *, exif_block: bytes) -> None:
    """Put EXIF where libvips has written a `placeholder` of at least its size.

    Parameters
    ----------
    stream : the file, open for reading and writing
    exif_block : EXIF; nothing where there is no placeholder

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    if not exif_block:
        return
    body = exif_block.removeprefix(exif.PREFIX)
    text = _place_of(stream, _FILL)
    begin = max(0, text - PLACEHOLDER_MAX_BYTES)
    stream.seek(begin)
    near = stream.read(text - begin + len(body) + 2 * len(_FILL))
    start = max(near.rfind(mark, 0, text - begin) for mark in (b"II*\0", b"MM\0*"))
    assert text > 0 <= start, "libvips has written the placeholder that it was given"
    stream.seek(begin + start)
    end = near.rfind(_FILL[-1:])
    stream.write(body.ljust(end - start, b"\0"))


def _place_of(stream: BinaryIO, text: bytes) -> int:
    """Where a text begins; -1 where it isn't. EXIF may come after all pixels."""
    stream.seek(0)
    begin, window = 0, b""
    while piece := stream.read(_PIECE_BYTES):
        window += piece
        if (found := window.find(text)) >= 0:
            return begin + found
        begin += len(window) - len(text) + 1
        window = window[-len(text) + 1 :]
    return -1


def _boxes_of(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The file's boxes from here on, with the contents of those that are looked into."""
    for _ in range(_MAX_BOXES):
        head = stream.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        size -= 8
        if size == -7:  # the size follows, in 64 bits
            wide = stream.read(8)
            if len(wide) < 8:
                return
            size = struct.unpack(">Q", wide)[0] - 16
        if size < 0:
            return
        if kind in (b"ftyp", b"moov") and size <= _MAX_BYTES:
            yield kind, stream.read(size)
        elif size >= 1 << 62:
            return
        else:
            stream.seek(size, 1)


def _sample_counts(content: bytes, depth: int = 0) -> Iterator[int]:
    """How many samples each track has."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8:
            return
        if kind == _PATH[depth]:
            inner = content[at + 8 : at + size]
            if kind != b"stsz":
                yield from _sample_counts(inner, depth + 1)
            elif len(inner) >= 12:
                yield min(struct.unpack_from(">I", inner, 8)[0], 1 << 24)
        at += size
