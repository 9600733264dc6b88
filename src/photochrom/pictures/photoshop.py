"""Photoshop's image resources, in which JPEG files keep IPTC captions.

Sources: IIM 4.2; Adobe's Photoshop file formats, for image resources.
"""

from __future__ import annotations

import struct

from photochrom.pictures import jpeg

_CAPTIONS, _MOST = 0x0404, 10_000
_STALE_RESOURCES = {0x0409, 0x040C, 0x040F, 0x0411}  # previews, and the color profile


def resources_in(captions: bytes) -> list[tuple[int, bytes, bytes]]:
    """Photoshop's image resources: (number, name, content); none of broken or too many ones."""
    block = captions.removeprefix(jpeg.RESOURCES)
    found, at = [], 0
    while at + 12 <= len(block):
        name_size = 1 + block[at + 6]
        content_at = at + 6 + name_size + name_size % 2 + 4
        if block[at : at + 4] not in (b"8BIM", b"MeSa") or content_at > len(block):
            return []
        size = struct.unpack_from(">I", block, content_at - 4)[0]
        content = block[content_at : content_at + size]
        if len(content) != size:
            return []
        number = struct.unpack_from(">H", block, at + 4)[0]
        found.append((number, block[at + 6 : content_at - 4], content))
        if len(found) > _MOST:
            return []
        at = content_at + size + size % 2
    return found


def _packed(resources: list[tuple[int, bytes, bytes]]) -> bytes:
    block = b"".join(
        b"8BIM"
        + struct.pack(">H", number)
        + name
        + struct.pack(">I", len(content))
        + content
        + bytes(len(content) % 2)
        for number, name, content in resources
    )
    return jpeg.RESOURCES + block if block else b""


def captions_in(block: bytes) -> bytes:
    """The IPTC captions among resources; b"" where there are none."""
    return next((content for number, _, content in resources_in(block) if number == _CAPTIONS), b"")


def without_stale(captions: bytes) -> bytes | None:
    """Resources without what no longer holds for a picture in color; None where none is left."""
    resources = resources_in(captions)
    kept = [one for one in resources if one[0] not in _STALE_RESOURCES]
    return (_packed(kept) or None) if resources else captions


def with_captions(photoshop: bytes, iptc: bytes) -> bytes:
    """A TIFF file's two tags as one block of resources, as JPEG files have it."""
    others = [one for one in resources_in(photoshop) if one[0] != _CAPTIONS or not iptc]
    return _packed([*([(_CAPTIONS, b"\0\0", iptc)] if iptc else []), *others])
