"""Files and bytes <-> `Picture`, on libvips.

A `Picture` is upright sRGB or grey, 8 or 16 bit, with or without alpha, and lazy: it holds
the recipe for its pixels, and every use runs a fresh libvips pipeline that streams them.
Metadata (EXIF, XMP, resolution) travels along; orientation and colour profile are applied
once, at reading.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import painting
from photochrom.errors import (
    OutputExistsError,
    PictureReadError,
    PictureWriteError,
    ShapeError,
)

pyvips.block_untrusted_set(True)
pyvips.cache_set_max(0)  # it would give a file's old pixels after the file has changed

MAX_PIXELS = 1_000_000_000
"""Larger pictures are refused unless `read` is told otherwise."""

FORMATS = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
    ".avif": "avif",
    ".gif": "gif",
}
"""Suffixes of files that are taken for pictures, and their formats."""

WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": (".jpg", {}),
    "png": (".png", {}),
    "tiff": (".tif", {"compression": "deflate", "predictor": "horizontal"}),
    "webp": (".webp", {}),
    "avif": (".avif", {"compression": "av1"}),
}
"""Formats that can be written, with libvips' suffix and options."""

_LOADERS = {
    "jpegload": "jpeg",
    "pngload": "png",
    "tiffload": "tiff",
    "webpload": "webp",
    "gifload": "gif",
    "heifload": "avif",
}
_QUALITY_FORMATS = {"jpeg", "webp", "avif"}
_SIXTEEN_BIT_FORMATS = {"png", "tiff"}


@dataclass(frozen=True, eq=False)
class Picture:
    """A photograph: lazy pixels, upright, sRGB or grey, with its metadata.

    Make one with `read` or `from_array`.
    """

    name: str
    """What to call it in messages: its path, or a word for where it came from."""
    format: str
    """The format it was read from, such as ``jpeg``; ``png`` for arrays."""
    _open: Callable[[], pyvips.Image]
    _shrink: Callable[[int, int], pyvips.Image]

    @cached_property
    def _header(self) -> pyvips.Image:
        return self._open()

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
        """Bits a channel: 8 or 16."""
        return 16 if self._header.format == "ushort" else 8

    @property
    def has_alpha(self) -> bool:
        """Whether there is an alpha channel."""
        return bool(self._header.hasalpha())

    def srgb(
        self, *, short_side_px: int | None = None, size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """The colours as an array, shrunk while decoding where that is possible.

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
        """
        if short_side_px is not None and min(self.size) > short_side_px:
            scale = short_side_px / min(self.size)
            size = (max(1, round(self.height * scale)), max(1, round(self.width * scale)))
        try:
            image = self._open() if size is None else self._shrink(*size)
            image = _without_alpha(image)
            pixels = image.colourspace("srgb").numpy()
        except pyvips.Error as error:
            raise _read_error(self.name, error) from error
        return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))

    def with_ab(self, offset: pyvips.Image, gain: pyvips.Image | None = None) -> Picture:
        """The same picture, with its own lightness and these colours.

        Parameters
        ----------
        offset, gain : libvips images of two float bands, a* and b*, of any size; they are
            interpolated to the picture's, and ``ab = gain L* + offset``. No gain means 0.

        Returns
        -------
        Picture, same size, bits, alpha and metadata. Colours that sRGB can't show move
        towards grey at equal lightness.

        Raises
        ------
        ShapeError
            An image has not two bands.
        """
        for name, field in (("offset", offset), ("gain", gain)):
            if field is not None and field.bands != 2:
                raise ShapeError(f"{self.name}: {name} has {field.bands} bands; 2 are wanted.")

        def open_colored() -> pyvips.Image:
            return painting.paint(self._open(), offset, gain)

        def shrink_colored(height: int, width: int) -> pyvips.Image:
            return open_colored().thumbnail_image(width, height=height, size="force")

        return Picture(self.name, self.format, open_colored, shrink_colored)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        force: bool = False,
        quality: int = 92,
        lossless: bool = False,
    ) -> Path:
        """Write to a file, in the format of its suffix.

        The file is written under a temporary name beside its place and then renamed.

        Parameters
        ----------
        path : where to write; .jpg, .png, .tif, .webp or .avif
        force : replace a file that is there
        quality : 1..100, for JPEG, WebP and AVIF
        lossless : for WebP and AVIF

        Raises
        ------
        OutputExistsError
            There is such a file, and `force` is not set.
        PictureWriteError
            The suffix is unknown, `quality` is not 1..100, or the file can't be written.
        """
        target = Path(path)
        format_ = FORMATS.get(target.suffix.lower(), "")
        suffix, options = _writer(format_, str(target), quality=quality, lossless=lossless)
        if target.exists() and not force:
            raise OutputExistsError(
                f"{target}: there is such a file already. Choose another name with -o, or "
                "allow replacing it with --force."
            )
        short = target.stem[:40]  # a name may be as long as the file system allows already
        temporary = target.with_name(f".{short}.{secrets.token_hex(4)}.part{suffix}")
        try:
            self._pixels_for(format_).write_to_file(str(temporary), **options)
            _publish(temporary, target, force=force)
        except (pyvips.Error, OSError) as error:
            raise PictureWriteError(f"{target}: can't be written: {_reason(error)}") from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        return target

    def encode(self, format_: str, *, quality: int = 92, lossless: bool = False) -> bytes:
        """The picture as the bytes of a file.

        Parameters
        ----------
        format_ : jpeg, png, tiff, webp or avif
        quality : 1..100, for JPEG, WebP and AVIF
        lossless : for WebP and AVIF

        Raises
        ------
        PictureWriteError
            The format is unknown, `quality` is not 1..100, or the picture can't be encoded.
        """
        suffix, options = _writer(format_, self.name, quality=quality, lossless=lossless)
        try:
            encoded: bytes = self._pixels_for(format_).write_to_buffer(suffix, **options)
        except pyvips.Error as error:
            raise PictureWriteError(f"{self.name}: can't be encoded: {_reason(error)}") from error
        return encoded

    def _pixels_for(self, format_: str) -> pyvips.Image:
        """A fresh pipeline, in the depth that the format can hold."""
        image = self._open()
        if image.format == "ushort" and format_ not in _SIXTEEN_BIT_FORMATS:
            gray = image.interpretation == "grey16"
            image = (image >> 8).cast("uchar").copy(interpretation="b-w" if gray else "srgb")
        return image


