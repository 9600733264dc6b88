"""Coarse ab -> full-resolution ab, lazily."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import ShapeError


def upsample(ab: NDArray[Any], size: tuple[int, int]) -> pyvips.Image:
    """Bring coarse colours to a picture's size, bilinearly.

    Parameters
    ----------
    ab : (h, w, 2) float, a* and b*
    size : (height, width) to reach

    Returns
    -------
    A lazy libvips image of that size with two float bands

    Raises
    ------
    ShapeError
        `ab` is not (h, w, 2).
    """
    values = np.ascontiguousarray(ab, dtype=np.float32)
    if values.ndim != 3 or values.shape[2] != 2 or values.size == 0:
        raise ShapeError(f"ab has shape {values.shape}; (height, width, 2) is wanted.")
    image = pyvips.Image.new_from_array(values, interpretation="multiband")
    height, width = size
    if (image.height, image.width) == size:
        return image
    return image.resize(width / image.width, vscale=height / image.height, kernel="linear")
