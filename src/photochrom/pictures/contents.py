"""What a file holds beside the pixels that libvips decodes, found before any are decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

PER_METER = {"inch": 1 / 0.0254, "cm": 100.0, "meter": 1.0}
"""How many of a unit there are in a meter."""


class Resolution(NamedTuple):
    """Dots for each unit of length; for ``ratio``, only how the two relate."""

    x: float
    y: float
    unit: Literal["inch", "cm", "meter", "ratio"]

    def per(self, unit: str) -> tuple[float, float]:
        """(x, y) in another unit of length; as they are for ``ratio``."""
        if self.unit in (unit, "ratio"):
            return self.x, self.y
        factor = PER_METER[self.unit] / PER_METER[unit]
        return self.x * factor, self.y * factor

    def to_text(self) -> str:
        """As text; the inverse of `from_text`."""
        return f"{self.x!r} {self.y!r} {self.unit}"

    @classmethod
    def from_text(cls, text: str) -> Resolution | None:
        """Of a text by `to_text`; None for an empty one."""
        if not text:
            return None
        x, y, unit = text.split()
        return cls(float(x), float(y), unit)  # type: ignore[arg-type]


class YCbCr(NamedTuple):
    """How the samples of a YCbCr picture that isn't JPEG become R'G'B'.

    Source: TIFF 6.0, section 21.
    """

    luma: tuple[float, float, float] = (0.299, 0.587, 0.114)
    """The shares of red, green and blue in Y."""
    reference: tuple[float, float, float, float, float, float] = (0, 255, 128, 255, 128, 255)
    """The codes of Y's black and white, and of no and full Cb and Cr."""

    def matrix(self) -> tuple[list[list[float]], list[float]]:
        """(3 x 3, 3): R'G'B' codes are the matrix times the samples, plus the second."""
        red, green, blue = self.luma
        y0, y1, b0, b1, r0, r1 = self.reference
        y, cb, cr = 255 / (y1 - y0), 127 / (b1 - b0), 127 / (r1 - r0)
        to_red, to_blue = 2 - 2 * red, 2 - 2 * blue
        rows = [
            [y, 0.0, cr * to_red],
            [y, -cb * to_blue * blue / green, -cr * to_red * red / green],
            [y, cb * to_blue, 0.0],
        ]
        return rows, [-(row[0] * y0 + row[1] * b0 + row[2] * r0) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a file holds beside pixels, and what is to be known of these."""

    page: int = 0
    """The first page that is no smaller copy of another."""
    pages: int = 1
    """How many such pages, pictures or frames there are."""
    layout: Mapping[str, Any] = field(default_factory=dict)
    """How a page is stored, as options for libvips' ``tiffsave``."""
    rows: int = 0
    """How many rows are stored in one piece, a strip or a row of tiles; 0: perhaps all."""
    has_old_jpeg: bool = False
    """Whether it is a TIFF page whose pixels are the JPEG stream of its tag 513."""
    oversized_tiles: str = ""
    """Why it can't be read where libvips finds its tiles too large; empty where it has none."""
    refusal: str = ""
    """Why libvips can't decode the pixels, or would decode them wrongly; empty where it can."""
    ycbcr: YCbCr | None = None
    """For samples that libvips hands out as they are."""
    planes: str = ""
    """What its channels, each of which is stored in tiles of its own, are together: one of
    libvips' interpretations."""
    bands: int = 0
    """How many channels there are, where libvips hands out more."""
    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    photoshop: bytes = b""
    texts: bytes = b""
    """A PNG file's text, as chunks."""
    comments: bytes = b""
    """A JPEG file's comments, as segments."""
    resolution: Resolution | None = None
    ends: bool = True
    """Whether there is the mark at a JPEG file's end."""
    is_hevc: bool = False
    """A HEIC file, or one that may be."""
    is_sequence: bool = False
    """An AVIF file whose brand says animation, which libvips doesn't take for a picture."""
    notes: tuple[str, ...] = ()
    """What will be lost of it, in words for a person."""