def read(
    source: str | os.PathLike[str] | bytes, *, name: str = "", max_pixels: int = MAX_PIXELS
) -> Picture:
    """Read a picture from a file or from bytes. Pixels are decoded when they are used.

    Parameters
    ----------
    source : path of a file, or the bytes of one
    name : what to call it in messages; the path by default
    max_pixels : larger pictures are refused

    Raises
    ------
    PictureReadError
        It is missing, empty, no picture, or too large.
    """
    data = source if isinstance(source, bytes) else None
    name = name or ("<bytes>" if isinstance(source, bytes) else os.fspath(source))
    if data is None:
        _check_file(Path(name))
    elif not data:
        raise PictureReadError(f"{name}: empty; a picture file's bytes are wanted.")

    def load(access: str) -> pyvips.Image:
        options = {"access": access, "fail_on": "truncated"}
        if data is None:
            return pyvips.Image.new_from_file(name, **options)
        return pyvips.Image.new_from_buffer(data, "", **options)

    def open_upright() -> pyvips.Image:
        image = load("sequential")
        if image.get_typeof("orientation") and image.get("orientation") > 1:
            image = load("random").autorot()
        return _normalize(image)

    def shrink(height: int, width: int) -> pyvips.Image:
        options = {
            "height": height,
            "size": "force",
            "export_profile": "srgb",
            "fail_on": "truncated",
        }
        if data is None:
            return pyvips.Image.thumbnail(name, width, **options)
        return pyvips.Image.thumbnail_buffer(data, width, **options)

    try:
        header = load("sequential")
        if header.width * header.height > max_pixels:
            raise PictureReadError(
                f"{name}: {header.width} x {header.height} is more than the limit of "
                f"{max_pixels:,} pixels. Shrink it first, or raise max_pixels."
            )
        if header.format not in {"uchar", "ushort"}:
            raise PictureReadError(
                f"{name}: its samples are of type {header.format}; convert it to 8 or 16 bit."
            )
        loader = header.get("vips-loader").removesuffix("_buffer")
        format_ = _LOADERS.get(loader, FORMATS.get(Path(name).suffix.lower(), "png"))
        picture = Picture(name, format_, open_upright, shrink)
        _ = picture.size
    except pyvips.Error as error:
        raise _read_error(name, error) from error
    return picture


