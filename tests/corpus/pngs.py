"""The corpus's PNG files."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from corpus.makers import GRAY, encoded, exif, file, packet, picture

PNG = encoded(picture(), "PNG")


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def before(*chunks: bytes) -> bytes:
    return PNG[:33] + b"".join(chunks) + PNG[33:]


def behind(*chunks: bytes) -> bytes:
    return PNG[:-12] + b"".join(chunks) + PNG[-12:]


@file("text-behind-the-pixels.png")
def _() -> bytes:
    return behind(chunk(b"tEXt", b"Description\0Grandmother, 1931"))


@file("exif-behind-the-pixels.png")
def _() -> bytes:
    block = exif({270: "Grandmother, 1931", 274: 6}).tobytes()[6:]
    return behind(chunk(b"eXIf", block))


@file("xmp-behind-the-pixels.png")
def _() -> bytes:
    namespace = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    text = packet('xmp:Rating="3"', namespace)
    return behind(chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + text))


@file("keyword-with-a-blank.png")
def _() -> bytes:
    return before(chunk(b"tEXt", b"Creation Time\0 5 May 1931"))


@file("utf8-text.png")
def _() -> bytes:
    return before(chunk(b"iTXt", "Author\0\0\0de\0Autor\0Jürgen Müller".encode()))


@file("text-without-a-name.png")
def _() -> bytes:
    return before(chunk(b"tEXt", b"\0some text"))


@file("text-without-an-end.png")
def _() -> bytes:
    return before(chunk(b"tEXt", b"Description\x80" + b"The original was made by somebody " * 9))


@file("animation.png")
def _() -> bytes:
    frames = [Image.fromarray(np.roll(GRAY, 8 * number, axis=1)) for number in range(3)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)
