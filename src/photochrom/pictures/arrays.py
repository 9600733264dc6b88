"""Arrays as libvips images, and the sizes that they can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import OptionError, ShapeError
from photochrom.kinds import another_kind, check_number
from photochrom.pictures import stopping


def image_of(srgb: NDArray[Any], name: str) -> pyvips.Image:
    """An array as an image in memory. Parameters and errors as for `picture.from_array`."""
    pixels = np.ascontiguousarray(srgb)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or channels not in (1, 3, 4) or pixels.size == 0:
        raise ShapeError(
            f"{name}: shape {pixels.shape}; expected (height, width), (height, width, 3) or "
            "(height, width, 4)."
        )
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ShapeError(f"{name}: type {pixels.dtype}; expected uint8 or uint16.")
    spaces = ("b-w", "srgb") if pixels.dtype == np.uint8 else ("grey16", "rgb16")
    return pyvips.Image.new_from_array(pixels, interpretation=spaces[channels > 1])


def srgb_of(image: pyvips.Image) -> NDArray[np.uint8]:
    """The colors of an image, (height, width, 3) uint8, sRGB-encoded, without alpha.

    Raises
    ------
    pyvips.Error
        It can't be decoded.
    StoppedError
        The work is to end; see `stopping.check`.
    """
    image = image[: 1 if image.bands < 3 else 3]
    with stopping.watching(image.colourspace("srgb")) as watched:
        pixels = watched.numpy()
    stopping.check()
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """A (height, width) that a picture can have.

    Raises
    ------
    OptionError
        It is no pair, or a side is below 1.
    """
    if not isinstance(size, Sequence) or isinstance(size, str) or len(size) != 2:
        raise another_kind("size", size, "height and width, such as (480, 640)")
    for side in size:
        check_number("size", side, whole=True)
    if min(size) < 1:
        raise OptionError(f"size is {size}; both sides must be 1 or more.")
    return size


def size_of_copy(
    own: tuple[int, int], short_side_px: int | None, size: tuple[int, int] | None
) -> tuple[int, int] | None:
    """The size of a copy; None where it is the picture's own.

    Parameters
    ----------
    own : (height, width) of the picture
    short_side_px, size : as for `Picture.srgb`

    Raises
    ------
    OptionError
        A side is below 1.
    """
    if short_side_px is not None and short_side_px < 1:
        raise OptionError(f"short_side_px is {short_side_px}; it must be 1 or more.")
    if short_side_px is not None and min(own) > short_side_px:
        scale = short_side_px / min(own)
        height, width = (max(1, round(side * scale)) for side in own)
        return height, width
    return None if size is None else checked_size(size)
