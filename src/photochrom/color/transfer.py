"""The transfer curve of sRGB: code values to linear light and back.

Source: IEC 61966-2-1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ColorError

Float = NDArray[np.float32]


@cache
def _linear_table(levels: int) -> Float:
    """Linear light for each code value of integer sRGB; (levels,) float32."""
    return srgb_to_linear(np.arange(levels, dtype=np.float64) / (levels - 1))


def srgb_to_linear(srgb: NDArray[Any]) -> Float:
    """Decode sRGB to linear light.

    Parameters
    ----------
    srgb : (...) float, sRGB-encoded, 0..1; or uint8 or uint16 at full scale

    Returns
    -------
    (...) float32, 0..1. Floats outside 0..1 are mirrored at zero and extended, as in scRGB.

    Raises
    ------
    ColorError
        The array is of another integer type.

    Source: IEC 61966-2-1.
    """
    encoded = np.asarray(srgb)
    if encoded.dtype in (np.uint8, np.uint16):
        return _linear_table(int(np.iinfo(encoded.dtype).max) + 1)[encoded]
    if encoded.dtype.kind != "f":
        raise ColorError(f"sRGB has type {encoded.dtype}; expected float 0..1, uint8 or uint16.")
    magnitude = np.abs(encoded)
    curve = ((magnitude + 0.055) / 1.055) ** 2.4
    linear = np.where(magnitude <= 0.04045, magnitude / 12.92, curve)
    return np.copysign(linear, encoded).astype(np.float32, copy=False)


def linear_to_srgb(linear: NDArray[Any]) -> Float:
    """Encode linear light as sRGB.

    Parameters
    ----------
    linear : (...) float, 0..1

    Returns
    -------
    (...) float32, 0..1. Values outside 0..1 are mirrored at zero and extended, as in scRGB.

    Source: IEC 61966-2-1.
    """
    light = np.asarray(linear, dtype=np.float32)
    magnitude = np.abs(light)
    curve = 1.055 * magnitude ** np.float32(1 / 2.4) - 0.055
    srgb = np.where(magnitude <= 0.0031308, magnitude * 12.92, curve)
    return np.copysign(srgb, light).astype(np.float32, copy=False)
