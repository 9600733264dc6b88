"""Arrays as libvips images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import ShapeError


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
