"""Lassos: parts of a photograph that have a tone of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError
from photochrom.kinds import check_number
from photochrom.runtime.hints import Points, as_points, shortened
from photochrom.runtime.tone import Tone
from photochrom.runtime.upsample import cell_means

RANGES = {"vividness": (0, 2), "warmth": (-1, 1), "tint": (-1, 1), "strength": (0, 1)}
FARTHEST_PX = 1_000_000
"""Corners may lie outside of the photograph, but not farther than this."""


@dataclass(frozen=True, kw_only=True)
class Lasso:
    """A part of a photograph that has its own vividness, warmth, tint or strength.

    ``points`` are the corners of its outline, (x, y) in pixels of the photograph; the last one is
    joined with the first. What is None is as in the whole photograph; the others are as in `Tone`
    and `Prepared.paint`.

    Raises
    ------
    OptionError
        There are fewer than three corners, one is farther off than a million pixels, or a number
        is outside of its range.
    """

    points: Points
    vividness: float | None = None
    warmth: float | None = None
    tint: float | None = None
    strength: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", as_points(self.points))
        numbers = (value for point in self.points for value in point)
        if len(self.points) < 3 or not all(abs(value) <= FARTHEST_PX for value in numbers):
            raise OptionError(
                f"{shortened(self)}: a lasso needs at least three points (x, y), "
                f"{-FARTHEST_PX:,}..{FARTHEST_PX:,}."
            )
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is None:
                continue
            check_number(f"A lasso's {name}", value)
            if not low <= value <= high:
                raise OptionError(f"A lasso's {name} is {value}; expected {low}..{high}.")

    def tone(self, whole: Tone) -> Tone:
        """The tone inside, in a photograph of this tone."""
        own = {name: getattr(self, name) for name in ("warmth", "tint", "strength")}
        return replace(whole, **{name: value for name, value in own.items() if value is not None})

    def cover(
        self, place: tuple[int, int, int, int], size: tuple[int, int], cell_px: int
    ) -> NDArray[np.float32]:
        """How much of each position of the model's output lies inside.

        Parameters
        ----------
        place : left, top, height and width of what the model has seen, in pixels of the photograph
        size : (height, width) of the small copy of it
        cell_px : pixels of the small copy to a position

        Returns
        -------
        (h, w) float32 in 0..1
        """
        left, top, height, width = place
        corners = (np.array(self.points) - (left, top)) * (size[1] / width, size[0] / height)
        return cell_means(filled(corners, size), cell_px)


def filled(corners: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    """The pixels whose middles lie inside a polygon, by the even-odd rule.

    Parameters
    ----------
    corners : (N, 2) float, x and y; they may lie outside of the picture
    size : (height, width) of the picture

    Returns
    -------
    (H, W) float32, 0 or 1
    """
    height, width = size
    crossings = np.zeros((height, width + 1), np.int64)
    for (x, y), (to_x, to_y) in pairwise([*corners, corners[0]]):
        if y == to_y:
            continue
        first, last = (min(max(math.ceil(end - 0.5), 0), height) for end in sorted((y, to_y)))
        rows = np.arange(first, last)
        at = x + (rows + 0.5 - y) * (to_x - x) / (to_y - y)
        crossings[rows, np.clip(np.ceil(at - 0.5), 0, width).astype(np.int64)] += 1
    inside: NDArray[np.float32] = (crossings[:, :width].cumsum(axis=1) % 2).astype(np.float32)
    return inside


def lassos_from(entries: Any) -> tuple[Lasso, ...]:
    """Lassos from a list of objects with ``points`` [[x, y], ...] and what is their own.

    Raises
    ------
    OptionError
        It is something else.
    """
    known = {"points", *RANGES}
    if not isinstance(entries, list):
        raise OptionError('expected a list of lassos, such as [{"points": [[1, 2], ...]}].')
    for entry in entries:
        if not isinstance(entry, dict) or not set(entry) <= known or "points" not in entry:
            raise OptionError(
                f"{shortened(entry)} is not a lasso; its keys may be {', '.join(sorted(known))}."
            )
    try:
        return tuple(_lasso_from(entry) for entry in entries)
    except (TypeError, ValueError, OverflowError) as error:
        raise OptionError(f"The lassos can't be read ({error}).") from error


def _lasso_from(entry: dict[str, Any]) -> Lasso:
    tones = {name: entry.get(name) for name in RANGES}
    own = {name: None if value is None else float(value) for name, value in tones.items()}
    return Lasso(points=entry["points"], **own)
