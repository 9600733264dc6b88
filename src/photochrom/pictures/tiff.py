"""What libvips leaves aside in TIFF files: EXIF, captions, kinds of pages and their layout.

A TIFF file is a chain of directories, one for a page; a directory is a sorted list of tags. An
EXIF block is a TIFF file without pixels, so that the same few functions read both and move
descriptions between them. Pixels are libvips' business; nothing here reads them.

Sources: TIFF 6.0; Adobe's technical notes on SubIFDs; BigTIFF; EXIF 2.32 (CIPA DC-008);
OGC GeoTIFF 1.1.
"""

from __future__ import annotations

import errno
import io
import os
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeAlias

EXIF_PREFIX = b"Exif\0\0"

SUBFILE_TYPE, COMPRESSION, TILE_WIDTH, TILE_LENGTH, SUB_DIRECTORIES = 254, 259, 322, 323, 330
SOFTWARE, IPTC, PHOTOSHOP, EXIF, GPS, INTEROPERABILITY = 305, 33723, 34377, 34665, 34853, 40965
COLOR_SPACE, PIXEL_WIDTH, PIXEL_HEIGHT = 40961, 40962, 40963

DESCRIPTIVE = frozenset(
    # document, description, maker, model, page, software, date, artist, host; rating, copyright
    {269, 270, 271, 272, 285, SOFTWARE, 306, 315, 316, 0x4746, 0x4749, 33432}
    | set(range(0x9C9B, 0x9CA0))  # Windows' title, comment, author, keywords, subject
    | {33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113}  # GeoTIFF: where a map lies
    | {EXIF, GPS}
)
"""Tags of a page that speak of the photograph, not of how its pixels are stored."""

_COMPRESSIONS: Mapping[int, Mapping[str, Any]] = {
    1: {"compression": "none"},
    5: {"compression": "lzw", "predictor": "horizontal"},
    6: {"compression": "jpeg"},
    7: {"compression": "jpeg"},
    32773: {"compression": "packbits"},
    50000: {"compression": "zstd", "predictor": "horizontal"},
}
"""TIFF's numbers and what `tiffsave` is told; others, such as fax, become deflate."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
_WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_PAGES, _MAX_TAGS, _MAX_TILE_PX = 10_000, 4096, 1024
_MAX_VALUE_BYTES = 1 << 24  # of a directory's tags together


class _BrokenError(Exception):
    """The structure can't be followed; libvips will say whether there is a picture."""


@dataclass(frozen=True)
class _Value:
    kind: int
    count: int
    content: bytes
    """In the byte order of the machine that is called Intel's, whatever the file's."""

    def integers(self) -> tuple[int, ...]:
        if self.kind not in _INTEGERS:
            return ()
        return struct.unpack(f"<{self.count}{_INTEGERS[self.kind]}", self.content)


@dataclass(frozen=True)
class _Raw:
    """An entry as it stands in a file: its value, or where that is."""

    kind: int
    count: int
    slot: bytes


_Tree: TypeAlias = "dict[int, _Value | _Raw | _Tree]"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a TIFF file holds beside pixels."""

    page: int = 0
    """The first page that is no smaller copy of another."""
    pages: int = 1
    """How many such pages there are; 0 in the raw files of cameras, which begin with previews."""
    layout: Mapping[str, Any] = field(default_factory=dict)
    """How the page is stored, as options for libvips' ``tiffsave``."""
    exif: bytes = b""
    """Its descriptive tags as an EXIF block."""
    iptc: bytes = b""
    photoshop: bytes = b""


def examine(stream: BinaryIO) -> Contents | None:
    """Look through a file's directories; None where it is no TIFF, or broken."""
    try:
        file = _File(stream)
        offsets = list(_chain(file))
        pages = [file.directory(offset) for offset in offsets]
        kinds = [_first(page, SUBFILE_TYPE, 0) & 1 for page in pages]
        number = kinds.index(0) if 0 in kinds else 0
        page = file.directory(offsets[number], {*DESCRIPTIVE, IPTC, PHOTOSHOP, *_LAYOUT_TAGS})
        smaller = any(kinds[number + 1 : number + 2]) or SUB_DIRECTORIES in page
        return Contents(
            page=number,
            pages=kinds.count(0),
            layout=_layout(page, pyramid=smaller),
            exif=_exif_block(_described(file, page)),
            iptc=_captions(page.get(IPTC)),
            photoshop=page[PHOTOSHOP].content if PHOTOSHOP in page else b"",
        )
    except (_BrokenError, struct.error, OSError, IndexError):
        return None


