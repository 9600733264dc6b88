"""What the network has missed of the hints' colors, corrected after it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.runtime.canvas import Canvas

Float = NDArray[np.float32]

KINDRED_LIGHTNESS = 12.0
"""What `obey` corrects fades where lightness differs by more than this (L* units)."""

WIDE_SHARE, WIDE_LIGHTNESS, WIDE_AB, WIDE_DOUBT = 0.7, 20.0, 24.0, 0.5
"""How `obey` spreads what hints have in common: share of the shorter side, L* units, ab units
of the network's own colors, and how little a single hint counts. Chosen on held-out pictures
(docs/explanation/experiments.md)."""

OVERSHOOT = 30.0
"""`obey` goes at most so far beyond the colors of the network and of the hints."""


def obey(ab: Float, lightness: Float, canvas: Canvas, cell_px: int) -> Float:
    """Correct coarse colors so that each hint has its own color where it stands.

    What the network has missed is spread twice: a part of what hints have in common, widely,
    over like lightness and what the network has painted alike; the rest over each hint's own
    spot, and not to where lightness is another. Each time the corrections of all hints are
    found together, so that neighbors don't disturb one another.

    Parameters
    ----------
    ab : (h, w, 2) coarse colors
    lightness : (h, w), L* of the same positions
    canvas : the hints
    cell_px : as for `canvas.lay_out`

    Returns
    -------
    (h, w, 2) float32

    Source: kriging; Matheron, "Principles of geostatistics", 1963.
    """
    last = _last_of_each_place(canvas.points, np.maximum(cell_px, 0.7 * canvas.radii))
    points, wanted = (canvas.points[last] / cell_px - 0.5).astype(np.float32), canvas.ab[last]
    near = np.maximum(0.6 * canvas.radii[last] / cell_px, 0.8).astype(np.float32)
    wide = np.full(near.shape, WIDE_SHARE * min(lightness.shape), dtype=np.float32)
    light = lightness[..., None]
    alike = np.concatenate([light / WIDE_LIGHTNESS, ab / WIDE_AB], axis=-1)
    steps: tuple[tuple[Float, Float, float], ...] = (
        (wide, alike, WIDE_DOUBT),
        (near, light / KINDRED_LIGHTNESS, 0.02),
    )
    pairs = [_around(lightness, x, y) for x, y in points]
    readers = np.stack([row * lightness.shape[1] + column for (row, column), _ in pairs])
    shares = np.stack([share for _, share in pairs])
    corrected: Float = ab
    for reach, traits, doubt in steps:
        added = _spread(
            corrected, traits, points, (readers, shares), wanted, reach=reach, doubt=doubt
        )
        corrected = corrected + added
    # Hints that lie close together and contradict one another would shoot over.
    low = np.minimum(ab, wanted.min(axis=0)) - OVERSHOOT
    high = np.maximum(ab, wanted.max(axis=0)) + OVERSHOOT
    return np.clip(corrected, low, high).astype(np.float32)


def _spread(
    ab: Float,
    traits: Float,
    points: Float,
    readers: tuple[NDArray[np.int64], Float],
    wanted: Float,
    *,
    reach: Float,
    doubt: float,
) -> Float:
    """What hints add to colors around them, (h, w, 2).

    Parameters
    ----------
    traits : (h, w, C), in which positions must be like a hint's to get its color, in standard
        deviations of its influence
    points, wanted : (T, 2) places in cells, and (T, 2) colors
    readers : how to read a field there (see `_around`): (T, 4) flat positions, and their shares
    reach : (T,), the standard deviation of each hint's influence over the picture, in cells
    doubt : 0 meets every hint exactly; 1 believes one alone by half
    """
    at, share = readers

    def read(flat: Float) -> Float:
        values: Float = np.einsum("tk,tkc->tc", share, flat[at])
        return values

    height, width = ab.shape[:2]
    flat, colors = traits.reshape(height * width, -1), ab.reshape(height * width, 2)
    squared = np.zeros((height * width, len(at)), dtype=np.float32)
    for plane, spot in zip(flat.T, read(flat).T, strict=True):
        squared += (plane[:, None] - spot) ** 2
    across = (np.arange(width, dtype=np.float32)[:, None] - points[:, 0]) ** 2 / reach**2
    down = (np.arange(height, dtype=np.float32)[:, None] - points[:, 1]) ** 2 / reach**2
    squared += (down[:, None] + across[None]).reshape(height * width, -1)
    field = np.exp(-0.5 * squared, dtype=np.float32)
    missed = wanted - read(colors)
    weights = np.linalg.solve(read(field) + doubt * np.eye(len(at)), missed)
    added: Float = (field @ weights.astype(np.float32)).reshape(ab.shape)
    return added


def _last_of_each_place(points: Float, apart: Float) -> NDArray[np.int64]:
    """Indices of points without those that lie nearer to a later one than its `apart`."""
    away = np.hypot(*np.moveaxis(points[:, None] - points, -1, 0))
    hidden = np.zeros(len(points), dtype=bool)
    for index in range(len(points) - 1, -1, -1):
        if not hidden[index]:
            hidden |= away[:, index] < apart[index]
            hidden[index] = False
    return np.flatnonzero(~hidden)


def _around(lightness: Float, x: float, y: float) -> tuple[Any, Float]:
    """How to read a field at (x, y).

    A field is read from the four cells around, bilinearly, but for those of another lightness.

    Returns
    -------
    (rows, columns) of the four; their shares, summing to 1
    """
    height, width = lightness.shape
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = int(x), int(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    across, down = ([1.0 - (at - low), at - low] for at, low in ((x, left), (y, top)))
    at = np.array([top, top, bottom, bottom]), np.array([left, right, left, right])
    share = np.outer(down, across).ravel()
    light = float(lightness[at][share.argmax()])
    share = share * np.exp(-0.5 * ((lightness[at] - light) / KINDRED_LIGHTNESS) ** 2)
    return at, (share / share.sum()).astype(np.float32)
