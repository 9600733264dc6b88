"""EXIF blocks: read, and written anew with what has changed.

A block keeps its bytes where they are, as makers' notes hold positions in it; a changed
directory is put behind them, and the head points there.

Source: EXIF 2.32 (CIPA DC-008).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from fractions import Fraction

from photochrom.pictures.contents import Resolution
from photochrom.pictures.directories import BrokenError, File, Tree, Value, serialize

PREFIX = b"Exif\0\0"

ORIENTATION, SOFTWARE, EXIF, GPS, INTEROPERABILITY = 274, 305, 34665, 34853, 40965
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
RESOLUTION = frozenset({X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT})
COLOR_SPACE, PIXEL_WIDTH, PIXEL_HEIGHT, GAMMA = 40961, 40962, 40963, 42240

DESCRIPTIVE = frozenset(
    # document, description, maker, model, page, software, date, artist, host; rating, copyright
    {269, 270, 271, 272, 285, SOFTWARE, 306, 315, 316, 0x4746, 0x4749, 33432}
    | set(range(0x9C9B, 0x9CA0))  # Windows' title, comment, author, keywords, subject
    | {33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113}  # GeoTIFF: where a map lies
    | {EXIF, GPS}
)
"""Tags of a page that speak of the photograph, not of how its pixels are stored."""

_STORAGE = frozenset(
    {*range(254, 269), 273, ORIENTATION, *range(277, 282), 284, 301, 317, 318, 319, 320}
    | {*range(322, 326), 330, 332, 338, 339, 347, 512, 513, 514, 529, 530, 532, 700, 33723, 34377}
    | {34675}
)
"""Tags that speak of the pixels in the old file, and XMP, captions and profile beside EXIF's."""

_UNITS = {2: "inch", 3: "cm"}
_THUMBNAIL, _THUMBNAIL_BYTES = 513, 514


def is_readable(block: bytes) -> bool:
    """Whether a block's first directory can be followed."""
    try:
        file = File(io.BytesIO(block.removeprefix(PREFIX)))
        file.raw_directory(file.first)
    except (BrokenError, struct.error):
        return False
    return True


def text(block: bytes, tag: int) -> str:
    """A text of a block's first directory; empty where there is none."""
    value = _first_directory(block).get(tag)
    if value is None or value.kind != 2:
        return ""
    return value.content.split(b"\0")[0].decode("ascii", "replace").strip()


def orientation(block: bytes) -> int:
    """How the picture is to be turned: 1..8, or 0 where the block doesn't say."""
    value = _first_directory(block).get(ORIENTATION)
    numbers = value.integers() if value else ()
    return numbers[0] if numbers and 1 <= numbers[0] <= 8 else 0


def resolution(block: bytes) -> Resolution | None:
    """The resolution that a block names."""
    return resolution_of(_first_directory(block))


def resolution_of(tags: Mapping[int, Value]) -> Resolution | None:
    """The resolution that a directory names; None where there is none."""
    sides = [tags[tag].numbers() if tag in tags else () for tag in (X_RESOLUTION, Y_RESOLUTION)]
    if not sides[0] or not sides[0][0] > 0:
        return None
    x = sides[0][0]
    y = sides[1][0] if sides[1] and sides[1][0] > 0 else x
    units = tags[RESOLUTION_UNIT].integers() if RESOLUTION_UNIT in tags else (2,)
    unit = _UNITS.get(units[0] if units else 2, "ratio")
    return Resolution(x, y, unit)  # type: ignore[arg-type]


def resolution_values(resolution: Resolution | None) -> Tree:
    """The tags of a resolution."""
    if resolution is None:
        return {}
    unit = {"inch": 2, "cm": 3, "meter": 3, "ratio": 1}[resolution.unit]
    sides = resolution.per("cm") if unit == 3 else (resolution.x, resolution.y)
    tags: Tree = {RESOLUTION_UNIT: Value(3, 1, struct.pack("<H", unit))}
    for tag, side in zip((X_RESOLUTION, Y_RESOLUTION), sides, strict=True):
        fraction = Fraction(side).limit_denominator(10_000)
        if fraction.numerator >= 1 << 32:
            return {}
        tags[tag] = Value(5, 1, struct.pack("<2I", fraction.numerator, fraction.denominator))
    return tags


def as_painted(size: tuple[int, int]) -> Tree:
    """EXIF's tags of a picture in sRGB, of (height, width)."""
    return {
        COLOR_SPACE: Value(3, 1, struct.pack("<H", 1)),
        PIXEL_WIDTH: Value(4, 1, struct.pack("<I", size[1])),
        PIXEL_HEIGHT: Value(4, 1, struct.pack("<I", size[0])),
    }