def add_tags(
    stream: BinaryIO,
    exif: bytes,
    *,
    size: tuple[int, int],
    software: str | None = None,
    iptc: bytes = b"",
) -> None:
    """Add tags to the first page of a TIFF file that libvips has written.

    Parameters
    ----------
    stream : the file, open for reading and writing; its pixels stay where they are
    exif : an EXIF block, or nothing
    size : (height, width) of the page, for EXIF
    software : replaces the block's tag
    iptc : captions (IIM); libvips 8.18 writes a fourth of them

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    tree = _parse_block(exif)
    if software is not None:
        text = software.encode("ascii", "replace") + b"\0"
        tree[SOFTWARE] = _Value(2, len(text), text)
    if iptc:
        tree[IPTC] = _Value(7, len(iptc), iptc)
    inner = tree.get(EXIF)
    if isinstance(inner, dict):
        inner[COLOR_SPACE] = _Value(3, 1, struct.pack("<H", 1))  # sRGB
        for tag, side in ((PIXEL_WIDTH, size[1]), (PIXEL_HEIGHT, size[0])):
            inner[tag] = _Value(4, 1, struct.pack("<I", side))
    if not tree:
        return
    file = _File(stream)
    old, following = file.raw_directory(file.first)
    end = stream.seek(0, io.SEEK_END)
    start = -(-end // 8) * 8
    added = _serialize({**old, **tree}, start, file.order, big=file.big, following=following)
    if not file.big and start + len(added) >= 1 << 32:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    stream.write(bytes(start - end) + added)
    stream.seek(8 if file.big else 4)
    stream.write(struct.pack(file.order + ("Q" if file.big else "I"), start))


def exif_text(exif: bytes, tag: int) -> str:
    """A text of an EXIF block's first directory; empty where there is none."""
    value = _parse_block(exif).get(tag)
    if not isinstance(value, _Value) or value.kind != 2:
        return ""
    return value.content.split(b"\0")[0].decode("ascii", "replace").strip()


def _parse_block(exif: bytes) -> _Tree:
    """The descriptive tags of an EXIF block; none where it is broken."""
    try:
        file = _File(io.BytesIO(exif.removeprefix(EXIF_PREFIX)))
        return _described(file, file.directory(file.first, DESCRIPTIVE))
    except (_BrokenError, struct.error):
        return {}


def _described(file: _File, page: Mapping[int, _Value]) -> _Tree:
    """A page's descriptive tags, with what its EXIF and GPS tags point to."""
    tree: _Tree = {tag: page[tag] for tag in DESCRIPTIVE & page.keys() - {EXIF, GPS}}
    for tag in (EXIF, GPS):
        place = _first(page, tag, 0)
        inner: _Tree = {**_readable(file, place)}
        pointer = inner.pop(INTEROPERABILITY, None)
        if isinstance(pointer, _Value) and pointer.integers():
            further: _Tree = {**_readable(file, pointer.integers()[0])}
            if further:
                inner[INTEROPERABILITY] = further
        if inner:
            tree[tag] = inner
    return tree


def _readable(file: _File, offset: int) -> dict[int, _Value]:
    try:
        return file.directory(offset, None) if offset else {}
    except (_BrokenError, struct.error):
        return {}


def _exif_block(tree: _Tree) -> bytes:
    if not tree:
        return b""
    return EXIF_PREFIX + b"II*\0\x08\0\0\0" + _serialize(tree, 8, "<", big=False, following=0)


_LAYOUT_TAGS = {SUBFILE_TYPE, COMPRESSION, TILE_WIDTH, TILE_LENGTH, SUB_DIRECTORIES}


def _layout(page: Mapping[int, _Value], *, pyramid: bool) -> dict[str, Any]:
    """How a page is stored, in the words of ``tiffsave``."""
    deflate = {"compression": "deflate", "predictor": "horizontal"}
    layout = dict(_COMPRESSIONS.get(_first(page, COMPRESSION, 1), deflate))
    sides = [_first(page, tag, 0) for tag in (TILE_WIDTH, TILE_LENGTH)]
    if all(sides):
        layout["tile"] = True
        if all(side % 16 == 0 and side <= _MAX_TILE_PX for side in sides):
            layout |= {"tile_width": sides[0], "tile_height": sides[1]}
        if pyramid:
            layout |= {"pyramid": True, "subifd": SUB_DIRECTORIES in page}
    return layout


def _first(page: Mapping[int, _Value], tag: int, default: int) -> int:
    numbers = page[tag].integers() if tag in page else ()
    return numbers[0] if numbers else default


def _captions(value: _Value | None) -> bytes:
    """IPTC's captions; they stand there as bytes, or as numbers in either byte order."""
    if value is None:
        return b""
    turned = _swapped(value.kind, value.content)
    return turned if turned[:1] == b"\x1c" != value.content[:1] else value.content


