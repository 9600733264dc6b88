"""Small fields at other sizes: bilinear, and without aliasing where they shrink."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def resized(field: Float, size: tuple[int, int]) -> Float:
    """A field stretched to a size; itself where it has that size.

    Parameters
    ----------
    field : (C, H, W)
    size : (height, width)

    Returns
    -------
    (C, height, width) float32
    """
    down, across = (_weights(*pair) for pair in zip(field.shape[1:], size, strict=True))
    stretched: Float = down @ np.asarray(field, np.float32) @ across.T
    return stretched


@lru_cache(maxsize=64)
def _weights(before: int, after: int) -> Float:
    """(after, before): how much each position counts; a triangle as wide as a new position."""
    scale = before / after
    centers = (np.arange(after) + 0.5) * scale - 0.5
    away = np.abs(np.arange(before) - centers[:, None]) / max(1.0, scale)
    shares = np.maximum(0, 1 - away)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
