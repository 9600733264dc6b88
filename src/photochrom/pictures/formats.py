"""Which files are pictures, and how each format is written: what the libvips at hand can do."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any

import pyvips

from photochrom.errors import PictureWriteError
from photochrom.kinds import check_number


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format: how libvips reads and writes it, and what it can hold."""

    name: str
    title: str
    media_type: str
    suffixes: tuple[str, ...]
    """The first one is that of new files."""
    loader: str
    """libvips' operation, such as ``jpegload``."""
    loader_class: str
    saver: str = ""
    """libvips' operation; none for formats that are read only."""
    options: Mapping[str, Any] = field(default_factory=dict)
    has_quality: bool = False
    lossless: Mapping[str, Any] | None = field(default_factory=dict)
    """What to tell the saver for a lossless file; None where there is no such thing."""
    depths: tuple[int, ...] = (8,)
    """Bits a channel that it can hold."""
    has_alpha: bool = True
    keeps: frozenset[str] = frozenset({"EXIF", "XMP"})
    max_side_px: int = 10_000_000
    signs: tuple[bytes, ...] = ()
    """How files of this format begin; a dot stands for any byte."""

    def facts(self) -> dict[str, Any]:
        """What a page has to know of it."""
        names = ("name", "title", "media_type", "suffixes")
        return {name: getattr(self, name) for name in names}

    def data_url(self, data: bytes) -> str:
        """A file of this format as a URL, to stand in a page."""
        return f"data:{self.media_type};base64,{base64.b64encode(data).decode()}"


HEIC_SUFFIXES = (".heic", ".heif", ".hif")
HEIC_MODULES = ("pi_heif", "pillow_heif")
"""What can decode HEIC, for `pictures.heic`, the best one first."""

_XMP, _IPTC, _ICC = 2, 4, 8
"""libvips' ``VipsForeignKeep``: the metadata that it writes; `metadata.complete` does the rest."""

