"""Is a picture gray, or toned as a whole (sepia, cyanotype, yellowed paper), or in color?

The colors of a toned print are one curve over lightness: a pixel's a* and b* follow from its
L*. In a color photograph, things of equal lightness have different colors. What counts is
therefore how far a small copy's colors lie from the curve that suits them best, not how
colorful they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photochrom.color import spaces

SIDE_PX = 48
"""The short side of the copy that is looked at; noise and JPEG's blocks are averaged away."""

TOLERANCE = 5.0
"""Where 1 % of a picture lies further from the curve (in a*, b*), the picture has colors."""

KNOTS = 11
"""How many lightnesses the curve is straight between, 10 L* apart."""

STIFFNESS = (1e-4, 3e-3)
"""What steepness and bends of the curve cost, in squares of a*, b* from knot to knot."""

_ROUNDS = 8
_BLUR_PX = 2


def is_monochrome(srgb: NDArray[np.uint8]) -> bool:
    """Whether a picture is gray, or all of one tone such as sepia or cyanotype.

    Parameters
    ----------
    srgb : (height, width, 3) uint8, sRGB-encoded; a copy of a short side of 200 or more is
        as good as the picture

    Returns
    -------
    True where at most 1 % of the copy is more than 5 a*, b* away from one curve over
    lightness. Noise, JPEG's blocks and uneven yellowing pass; a colored thing counts from
    about a fiftieth of the picture's area on, and a very dull color photograph (fog, snow)
    may pass as gray.
    """
    return color_deviation(srgb) <= TOLERANCE


def color_deviation(srgb: NDArray[np.uint8]) -> float:
    """How far the colors of a picture lie from one curve over lightness.

    Parameters
    ----------
    srgb : as for `is_monochrome`

    Returns
    -------
    The 99th percentile of the distance in a*, b*; 0 for a gray picture
    """
    if not np.ptp(srgb, axis=2).any():
        return 0.0
    small = _block_means(srgb, max(1, min(srgb.shape[:2]) // SIDE_PX))
    lab = spaces.srgb_to_lab(small / 255)
    ab = lab[..., 1:].reshape(-1, 2).astype(np.float64)
    rest = ab - _curve(lab[..., 0].ravel(), ab)
    blurred = _box_blur(rest.reshape(*lab.shape[:2], 2), _BLUR_PX)
    return float(np.percentile(np.hypot(blurred[..., 0], blurred[..., 1]), 99))


def _curve(lightness: NDArray[np.float32], ab: NDArray[np.float64]) -> NDArray[np.float64]:
    """a* and b* of the curve at each lightness: least squares, far-off colors weighing less."""
    place = np.clip(lightness / 100 * (KNOTS - 1), 0, KNOTS - 1.001)
    left = place.astype(np.int64)
    share = place - left
    rows = np.arange(len(left))
    basis = np.zeros((len(left), KNOTS))
    basis[rows, left] = 1 - share
    basis[rows, left + 1] = share
    penalty = 1e-9 * np.eye(KNOTS)
    for order, cost in enumerate(STIFFNESS, start=1):
        differences = np.diff(np.eye(KNOTS), order, axis=0)
        penalty += cost * differences.T @ differences
    weights = np.ones(len(left))
    fitted = np.zeros_like(ab)
    for _ in range(_ROUNDS):
        weighted = (basis * (weights / len(left))[:, None]).T
        fitted = basis @ np.linalg.solve(weighted @ basis + penalty, weighted @ ab)
        distance = np.hypot(*(ab - fitted).T)
        scale = max(2.0, 3 * float(np.median(distance)))
        weights = 1 / (1 + (distance / scale) ** 2)
    return fitted


def _block_means(srgb: NDArray[np.uint8], block_px: int) -> NDArray[np.float64]:
    height, width = (side // block_px for side in srgb.shape[:2])
    blocks = srgb[: height * block_px, : width * block_px].astype(np.float64)
    return blocks.reshape(height, block_px, width, block_px, 3).mean(axis=(1, 3))


def _box_blur(field: NDArray[np.float64], reach_px: int) -> NDArray[np.float64]:
    """Means of (2 reach + 1) squared windows; the edge is repeated."""
    reach = ((reach_px, reach_px), (reach_px, reach_px), (0, 0))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(field, reach, mode="edge"), (2 * reach_px + 1, 2 * reach_px + 1), axis=(0, 1)
    )
    return np.asarray(windows.mean(axis=(-2, -1)))
