"""Color spaces: sRGB, linear RGB, XYZ and CIELAB, and the gamut of sRGB.

NumPy only. Every function takes arrays of any leading shape with the color on the last
axis and returns float32. sRGB comes as float 0..1, or as uint8 or uint16 at full scale.

Grays are *exactly* neutral: the white point is the row sums of the RGB-to-XYZ matrix, XYZ
is computed relative to it as ``G + m_r (R - G) + m_b (B - G)``, and all three channels go
through the same function, so that R = G = B gives a* = b* = 0.0 and the way back gives
three equal channels.

Sources: IEC 61966-2-1 (sRGB); CIE 15:2004 (CIELAB); the matrix and the exact rational
constants of B. Lindbloom, brucelindbloom.com.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color.transfer import Float, linear_to_srgb, srgb_to_linear
from photochrom.errors import ColorError, ShapeError

RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    dtype=np.float64,
)
"""Linear sRGB to XYZ, D65, Y = 1 for white (Lindbloom)."""

WHITE = RGB_TO_XYZ.sum(axis=1)
"""XYZ of the D65 white, as the row sums of the matrix: (0.95047, 1.0, 1.08883)."""

RGB_TO_RELATIVE = RGB_TO_XYZ / WHITE[:, None]
"""Linear sRGB to XYZ / white; every row sums to 1."""

RELATIVE_TO_RGB = np.linalg.inv(RGB_TO_RELATIVE)
"""XYZ / white to linear sRGB; every row sums to 1."""

EPSILON = 216 / 24389
"""Below this relative XYZ, CIELAB's cube root becomes a straight line."""

KAPPA = 24389 / 27
"""The slope of that line, in L* for a relative luminance of 1."""


def checked_colors(array: NDArray[Any], name: str) -> Float:
    """Check that the last axis holds three channels, and return float32."""
    values = np.asarray(array)
    if values.ndim == 0 or values.shape[-1] != 3:
        raise ShapeError(f"{name} has shape {values.shape}; the last axis must be 3 channels.")
    if values.dtype.kind not in "f":
        raise ColorError(f"{name} has type {values.dtype}; expected a float array.")
    return values.astype(np.float32, copy=False)


def _mix(array: Float, matrix: NDArray[np.float64]) -> Float:
    """Apply a 3x3 matrix whose rows sum to 1, so that equal channels stay exactly equal."""
    first, middle, last = array[..., 0], array[..., 1], array[..., 2]
    to_first, to_last = first - middle, last - middle
    weights = matrix.astype(np.float32)
    rows = [middle + row[0] * to_first + row[2] * to_last for row in weights]
    return np.stack(rows, axis=-1)


def linear_to_xyz(linear: NDArray[Any]) -> Float:
    """Convert linear sRGB to XYZ (D65, Y = 1 for white).

    Parameters
    ----------
    linear : (..., 3) float, 0..1

    Returns
    -------
    (..., 3) float32; white is (0.95047, 1.0, 1.08883)

    Raises
    ------
    ShapeError
        The last axis is not 3.

    Source: Lindbloom, "RGB/XYZ Matrices", sRGB D65.
    """
    relative = _mix(checked_colors(linear, "linear"), RGB_TO_RELATIVE)
    return relative * WHITE.astype(np.float32)


def xyz_to_linear(xyz: NDArray[Any]) -> Float:
    """Convert XYZ (D65, Y = 1 for white) to linear sRGB; the inverse of `linear_to_xyz`.

    Parameters
    ----------
    xyz : (..., 3) float

    Returns
    -------
    (..., 3) float32; outside 0..1 where sRGB can't show the color

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    return _mix(checked_colors(xyz, "xyz") / WHITE.astype(np.float32), RELATIVE_TO_RGB)


def _relative_to_f(relative: Float) -> Float:
    """CIELAB's f: the cube root, with a straight line near black."""
    line = (np.float32(KAPPA) * relative + np.float32(16)) / np.float32(116)
    return np.where(relative > EPSILON, np.cbrt(relative), line)


def _f_to_relative(f: Float) -> Float:
    """The inverse of CIELAB's f."""
    cube = f * f * f
    line = (np.float32(116) * f - np.float32(16)) / np.float32(KAPPA)
    return np.where(cube > EPSILON, cube, line)


def _relative_to_lab(relative: Float) -> Float:
    f = _relative_to_f(relative)
    lightness = np.float32(116) * f[..., 1] - np.float32(16)
    a = np.float32(500) * (f[..., 0] - f[..., 1])
    b = np.float32(200) * (f[..., 1] - f[..., 2])
    return np.stack([lightness, a, b], axis=-1)


def _lab_to_relative(lab: Float) -> Float:
    f_y = (lab[..., 0] + np.float32(16)) / np.float32(116)
    f_x = f_y + lab[..., 1] / np.float32(500)
    f_z = f_y - lab[..., 2] / np.float32(200)
    return _f_to_relative(np.stack([f_x, f_y, f_z], axis=-1))


def xyz_to_lab(xyz: NDArray[Any]) -> Float:
    """Convert XYZ (D65, Y = 1 for white) to CIELAB.

    Parameters
    ----------
    xyz : (..., 3) float

    Returns
    -------
    (..., 3) float32; L* 0..100

    Raises
    ------
    ShapeError
        The last axis is not 3.

    Source: CIE 15:2004, with Lindbloom's exact constants.
    """
    return _relative_to_lab(checked_colors(xyz, "xyz") / WHITE.astype(np.float32))


