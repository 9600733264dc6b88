"""A picture's file or bytes, opened again and again: pixels upright, sRGB or gray."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fsencode, fspath
from pathlib import Path
from typing import Any

import pyvips

from photochrom.errors import Advice, DamagedPictureError, PictureReadError
from photochrom.kinds import check_path
from photochrom.pictures import formats, heic, incoming, jpeg, metadata, storage
from photochrom.pictures.contents import Contents
from photochrom.pictures.profiles import color_bands, is_usable, profile_of, to_srgb
from photochrom.pictures.reasons import reason

_NONSENSE = bytes(range(1, 128)) * 2
"""Bytes that no scan's data end with."""

_OF_TILES = "tile size out of range"
"""What libvips says of TIFF tiles that it finds too large."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A file, or a file's bytes. It is opened anew for every use, as libvips reads it once."""

    name: str
    content: Path | bytes
    allow_damaged: bool
    contents: Contents | None
    """What it holds beside pixels, where that is known."""
    number: int = 0
    """Which of its pages is meant."""

    @classmethod
    def at(
        cls,
        source: str | PathLike[str] | bytes,
        *,
        name: str,
        allow_damaged: bool,
        page: int = 0,
    ) -> Encoded:
        """Look at a file or bytes without decoding them.

        Raises
        ------
        PictureReadError
            It is missing, empty, no file, of a kind that can't be decoded, or has no such page.
        OptionError
            It is neither a path nor bytes.
        """
        check_path("The picture", source, other=(bytes,), wanted="a path, or a file's bytes")
        name = name or ("<bytes>" if isinstance(source, bytes) else fspath(source))
        content, contents = incoming.taken(source, name, page)
        if contents and contents.refusal:
            raise PictureReadError(f"{name}: {contents.refusal}.")
        if page and page >= (contents.pages if contents else 1):
            raise PictureReadError(f"{name}: there is no page {page + 1}.")
        return cls(
            name=name, content=content, allow_damaged=allow_damaged, contents=contents, number=page
        )

    def header(self) -> pyvips.Image:
        """The image as it is stored; no pixels are decoded.

        Raises
        ------
        PictureReadError
            This is no picture.
        """
        if self._is_heic:
            return self._decoded_heic(pixels=False)
        try:
            return self._open("sequential")
        except pyvips.Error as error:
            raise self.unreadable(error) from error

    @cached_property
    def said(self) -> metadata.Said:
        """What its XMP says; raises as `header`."""
        return metadata.said(self.header(), self.contents)

    def checked(self, max_pixels: int) -> pyvips.Image:
        """Its `header`; raises as that does, and where there are more pixels.

        Raises
        ------
        PictureReadError
            This is no picture, or a larger one.
        """
        header = self.header()
        if header.width * header.height > max_pixels:
            raise PictureReadError(
                f"{self.name}: {header.width} x {header.height} is more than the limit of "
                f"{max_pixels:,} pixels. Shrink it first.",
                advice=[Advice.MORE_PIXELS],
            )
        return header

    def open_upright(self) -> pyvips.Image:
        """A fresh pipeline: upright, sRGB or gray, 8 or 16 bit, with or without alpha.

        Raises
        ------
        PictureReadError
            The file is cut short.
        """
        if not self.allow_damaged and self._cut:
            raise self._damaged(self._cut)
        return self._upright(self._open("sequential"))

    def describe(self) -> pyvips.Image:
        """An image with the same size, depth, alpha and metadata, of which no pixels are used."""
        return self._upright(self.header())

    def orientation(self) -> int:
        """As EXIF numbers it: 1 is upright, from 5 on width and height are exchanged."""
        return self._orientation(self.header())

    def _upright(self, image: pyvips.Image) -> pyvips.Image:
        return to_srgb(self._as_rgb(self._turned(image)))

    def _turned(self, image: pyvips.Image) -> pyvips.Image:
        turn = self._orientation(image)
        if turn <= 1:
            return image
        if image.get_typeof("vips-sequential"):
            image = self._open("random")
        image = image.copy()
        image.set_type(pyvips.GValue.gint_type, "orientation", turn)
        return image.autorot()

    def shrink(self, height: int, width: int) -> pyvips.Image:
        """A small copy, sRGB or gray, shrunk while decoding where that is possible."""
        header = self.header()
        upright = self._turned(header)
        if height > upright.height or width > upright.width or not self._is_usual(header):
            return resized(self.open_upright(), height, width)
        # `thumbnail_source` has a `fail_on` of its own, which does nothing (libvips 8.18).
        options = [f"fail_on={self._fail_on}", *([f"page={self._page}"] if self._page else [])]
        is_srgb = header.format == "uchar" and header.interpretation in {"srgb", "b-w"}
        converted = (
            {}
            if is_srgb and not header.get_typeof("icc-profile-data")
            else {"export_profile": "srgb"}
        )
        return pyvips.Image.thumbnail_source(
            self._source(),
            width,
            height=height,
            size="force",
            option_string=f"[{','.join(options)}]",
            **converted,  # by way of color management, which takes longer than the shrinking
        )

    def notes(self, header: pyvips.Image) -> tuple[str, ...]:
        """What a person should know of how the file is read."""
        notes = []
        pages = header.get("n-pages") if header.get_typeof("n-pages") else 1
        loader = header.get("vips-loader").removesuffix("_source")
        if self.contents and loader in ("tiffload", "pngload"):
            pages = self.contents.pages
        which = f"page {self.number + 1}" if self.number else "the first"
        what = {
            "tiffload": f"pages; {which} was taken",
            "heifload": "pictures; the main one was taken",
            "heicload": "pictures; the main one was taken",
        }.get(loader, "frames; the first was taken")
        if self.contents and self.contents.is_sequence:
            pages, what = self.contents.pages, "frames; the first was taken"
        if pages > 1:
            notes.append(f"{pages} {what}")
        spare = header.bands - color_bands(header) - 1
        if spare > 0:
            notes.append(f"{header.bands} channels; only the colors were used")
        notes += metadata.notes(header, self.contents, self.said)
        if self.allow_damaged:
            try:
                self._decode_all("error")
            except _DamageError as damage:
                rest = "" if header.get_typeof("interlaced") else "; the rest is made up"
                notes.append(f"damaged: {damage}{rest}")
        return tuple(notes)

    def verify(self) -> None:
        """Decode everything, to tell a broken file from other trouble.

        Raises
        ------
        DamagedPictureError
            It is damaged or truncated; the message says how far decoding got.
        """
        try:
            self._decode_all(self._fail_on)
        except _DamageError as damage:
            raise self._damaged(damage) from damage

    def unreadable(self, error: pyvips.Error) -> PictureReadError:
        """An error that says what the file seems to be."""
        try:
            with incoming.stream(self.content) as stream:
                head = stream.read(64)
        except OSError as gone:
            return PictureReadError(f"{self.name}: can't be read ({gone.strerror}).")
        if formats.is_raw(head):
            return PictureReadError(f"{self.name}: {storage.RAW}.")
        if self.contents and self.contents.is_hevc and not heic.decoder():
            return PictureReadError(
                f"{self.name}: HEIC, which can't be decoded here; pip install "
                "'photochrom[heic]', or convert it to JPEG, PNG or AVIF first."
            )
        if self.contents and self.contents.oversized_tiles and _OF_TILES in reason(error):
            return PictureReadError(f"{self.name}: {self.contents.oversized_tiles}.")
        kind = formats.guess(head)
        if kind:
            return PictureReadError(
                f"{self.name}: begins like {kind}, but is broken, cut short or of a kind that "
                f"isn't known here ({reason(error, kind)})."
            )
        titles = ", ".join(one.title for one in formats.KNOWN.values())
        return PictureReadError(
            f"{self.name}: this is not a picture in a known format: {titles}. If it is a picture, "
            "convert it to one of these."
        )

    @property
    def _page(self) -> int:
        return self.contents.page if self.contents else 0

    @property
    def _fail_on(self) -> str:
        return "none" if self.allow_damaged else "error"

    def _source(self) -> pyvips.Source:
        # Not a file name, in which libvips would look for options in brackets.
        if isinstance(self.content, bytes):
            return pyvips.Source.new_from_memory(self.content)
        return pyvips.Source.new_from_file(fsencode(self.content))

    def _open(self, access: str, *, fail_on: str = "") -> pyvips.Image:
        if self._is_heic:
            return self._decoded_heic()

        def page(number: int) -> pyvips.Image:
            options: dict[str, Any] = {"page": number} if number else {}
            return pyvips.Image.new_from_source(
                self._source(), "", access=access, fail_on=fail_on or self._fail_on, **options
            )

        if self.contents and self.contents.planes:
            first, *others = (page(number) for number in range(self.contents.bands))
            return first.bandjoin(others).copy(interpretation=self.contents.planes)
        return page(self._page)

    @property
    def _is_heic(self) -> bool:
        return bool(self.contents and self.contents.is_hevc and heic.decoder())

    def _decoded_heic(self, *, pixels: bool = True) -> pyvips.Image:
        try:
            return heic.decoded(self.content) if pixels else heic.header(self.content)
        except (ValueError, OSError) as error:
            raise PictureReadError(
                f"{self.name}: the HEIC file is damaged or truncated ({error})."
            ) from error

    def _orientation(self, image: pyvips.Image) -> int:
        """How the pixels are to be turned; AVIF's and HEIC's are turned by their decoder."""
        if image.get("vips-loader").startswith("hei"):
            return 1
        return metadata.orientation(image, self.contents, self.said)

    def _is_usual(self, header: pyvips.Image) -> bool:
        """Whether libvips' own way of shrinking while decoding gives the right picture."""
        turn = header.get("orientation") if header.get_typeof("orientation") else 1
        profile = profile_of(header)
        return (
            not (self._is_heic or self._cut)
            and not (self.contents and (self.contents.ycbcr or self.contents.planes))
            and self._orientation(header) == turn
            and not (profile and not is_usable(profile, color_bands(header)))
        )

    def _as_rgb(self, image: pyvips.Image) -> pyvips.Image:
        """What libvips takes for RGB though it is YCbCr, converted."""
        if self.contents is None or self.contents.ycbcr is None:
            return image
        if image.bands > max(3, self.contents.bands):  # it has converted it, and added alpha
            return image[:3]
        rows, offsets = self.contents.ycbcr.matrix()
        colors = image[:3].recomb(rows) + offsets
        colors = (colors + 0.5).floor().cast("uchar").copy(interpretation="srgb")
        return colors.bandjoin(image[3:]) if image.bands > 3 else colors

    @cached_property
    def _cut(self) -> _DamageError | None:
        """What is missing of a JPEG file that lacks its end; None where nothing is.

        libjpeg goes on with zeros where data end. So the file is decoded twice, once with other
        bytes behind its end: where the pixels are the same, nothing was missing.
        """
        if self.contents is None or self.contents.ends:
            return None
        assert isinstance(self.content, bytes)
        data = self.content.removesuffix(jpeg.END)
        try:
            images = [
                pyvips.Image.new_from_buffer(data + more + jpeg.END, "", access="sequential")
                for more in (b"", _NONSENSE)
            ]
            differs = (images[0] != images[1]).bandor()
            rows = differs.project()[1].numpy().ravel()
        except pyvips.Error:
            return None  # `_decode_all` says why
        if not rows.any():
            return None
        return _DamageError(_progress(images[0], int(rows.argmax()), "it ends early"))

    def _damaged(self, damage: _DamageError) -> PictureReadError:
        return DamagedPictureError(
            f"{self.name}: damaged or truncated: {damage}. Find an intact copy.",
            advice=[Advice.ALLOW_DAMAGED],
        )

    def _decode_all(self, fail_on: str) -> None:
        if self._cut and fail_on != "none":
            raise self._cut
        try:
            image = self._open("sequential", fail_on=fail_on)
        except pyvips.Error as error:
            raise self.unreadable(error) from error
        region = pyvips.Region.new(image)
        row = 0
        try:
            for row in range(image.height):
                region.fetch(0, row, image.width, 1)
        except pyvips.Error as error:
            kind = str(image.get("vips-loader")) if image.get_typeof("vips-loader") else ""
            raise _DamageError(_progress(image, row, reason(error, kind))) from error


def resized(image: pyvips.Image, height: int, width: int) -> pyvips.Image:
    """An image at another size, centers of pixels kept.

    Lanczos-3 where a side shrinks, after whole pixels were averaged down to twice the size;
    Catmull-Rom's cubic where it grows. The browser's engine computes the same.
    """
    fewer = min(width, image.width), min(height, image.height)
    image = image.thumbnail_image(fewer[0], height=fewer[1], size="force")
    if fewer == (width, height):
        return image
    # Not `resize`, whose result lies half a pixel too far right and down.
    return image.affine(
        [width / image.width, 0, 0, height / image.height],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, width, height],
        extend="copy",
        idx=0.5,
        idy=0.5,
        odx=-0.5,
        ody=-0.5,
    )


class _DamageError(Exception):
    """How far decoding got."""


def _progress(image: pyvips.Image, rows: int, why: str) -> str:
    """How far decoding got, for a person."""
    if image.get_typeof("interlaced"):  # all rows are there, coarsely
        return f"it is stored from coarse to fine, and the finest data are missing ({why})"
    return f"{rows} of {image.height} rows could be decoded ({why})"