TABLE = (
    Format(
        name="jpeg",
        title="JPEG",
        media_type="image/jpeg",
        suffixes=(".jpg", ".jpeg", ".jpe", ".jfif", ".jif"),
        loader="jpegload",
        loader_class="VipsForeignLoadJpeg",
        saver="jpegsave",
        options={"background": 255, "keep": _XMP | _IPTC | _ICC},
        has_quality=True,
        lossless=None,
        has_alpha=False,
        keeps=frozenset({"EXIF", "XMP", "IPTC"}),
        max_side_px=65_500,
        signs=(b"\xff\xd8\xff",),
    ),
    Format(
        name="png",
        title="PNG",
        media_type="image/png",
        suffixes=(".png",),
        loader="pngload",
        loader_class="VipsForeignLoadPng",
        saver="pngsave",
        options={"keep": _ICC},
        depths=(8, 16),
        max_side_px=1_000_000,
        signs=(b"\x89PNG",),
    ),
    Format(
        name="tiff",
        title="TIFF",
        media_type="image/tiff",
        suffixes=(".tif", ".tiff"),
        loader="tiffload",
        loader_class="VipsForeignLoadTiff",
        saver="tiffsave",
        options={"compression": "deflate", "predictor": "horizontal"},
        depths=(8, 16),
        keeps=frozenset({"EXIF", "XMP", "IPTC"}),
        signs=(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ),
    Format(
        name="webp",
        title="WebP",
        media_type="image/webp",
        suffixes=(".webp",),
        loader="webpload",
        loader_class="VipsForeignLoadWebp",
        saver="webpsave",
        options={"keep": _XMP | _ICC},
        has_quality=True,
        lossless={"lossless": True, "exact": True, "effort": 0},
        max_side_px=16_383,
        signs=(b"RIFF....WEBP",),
    ),
    Format(
        name="avif",
        title="AVIF",
        media_type="image/avif",
        suffixes=(".avif",),
        loader="heifload",
        loader_class="VipsForeignLoadHeif",
        saver="heifsave",
        options={"compression": "av1", "effort": 0},  # 1 takes 4 times as long, for 0.3 dB
        has_quality=True,
        lossless={"lossless": True},
        depths=(8, 10, 12),
        max_side_px=16_384,
        signs=(b"....ftypavif", b"....ftypavis"),
    ),
    Format(
        name="heic",
        title="HEIC",
        media_type="image/heic",
        suffixes=HEIC_SUFFIXES,
        loader="heicload",
        loader_class="",
        signs=(b"....ftyphei", b"....ftyphev", b"....ftypmif1", b"....ftypmsf1"),
    ),
    Format(
        name="gif",
        title="GIF",
        media_type="image/gif",
        suffixes=(".gif",),
        loader="gifload",
        loader_class="VipsForeignLoadNsgif",
        signs=(b"GIF8",),
    ),
    Format(
        name="jxl",
        title="JPEG XL",
        media_type="image/jxl",
        suffixes=(".jxl",),
        loader="jxlload",
        loader_class="VipsForeignLoadJxl",
        saver="jxlsave",
        has_quality=True,
        lossless={"lossless": True},
        depths=(8, 16),
        signs=(b"\xff\x0a", b"\0\0\0\x0cJXL "),
    ),
    Format(
        name="ppm",
        title="PPM",
        media_type="image/x-portable-pixmap",
        suffixes=(".ppm",),
        loader="ppmload",
        loader_class="VipsForeignLoadPpm",
        saver="ppmsave",
        options={"background": 255},
        depths=(8, 16),
        has_alpha=False,
        keeps=frozenset(),
        signs=(b"P3", b"P6"),
    ),
    Format(
        name="pgm",
        title="PGM",
        media_type="image/x-portable-graymap",
        suffixes=(".pgm", ".pbm"),
        loader="ppmload",
        loader_class="VipsForeignLoadPpm",
        signs=(b"P1", b"P2", b"P4", b"P5"),
    ),
)
"""All formats that Photochrom knows; which of them there are depends on libvips."""

_RAW_SIGNS = (
    b"FUJIFILMCCD-RAW",
    b"IIU\0",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"....ftypcrx ",
    b"\0MRM",
    b"FOVb",
)


def available(
    has_operation: Callable[[str], bool], formats: Iterable[Format] = TABLE
) -> dict[str, Format]:
    """The formats that can be read, by name; written only where libvips has the saver, too.

    Parameters
    ----------
    has_operation : whether libvips has an operation of that name, such as ``jpegload``
    formats : those to choose from
    """
    return {
        one.name: one if one.saver and has_operation(one.saver) else replace(one, saver="")
        for one in formats
        if has_operation(one.loader)
    }


def _has_operation(name: str) -> bool:
    if name == "heicload":
        return any(find_spec(module) for module in HEIC_MODULES)
    return bool(pyvips.type_find("VipsOperation", name))


def _allow_only(formats: Iterable[Format]) -> None:
    """Let libvips use these formats' loaders and no others, whatever it has.

    Others take files for pictures that are none, such as tables of numbers, or read formats
    whose decoders have not been tried with hostile files.
    """
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for one in formats:
        if one.loader_class:
            pyvips.operation_block_set(one.loader_class, False)


def _take_any_text() -> None:
    """libvips quotes files in its messages, which pyvips takes for UTF-8; they may be anything."""

    def to_string(text: Any) -> str:
        if text == pyvips.ffi.NULL:
            return "NULL"
        found = pyvips.ffi.string(text)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else found

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "pyvips" and hasattr(module, "_to_string"):
            setattr(module, "_to_string", to_string)  # noqa: B010


KNOWN = available(_has_operation)
"""The formats that can be read here, by name."""

WRITABLE = {name: one for name, one in KNOWN.items() if one.saver}
"""Those of them that can be written, too."""

BY_SUFFIX = {suffix: one for one in KNOWN.values() for suffix in one.suffixes}
"""The format of each suffix of files that are taken for pictures."""

_allow_only(KNOWN.values())
_take_any_text()


def can_write(suffix: str) -> bool:
    """Whether files of a suffix such as ``.jpg`` can be written."""
    one = BY_SUFFIX.get(suffix.lower())
    return one is not None and one.name in WRITABLE


def writable(suffix_or_name: str, subject: str) -> Format:
    """The format of a suffix or name, to be written.

    Parameters
    ----------
    suffix_or_name : such as ``.jpg`` or ``jpeg``
    subject : what a message is about

    Raises
    ------
    PictureWriteError
        There is no such format, or it can't be written.
    """
    for one in WRITABLE.values():
        if suffix_or_name == one.name or suffix_or_name.lower() in one.suffixes:
            return one
    suffixes = ", ".join(one.suffixes[0] for one in WRITABLE.values())
    raise PictureWriteError(f"{subject}: the format is not known; write to one of {suffixes}.")


def saver_options(
    one: Format, subject: str, *, quality: int, lossless: bool, bits: int
) -> dict[str, Any]:
    """What to tell a format's saver.

    Parameters
    ----------
    one : the format
    subject : what a message is about
    quality : 1..100, where the format has such a thing
    lossless : keep every pixel as it is
    bits : of the picture, a channel

    Raises
    ------
    PictureWriteError
        `quality` is not 1..100, or the format has no lossless files.
    """
    check_number("quality", quality)
    if not 1 <= quality <= 100:
        raise PictureWriteError(
            f"{subject}: quality is {quality}; expected a number from 1 to 100."
        )
    if lossless and one.lossless is None:
        raise PictureWriteError(
            f"{subject}: {one.title} can't be lossless; write to .png, .tif or .webp instead."
        )
    options = dict(one.options)
    if one.has_quality:
        options["Q"] = quality
    if lossless:
        options |= one.lossless or {}
    if len(one.depths) > 2:
        options["bitdepth"] = depth_for(one, bits)
    return options


def bits_of(header: pyvips.Image) -> int:
    """Bits a channel of a picture: 8, 16, or 10 or 12 from AVIF."""
    if header.format != "ushort":
        return 8
    known = header.get_typeof("bits-per-sample")
    bits = int(header.get("bits-per-sample")) if known else 16
    return bits if bits in (10, 12) else 16


def depth_for(one: Format, bits: int) -> int:
    """Bits a channel in a file of this format: at least `bits`, where the format has as many."""
    return next((depth for depth in one.depths if depth >= bits), one.depths[-1])


def guess(head: bytes) -> str:
    """What a file seems to be by its first bytes; empty for nothing known here."""
    for one in KNOWN.values():
        if any(_begins(head, sign) for sign in one.signs):
            return one.title
    return ""


def is_raw(head: bytes) -> bool:
    """Whether a file begins like a camera's raw file."""
    return any(_begins(head, sign) for sign in _RAW_SIGNS)


def _begins(head: bytes, sign: bytes) -> bool:
    pairs = zip(head, sign, strict=False)
    return len(head) >= len(sign) and all(want in (byte, ord(".")) for byte, want in pairs)