def lab_to_xyz(lab: NDArray[Any]) -> Float:
    """Convert CIELAB to XYZ (D65, Y = 1 for white); the inverse of `xyz_to_lab`.

    Parameters
    ----------
    lab : (..., 3) float

    Returns
    -------
    (..., 3) float32

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    return _lab_to_relative(checked_colors(lab, "lab")) * WHITE.astype(np.float32)


def srgb_to_lab(srgb: NDArray[Any]) -> Float:
    """Convert sRGB to CIELAB (D65, 2 degree observer). Grays have a* = b* = 0.0 exactly.

    Parameters
    ----------
    srgb : (..., 3) float, sRGB-encoded, 0..1; or uint8 or uint16 at full scale

    Returns
    -------
    (..., 3) float32; L* 0..100, a* -86.2..98.2, b* -107.9..94.5

    Raises
    ------
    ShapeError
        The last axis is not 3.
    ColorError
        The array is of another integer type.

    Source: IEC 61966-2-1; CIE 15:2004.
    """
    return _relative_to_lab(_mix(checked_colors(srgb_to_linear(srgb), "srgb"), RGB_TO_RELATIVE))


def lab_to_linear(lab: NDArray[Any]) -> Float:
    """Convert CIELAB to linear sRGB.

    Parameters
    ----------
    lab : (..., 3) float

    Returns
    -------
    (..., 3) float32; outside 0..1 where sRGB can't show the color (see `reduce_gamut`)

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    return _mix(_lab_to_relative(checked_colors(lab, "lab")), RELATIVE_TO_RGB)


def lab_to_srgb(lab: NDArray[Any]) -> Float:
    """Convert CIELAB to the nearest sRGB of the same lightness and hue direction.

    What sRGB can't show moves toward gray at equal luminance (`reduce_gamut`).

    Parameters
    ----------
    lab : (..., 3) float; L* 0..100

    Returns
    -------
    (..., 3) float32, sRGB-encoded, 0..1

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    return linear_to_srgb(reduce_gamut(lab_to_linear(lab)))


def srgb_to_lightness(srgb: NDArray[Any]) -> Float:
    """The CIELAB lightness of sRGB colors, without the work for a* and b*.

    Parameters
    ----------
    srgb : (..., 3) float, sRGB-encoded, 0..1; or uint8 or uint16 at full scale

    Returns
    -------
    (...) float32; L* 0..100

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    return luminance_to_lightness(luminance(srgb_to_linear(srgb)))


def luminance(linear: NDArray[Any]) -> Float:
    """The relative luminance Y of linear sRGB.

    Parameters
    ----------
    linear : (..., 3) float, 0..1

    Returns
    -------
    (...) float32, 0..1; exactly the channels' value where they are equal

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    light = checked_colors(linear, "linear")
    red, green, blue = light[..., 0], light[..., 1], light[..., 2]
    weight = RGB_TO_RELATIVE[1].astype(np.float32)
    return green + weight[0] * (red - green) + weight[2] * (blue - green)


def luminance_to_lightness(y: NDArray[Any]) -> Float:
    """Convert relative luminance to L*.

    Parameters
    ----------
    y : (...) float, 0..1

    Returns
    -------
    (...) float32; L* 0..100

    Source: CIE 15:2004.
    """
    return np.float32(116) * _relative_to_f(np.asarray(y, dtype=np.float32)) - np.float32(16)


def lightness_to_luminance(lightness: NDArray[Any]) -> Float:
    """Convert L* to relative luminance; the inverse of `luminance_to_lightness`.

    Parameters
    ----------
    lightness : (...) float; L* 0..100

    Returns
    -------
    (...) float32, 0..1
    """
    value = np.asarray(lightness, dtype=np.float32)
    return _f_to_relative((value + np.float32(16)) / np.float32(116))


def in_gamut(linear: NDArray[Any], *, tolerance: float = 1e-4) -> NDArray[np.bool_]:
    """Whether sRGB can show these colors.

    Parameters
    ----------
    linear : (..., 3) float, linear sRGB
    tolerance : how far outside 0..1 a channel may lie, in linear light

    Returns
    -------
    (...) bool

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    light = checked_colors(linear, "linear")
    inside = (light >= -tolerance) & (light <= 1 + tolerance)
    return np.asarray(inside.all(axis=-1))


def reduce_gamut(linear: NDArray[Any]) -> Float:
    """Move colors that sRGB can't show toward gray, at exactly equal luminance.

    In linear light the straight line from a color to the gray of its luminance Y keeps Y;
    the color moves along it just as far as its worst channel needs. Clipping channels, as
    is usual, would change Y and with it the lightness of the photograph.

    Parameters
    ----------
    linear : (..., 3) float, linear sRGB, any range

    Returns
    -------
    (..., 3) float32, 0..1; colors in gamut are unchanged. Luminance outside 0..1 becomes
    black or white.

    Raises
    ------
    ShapeError
        The last axis is not 3.
    """
    light = checked_colors(linear, "linear")
    y = np.clip(luminance(light), 0, 1)[..., None]
    highest = light.max(axis=-1, keepdims=True)
    lowest = light.min(axis=-1, keepdims=True)
    tiny = np.float32(1e-12)
    keep_high = np.where(highest > 1, (1 - y) / np.maximum(highest - y, tiny), 1)
    keep_low = np.where(lowest < 0, y / np.maximum(y - lowest, tiny), 1)
    keep = np.clip(np.minimum(keep_high, keep_low), 0, 1)
    return np.clip(np.where(keep < 1, y + keep * (light - y), light), 0, 1).astype(np.float32)
