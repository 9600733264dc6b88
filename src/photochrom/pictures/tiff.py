"""What libvips leaves aside in TIFF files: EXIF, captions, kinds of pages, how they are stored.

Pixels are libvips' business; nothing here reads them.

Sources: TIFF 6.0; Adobe's technical notes on SubIFDs; BigTIFF; EXIF 2.32 (CIPA DC-008);
OGC GeoTIFF 1.1.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import struct
from collections.abc import Iterator
from typing import BinaryIO

from photochrom.pictures import exif, old_jpeg, storage
from photochrom.pictures.contents import Contents, Resolution
from photochrom.pictures.directories import BrokenError, File, Tree, Value, serialize, swapped

IPTC, PHOTOSHOP = 33723, 34377

_MAX_PAGES = 10_000
_DIRECTORIES = {storage.SUB_DIRECTORIES, exif.EXIF, exif.GPS, exif.INTEROPERABILITY}
_POSITIONS = _DIRECTORIES | {273, 324, 513}  # of strips, of tiles, of a JPEG stream
_PLACES = (324, 325)  # of tiles, and their sizes
_SIDES = (storage.WIDTH, storage.LENGTH, storage.TILE_WIDTH, storage.TILE_LENGTH)
_EACH_CHANNEL = (storage.BITS, 339)  # and the samples' format
_OF_ALL_CHANNELS = {
    *(280, 281, 301, 333, 334, 336, 340, 341),  # ranges, curves and inks
    *(storage.SUB_DIRECTORIES, storage.INK_SET, storage.EXTRA_SAMPLES, storage.REFERENCE),
}
_ONE = Value(3, 1, b"\1\0")
_CANON_RAW = b"CR"


def examine(stream: BinaryIO, *, page: int = 0) -> Contents | None:
    """Look through a file's directories; None where it is no TIFF, or broken.

    Parameters
    ----------
    stream : the file
    page : which of the pages that are no smaller copies of others
    """
    try:
        file = File(stream)
        offsets = list(_chain(file))
        kinds = [_kind(file.directory(offset, {storage.SUBFILE_TYPE})) for offset in offsets]
        whole = [number for number, kind in enumerate(kinds) if not kind & 1]
        if not offsets:
            return None
        if not whole or _is_canon_raw(stream):
            return Contents(pages=0, refusal=storage.RAW)
        number = whole[page]
        wanted = {*exif.DESCRIPTIVE, *exif.RESOLUTION, IPTC, PHOTOSHOP, *storage.TAGS}
        wanted |= {old_jpeg.PLACE, old_jpeg.SIZE}
        tags = file.directory(offsets[number], wanted)
        if has_old_jpeg := old_jpeg.has_stream(stream, tags):
            tags = old_jpeg.as_modern(tags)
        smaller = any(kind & 1 for kind in kinds[number + 1 : number + 2])
        smaller |= storage.SUB_DIRECTORIES in tags

        def numbers(tag: int) -> tuple[float, ...]:
            return tags[tag].numbers() if tag in tags else ()

        samples = numbers(storage.SAMPLES)
        return Contents(
            page=number,
            pages=len(whole),
            layout=storage.layout(
                numbers, pyramid=smaller or bool(numbers(storage.SUB_DIRECTORIES))
            ),
            rows=storage.rows(numbers),
            has_old_jpeg=has_old_jpeg,
            oversized_tiles=storage.oversized_tiles(numbers),
            refusal=storage.refusal(numbers),
            ycbcr=storage.ycbcr(numbers),
            planes=storage.planes(numbers),
            bands=int(samples[0]) if samples else 1,
            exif=exif.block_of(exif.described(file, tags)),
            iptc=_captions(tags.get(IPTC)),
            photoshop=tags[PHOTOSHOP].content if PHOTOSHOP in tags else b"",
            resolution=exif.resolution_of(tags),
        )
    except (BrokenError, struct.error, OSError, IndexError):
        return None


def parted(content: bytes, page: int) -> bytes:
    """A file with a page for each channel of a page whose tiles hold one channel each.

    Parameters
    ----------
    content : the file; its pixels stay where they are
    page : the number of the page among all

    Returns
    -------
    The file with other directories; the very bytes where the old ones are broken
    """
    stream = io.BytesIO()
    stream.write(content)
    try:
        file = File(stream)
        offset = list(_chain(file))[page]
        old, _ = file.raw_directory(offset)
        given = file.directory(offset, {*_PLACES, *_SIDES, *_EACH_CHANNEL, storage.SAMPLES})
        count = given[storage.SAMPLES].integers()[0]
        width, height, across, down = (given[tag].integers()[0] for tag in _SIDES)
        tiles = count * -(-width // max(1, across)) * -(-height // max(1, down))
        if any(given[tag].count != tiles for tag in _PLACES):
            raise BrokenError
        kept: Tree = {tag: entry for tag, entry in old.items() if tag not in _OF_ALL_CHANNELS}
        kept |= {tag: _share(given[tag], 0, 1) for tag in _EACH_CHANNEL if tag in given}
        kept |= {storage.PHOTOMETRIC: _ONE, storage.SAMPLES: _ONE, storage.PLANAR: _ONE}
        start = first = -(-len(content) // 8) * 8
        stream.seek(0, io.SEEK_END)
        stream.write(bytes(start - len(content)))
        for number in range(count):
            tree = kept | {tag: _share(given[tag], number, tiles // count) for tag in _PLACES}
            length = len(serialize(tree, start, file.order, big=file.big, following=0))
            following = start + -(-length // 8) * 8 if number < count - 1 else 0
            table = serialize(tree, start, file.order, big=file.big, following=following)
            stream.write(table.ljust(following - start if following else length, b"\0"))
            start = following
        stream.seek(8 if file.big else 4)
        stream.write(struct.pack(file.order + ("Q" if file.big else "I"), first))
    except (BrokenError, struct.error, IndexError, KeyError):
        return content
    return stream.getvalue()


def _share(value: Value, number: int, count: int) -> Value:
    """A tag's numbers, a few at a time."""
    width = len(value.content) // value.count
    start = number * count * width
    return Value(value.kind, count, value.content[start : start + count * width])


