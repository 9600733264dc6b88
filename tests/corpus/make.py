"""Make the corpus: a small file for every kind of file that was once read or written wrongly.

    python tests/corpus/make.py

writes the files beside this script. It needs Pillow, and for HEIC pillow-heif, whose encoder is
under the GPL; without it the HEIC files stay as they are. All pictures are computed: nobody's
photographs are among them. What should become of each file stands in
tests/pictures/test_corpus.py, and the fuzz test starts from them.
"""

from __future__ import annotations

import io
import lzma
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

FOLDER = Path(__file__).parent
HEIGHT, WIDTH = 48, 64
Y, X = np.mgrid[:HEIGHT, :WIDTH]
GRAY = (110 + 70 * np.sin(X / 9) + 50 * np.cos(Y / 7)).clip(0, 255).astype(np.uint8)

MAKERS: dict[str, Callable[[], bytes]] = {}


def file(name: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Register what makes a file."""

    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[name] = make
        return make

    return register


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def picture(mode: str = "L") -> Image.Image:
    return Image.fromarray(GRAY).convert(mode)


# TIFF

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


RGB = np.repeat(GRAY[..., None], 3, axis=2)


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


# JPEG

JPEG = encoded(picture(), "JPEG", quality=90)
PROGRESSIVE = encoded(picture(), "JPEG", quality=90, progressive=True)
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def packet(properties: str, namespace: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {namespace} {properties}/></rdf:RDF></x:xmpmeta>'
    ).encode()


def exif(tags: dict[int, object]) -> Image.Exif:
    block = Image.Exif()
    for tag, value in tags.items():
        block[tag] = value
    return block


@file("broken-profile.jpg")
def _() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)  # when it was made
    for at in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12):
        kind, place, size = struct.unpack_from(">4sII", profile, at)
        if kind in (b"rTRC", b"gTRC", b"bTRC"):
            profile[place : place + size] = b"\xff" * size
    return encoded(picture("RGB"), "JPEG", quality=90, icc_profile=bytes(profile))


@file("no-end.jpg")
def _() -> bytes:
    return JPEG[:-2]


@file("no-end-progressive.jpg")
def _() -> bytes:
    return PROGRESSIVE[:-2]


@file("cut.jpg")
def _() -> bytes:
    return JPEG[: len(JPEG) - 200]


@file("cut-by-ten-bytes.jpg")
def _() -> bytes:
    return JPEG[:-12]


@file("cut-progressive.jpg")
def _() -> bytes:
    return PROGRESSIVE[:-12]


@file("motion.jpg")
def _() -> bytes:
    claims = 'GCamera:MotionPhoto="1" GCamera:MicroVideo="1" GCamera:MicroVideoOffset="4096"'
    namespace = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
    film = b"\0\0\0\x18ftypmp42" + bytes(500)
    return with_segments(segment(0xE1, XMP + packet(claims, namespace))) + film


@file("captions-in-the-second-segment.jpg")
def _() -> bytes:
    captions = b"\x1c\x02\x05\0\x05Title\x1c\x02\x78\0\x07Caption"
    mine = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(captions)) + captions
    mine += bytes(len(captions) % 2)
    other = b"8BIM\x04\x0b\0\0" + struct.pack(">I", 4) + b"http"
    return with_segments(
        segment(0xED, b"Photoshop 3.0\0" + other), segment(0xED, b"Photoshop 3.0\0" + mine)
    )


@file("rating.jpg")
def _() -> bytes:
    return encoded(picture(), "JPEG", quality=90, exif=exif({0x4746: 4, 315: "Somebody"}))


@file("orientation-in-xmp.jpg")
def _() -> bytes:
    namespace = 'xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    return with_segments(segment(0xE1, XMP + packet('tiff:Orientation="6"', namespace)))


@file("comment.jpg")
def _() -> bytes:
    return with_segments(segment(0xFE, b"Made by hand"))


@file("extended-xmp.jpg")
def _() -> bytes:
    return with_segments(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 60))


@file("credentials.jpg")
def _() -> bytes:
    return with_segments(segment(0xEB, b"JP\0\1\0\0\0\1" + bytes(20)))


@file("two-by-one.jpg")
def _() -> bytes:
    jfif = b"JFIF\0\1\1\0" + struct.pack(">HH", 2, 1) + bytes(2)
    return JPEG[:2] + segment(0xE0, jfif) + JPEG[20:]


# PNG

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


# WebP, AVIF, HEIC


@file("300-dots-an-inch.webp")
def _() -> bytes:
    block = exif({282: 300.0, 283: 300.0, 296: 2})
    return encoded(picture("RGB"), "WEBP", exif=block)


@file("animation.avif")
def _() -> bytes:
    frames = [Image.fromarray(np.roll(RGB, 8 * number, axis=1)) for number in range(3)]
    return encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=100)


def heic(pixels: np.ndarray, mode: str, **options: object) -> bytes:
    """Raises ImportError without pillow-heif."""
    import pillow_heif

    height, width = pixels.shape[:2]
    image = pillow_heif.from_bytes(mode, (width, height), pixels.tobytes())
    stream = io.BytesIO()
    image.save(stream, quality=90, **options)
    return stream.getvalue()


@file("phone.heic")
def _() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    block = exif({270: "Grandmother, 1931", 282: 72.0, 283: 72.0, 296: 2}).tobytes()
    return heic(RGB, "RGB", exif=block, icc_profile=profile)


@file("deep.heic")
def _() -> bytes:
    return heic(RGB.astype(np.uint16) * 257, "RGB;16")


def main() -> None:
    """Write all files."""
    for name, make in MAKERS.items():
        try:
            (FOLDER / name).write_bytes(make())
        except ImportError as error:
            print(f"{name} stays as it is: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