def text_value(text: str) -> Value:
    """A text as a tag's value."""
    content = text.encode("ascii", "replace") + b"\0"
    return Value(2, len(content), content)


def parsed(block: bytes) -> Tree:
    """The descriptive tags of a block; none where it is broken."""
    try:
        file = File(io.BytesIO(block.removeprefix(PREFIX)))
        return described(file, file.directory(file.first, DESCRIPTIVE))
    except (BrokenError, struct.error):
        return {}


def described(file: File, page: Mapping[int, Value]) -> Tree:
    """A page's descriptive tags, with what its EXIF and GPS tags point to."""
    tree: Tree = {tag: page[tag] for tag in DESCRIPTIVE & page.keys() - {EXIF, GPS}}
    for tag in (EXIF, GPS):
        inner: Tree = {**_readable(file, _pointer(page, tag))}
        place = inner.pop(INTEROPERABILITY, None)
        if isinstance(place, Value) and place.integers():
            further: Tree = {**_readable(file, place.integers()[0])}
            if further:
                inner[INTEROPERABILITY] = further
        if inner:
            tree[tag] = inner
    return tree


def block_of(tree: Tree) -> bytes:
    """A block with these tags; nothing where there are none."""
    if not tree:
        return b""
    return PREFIX + b"II*\0\x08\0\0\0" + serialize(tree, 8, "<", big=False, following=0)


def updated(
    block: bytes,
    *,
    size: tuple[int, int],
    software: str | None = None,
    resolution: Resolution | None = None,
) -> bytes:
    """A block for a picture that is upright, in sRGB, and has no preview.

    Parameters
    ----------
    block : the photograph's, or nothing
    size : (height, width)
    software : replaces the block's
    resolution : for a block that names none

    Returns
    -------
    The block with its prefix; nothing where there is nothing to say, or where the given one is
    broken and nothing is to be added
    """
    body = bytearray(block.removeprefix(PREFIX))
    try:
        file = File(io.BytesIO(body))
        old, following = file.raw_directory(file.first)
        _blank_preview(file, body, following)
    except (BrokenError, struct.error):
        body = bytearray(b"II*\0\x08\0\0\0\0\0\0\0\0\0")
        file = File(io.BytesIO(body))
        old = {}
    tree: Tree = {tag: entry for tag, entry in old.items() if tag not in _STORAGE}
    if not old.keys() & {X_RESOLUTION}:
        tree |= resolution_values(resolution)
    if software is not None:
        tree[SOFTWARE] = text_value(software)
    if not tree:
        return b""
    place = _pointer(file.directory(file.first, {EXIF}), EXIF)
    try:
        inner = file.raw_directory(place)[0] if place else {}
    except (BrokenError, struct.error):
        tree.pop(EXIF)  # it points to nothing
        inner = {}
    if inner:
        kept: Tree = {tag: entry for tag, entry in inner.items() if tag != GAMMA}
        tree[EXIF] = kept | as_painted(size)
    start = -(-len(body) // 8) * 8
    body += bytes(start - len(body)) + serialize(tree, start, file.order, big=False, following=0)
    body[4:8] = struct.pack(file.order + "I", start)
    return PREFIX + bytes(body)


def compact(block: bytes) -> bytes:
    """A block with the descriptive tags alone, packed anew; makers' notes may not survive it."""
    return block_of(parsed(block))


def _first_directory(block: bytes) -> dict[int, Value]:
    try:
        file = File(io.BytesIO(block.removeprefix(PREFIX)))
        return file.directory(file.first, {*DESCRIPTIVE, ORIENTATION, *RESOLUTION})
    except (BrokenError, struct.error):
        return {}


def _blank_preview(file: File, body: bytearray, following: int) -> None:
    """Overwrite a preview of the gray picture; cut it off where it comes last."""
    tags = _readable(file, following)
    start, count = _pointer(tags, _THUMBNAIL), _pointer(tags, _THUMBNAIL_BYTES)
    end = min(start + count, len(body))
    if not 8 < start < end:
        return
    body[start:end] = bytes(end - start)
    if len(body) - end < 4:
        del body[start:]


def _pointer(tags: Mapping[int, Value], tag: int) -> int:
    numbers = tags[tag].integers() if tag in tags else ()
    return numbers[0] if numbers else 0


def _readable(file: File, offset: int) -> dict[int, Value]:
    try:
        return file.directory(offset, None) if offset else {}
    except (BrokenError, struct.error):
        return {}
