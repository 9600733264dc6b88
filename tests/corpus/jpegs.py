"""The corpus's JPEG files."""

from __future__ import annotations

import struct

from PIL import ImageCms

from corpus.makers import encoded, exif, file, packet, picture

JPEG = encoded(picture(), "JPEG", quality=90)
PROGRESSIVE = encoded(picture(), "JPEG", quality=90, progressive=True)
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


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
