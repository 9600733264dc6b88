"""How a TIFF page's pixels are stored: as options for the saver, and why they can't be read.

libvips calls what it can't decode broken, or decodes it wrongly: YCbCr as if it were RGB, a
camera's mosaic as if it were a gray picture. So the tags are asked first.

Sources: TIFF 6.0; Adobe's technical notes; DNG 1.7; libtiff's list of compressions.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any

import pyvips

from photochrom.pictures.contents import YCbCr

SUBFILE_TYPE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
SAMPLES, PLANAR, TILE_WIDTH, TILE_LENGTH, SUB_DIRECTORIES, INK_SET = 277, 284, 322, 323, 330, 332
ROWS_PER_STRIP = 278
EXTRA_SAMPLES, COEFFICIENTS, SUBSAMPLING, REFERENCE, DNG_VERSION = 338, 529, 530, 532, 50706
TAGS = frozenset(
    {SUBFILE_TYPE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, TILE_WIDTH}
    | {TILE_LENGTH, SUB_DIRECTORIES, INK_SET, EXTRA_SAMPLES, COEFFICIENTS, SUBSAMPLING, REFERENCE}
    | {DNG_VERSION, ROWS_PER_STRIP}
)
"""The tags that say how a page is stored."""

_DEFLATE: Mapping[str, Any] = {"compression": "deflate", "predictor": "horizontal"}
_SAVED: Mapping[int, Mapping[str, Any]] = {
    1: {"compression": "none"},
    5: {"compression": "lzw", "predictor": "horizontal"},
    6: {"compression": "jpeg"},
    7: {"compression": "jpeg"},
    32773: {"compression": "packbits"},
    50000: {"compression": "zstd", "predictor": "horizontal"},
}
"""TIFF's numbers and what `tiffsave` is told; others, such as fax, become deflate."""