def _chain(file: _File) -> Iterator[int]:
    """Where the pages' directories are."""
    offset, seen = file.first, set[int]()
    while offset and offset not in seen and len(seen) < _MAX_PAGES:
        seen.add(offset)
        yield offset
        offset = file.following(offset)


class _File:
    """A TIFF file's directories, in either byte order, classic or BigTIFF."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        head = self._read(0, 16, exactly=False)
        orders = {b"II": "<", b"MM": ">"}
        if len(head) < 8 or head[:2] not in orders:
            raise _BrokenError
        self.order = orders[head[:2]]
        version = struct.unpack_from(self.order + "H", head, 2)[0]
        self.big = version == 43
        if version not in (42, 43) or (self.big and len(head) < 16):
            raise _BrokenError
        self.first: int = struct.unpack_from(
            self.order + ("Q" if self.big else "I"), head, 8 if self.big else 4
        )[0]

    def directory(
        self, offset: int, wanted: Collection[int] | None = (SUBFILE_TYPE,)
    ) -> dict[int, _Value]:
        """The tags of a directory that are wanted (all for None) and can be read."""
        raw, _ = self.raw_directory(offset)
        found, left = {}, _MAX_VALUE_BYTES
        for tag, entry in raw.items():
            size = _SIZES.get(entry.kind, 0) * entry.count
            if (wanted is not None and tag not in wanted) or not 0 < size <= left:
                continue
            left -= size
            if size <= len(entry.slot):
                content = entry.slot[:size]
            else:
                pointer = struct.unpack(self.order + ("Q" if self.big else "I"), entry.slot)[0]
                try:
                    content = self._read(pointer, size)
                except _BrokenError:
                    continue
            if self.order != "<":
                content = _swapped(entry.kind, content)
            found[tag] = _Value(entry.kind, entry.count, content)
        return found

    def raw_directory(self, offset: int) -> tuple[dict[int, _Raw], int]:
        """All entries of a directory as they are, and where the next one is."""
        counter, width, pointer = ("Q", 20, "Q") if self.big else ("H", 12, "I")
        counted = struct.calcsize("<" + counter)
        count = struct.unpack(self.order + counter, self._read(offset, counted))[0]
        if count > _MAX_TAGS:
            raise _BrokenError
        table = self._read(offset + counted, count * width + struct.calcsize("<" + pointer))
        entries = {}
        for at in range(0, count * width, width):
            tag, kind, number = struct.unpack_from(self.order + "HH" + pointer, table, at)
            slot = table[at + width - struct.calcsize("<" + pointer) : at + width]
            entries[tag] = _Raw(kind, number, slot)
        following = struct.unpack_from(self.order + pointer, table, count * width)[0]
        return entries, following

    def following(self, offset: int) -> int:
        """Where the directory after this one is; 0 for none."""
        return self.raw_directory(offset)[1]

    def _read(self, offset: int, size: int, *, exactly: bool = True) -> bytes:
        try:
            self._stream.seek(offset)
        except (ValueError, OverflowError) as error:
            raise _BrokenError from error
        content = self._stream.read(size)
        if exactly and len(content) != size:
            raise _BrokenError
        return content


def _swapped(kind: int, content: bytes) -> bytes:
    """A value in the other byte order."""
    width = _WORDS.get(kind, 1)
    if width == 1:
        return content
    words = [content[at : at + width][::-1] for at in range(0, len(content), width)]
    return b"".join(words)


def _serialize(tree: _Tree, start: int, order: str, *, big: bool, following: int) -> bytes:
    """A directory and all it points to, as bytes that will stand at `start`."""
    counter, width, pointer = ("Q", 20, "Q") if big else ("H", 12, "I")
    slot_size = struct.calcsize("<" + pointer)
    table = struct.pack(order + counter, len(tree))
    body_start = start + len(table) + width * len(tree) + slot_size
    body = bytearray()
    for tag, value in sorted(tree.items()):
        if isinstance(value, _Raw):
            table += struct.pack(order + "HH" + pointer, tag, value.kind, value.count) + value.slot
            continue
        body += bytes(-(body_start + len(body)) % 8)
        place = body_start + len(body)
        if isinstance(value, _Value):
            kind, count = value.kind, value.count
            content = value.content if order == "<" else _swapped(kind, value.content)
            if len(content) <= slot_size:
                slot = content.ljust(slot_size, b"\0")
            else:
                slot = struct.pack(order + pointer, place)
                body += content
        else:
            kind, count = (18 if big else 4), 1
            slot = struct.pack(order + pointer, place)
            body += _serialize(value, place, order, big=big, following=0)
        table += struct.pack(order + "HH" + pointer, tag, kind, count) + slot
    return table + struct.pack(order + pointer, following) + bytes(body)
