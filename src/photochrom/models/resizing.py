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
    height, width = size
    return _stretched(_stretched(np.asarray(field, np.float32), 1, height), 2, width)


def _stretched(field: Float, axis: int, after: int) -> Float:
    """A field of another length along an axis; the mean of few positions each, so no `@`."""
    before = field.shape[axis]
    if before == after:
        return field
    result: Float | None = None
    for places, shares in zip(*_parts(before, after), strict=True):
        part = field.take(places, axis) * (shares[:, None] if axis == 1 else shares)
        result = part if result is None else np.add(result, part, out=result)
    assert result is not None
    return result


@lru_cache(maxsize=64)
def _parts(before: int, after: int) -> tuple[NDArray[np.intp], Float]:
    """Of which positions each new one is the mean, and how much each counts: (N, after) both."""
    scale = before / after
    reach = max(1.0, scale)
    centers = (np.arange(after) + 0.5) * scale - 0.5
    first = np.ceil(centers - reach).astype(np.intp)
    places = first + np.arange(int(2 * reach) + 1)[:, None]
    shares = np.maximum(0, 1 - np.abs(places - centers) / reach)  # a triangle
    shares[(places < 0) | (places >= before)] = 0
    return places.clip(0, before - 1), (shares / shares.sum(axis=0)).astype(np.float32)
