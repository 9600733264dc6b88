"""HEIC, which phones write and libvips' wheel can't decode, by way of pi-heif or pillow-heif.

Both are the same binding of libheif by the same author. pi-heif has no encoder and is under the
LGPL; pillow-heif's wheels hold x265 and are under the GPL. Whichever is there is used.
"""

from __future__ import annotations

import importlib
import io
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyvips

from photochrom.pictures import formats


@cache
def decoder() -> ModuleType | None:
    """The module that decodes HEIC; None where none is installed."""
    for name in formats.HEIC_MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        module.options.ALLOW_INCORRECT_HEADERS = False
        module.options.THUMBNAILS = False
        module.options.DEPTH_IMAGES = False
        return module
    return None


def header(content: Path | bytes) -> pyvips.Image:
    """An image of the right size and metadata, without pixels.

    Raises
    ------
    ValueError, OSError
        It is broken.
    """
    picture = _main(content)
    deep, bands = _kind(picture)
    image = pyvips.Image.black(picture.size[0], picture.size[1], bands=bands)
    return _described(image.cast("ushort" if deep else "uchar"), picture)


def decoded(content: Path | bytes) -> pyvips.Image:
    """The main picture, upright as HEIC itself says, with its profile and metadata.

    Raises
    ------
    ValueError, OSError
        It is broken.
    """
    picture = _main(content)
    rows = np.asarray(picture)[:, : picture.size[0]]  # they may be longer in memory
    pixels = rows.copy()  # of libheif's memory, which goes with its picture
    return _described(pyvips.Image.new_from_array(pixels), picture)


def _main(content: Path | bytes) -> Any:
    module = decoder()
    assert module is not None, "asked for before"
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        file = module.open_heif(source, convert_hdr_to_8bit=False)
    except (RuntimeError, EOFError, SyntaxError) as error:
        raise ValueError(str(error)) from error
    return file[file.primary_index]


def _kind(picture: Any) -> tuple[bool, int]:
    """Whether its samples have 16 bits, and how many channels there are."""
    mode, _, depth = picture.mode.partition(";")
    return bool(depth), {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}[mode]


def _described(image: pyvips.Image, picture: Any) -> pyvips.Image:
    deep, bands = _kind(picture)
    spaces = ("grey16", "rgb16") if deep else ("b-w", "srgb")
    image = image.copy(interpretation=spaces[bands > 2])
    info = picture.info
    for name, field in (
        ("exif", "exif-data"),
        ("xmp", "xmp-data"),
        ("icc_profile", "icc-profile-data"),
    ):
        if info.get(name):
            image.set_type(pyvips.GValue.blob_type, field, bytes(info[name]))
    if deep and info.get("bit_depth") in (10, 12):
        image.set_type(pyvips.GValue.gint_type, "bits-per-sample", info["bit_depth"])
    image.set_type(pyvips.GValue.gstr_type, "vips-loader", "heicload")
    return image
