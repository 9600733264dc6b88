"""Hints laid out over the small copy of a photograph, as a model takes them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import HintError
from photochrom.kinds import check_number
from photochrom.models.network import Features, Network, Tokens
from photochrom.runtime.hints import Hint, Lock

Float = NDArray[np.float32]

RADIUS_SHARE = 0.014
"""A hint without a radius has this share of the shorter side: 3.5 pixels of 256."""

STROKE_TOKENS = 16
"""A stroke becomes at most this many tokens."""

TOKEN_STEP_PX = 6.0
"""Tokens along a stroke are at least so far apart, in pixels of the small copy."""

MOST_TOKENS = 512
"""With more strokes, each becomes fewer tokens; correcting them all together costs their square."""

DOTS_PX = 2**16
"""Dots of up to this many pixels together are computed at once."""

STROKE_WORK = 100
"""How many times strokes may touch each pixel of the small copy, on average."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """Hints laid out over the small copy of a photograph.

    ``points`` (T, 2) are places in pixels of the small copy, ``ab`` (T, 2) their colors as
    sRGB can show them there, ``radii`` (T,) pixels; ``planes`` (h, w, 3) is what
    `Network.decode` takes.
    """

    points: Float
    ab: Float
    radii: Float
    reach: Float
    """(T,), `Hint.reach`; NaN where it has none."""
    planes: Float

    def tokens(self, network: Network, features: Features) -> Tokens:
        """The hints as tokens of a picture that was encoded to `features`."""
        place = np.concatenate([self.points, np.ones_like(self.points[:, :1])], axis=1)
        return Tokens(network.sample(features, self.points), self.ab, place)


def lay_out(
    hints: Sequence[Hint], picture_size: tuple[int, int], lightness: Float, cell_px: int
) -> Canvas:
    """Bring hints from a photograph to its small copy.

    Parameters
    ----------
    hints : later ones lie over earlier ones
    picture_size : (height, width) of the photograph
    lightness : (H, W), L* of the small copy
    cell_px : how many pixels of the small copy a position of the model's output spans

    Raises
    ------
    HintError
        A point lies outside the photograph, or there are too many points for their radius.
    """
    height, width = lightness.shape
    scale = np.array([width / picture_size[1], height / picture_size[0]], dtype=np.float32)
    zoom = float(np.sqrt(scale.prod()))
    rows, columns = (-(-side // cell_px) * cell_px for side in (height, width))
    painted = np.zeros((rows, columns, 3), dtype=np.float32)
    for hint in hints:
        check_inside(hint.points, picture_size)
    paths = [np.array(hint.points, dtype=np.float32) * scale for hint in hints]
    usual = RADIUS_SHARE * min(picture_size)
    given = (usual if hint.radius_px is None else hint.radius_px for hint in hints)
    radii = [min(max(radius * zoom, 0.75), height + width) for radius in given]
    colors = np.array([hint.ab for hint in hints], dtype=np.float32).reshape(-1, 2)
    reach = [np.nan if hint.reach is None else hint.reach for hint in hints]
    left = STROKE_WORK * rows * columns

    def dots_of(at: int) -> float | None:
        return radii[at] if len(paths[at]) == 1 else None

    for radius, run in itertools.groupby(range(len(hints)), key=dots_of):
        some = list(run)
        if radius is not None:
            _dots(painted, np.concatenate([paths[at] for at in some]), radius, colors[some])
            continue
        for at in some:
            traced = _affordable(paths[at], radii[at], (rows, columns), left)
            if traced is None:
                raise HintError(
                    f"The strokes have too many points ({len(paths[at])} in this one) for so large "
                    f"a radius ({radii[at] / zoom:g} pixels). Use a smaller radius, or fewer "
                    "points."
                )
            left -= _stroke_work(traced, radii[at], (rows, columns))
            _stroke(painted, traced, radii[at], colors[at])
    most = min(STROKE_TOKENS, max(1, MOST_TOKENS // max(1, len(hints))))
    tokens = [
        path if len(path) == 1 else _along(path, max(TOKEN_STEP_PX, radius), most)
        for path, radius in zip(paths, radii, strict=True)
    ]
    of = np.repeat(np.arange(len(hints)), [len(one) for one in tokens])
    places = np.concatenate([np.zeros((0, 2), np.float32), *tokens])
    under = np.minimum(places.astype(int), [width - 1, height - 1])
    return Canvas(
        places,
        _showable(colors[of], lightness[under[:, 1], under[:, 0]]),
        np.array(radii, dtype=np.float32)[of],
        np.array(reach, dtype=np.float32)[of],
        _cell_means(painted, cell_px),
    )


def cover(
    locks: Sequence[Lock], picture_size: tuple[int, int], size: tuple[int, int], cell_px: int
) -> Float:
    """How much of each position of the model's output locks cover, (h, w) in 0..1.

    Parameters
    ----------
    size : (height, width) of the small copy
    picture_size, cell_px, errors : as for `lay_out`
    """
    as_hints = [Hint(points=one.points, ab=(0.0, 0.0), radius_px=one.radius_px) for one in locks]
    planes = lay_out(as_hints, picture_size, np.full(size, 50, np.float32), cell_px).planes
    return planes[..., 2]


def check_inside(points: Sequence[tuple[float, float]], picture_size: tuple[int, int]) -> None:
    """See that points lie in a photograph of this (height, width).

    Raises
    ------
    HintError
        One doesn't.
    """
    height, width = picture_size
    for x, y in points:
        check_number("x", x)
        check_number("y", y)
        if not (0 <= x <= width and 0 <= y <= height):
            raise HintError(
                f"({x:g}, {y:g}) lies outside the picture, which is {width} x {height} pixels."
            )


def _showable(ab: Float, lightness: Float) -> Float:
    """The nearest a* and b* (T, 2) toward gray that sRGB can show at a lightness (T,)."""
    lab = np.concatenate([lightness[:, None], ab], axis=1)
    linear = color.reduce_gamut(color.lab_to_linear(lab))
    return color.srgb_to_lab(color.linear_to_srgb(linear))[:, 1:]


def _affordable(path: Float, radius: float, size: tuple[int, int], most: float) -> Float | None:
    """A path with as many of its points as `most` work allows; None where even few are too many.

    Points are left out that lie near others, compared with the stroke's radius.
    """
    for share in (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4):
        kept = [path[0]]
        for point in path[1:]:
            if np.abs(point - kept[-1]).max() >= share * radius:
                kept.append(point)
        thinned = np.array([*kept, path[-1]] if len(path) > 1 else kept)
        if _stroke_work(thinned, radius, size) <= most:
            return thinned if share else path
    return None


def _stroke_work(path: Float, radius: float, size: tuple[int, int]) -> float:
    """How many pixels `_stroke` touches, each as often as it does."""
    low = np.minimum(path[:-1], path[1:]) - radius - 1
    high = np.maximum(path[:-1], path[1:]) + radius + 1
    limits = np.array(size[::-1], dtype=np.float32)
    sides = np.clip(high, 0, limits) - np.clip(low, 0, limits)
    return float(sides.prod(axis=1).sum())


def _dots(painted: Float, points: Float, radius: float, ab: Float) -> None:
    """Lay dots (T, 2) of one radius over (H, W, 3), as `_stroke` does a stroke."""
    side = 2 * math.ceil(radius) + 4
    colors = np.concatenate([ab, np.ones_like(ab[:, :1])], axis=1)
    low = np.floor(points.astype(float) - radius - 1).astype(int)
    together = max(1, DOTS_PX // side**2)
    for first in range(0, len(points), together):
        some = slice(first, first + together)
        offsets = low[some, :, None] + (0.5 + np.arange(side)) - points[some, :, None]
        away = np.hypot(offsets[:, 0, None, :], offsets[:, 1, :, None])
        covers = np.minimum(np.maximum(radius + 0.5 - away, 0), 1).astype(np.float32)[..., None]
        for (x, y), cover, color_ in zip(low[some].tolist(), covers, colors[some], strict=True):
            left, top = max(0, x), max(0, y)
            part = painted[top : y + side, left : x + side]
            height, width = part.shape[:2]
            part += cover[top - y :, left - x :][:height, :width] * (color_ - part)


def _cell_means(painted: Float, side: int) -> Float:
    """Means over square cells of (H, W, 3), whose sides are whole cells."""
    rows = np.add.reduce([painted[at::side] for at in range(side)])
    means: Float = np.add.reduce([rows[:, at::side] for at in range(side)]) / np.float32(side**2)
    return means


def _stroke(painted: Float, path: Float, radius: float, ab: Float) -> None:
    """Lay a stroke over (H, W, 3), a* x share, b* x share, share."""
    low = np.floor(path.min(axis=0) - radius - 1).astype(int).clip(0)
    high = np.ceil(path.max(axis=0) + radius + 1).astype(int)
    part = painted[low[1] : high[1], low[0] : high[0]]
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    at = np.stack([columns, rows], axis=-1) + low + 0.5
    squared = np.full(part.shape[:2], np.inf, dtype=np.float32)
    for start, end in itertools.pairwise(path):
        # Only around this piece, as a stroke may have thousands.
        first = (np.floor(np.minimum(start, end) - radius - 1).astype(int) - low).clip(0)
        last = (np.ceil(np.maximum(start, end) + radius + 1).astype(int) - low).clip(0)
        window = np.s_[first[1] : last[1], first[0] : last[0]]
        along = end - start
        length = float(along @ along)
        away = at[window] - start
        share = np.clip(away @ along / length, 0, 1) if length > 0 else np.zeros(1)
        offset = away - share[..., None] * along
        squared[window] = np.minimum(squared[window], (offset**2).sum(axis=-1))
    cover = np.clip(radius + 0.5 - np.sqrt(squared), 0, 1)[..., None]
    part += cover * (np.array([*ab, 1], dtype=np.float32) - part)


def _along(path: Float, step: float, most: int) -> Float:
    """Points along a path, at least `step` apart: its start, and evenly up to its end."""
    lengths = np.hypot(*np.diff(path, axis=0).T) if len(path) > 1 else np.zeros(0)
    reached = np.concatenate([[0], np.cumsum(lengths)])
    count = min(most, 1 + int(reached[-1] // step))
    wanted = np.linspace(0, reached[-1], count) if count > 1 else reached[-1:] / 2
    points = [np.interp(wanted, reached, path[:, axis]) for axis in (0, 1)]
    return np.stack(points, axis=-1).astype(np.float32)
