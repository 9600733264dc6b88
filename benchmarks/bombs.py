"""Small files that are huge pictures."""

from __future__ import annotations

import struct
import zlib

import pyvips

# Memory

AVIF_SIDE = 8_000


def black_webp(side: int) -> bytes:
    """A lossless WebP without a bit for any pixel.

    Source: RFC 9649; each of the five Huffman codes has the one symbol 0.
    """
    bits = [(0x2F, 8), (side - 1, 14), (side - 1, 14), (0, 1), (0, 3), (0, 3)]
    bits += 5 * [(1, 1), (0, 1), (0, 1), (0, 1)]
    whole = 0
    for value, size in reversed(bits):
        whole = whole << size | value
    stream = whole.to_bytes(16, "little")
    body = b"WEBPVP8L" + struct.pack("<I", len(stream)) + stream
    return b"RIFF" + struct.pack("<I", len(body)) + body


def interlaced_png(side: int) -> bytes:
    """A black interlaced 16-bit PNG. Source: PNG, third edition, 8.1."""
    packer, parts = zlib.compressobj(1), []
    passes = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2))
    for top, down, left, across in (*passes, (1, 2, 0, 1)):
        row = bytes(1 + 6 * len(range(left, side, across)))
        parts += [packer.compress(row) for _ in range(top, side, down)]
    parts.append(packer.flush())
    head = struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 1)
    chunks = ((b"IHDR", head), (b"IDAT", b"".join(parts)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def progressive_jpeg(side: int) -> bytes:
    """A gray-brown progressive JPEG with one scan. Source: ITU-T T.81, annex B."""

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, 2 + len(data)) + data

    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    frame = struct.pack(">BHHB", 8, side, side, 3) + components
    table = bytes([0, 1, *15 * [0], 0])  # one code, of one bit: no difference
    scan = bytes([3, 1, 0, 2, 0, 3, 0, 0, 0, 0])
    bits = 3 * (-(-side // 8)) ** 2
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xDB, bytes([0, *64 * [1]])),
            segment(0xC2, frame),
            segment(0xC4, table),
            segment(0xDA, scan),
            bytes(-(-bits // 8)),
            b"\xff\xd9",
        )
    )


def black_avif(side: int) -> bytes:
    """A black AVIF, smaller, as making it costs as much memory as reading it."""
    side = min(side, AVIF_SIDE)
    black = pyvips.Image.black(side, side).copy(interpretation="b-w")
    data: bytes = black.heifsave_buffer(compression="av1", effort=0)
    return data
