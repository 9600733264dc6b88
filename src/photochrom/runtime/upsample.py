"""Coarse ab -> coefficients that carry colors to full size along the edges of lightness."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import ShapeError
from photochrom.runtime.border import Box

FRAME_FINENESS = 4
"""Positions of a framed field to one of the field: so sharp are its edges."""

RADIUS = 1
"""Windows are 2 x RADIUS + 1 coarse pixels wide."""

EPSILON = 4.0
"""Lightness that varies less than this (squared, L* units) in a window is taken for flat."""


def guide(
    ab: NDArray[Any], lightness: NDArray[Any], *, flat: float = EPSILON
) -> tuple[pyvips.Image, pyvips.Image]:
    """`coefficients` as images, for `Picture.with_ab`. Parameters and errors as for them.

    Returns
    -------
    offset, gain : libvips images (h, w) with two float bands each
    """
    offset, gain = coefficients(ab, lightness, flat=flat)
    return image_of(offset), image_of(gain)


def coefficients(
    ab: NDArray[Any], lightness: NDArray[Any], *, flat: float = EPSILON
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coefficients of ab as an affine function of lightness.

    In each small window the colors are regressed on lightness: where a petal ends, both
    change together, and the coefficients know by how much. At full size
    ``ab = offset + gain L*`` then changes where the photograph's own lightness does, instead
    of over the width of a coarse pixel. Through the coarse pixels it passes exactly:
    ``offset = ab - gain L*`` there.

    Parameters
    ----------
    ab : (h, w, 2) float, a* and b*
    lightness : (H, W) float, L* of the small copy, of which each position of `ab` spans a
        square cell; or (h, w), L* of the same positions
    flat : lightness that varies less than this in a window is taken for flat; as for `EPSILON`

    Returns
    -------
    offset, gain : (h, w, 2) float32 each

    Raises
    ------
    ShapeError
        `ab` is not (h, w, 2), `lightness` not (H, W) of the same cells, or there are no
        pixels.

    Source: He, Sun and Tang, "Guided image filtering", 2013; He and Sun, "Fast guided
    filter", 2015; but for the offset, which they average too (see
    docs/explanation/experiments.md).
    """
    colors = np.asarray(ab, dtype=np.float32)
    if colors.ndim != 3 or colors.shape[2] != 2 or colors.size == 0:
        raise ShapeError(f"ab has shape {colors.shape}; expected (height, width, 2).")
    light = np.asarray(lightness, dtype=np.float32)
    if light.ndim != 2 or light.size == 0:
        raise ShapeError(f"lightness has shape {light.shape}; expected (height, width).")
    light = cell_means(light, -(-light.shape[0] // colors.shape[0]))[..., None]
    if light.shape[:2] != colors.shape[:2]:
        raise ShapeError(
            f"lightness has shape {np.shape(lightness)}; expected (height, width) of whole "
            f"cells of "
            f"{colors.shape[:2]} positions."
        )
    planes = np.concatenate([light, light * light, colors, light * colors], axis=-1)
    mean_light, mean_squares, mean_colors, mean_products = np.split(
        _window_mean(planes), [1, 2, 4], axis=-1
    )
    covariance = mean_products - mean_light * mean_colors
    variance = np.maximum(mean_squares - mean_light * mean_light, 0)
    gain = _window_mean((covariance / (variance + flat)).astype(np.float32))
    return colors - gain * light, gain


def framed(field: pyvips.Image, inside: Box, size: tuple[int, int]) -> pyvips.Image:
    """A coarse field of a part of a picture as one of the whole picture, with zeros around it.

    Parameters
    ----------
    field : (h, w) image of the part
    inside : where the part lies, in pixels of the picture
    size : (height, width) of the picture

    Returns
    -------
    An image that spans the picture, with positions a quarter as large as the field's
    """
    values = field.numpy().reshape(field.height, field.width, field.bands)
    spans = ((inside.top, inside.bottom), (inside.left, inside.right))
    for axis, ((low, high), whole) in enumerate(zip(spans, size, strict=True)):
        count = values.shape[axis]
        positions = min(whole, -(-FRAME_FINENESS * count * whole // (high - low)))
        at = (np.arange(positions) + 0.5) * whole / positions
        place = np.clip((at - low) / (high - low) * count - 0.5, 0, count - 1)
        first = place.astype(np.int64)
        share = np.expand_dims((place - first).astype(np.float32), 1 - axis)[..., None]
        following = np.minimum(first + 1, count - 1)
        values = values.take(first, axis) * (1 - share) + values.take(following, axis) * share
        within = np.expand_dims((low <= at) & (at <= high), 1 - axis)[..., None]
        values = np.where(within, values, 0)
    return image_of(values)


def cell_means(field: NDArray[Any], side: int) -> NDArray[np.float32]:
    """Means over square cells: the coarse lightness.

    Parameters
    ----------
    field : (H, W) float
    side : of a cell; where the last cells hang over, the edge is repeated

    Returns
    -------
    (H / side, W / side) float32, rounded up
    """
    padded = np.pad(field, [(0, -length % side) for length in field.shape], mode="edge")
    rows, columns = (length // side for length in padded.shape)
    means: NDArray[np.float32] = padded.reshape(rows, side, columns, side).mean(
        axis=(1, 3), dtype=np.float32
    )
    return means


def _window_mean(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over square windows of an (h, w, C) array; the edge is repeated."""
    for axis in (0, 1):
        pad = [(RADIUS, RADIUS) if axis == one else (0, 0) for one in range(3)]
        padded = np.moveaxis(np.pad(planes, pad, mode="edge"), axis, 0)
        count = planes.shape[axis]
        sums = np.add.reduce([padded[at : at + count] for at in range(2 * RADIUS + 1)])
        planes = np.moveaxis(sums, 0, axis) / np.float32(2 * RADIUS + 1)
    return planes


def image_of(planes: NDArray[np.float32]) -> pyvips.Image:
    """Coefficients (h, w, bands) as an image."""
    return pyvips.Image.new_from_array(
        np.ascontiguousarray(planes, dtype=np.float32), interpretation="multiband"
    )
