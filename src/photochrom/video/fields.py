"""Coarse fields: sampled along a motion, smoothed, stretched.

A field is (h, w) or (h, w, C) float32 over the coarse grid; a flow is (h, w, 2), x and y in
cells: what is here was, or will be, at here + flow.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def sample(field: Float, flow: Float) -> Float:
    """A field at here + flow, bilinearly; beyond the edge, the edge's."""
    return Sampler(flow).sample(field)


class Sampler:
    """Samples several fields along one flow."""

    def __init__(self, flow: Float) -> None:
        height, width = flow.shape[:2]
        columns, rows = _places(height, width)
        wanted_x, wanted_y = columns + flow[..., 0], rows + flow[..., 1]
        x, y = np.clip(wanted_x, 0, width - 1), np.clip(wanted_y, 0, height - 1)
        self.inside = (abs(wanted_x - x) <= 0.5) & (abs(wanted_y - y) <= 0.5)
        """(h, w) bool: here + flow lies on the grid, or within half a cell of it."""
        left, top = x.astype(np.int32), y.astype(np.int32)
        right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        across, down = x - left.astype(np.float32), y - top.astype(np.float32)
        self._corners = [
            (row * width + column, weight)
            for row, column, weight in (
                (top, left, (1 - across) * (1 - down)),
                (top, right, across * (1 - down)),
                (bottom, left, (1 - across) * down),
                (bottom, right, across * down),
            )
        ]

    def sample(self, field: Float) -> Float:
        """(h, w) or (h, w, C), as the field."""
        height, width = field.shape[:2]
        flat = field.reshape(height * width, *field.shape[2:])
        total: Float | None = None
        for index, weight in self._corners:
            share = weight if field.ndim == 2 else weight[..., None]
            part = np.take(flat, index, axis=0) * share
            total = part if total is None else np.add(total, part, out=total)
        assert total is not None
        return total


@cache
def _places(height: int, width: int) -> tuple[Float, Float]:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return columns, rows


def box(field: Float) -> Float:
    """Means over 3 x 3 cells; the edge is repeated."""
    rows = _padded(field, 0)
    field = (rows[:-2] + rows[1:-1] + rows[2:]) * np.float32(1 / 3)
    columns = _padded(field, 1)
    return (columns[:, :-2] + columns[:, 1:-1] + columns[:, 2:]) * np.float32(1 / 3)


def median(field: Float) -> Float:
    """Medians over 3 x 3 cells; the edge is repeated."""
    height, width = field.shape[:2]
    padded = _padded(_padded(field, 0), 1)
    around = np.stack(
        [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=-1
    )
    return np.ascontiguousarray(np.partition(around, 4, axis=-1)[..., 4])


def _padded(field: Float, axis: int) -> Float:
    ends = (field[:1], field[-1:]) if axis == 0 else (field[:, :1], field[:, -1:])
    return np.concatenate([ends[0], field, ends[1]], axis=axis)


def stretch(field: Float, size: tuple[int, int], ratio: float) -> Float:
    """Interpolate bilinearly to `size` cells, each `ratio` times as large as the field's."""
    for axis, count in enumerate(size):
        place = np.clip((np.arange(count) + 0.5) * ratio - 0.5, 0, field.shape[axis] - 1)
        low = place.astype(int)
        high = np.minimum(low + 1, field.shape[axis] - 1)
        shape = [-1 if one == axis else 1 for one in range(field.ndim)]
        share = (place - low).astype(np.float32).reshape(shape)
        field = np.take(field, low, axis) * (1 - share) + np.take(field, high, axis) * share
    return field


def shrink(values: NDArray[np.generic], cell_px: int) -> Float:
    """Means over cells of cell_px x cell_px; the last ones padded by the edge."""
    padding = [(0, -side % cell_px) for side in values.shape]
    padded = np.pad(values, padding, mode="edge")
    rows, columns = (side // cell_px for side in padded.shape)
    cells = padded.reshape(rows, cell_px, columns, cell_px)
    return cells.mean(axis=(1, 3), dtype=np.float32)
