"""Directories of tags, of which TIFF files and EXIF blocks are made.

A TIFF file is a chain of directories, one for a page; a directory is a sorted list of tags. An
EXIF block is a TIFF file without pixels, so that the same few functions read and write both.

Sources: TIFF 6.0; BigTIFF; EXIF 2.32 (CIPA DC-008).
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
_WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {5: "I", 10: "i", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_TAGS = 4096
_MAX_VALUE_BYTES = 1 << 24  # of a directory's tags together


class BrokenError(Exception):
    """The structure can't be followed; libvips will say whether there is a picture."""


@dataclass(frozen=True)
class Value:
    """A tag's value."""

    kind: int
    count: int
    content: bytes
    """In the byte order of the machine that is called Intel's, whatever the file's."""

    def integers(self) -> tuple[int, ...]:
        """Whole numbers; none for anything else."""
        if self.kind not in _INTEGERS:
            return ()
        return struct.unpack(f"<{self.count}{_INTEGERS[self.kind]}", self.content)

    def numbers(self) -> tuple[float, ...]:
        """Integers, fractions or floating-point numbers; none for anything else."""
        if self.kind not in _NUMBERS:
            return self.integers()
        if self.kind not in (5, 10):
            return struct.unpack(f"<{self.count}{_NUMBERS[self.kind]}", self.content)
        parts = struct.unpack(f"<{2 * self.count}{_NUMBERS[self.kind]}", self.content)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return tuple(over / under if under else 0.0 for over, under in pairs)


@dataclass(frozen=True)
class Raw:
    """An entry as it stands in a file: its value, or where that is."""

    kind: int
    count: int
    slot: bytes

    @property
    def size(self) -> int:
        """Bytes of its value."""
        return _SIZES.get(self.kind, 0) * self.count


Tree: TypeAlias = "dict[int, Value | Raw | Tree]"
"""A directory to be written; a directory in it is one that a tag points to."""


class File:
    """A TIFF file's directories, in either byte order, classic or BigTIFF."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        head = self._read(0, 16, exactly=False)
        orders = {b"II": "<", b"MM": ">"}
        if len(head) < 8 or head[:2] not in orders:
            raise BrokenError
        self.order = orders[head[:2]]
        version = struct.unpack_from(self.order + "H", head, 2)[0]
        self.big = version == 43
        if version not in (42, 43) or (self.big and len(head) < 16):
            raise BrokenError
        self.first: int = struct.unpack_from(
            self.order + ("Q" if self.big else "I"), head, 8 if self.big else 4
        )[0]

    def directory(self, offset: int, wanted: Collection[int] | None) -> dict[int, Value]:
        """The tags of a directory that are wanted (all for None) and can be read."""
        raw, _ = self.raw_directory(offset)
        found, left = {}, _MAX_VALUE_BYTES
        for tag, entry in raw.items():
            size = entry.size
            if (wanted is not None and tag not in wanted) or not 0 < size <= left:
                continue
            left -= size
            if size <= len(entry.slot):
                content = entry.slot[:size]
            else:
                pointer = struct.unpack(self.order + ("Q" if self.big else "I"), entry.slot)[0]
                try:
                    content = self._read(pointer, size)
                except BrokenError:
                    continue
            if self.order != "<":
                content = swapped(entry.kind, content)
            found[tag] = Value(entry.kind, entry.count, content)
        return found

    def raw_directory(self, offset: int) -> tuple[dict[int, Raw], int]:
        """All entries of a directory as they are, and where the next one is."""
        counter, width, pointer = ("Q", 20, "Q") if self.big else ("H", 12, "I")
        counted = struct.calcsize("<" + counter)
        count = struct.unpack(self.order + counter, self._read(offset, counted))[0]
        if count > _MAX_TAGS:
            raise BrokenError
        table = self._read(offset + counted, count * width + struct.calcsize("<" + pointer))
        entries = {}
        for at in range(0, count * width, width):
            tag, kind, number = struct.unpack_from(self.order + "HH" + pointer, table, at)
            slot = table[at + width - struct.calcsize("<" + pointer) : at + width]
            entries[tag] = Raw(kind, number, slot)
        following = struct.unpack_from(self.order + pointer, table, count * width)[0]
        return entries, following

    def following(self, offset: int) -> int:
        """Where the directory after this one is; 0 for none."""
        return self.raw_directory(offset)[1]

    def _read(self, offset: int, size: int, *, exactly: bool = True) -> bytes:
        try:
            self._stream.seek(offset)
        except (ValueError, OverflowError) as error:
            raise BrokenError from error
        content = self._stream.read(size)
        if exactly and len(content) != size:
            raise BrokenError
        return content


def swapped(kind: int, content: bytes) -> bytes:
    """A value in the other byte order."""
    width = _WORDS.get(kind, 1)
    if width == 1:
        return content
    words = [content[at : at + width][::-1] for at in range(0, len(content), width)]
    return b"".join(words)


def serialize(tree: Tree, start: int, order: str, *, big: bool, following: int) -> bytes:
    """A directory and all it points to, as bytes that will stand at `start`."""
    counter, width, pointer = ("Q", 20, "Q") if big else ("H", 12, "I")
    slot_size = struct.calcsize("<" + pointer)
    table = struct.pack(order + counter, len(tree))
    body_start = start + len(table) + width * len(tree) + slot_size
    body = bytearray()
    for tag, value in sorted(tree.items()):
        if isinstance(value, Raw):
            table += struct.pack(order + "HH" + pointer, tag, value.kind, value.count) + value.slot
            continue
        body += bytes(-(body_start + len(body)) % 8)
        place = body_start + len(body)
        if isinstance(value, Value):
            kind, count = value.kind, value.count
            content = value.content if order == "<" else swapped(kind, value.content)
            if len(content) <= slot_size:
                slot = content.ljust(slot_size, b"\0")
            else:
                slot = struct.pack(order + pointer, place)
                body += content
        else:
            kind, count = (18 if big else 4), 1
            slot = struct.pack(order + pointer, place)
            body += serialize(value, place, order, big=big, following=0)
        table += struct.pack(order + "HH" + pointer, tag, kind, count) + slot
    return table + struct.pack(order + pointer, following) + bytes(body)