_COMPRESSIONS = {
    6: "old-style JPEG",
    9: "JBIG",
    10: "JBIG",
    32809: "ThunderScan",
    32909: "PixarLog",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    34926: "Zstandard",
    34927: "WebP",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_RAW_COMPRESSIONS = {32767, 34713, 34892}  # Sony's, Nikon's, DNG's lossy one

_YCBCR, _CMYK, _LAB, _JPEG = 6, 5, 8, 7
_PHOTOMETRICS = {
    4: "a transparency mask",
    9: "ICC Lab",
    10: "ITU Lab",
    32844: "SGI LogL",
    32845: "SGI LogLuv",
}
_RAW_PHOTOMETRICS = {32803, 34892}  # a mosaic of colors, and DNG's linear raw

_ASKING = Lock()
_TIMES, _ENOUGH, _BETWEEN_S = 300, 2, 0.001

RAW = "it holds a camera's raw data; develop it to JPEG or TIFF first"
_CONVERT = "save it anew as LZW, deflate or uncompressed TIFF, or as PNG"

_MAX_TILE_PX = 1024

Numbers = Callable[[int], tuple[float, ...]]
"""The numbers of a tag; none where it isn't there."""


def layout(numbers: Numbers, *, pyramid: bool) -> dict[str, Any]:
    """How a page is stored, in the words of ``tiffsave``.

    Parameters
    ----------
    numbers : the page's tags
    pyramid : whether smaller copies of the page are there, too
    """
    saved = dict(_SAVED.get(_first(numbers, COMPRESSION, 1), _DEFLATE))
    sides = [_first(numbers, tag, 0) for tag in (TILE_WIDTH, TILE_LENGTH)]
    if all(sides):
        saved["tile"] = True
        if all(side % 16 == 0 and side <= _MAX_TILE_PX for side in sides):
            saved |= {"tile_width": sides[0], "tile_height": sides[1]}
        if pyramid:
            saved |= {"pyramid": True, "subifd": bool(numbers(SUB_DIRECTORIES))}
    return saved


def rows(numbers: Numbers) -> int:
    """How many rows are stored in one piece, a strip or a row of tiles; 0 where all may be.

    Parameters
    ----------
    numbers : the page's tags
    """
    return _first(numbers, TILE_LENGTH, 0) or _first(numbers, ROWS_PER_STRIP, 0)


def oversized_tiles(numbers: Numbers) -> str:
    """What to say where libvips finds a page's tiles too large; empty where it has none.

    libvips' limits depend on the page's size, on the sides and on the bytes of a tile.

    Parameters
    ----------
    numbers : the page's tags
    """
    across, down = (_first(numbers, tag, 0) for tag in (TILE_WIDTH, TILE_LENGTH))
    if not (across and down):
        return ""
    channels = 1 if _first(numbers, PLANAR, 1) == 2 else _first(numbers, SAMPLES, 1)
    size = across * down * channels * _first(numbers, BITS, 1) / 8
    return (
        f"its tiles of {across:,} x {down:,} pixels ({size / 2**20:,.1f} MB each) are larger than "
        f"libvips reads in a picture of this size; {_CONVERT}, with tiles of 256 x 256 or none"
    )


def refusal(numbers: Numbers) -> str:
    """Why a page's pixels can't be decoded, or would be decoded wrongly; empty where they can.

    Parameters
    ----------
    numbers : the page's tags
    """
    compression = _first(numbers, COMPRESSION, 1)
    photometric = _first(numbers, PHOTOMETRIC, 1)
    bits = _first(numbers, BITS, 1)
    each = "/".join(f"{int(number)}" for number in numbers(BITS)[:5])
    named = _COMPRESSIONS.get(compression, f"number {compression}")
    one_each = numbers(TILE_WIDTH) and _first(numbers, PLANAR, 1) == 2
    one_each = one_each and _first(numbers, SAMPLES, 1) > 1
    reasons = (
        (photometric in _RAW_PHOTOMETRICS or compression in _RAW_COMPRESSIONS, RAW),
        (
            photometric in _PHOTOMETRICS,
            f"its pixels are {_PHOTOMETRICS.get(photometric)}, which can't be read; {_CONVERT}",
        ),
        (
            not _can_decompress(compression),
            f"its compression is {named}, which the libvips at hand can't decode; {_CONVERT}",
        ),
        (
            one_each and not planes(numbers),
            "its tiles hold one channel each, of YCbCr, Lab or with premultiplied alpha, which "
            f"can't be read; {_CONVERT}",
        ),
        (
            bits not in (1, 2, 4, 8, 16, 32) or len(set(numbers(BITS))) > 1,
            f"its samples have {each} bits; convert it to 8 or 16",
        ),
        (
            photometric == _LAB and bits == 8,
            f"its pixels are 8-bit Lab, which libvips can't read; {_CONVERT}, in RGB",
        ),
        (
            photometric == _CMYK and _first(numbers, INK_SET, 1) != 1,
            f"its inks are others than CMYK; {_CONVERT}, in RGB",
        ),
        (
            photometric == _YCBCR and compression != _JPEG and bits != 8,
            f"its pixels are YCbCr of {bits} bits; {_CONVERT}, in RGB",
        ),
    )
    return next((reason for holds, reason in reasons if holds), "")


def planes(numbers: Numbers) -> str:
    """What channels that are stored in tiles of their own are together: an interpretation.

    Empty for pages that are stored otherwise, or whose channels can't be read one by one.

    Parameters
    ----------
    numbers : the page's tags
    """
    deep = _first(numbers, BITS, 1) == 16
    known = {
        1: (1, "grey16" if deep else "b-w"),
        2: (3, "rgb16" if deep else "srgb"),
        _CMYK: (4, "cmyk"),
    }
    colors, space = known.get(_first(numbers, PHOTOMETRIC, 1), (0, ""))
    extra = _first(numbers, SAMPLES, 1) - colors
    has_straight_alpha = extra == 1 and _first(numbers, EXTRA_SAMPLES, 0) != 1
    if not numbers(TILE_WIDTH) or _first(numbers, PLANAR, 1) != 2 or colors + extra < 2:
        return ""
    return space if extra == 0 or has_straight_alpha else ""


def ycbcr(numbers: Numbers) -> YCbCr | None:
    """How a page's samples become RGB, where libvips hands out YCbCr as it is."""
    if _first(numbers, PHOTOMETRIC, 1) != _YCBCR or _first(numbers, COMPRESSION, 1) == _JPEG:
        return None
    given = YCbCr()
    luma, reference = numbers(COEFFICIENTS), numbers(REFERENCE)
    if len(luma) == 3 and all(0 < share < 1 for share in luma):
        given = given._replace(luma=(luma[0], luma[1], luma[2]))
    if len(reference) == 6 and all(
        high > low for low, high in zip(reference[::2], reference[1::2], strict=True)
    ):
        given = YCbCr(given.luma, (*reference[:3], *reference[3:]))
    return given


def _first(numbers: Numbers, tag: int, default: int) -> int:
    return int(next(iter(numbers(tag)), default))


@cache
def _can_decompress(compression: int) -> bool:
    """Whether libtiff has a decoder, found out with a page of nonsense.

    Its answer is "not configured" or "not implemented" where it has none, and otherwise
    something about the nonsense. All threads use libvips' one buffer for messages, so that an
    answer can be lost, or be that of another thread's photograph: so it is asked, by one thread
    at a time, until it has been heard often enough.
    """
    if compression in (1, 5, 7, 8, 32773):  # what all have
        return True
    heard = 0
    with _ASKING:
        for _ in range(_TIMES):
            answer = _answer(compression)
            if any(word in answer for word in ("not configured", "not implemented")):
                return False
            heard += "tiff2vips" in answer
            if heard == _ENOUGH:
                break
            time.sleep(_BETWEEN_S)
    return True


def _answer(compression: int) -> str:
    """What libtiff says of a page of nonsense; nothing, now and then, beside other threads."""
    tags = (
        *((256, 8), (257, 8), (258, 8), (259, compression), (262, 1)),
        *((273, 8), (277, 1), (278, 8), (279, 64)),
    )
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    page = b"II*\0" + struct.pack("<I", 72) + bytes(range(64)) + struct.pack("<H", len(tags))
    try:
        image = pyvips.Image.new_from_buffer(page + table + bytes(4), "", fail_on="error")
        image.avg()
    except pyvips.Error as error:
        return str(error.detail)
    return ""
