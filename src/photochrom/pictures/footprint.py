"""How much memory a picture takes while it is decoded, painted and encoded: reckoned by its header.

libvips streams what it can: then only some rows are held, whatever the height. Other loaders and
savers hold the whole picture, some of them many times over, and so does turning a picture
upright. The figures are measured peaks of libvips 8.18 with its decoders, rounded up
(`benchmarks/footprints.py` measures them anew).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pyvips

from photochrom.pictures import formats
from photochrom.pictures.contents import Contents
from photochrom.pictures.encoded import Encoded

EACH_BYTES = 64_000_000
"""Of any piece of work: the network's activations, tables, the small copy."""

ROWS = 256
"""How many rows streaming holds, at most."""

STREAM_8, STREAM_16 = 45, 150
"""Bytes for each pixel of these rows, in pictures of 8 and of 16 bit."""

WEBP, WEBP_LOSSLESS, AVIF, AVIF_LOSSLESS = 25, 40, 46, 62
"""Bytes for each pixel that a saver holds of a whole picture; alpha in WebP is lossless."""

COPIES = 3.6
"""How many times an encoded file is in memory when it is finished: libvips doubles its buffer
while it grows, and what it returns is copied, and copied again where something is added."""

_LOSSY_BYTES = 1.5
"""An encoded pixel's at most, in lossy formats: noise at high quality."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What of a picture its memory depends on, known before anything is decoded."""

    name: str
    """What to call it in messages."""
    format: str
    """The format it was read from, such as ``jpeg``."""
    size: tuple[int, int]
    """(height, width), upright."""
    deep: bool
    """16 bit a channel."""
    alpha: bool
    decoding: int
    """Bytes that reading all pixels holds beside the rows that stream."""

    @property
    def reading(self) -> int:
        """Bytes that it takes to look at the picture: to open it, or to copy it smaller."""
        return EACH_BYTES + self.decoding + self._streaming

    def writing(self, format_: str, *, lossless: bool = False, kept: bool = False) -> int:
        """Bytes that it takes to colorize it and write the result.

        Parameters
        ----------
        format_ : a name such as ``jpeg``, or a suffix such as ``.jpg``
        lossless : asked for, where the format can also be lossy
        kept : the file's bytes stay in memory, and aren't written to a file
        """
        name = next((one.name for one in formats.TABLE if format_ in one.suffixes), format_)
        alpha = self.alpha and name != "jpeg"
        height, width = self.size
        raw = (4 if alpha else 3) * (2 if self.deep and name not in ("jpeg", "webp") else 1)
        held = 0.0
        if name == "webp":
            held = WEBP_LOSSLESS if lossless or alpha else WEBP
        elif name == "avif":
            held = AVIF_LOSSLESS if lossless else AVIF
            held *= (1.4 if alpha else 1) * (1.15 if self.deep else 1)
        elif name == "jxl":
            held = 8 * raw
        if kept:
            exact = lossless or name not in ("jpeg", "webp", "avif")
            held += COPIES * (raw if exact else _LOSSY_BYTES)
        return self.reading + int(held * height * width)

    @property
    def _streaming(self) -> int:
        height, width = self.size
        each = (STREAM_16 if self.deep else STREAM_8) * (4 / 3 if self.alpha else 1)
        return int(min(height, ROWS) * width * each)


def of(
    source: str | os.PathLike[str] | bytes, *, max_pixels: int, name: str = "", page: int = 0
) -> Footprint:
    """Reckon by a file's or its bytes' header.

    Parameters
    ----------
    source, max_pixels, name, page : as for `picture.read`

    Raises
    ------
    PictureReadError
        It is missing, empty, no picture, or too large.
    """
    encoded = Encoded.at(source, name=name, allow_damaged=True, page=page)
    header = encoded.checked(max_pixels)
    loader = _text(header, "vips-loader").removesuffix("_source")
    turn = encoded.orientation()
    copied = encoded.content if encoded.content is not source else b""
    decoding = _decoding(header, loader, encoded.contents, turned=turn > 1)
    height, width = (header.width, header.height) if turn > 4 else (header.height, header.width)
    return Footprint(
        name=encoded.name,
        format=next((one.name for one in formats.TABLE if one.loader == loader), ""),
        size=(height, width),
        deep=header.format not in ("uchar", "char"),
        alpha=bool(header.hasalpha()),
        decoding=decoding + (len(copied) if isinstance(copied, bytes) else 0),
    )


def _decoding(header: pyvips.Image, loader: str, contents: Contents | None, *, turned: bool) -> int:
    pixels = header.width * header.height
    sample = {"uchar": 1, "char": 1, "ushort": 2, "short": 2}.get(header.format, 4)
    stored = header.bands * sample
    each = {
        "jpegload": _jpeg_coefficients(header),
        "pngload": stored + 0.5 if _has(header, "interlaced") else 0,
        "webpload": 5 + stored,
        "heifload": 15 + stored,
        "gifload": 4 + stored,
        "tiffload": 0,
        "ppmload": 0,
    }.get(loader, 12 + 2 * stored)
    held = each * pixels
    if loader == "tiffload":
        rows = contents.rows if contents else 0
        held += 3 * stored * header.width * min(rows or header.height, header.height)
    if turned and loader in {"jpegload", "pngload", "tiffload"}:
        held += stored * pixels
    return int(held)


def _jpeg_coefficients(header: pyvips.Image) -> float:
    """Bytes for each pixel that a decoder keeps of files whose scans each hold a part."""
    if not _has(header, "jpeg-multiscan"):
        return 0
    subsampled = _text(header, "jpeg-chroma-subsample") == "4:2:0"
    return 3.5 if subsampled else 2.2 * header.bands


def _has(header: pyvips.Image, name: str) -> bool:
    return bool(header.get_typeof(name)) and bool(header.get(name))


def _text(header: pyvips.Image, name: str) -> str:
    return str(header.get(name)) if header.get_typeof(name) else ""
