"""The corpus's TIFF files."""

from __future__ import annotations

import lzma
import struct

import numpy as np
from PIL import Image

from corpus.makers import GRAY, HEIGHT, RGB, WIDTH, encoded, file, picture

SHORT, LONG = 3, 4


def tiff(
    data: bytes,
    compression: int = 1,
    photometric: int = 1,
    samples: int = 1,
    more: tuple[tuple[int, int, tuple[int, ...]], ...] = (),
) -> bytes:
    """A little-endian TIFF file of one strip, or of tiles where `more` says so."""
    tags = {
        256: (LONG, (WIDTH,)),
        257: (LONG, (HEIGHT,)),
        258: (SHORT, (8,) * samples),
        259: (SHORT, (compression,)),
        262: (SHORT, (photometric,)),
        277: (SHORT, (samples,)),
    }
    tags |= {tag: (kind, values) for tag, kind, values in more}
    if 322 not in tags:
        tags |= {273: (LONG, (8,)), 278: (LONG, (HEIGHT,)), 279: (LONG, (len(data),))}
    data += bytes(len(data) % 2)
    place = 8 + len(data)
    values_at = place + 2 + 12 * len(tags) + 4
    table, beyond = struct.pack("<H", len(tags)), b""
    for tag, (kind, values) in sorted(tags.items()):
        content = struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        if len(content) > 4:
            slot = struct.pack("<I", values_at + len(beyond))
            beyond += content
        else:
            slot = content.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, len(values)) + slot
    return b"II*\0" + struct.pack("<I", place) + data + table + bytes(4) + beyond


@file("ycbcr.tif")
def _() -> bytes:
    return encoded(picture("RGB").convert("YCbCr"), "TIFF", compression="tiff_lzw")


@file("ycbcr-subsampled.tif")
def _() -> bytes:
    blocks = [
        GRAY[row : row + 2, column : column + 2].tobytes() + b"\x80\x80"
        for row in range(0, HEIGHT, 2)
        for column in range(0, WIDTH, 2)
    ]
    return tiff(b"".join(blocks), 1, 6, 3, ((530, SHORT, (2, 2)),))


@file("lzma.tif")
def _() -> bytes:
    return tiff(lzma.compress(GRAY.tobytes()), 34925)


@file("zstd.tif")
def _() -> bytes:
    raw = GRAY.tobytes()  # one raw block in one frame
    frame = struct.pack("<IBH", 0xFD2FB528, 0x60, len(raw) - 256)
    return tiff(frame + struct.pack("<I", len(raw) << 3 | 1)[:3] + raw, 50000)


@file("lerc.tif")
def _() -> bytes:
    return tiff(b"Lerc2 " + bytes(90), 34887)


@file("jpeg2000.tif")
def _() -> bytes:
    return tiff(b"\xffO\xffQ" + bytes(90), 33005)


@file("tiled-planar.tif")
def _() -> bytes:
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    plane[:] = GRAY
    places = tuple(8 + number * plane.size for number in range(3))
    more = (
        (284, SHORT, (2,)),
        (322, SHORT, (WIDTH,)),
        (323, SHORT, (HEIGHT,)),
        (324, LONG, places),
        (325, LONG, (plane.size,) * 3),
    )
    return tiff(plane.tobytes() * 3, 1, 2, 3, more)


@file("old-jpeg.tif")
def _() -> bytes:
    more = (
        (322, SHORT, (WIDTH,)),
        (323, SHORT, (HEIGHT,)),
        (324, LONG, (8,)),
        (325, LONG, (600,)),
        (512, SHORT, (1,)),
        (530, SHORT, (2, 2)),
    )
    return tiff(bytes(600), 6, 6, 3, more)


@file("old-jpeg-whole.tif")
def _() -> bytes:
    stream = encoded(picture("RGB"), "JPEG", quality=95)
    more = (
        (273, LONG, (8 + stream.index(b"\xff\xda"),)),
        (512, SHORT, (1,)),
        (513, LONG, (8,)),
        (514, LONG, (len(stream),)),
        (530, SHORT, (2, 2)),
    )
    return tiff(stream, 6, 6, 3, more)


@file("huge-tiles.tif")
def _() -> bytes:
    more = ((322, SHORT, (16384,)), (323, SHORT, (8192,)), (324, LONG, (8,)), (325, LONG, (600,)))
    return tiff(bytes(600), more=more)


@file("mosaic.tif")
def _() -> bytes:
    return tiff(GRAY.tobytes(), 1, 32803)


@file("icclab.tif")
def _() -> bytes:
    return tiff(RGB.tobytes(), 1, 9, 3)


@file("hexachrome.tif")
def _() -> bytes:
    return tiff(np.repeat(GRAY[..., None], 6, axis=2).tobytes(), 1, 5, 6, ((332, SHORT, (2,)),))


@file("no-resolution.tif")
def _() -> bytes:
    return tiff(GRAY.tobytes())


@file("resolution-without-unit.tif")
def _() -> bytes:
    return encoded(picture(), "TIFF", resolution=72, resolution_unit=1)


@file("three-pages.tif")
def _() -> bytes:
    pages = [Image.fromarray(np.roll(GRAY, 8 * number, axis=1)) for number in range(3)]
    return encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