def add_tags(
    stream: BinaryIO,
    block: bytes,
    *,
    size: tuple[int, int],
    software: str | None = None,
    iptc: bytes = b"",
    resolution: Resolution | None = None,
) -> None:
    """Add tags to the first page of a TIFF file that libvips has written.

    Parameters
    ----------
    stream : the file, open for reading and writing; its pixels stay where they are
    block : an EXIF block, or nothing
    size : (height, width) of the page, for EXIF
    software : replaces the block's tag
    iptc : captions (IIM); libvips 8.18 writes a fourth of them
    resolution : replaces libvips', which makes one up where there is none

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    tree = exif.parsed(block)
    if software is not None:
        tree[exif.SOFTWARE] = exif.text_value(software)
    if iptc:
        tree[IPTC] = Value(7, len(iptc), iptc)
    inner = tree.get(exif.EXIF)
    if isinstance(inner, dict):
        inner |= exif.as_painted(size)
    file = File(stream)
    old, following = file.raw_directory(file.first)
    kept: Tree = {tag: entry for tag, entry in old.items() if tag not in exif.RESOLUTION}
    end = stream.seek(0, io.SEEK_END)
    start = -(-end // 8) * 8
    tree = {**kept, **tree, **exif.resolution_values(resolution)}
    added = serialize(tree, start, file.order, big=file.big, following=following)
    if not file.big and start + len(added) >= 1 << 32:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    stream.write(bytes(start - end) + added)
    stream.seek(8 if file.big else 4)
    stream.write(struct.pack(file.order + ("Q" if file.big else "I"), start))


def append(stream: BinaryIO, other: BinaryIO) -> None:
    """Add the pages of a TIFF file to another, both of the same kind, classic or BigTIFF.

    Parameters
    ----------
    stream : the file, open for reading and writing; an empty one becomes a copy
    other : the file whose pages come last; every position in it moves by as much

    Raises
    ------
    OSError
        A file can't be read or written, or would pass 4 GB and is no BigTIFF.
    """
    end = stream.seek(0, io.SEEK_END)
    base = -(-end // 8) * 8
    size = other.seek(0, io.SEEK_END)
    other.seek(0)
    stream.write(bytes(base - end))
    shutil.copyfileobj(other, stream, 1 << 20)
    if not end:
        return
    file, more = File(stream), File(other)
    if not file.big and base + size >= 1 << 32:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    for offset in _chain(more):
        _move(more, stream, offset, base)
    last = list(_chain(file))[-1]
    stream.seek(_end_of_directory(file, last))
    stream.write(struct.pack(file.order + ("Q" if file.big else "I"), base + more.first))


def _end_of_directory(file: File, offset: int) -> int:
    """Where a directory says where the next one is."""
    counted, width = (8, 20) if file.big else (2, 12)
    return offset + counted + width * len(file.raw_directory(offset)[0])


def _move(file: File, stream: BinaryIO, offset: int, base: int) -> None:
    """Correct the positions in a directory that has been copied to lie `base` further on."""
    pointer, slot_size = ("Q", 8) if file.big else ("I", 4)
    counted, width = (8, 20) if file.big else (2, 12)
    entries, following = file.raw_directory(offset)
    for number, (tag, entry) in enumerate(entries.items()):
        place = base + offset + counted + width * number
        values_at = place + width - slot_size
        if entry.size > slot_size:
            pointed = base + struct.unpack(file.order + pointer, entry.slot)[0]
            stream.seek(values_at)
            stream.write(struct.pack(file.order + pointer, pointed))
            values_at = pointed
        if tag not in _POSITIONS:
            continue
        value = file.directory(offset, {tag}).get(tag)
        for inner in value.integers() if value and tag in _DIRECTORIES else ():
            _move(file, stream, inner, base)
        moved = [base + one for one in value.integers()] if value else []
        kind = 16 if entry.kind in (16, 18) else 4
        content = struct.pack(f"{file.order}{len(moved)}{'Q' if kind == 16 else 'I'}", *moved)
        if len(content) > max(entry.size, slot_size):  # they were of 16 bits
            values_at = stream.seek(0, io.SEEK_END)
            stream.write(content)
            content = struct.pack(file.order + pointer, values_at)
            values_at = place + width - slot_size
        stream.seek(values_at)
        stream.write(content)
        stream.seek(place + 2)
        stream.write(struct.pack(file.order + "H", kind))
    if following:
        stream.seek(base + _end_of_directory(file, offset))
        stream.write(struct.pack(file.order + pointer, base + following))


def _kind(tags: dict[int, Value]) -> int:
    numbers = tags[storage.SUBFILE_TYPE].integers() if storage.SUBFILE_TYPE in tags else ()
    return numbers[0] if numbers else 0


def _is_canon_raw(stream: BinaryIO) -> bool:
    stream.seek(8)
    return stream.read(2) == _CANON_RAW


def _captions(value: Value | None) -> bytes:
    """IPTC's captions; they stand there as bytes, or as numbers in either byte order."""
    if value is None:
        return b""
    turned = swapped(value.kind, value.content)
    return turned if turned[:1] == b"\x1c" != value.content[:1] else value.content


def _chain(file: File) -> Iterator[int]:
    """Where the pages' directories are."""
    offset, seen = file.first, set[int]()
    while offset and offset not in seen and len(seen) < _MAX_PAGES:
        seen.add(offset)
        yield offset
        offset = file.following(offset)