def from_array(srgb: NDArray[Any], *, name: str = "<array>") -> Picture:
    """Make a picture from an array.

    Parameters
    ----------
    srgb : (height, width) grey, (height, width, 3) sRGB or (height, width, 4) sRGB and
        alpha; uint8 or uint16, sRGB-encoded
    name : what to call it in messages

    Raises
    ------
    ShapeError
        Another shape or type, or no pixels.
    """
    pixels = np.ascontiguousarray(srgb)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or channels not in (1, 3, 4) or pixels.size == 0:
        raise ShapeError(
            f"{name}: shape {pixels.shape}; (height, width), (height, width, 3) or "
            "(height, width, 4) is wanted."
        )
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ShapeError(f"{name}: type {pixels.dtype}; uint8 or uint16 is wanted.")
    spaces = ("b-w", "srgb") if pixels.dtype == np.uint8 else ("grey16", "rgb16")
    image = pyvips.Image.new_from_array(pixels, interpretation=spaces[channels > 1])

    def shrink(height: int, width: int) -> pyvips.Image:
        return image.thumbnail_image(width, height=height, size="force")

    return Picture(name, "png", lambda: image, shrink)


def _check_file(path: Path) -> None:
    """Say plainly what is wrong with a path before libvips sees it."""
    if path.is_dir():
        raise PictureReadError(f"{path}: this is a folder; a picture file is wanted.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise PictureReadError(f"{path}: can't be read ({error.strerror}).") from error
    if empty:
        raise PictureReadError(f"{path}: the file is empty; a picture is wanted.")


def _reason(error: Exception) -> str:
    """The first line of what libvips or the system said."""
    detail = getattr(error, "detail", "") or getattr(error, "strerror", "") or str(error)
    lines = [line for line in str(detail).splitlines() if line.strip()]
    return lines[0] if lines else "unknown reason"


def _read_error(name: str, error: pyvips.Error) -> PictureReadError:
    return PictureReadError(
        f"{name}: this is no picture that can be read here, or it is broken "
        f"({_reason(error)}). JPEG, PNG, TIFF, WebP, AVIF and GIF are known."
    )


def _writer(format_: str, name: str, *, quality: int, lossless: bool) -> tuple[str, dict[str, Any]]:
    """libvips' suffix and options for a format."""
    if format_ not in WRITERS:
        suffixes = ", ".join(suffix for suffix, _ in WRITERS.values())
        raise PictureWriteError(f"{name}: the format is not known; write to one of {suffixes}.")
    if not 1 <= quality <= 100:
        raise PictureWriteError(f"{name}: quality is {quality}; a number from 1 to 100 is wanted.")
    suffix, options = WRITERS[format_]
    options = dict(options)
    if format_ in _QUALITY_FORMATS:
        options["Q"] = quality
    if lossless and format_ in {"webp", "avif"}:
        options["lossless"] = True
    return suffix, options


def _publish(temporary: Path, target: Path, *, force: bool) -> None:
    """Give a finished file its name; without `force`, never over another that appeared."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    if force:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise OutputExistsError(f"{target}: there is such a file already.") from error
    except OSError:  # a file system without links
        if target.exists():
            raise OutputExistsError(f"{target}: there is such a file already.") from None
        temporary.rename(target)


def _without_alpha(image: pyvips.Image) -> pyvips.Image:
    return image[: image.bands - 1] if image.hasalpha() else image


def _normalize(image: pyvips.Image) -> pyvips.Image:
    """Bring a decoded image to sRGB or grey, 8 or 16 bit, dropping what no longer holds."""
    deep = image.format == "ushort"
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, depth=16 if deep else 8)
    elif image.interpretation not in {"b-w", "srgb", "grey16", "rgb16"}:
        image = image.colourspace("rgb16" if deep else "srgb")
    if image.get_typeof("jpeg-thumbnail-data"):  # a preview of the grey picture
        image = image.copy()
        image.remove("jpeg-thumbnail-data")
    return image
