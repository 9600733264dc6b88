"""A plain border or mount round a photograph: found, so that colors are as without it.

Axes: H height, W width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ShapeError

WHITE, BLACK = 82.0, 18.0
"""A border is lighter or darker than this, L*: a wall or a sky is rarely so."""

ALIKE = 7.0
"""A line belongs to a border if nearly all of it lies within this many L* of the border's tone."""

NEARLY_ALL = 0.96

CROSSES = 0.5
"""Behind a border's inner edge at least this share of the line is of another tone. Behind a pale
background only the thing that stands before it would be."""

LARGEST = 0.3
"""A border takes at most this share of the picture on each side."""


class Box(NamedTuple):
    """A part of a picture, in pixels; ``bottom`` and ``right`` lie just outside."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)"""
        return self.bottom - self.top, self.right - self.left

    def scaled(self, size: tuple[int, int], to: tuple[int, int]) -> Box:
        """The same part of a copy of another (height, width), `size` being the present one."""
        down, across = to[0] / size[0], to[1] / size[1]
        return Box(
            round(self.top * down),
            round(self.left * across),
            round(self.bottom * down),
            round(self.right * across),
        )

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it, its edges included."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def find_border(lightness_HW: NDArray[Any]) -> Box | None:
    """What lies inside a plain white or black border.

    Parameters
    ----------
    lightness_HW : L* 0..100; a small copy of the picture will do

    Returns
    -------
    The part inside, or None where there is no border on at least two opposite sides

    Raises
    ------
    ShapeError
        Not two axes.
    """
    light_HW = np.asarray(lightness_HW, dtype=np.float32)
    if light_HW.ndim != 2:
        raise ShapeError(f"lightness has shape {light_HW.shape}; expected (height, width).")
    height, width = light_HW.shape
    top = left = 0
    bottom, right = height, width
    # The ends of a line are border, too, where the other sides have one: look again inside.
    for _ in range(2):
        across_HW, down_HW = light_HW[:, left:right], light_HW[top:bottom].T
        sides = [_depth(lines) for lines in (across_HW, across_HW[::-1], down_HW, down_HW[::-1])]
        sure = [depth for depth, sharp in sides if sharp]
        if len(sure) < 2:
            return None
        # An edge that is lost (a white sky behind a white mount) lies where the others do.
        upper, lower, first, last = (
            depth if sharp else min(*sure) if depth >= min(*sure) else 0 for depth, sharp in sides
        )
        top, bottom, left, right = upper, height - lower, first, width - last
    if not ((top and bottom < height) or (left and right < width)):
        return None
    return Box(top, left, bottom, right)


def _depth(light_HW: NDArray[np.float32]) -> tuple[int, bool]:
    """How many of the first lines are plain, and whether they end as a border does."""
    tone = float(np.median(light_HW[0]))
    if BLACK < tone < WHITE:
        return 0, False
    most = int(LARGEST * len(light_HW))
    other_HW = np.abs(light_HW[: most + 3] - tone) > ALIKE
    plain = other_HW.mean(axis=1) <= 1 - NEARLY_ALL
    depth = most + 1 if plain.all() else int(np.argmin(plain))
    # The edge may fall between two lines of a small copy.
    behind = other_HW[depth : depth + 3].mean(axis=1)
    return depth, 0 < depth <= most and behind.max() >= CROSSES
