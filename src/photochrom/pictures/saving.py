"""How a picture becomes a file: what its format's saver is told, and what is added afterwards."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyvips

from photochrom.errors import PictureWriteError
from photochrom.pictures import formats, metadata, stopping
from photochrom.pictures.formats import Format

CLASSIC_TIFF_BYTES = 3_500_000_000
"""Pictures of more bytes are written as BigTIFF."""


def options(
    one: Format,
    header: pyvips.Image,
    subject: str,
    *,
    quality: int,
    lossless: bool,
    bits: int,
    layout: dict[str, Any],
) -> dict[str, Any]:
    """What to tell a format's saver.

    Parameters
    ----------
    one : the format
    header : an image of the picture's size, depth and channels
    subject : what to call it in messages
    quality, lossless : as for `Picture.save`
    bits : the picture's, in each channel
    layout : how the picture is to be stored as TIFF

    Raises
    ------
    PictureWriteError
        The format can't hold the picture, or can't be written this way.
    """
    found = formats.saver_options(one, subject, quality=quality, lossless=lossless, bits=bits)
    if max(header.width, header.height) > one.max_side_px:
        raise PictureWriteError(
            f"{subject}: {header.width} x {header.height} is too large for {one.title}, whose "
            f"sides are at most {one.max_side_px:,} pixels; write to .png or .tif instead."
        )
    if one.name != "tiff":
        return found
    if layout.get("compression") != "jpeg":
        return found | layout
    if lossless or header.format == "ushort" or header.hasalpha():
        return found | {"bigtiff": layout["bigtiff"]}
    return {**layout, "Q": quality}


def write(image: pyvips.Image, one: Format, path: Path, options: Mapping[str, Any]) -> None:
    """Write a picture to a file that is its own.

    Raises
    ------
    pyvips.Error, OSError
        It can't be decoded or written.
    """
    image = _in_depth_of(one, image)
    with stopping.watching(metadata.for_saving(image, one.name)) as watched:
        pyvips.Operation.call(one.saver, watched, os.fsencode(path), **options)
    with path.open("r+b") as file:
        metadata.complete(file, image, one.name)


def encode(image: pyvips.Image, one: Format, options: Mapping[str, Any]) -> bytes:
    """The bytes that `write` writes.

    Raises
    ------
    pyvips.Error
        It can't be decoded or encoded.
    """
    image = _in_depth_of(one, image)
    with stopping.watching(metadata.for_saving(image, one.name)) as watched:
        encoded: bytes = pyvips.Operation.call(f"{one.saver}_buffer", watched, **options)
    stream = io.BytesIO(encoded)
    metadata.complete(stream, image, one.name)
    return stream.getvalue()


def _in_depth_of(one: Format, image: pyvips.Image) -> pyvips.Image:
    """An image in the depth that a format can hold."""
    if image.format != "ushort" or one.depths[-1] != 8:
        return image
    gray = image.interpretation == "grey16"
    return (image >> 8).cast("uchar").copy(interpretation="b-w" if gray else "srgb")
