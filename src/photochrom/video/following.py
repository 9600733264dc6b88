"""Points that are followed along the motion, from one frame through its block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from photochrom.video.blocks import Half, Look
from photochrom.video.fields import Float

LEAST_TRUST = 0.5
"""A point is lost where the motion is trusted less."""


def follow(points: Float, start: int, looks: Sequence[Look], cell_px: int) -> list[Float]:
    """Where points of one frame are in all frames of a block.

    Parameters
    ----------
    points : (N, 2), x and y in pixels of the small copy
    start : the frame's position in the block
    looks : the frames of the block
    cell_px : pixels of the small copy to a cell

    Returns
    -------
    (N, 2) float32 for each frame; NaN where a point is lost
    """
    cells: Float = (np.asarray(points, np.float32) / cell_px - 0.5).astype(np.float32)
    found: list[Float] = [np.full_like(cells, np.nan)] * len(looks)
    found[start] = cells
    for at in range(start, len(looks) - 1):
        found[at + 1] = _moved(found[at], looks[at].future, looks[at].trust_future)
    for at in range(start, 0, -1):
        found[at - 1] = _moved(found[at], looks[at].past, looks[at].trust_past)
    return [(one + np.float32(0.5)) * cell_px for one in found]


def _moved(cells: Float, flow: Half, trusted: Half) -> Float:
    """Points after one step of a flow."""
    if np.isnan(cells).all():
        return cells
    steps = _read(flow, cells)
    lost = _read(trusted, cells)[:, None] < LEAST_TRUST
    moved = np.where(lost, np.nan, cells + steps)
    height, width = trusted.shape
    outside = np.any((moved < -0.5) | (moved > [width - 0.5, height - 0.5]), axis=1, keepdims=True)
    return np.where(outside, np.nan, moved).astype(np.float32)


def _read(field: NDArray[np.float16], cells: Float) -> Float:
    """A field (h, w) or (h, w, C) at points in cells, bilinearly; at lost ones, of the corner."""
    height, width = field.shape[:2]
    at = np.nan_to_num(cells).clip(0, [width - 1, height - 1])
    low = at.astype(int)
    high = np.minimum(low + 1, [width - 1, height - 1])
    shares = (at - low).astype(np.float32)
    if field.ndim == 3:
        shares = shares[..., None]
    (x1, y1), (x2, y2), across, down = low.T, high.T, shares[:, 0], shares[:, 1]
    upper = field[y1, x1] * (1 - across) + field[y1, x2] * across
    lower = field[y2, x1] * (1 - across) + field[y2, x2] * across
    return (upper * (1 - down) + lower * down).astype(np.float32)
