"""PNG's chunks: text, EXIF, resolution and animation, which libvips leaves aside or alters.

Source: PNG 1.2 and its third edition (W3C 2025), which has EXIF and animation.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from photochrom.pictures import exif
from photochrom.pictures.contents import Contents, Resolution
from photochrom.pictures.editing import insert

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
CAPTIONS_KEYWORDS = (b"Raw profile type iptc", b"Raw profile type 8bim")
"""Of texts that hold Photoshop's image resources as ImageMagick writes them."""

_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_READ = _TEXTS | {b"eXIf", b"pHYs", b"acTL"}
_MAX_CHUNKS = 100_000
_MAX_BYTES = 1 << 24
"""So much text and EXIF is kept of a file."""

_MAX_KEYWORD_BYTES = 79


def examine(stream: BinaryIO) -> Contents | None:
    """Look through a file's chunks, also those behind the pixels; None where it is no PNG."""
    if stream.read(len(SIGNATURE)) != SIGNATURE:
        return None
    texts, block, packet, resources, pages = b"", b"", b"", b"", 1
    resolution = None
    notes: dict[str, None] = {}
    for kind, content in _chunks(stream):
        if kind == b"eXIf":
            block = block or exif.PREFIX + content
        elif kind == b"pHYs" and len(content) == 9:
            resolution = _resolution(content)
        elif kind == b"acTL" and len(content) == 8:
            pages = max(1, struct.unpack_from(">I", content)[0])
        elif kind in _TEXTS:
            keyword, found, rest = content.partition(b"\0")
            if not (found and _is_keyword(keyword)):
                notes["a text without a name was left out"] = None
            elif keyword == XMP_KEYWORD:
                packet = packet or _international(kind, rest)
            else:
                texts += chunk(kind, content)
                if keyword in CAPTIONS_KEYWORDS:
                    resources = resources or _raw_profile(_international(kind, rest))
    return Contents(
        pages=pages,
        exif=block,
        xmp=packet,
        texts=texts,
        photoshop=resources if resources.startswith(b"8BIM") else b"",
        iptc=resources if resources.startswith(b"\x1c") else b"",
        resolution=exif.resolution(block) or resolution,
        notes=tuple(notes),
    )


def complete(
    stream: BinaryIO,
    *,
    exif_block: bytes,
    packet: bytes,
    texts: bytes,
    resolution: Resolution | None,
) -> None:
    """Add metadata to a file that libvips has written without any, ahead of its pixels.

    Parameters
    ----------
    stream : the file, open for reading and writing
    exif_block, packet : EXIF and XMP, or nothing
    texts : as in `Contents`
    resolution : replaces libvips', which makes one up

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    added = b""
    if resolution is not None:
        added += chunk(b"pHYs", _density(resolution))
    if exif_block:
        added += chunk(b"eXIf", exif_block.removeprefix(exif.PREFIX))
    if packet:
        added += chunk(b"iTXt", XMP_KEYWORD + bytes(5) + packet)
    start = len(SIGNATURE)
    stream.seek(start)
    while len(head := stream.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if kind == b"pHYs":
            insert(stream, start, added + texts, instead_of=12 + size)
            return
        if kind == b"IDAT":
            insert(stream, start, added + texts)
            return
        start += 12 + size
        stream.seek(start)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The whole chunks that are looked at, and their contents."""
    left = _MAX_BYTES
    for _ in range(_MAX_CHUNKS):
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        size, kind = struct.unpack(">I4s", head)
        if kind not in _READ or size > left:
            stream.seek(size + 4, 1)
            continue
        content, checksum = stream.read(size), stream.read(4)
        left -= size
        if checksum == struct.pack(">I", zlib.crc32(kind + content)):
            yield kind, content


def _is_keyword(keyword: bytes) -> bool:
    """Whether it is one: Latin-1 that can be printed, without blanks around it."""
    text = keyword.decode("latin-1")
    return 0 < len(keyword) <= _MAX_KEYWORD_BYTES and text == text.strip() and text.isprintable()


def _international(kind: bytes, rest: bytes) -> bytes:
    """The text of a chunk, what stands behind its keyword; empty where it is broken."""
    if kind == b"tEXt":
        return rest
    compressed = kind == b"zTXt" or rest[:1] == b"\1"
    if kind == b"zTXt":
        content = rest[1:]
    else:
        _, _, content = rest[2:].partition(b"\0")
        _, _, content = content.partition(b"\0")
    if not compressed:
        return content
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(content, _MAX_BYTES)
    except zlib.error:
        return b""
    return text if inflate.eof else b""


def _raw_profile(text: bytes) -> bytes:
    """What a text holds of which ImageMagick says the kind, the length and hexadecimal digits."""
    parts = text.split(maxsplit=2)
    try:
        content = bytes.fromhex(parts[2].decode("ascii"))
        return content if len(content) == int(parts[1]) else b""
    except (ValueError, IndexError):
        return b""


def _resolution(content: bytes) -> Resolution | None:
    x, y, unit = struct.unpack(">IIB", content)
    if not (x and y):
        return None
    return Resolution(x, y, "meter" if unit == 1 else "ratio")


def _density(resolution: Resolution) -> bytes:
    x, y = resolution.per("meter")
    most = (1 << 31) - 1
    sides = [min(most, max(1, round(side))) for side in (x, y)]
    return struct.pack(">IIB", *sides, 0 if resolution.unit == "ratio" else 1)
