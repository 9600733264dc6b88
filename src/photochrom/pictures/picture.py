"""Files and bytes <-> `Picture`, on libvips.

A `Picture` is upright sRGB or gray, 8 or 16 bit, with or without alpha, and lazy: it holds
the recipe for its pixels, and every use runs a fresh libvips pipeline that streams them.
Metadata (EXIF, XMP, IPTC, resolution) travels along; orientation and color profile are
applied once, at reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.color import toning
from photochrom.errors import (
    OptionError,
    PictureReadError,
    PictureWriteError,
    ShapeError,
)
from photochrom.kinds import check_path
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import ahead, formats, metadata, painting, saving, stopping, writing
from photochrom.pictures.arrays import image_of, size_of_copy, srgb_of
from photochrom.pictures.defaults import MAX_PIXELS, QUALITY
from photochrom.pictures.encoded import Encoded, resized
from photochrom.pictures.reasons import reason

pyvips.cache_set_max(0)  # it would give a file's old pixels after the file has changed


@dataclass(frozen=True, eq=False)
class Picture:
    """A photograph: lazy pixels, upright, sRGB or gray, with its metadata.

    Make one with `read` or `from_array`.
    """

    name: str
    """What to call it in messages: its path, or a word for where it came from."""
    format: str
    """The format it was read from, such as ``jpeg``; ``png`` for arrays."""
    _open: Callable[[], pyvips.Image] = field(repr=False)
    _shrink: Callable[[int, int], pyvips.Image] = field(repr=False)
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read, such as "3 pages; the first was taken"."""
    pages: int = 1
    """How many pages the file has, of which this is one; more than 1 for TIFF only."""
    _layout: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """How a TIFF file is stored, as options for its saver."""
    _is_large: bool = field(default=False, repr=False)
    """Whether a TIFF file of it will be larger than it is itself, as it has other pages."""
    _verify: Callable[[], None] = field(default=lambda: None, repr=False)
    """Raises `PictureReadError` where the pixels can't be decoded; it decodes all of them."""
    _describe: Callable[[], pyvips.Image] | None = field(default=None, repr=False)
    """An image with the same size, depth, alpha and metadata, where `_open` costs more."""

    @cached_property
    def _header(self) -> pyvips.Image:
        try:
            return (self._describe or self._open)()
        except pyvips.Error as error:
            raise self._unreadable(error) from error

    @property
    def height(self) -> int:
        """Rows, upright."""
        return int(self._header.height)

    @property
    def width(self) -> int:
        """Columns, upright."""
        return int(self._header.width)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), upright."""
        return self.height, self.width

    @property
    def bits(self) -> int:
        """Bits a channel: 8, 16, or 10 or 12 from AVIF."""
        return formats.bits_of(self._header)

    @property
    def has_alpha(self) -> bool:
        """Whether there is an alpha channel."""
        return bool(self._header.hasalpha())

    @property
    def painted_bytes(self) -> int:
        """How many bytes its pixels take in color."""
        deep = self._header.format == "ushort"
        return self.width * self.height * (4 if self.has_alpha else 3) * (2 if deep else 1)

    def srgb(
        self, *, short_side_px: int | None = None, size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """The colors as an array, shrunk while decoding where that is possible.

        Parameters
        ----------
        short_side_px : shrink so that the shorter side is at most this; never enlarges
        size : (height, width) to resize to, whatever the aspect ratio

        Returns
        -------
        (height, width, 3) uint8, sRGB-encoded; alpha is left out

        Raises
        ------
        PictureReadError
            The pixels can't be decoded.
        OptionError
            A side is below 1.
        """
        size = size_of_copy(self.size, short_side_px, size)
        try:
            image = self._open() if size is None else self._shrink(*size)
            return srgb_of(image)
        except pyvips.Error as error:
            raise self._unreadable(error) from error

    def is_monochrome(self) -> bool:
        """Whether it is gray, or all of one tone such as sepia; see `toning.is_monochrome`.

        Raises
        ------
        PictureReadError
            The pixels can't be decoded.
        """
        return toning.is_monochrome(self.srgb(short_side_px=256))

    def prefetched(self) -> Picture:
        """The same picture, which a thread begins to decode now, while others get ready for it.

        Only one whose pixels take at most `ahead.MOST_BYTES`; larger ones are streamed. Errors
        come up where the pixels are used, as for any picture.
        """
        header = self._header
        decoded = ahead.decoded(self._open, header)
        return replace(self, _open=decoded, _describe=lambda: header) if decoded else self

    def with_ab(self, offset: pyvips.Image, gain: pyvips.Image | None = None) -> Picture:
        """The same picture, with its own lightness and these colors.

        Parameters
        ----------
        offset, gain : libvips images of two float bands, a* and b*, of any size; they are
            interpolated to the picture's, and ``ab = gain L* + offset``. No gain means 0.

        Returns
        -------
        Picture, same size, bits, alpha and metadata. Colors that sRGB can't show move
        toward gray at equal lightness.

        Raises
        ------
        ShapeError
            An image has not two bands.
        """
        for name, image in (("offset", offset), ("gain", gain)):
            if image is not None and image.bands != 2:
                raise ShapeError(f"{self.name}: {name} has {image.bands} bands; expected 2.")

        def open_colored() -> pyvips.Image:
            return painting.paint(self._open(), offset, gain)

        return replace(
            self,
            _open=open_colored,
            _shrink=lambda height, width: resized(open_colored(), height, width),
            _describe=lambda: self._header,
        )

    def signed(self, model: ModelIdentity) -> Picture:
        """The same picture, whose metadata says that a model has made its colors.

        XMP gets IPTC's digital source type "algorithmically enhanced" and a note in plain
        words, EXIF the software; what else stands there stays.

        Parameters
        ----------
        model : which
        """
        changes = metadata.signature(self._header, model=model)
        return replace(
            self,
            _open=lambda: metadata.changed(self._open(), changes),
            _describe=lambda: metadata.changed(self._header, changes),
        )

    def among_pages(self, *, bytes_of_all: int) -> Picture:
        """The same picture, to be written as one page of a TIFF file.

        Parameters
        ----------
        bytes_of_all : the `painted_bytes` of all pages; all are BigTIFF, or none is
        """
        return replace(self, _is_large=bytes_of_all > saving.CLASSIC_TIFF_BYTES)

    def losses(self, format_: str) -> tuple[str, ...]:
        """What of this picture a file of some format can't hold, in words for a person.

        Parameters
        ----------
        format_ : a name such as ``jpeg``, or a suffix such as ``.jpg``

        Raises
        ------
        PictureWriteError
            The format is unknown.
        """
        one, header = formats.writable(format_, self.name), self._header
        lost = []
        if self.has_alpha and not one.has_alpha:
            lost.append(f"transparency becomes white, as {one.title} has none")
        if (bits := formats.depth_for(one, self.bits)) < self.bits:
            lost.append(f"{self.bits} bits become {bits}, as {one.title} supports no more")
        return (*lost, *metadata.losses(header, one.name, one.title))

    def check_writable(
        self, format_: str, *, quality: int = QUALITY, lossless: bool = False
    ) -> None:
        """Raise what `save` and `encode` would say of the format, before any work.

        Parameters
        ----------
        format_ : as for `losses`
        quality, lossless : as for `save`

        Raises
        ------
        PictureWriteError
            The format is unknown, `quality` is not 1..100, or the format can't hold the
            picture or can't be lossless.
        """
        one = formats.writable(format_, self.name)
        self._saver_options(one, self.name, quality=quality, lossless=lossless)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        force: bool = False,
        quality: int = QUALITY,
        lossless: bool = False,
    ) -> Path:
        """Write to a file, in the format of its suffix.

        The file is written under a temporary name beside its place and then renamed.

        Parameters
        ----------
        path : where to write; .jpg, .png, .tif, .webp or .avif
        force : replace a file that is there
        quality : 1..100, for JPEG, WebP and AVIF
        lossless : keep every pixel as it is; not for JPEG

        Raises
        ------
        OutputExistsError
            There is such a file, and `force` is not set.
        PictureReadError
            The picture's own file turns out to be broken.
        PictureWriteError
            The suffix is unknown, `quality` is not 1..100, the format can't hold the
            picture, or the file can't be written.
        """
        check_path("The target", path, wanted="a path")
        target = Path(path)
        one = formats.writable(target.suffix, str(target))
        options = self._saver_options(one, str(target), quality=quality, lossless=lossless)
        writing.check_free(target, force=force)
        try:
            with writing.whole(target, force=force) as unfinished:
                saving.write(self._open(), one, unfinished, options)
        except (pyvips.Error, OSError) as error:
            stopping.check()
            self._verify()
            raise PictureWriteError(f"{target}: can't be written ({reason(error)}).") from error
        return target

    def encode(self, format_: str, *, quality: int = QUALITY, lossless: bool = False) -> bytes:
        """The picture as the bytes of a file.

        Parameters
        ----------
        format_ : as for `losses`
        quality : 1..100, for JPEG, WebP and AVIF
        lossless : keep every pixel as it is; not for JPEG

        Raises
        ------
        PictureReadError
            The picture's own file turns out to be broken.
        PictureWriteError
            The format is unknown, `quality` is not 1..100, or the format can't hold the
            picture.
        """
        one = formats.writable(format_, self.name)
        options = self._saver_options(one, self.name, quality=quality, lossless=lossless)
        try:
            return saving.encode(self._open(), one, options)
        except pyvips.Error as error:
            stopping.check()
            self._verify()
            raise PictureWriteError(f"{self.name}: can't be encoded ({reason(error)}).") from error

    def _unreadable(self, error: pyvips.Error) -> PictureReadError:
        stopping.check()
        self._verify()
        return PictureReadError(f"{self.name}: can't be decoded ({reason(error)}).")

    def _saver_options(
        self, one: formats.Format, subject: str, *, quality: int, lossless: bool
    ) -> dict[str, Any]:
        """What to tell a format's saver; raises where it can't hold the picture."""
        large = self._is_large or self.painted_bytes > saving.CLASSIC_TIFF_BYTES
        return saving.options(
            one,
            self._header,
            subject,
            quality=quality,
            lossless=lossless,
            bits=self.bits,
            layout=dict(self._layout, bigtiff=large),
        )


def read(
    source: str | os.PathLike[str] | bytes,
    *,
    name: str = "",
    max_pixels: int = MAX_PIXELS,
    allow_damaged: bool = False,
    page: int = 0,
) -> Picture:
    """Read a picture from a file or from bytes. Pixels are decoded when they are used.

    Parameters
    ----------
    source : path of a file, or the bytes of one
    name : what to call it in messages; the path by default
    max_pixels : larger pictures are refused
    allow_damaged : take what can be decoded of a file that is damaged or truncated
    page : which page of a TIFF file, from 0; smaller copies of pages don't count

    Raises
    ------
    PictureReadError
        It is missing, empty, no picture, or too large, or has no such page. A picture that is
        broken further on raises this when its pixels are used.
    OptionError
        The page is below 0, or the source is neither a path nor bytes.
    """
    if page < 0:
        raise OptionError(f"page is {page}; pages are counted from 0.")
    encoded = Encoded.at(source, name=name, allow_damaged=allow_damaged, page=page)
    header = encoded.checked(max_pixels)
    if header.format not in {"uchar", "ushort"} and header.interpretation != "labs":
        raise PictureReadError(
            f"{encoded.name}: its samples are of type {header.format}; convert it to 8 or 16 bit."
        )
    loader = header.get("vips-loader").removesuffix("_source")
    found = next(one for one in formats.KNOWN.values() if one.loader == loader)
    changes = metadata.brought_up_to_date(header, encoded.contents, encoded.said)

    def open_upright() -> pyvips.Image:
        return metadata.changed(encoded.open_upright(), changes)

    picture = Picture(
        encoded.name,
        found.name,
        open_upright,
        encoded.shrink,
        encoded.notes(header),
        pages=encoded.contents.pages if encoded.contents and found.name == "tiff" else 1,
        _layout=encoded.contents.layout if encoded.contents else {},
        _verify=encoded.verify,
        _describe=lambda: metadata.changed(encoded.describe(), changes),
    )
    _ = picture.size  # finds out what can't be brought to sRGB
    return picture


def from_array(srgb: NDArray[Any], *, name: str = "<array>") -> Picture:
    """Make a picture from an array.

    Parameters
    ----------
    srgb : (height, width) gray, (height, width, 3) sRGB or (height, width, 4) sRGB and
        alpha; uint8 or uint16, sRGB-encoded
    name : what to call it in messages

    Raises
    ------
    ShapeError
        Another shape or type, or no pixels.
    """
    return from_image(image_of(srgb, name), name=name)


def from_image(image: pyvips.Image, *, name: str = "<image>") -> Picture:
    """Make a picture from a libvips image, which may be lazy: gray or sRGB, 8 or 16 bit."""
    return Picture(name, "png", lambda: image, partial(resized, image))
