"""What the network has missed of the hints' colors, corrected after it."""

from __future__ import annotations

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


FAR = 6.0
"""Beyond this many standard deviations a hint adds nothing that could be seen: 1.5e-8 of it."""

BLOCK = 2**18
"""Products of small matrices up to this many multiplications are made by one thread."""

ALONE = 96
"""Systems of up to this many unknowns are solved by one thread. OpenBLAS takes several from 100 on;
while other threads have work to do, they wait for one another much longer than solving takes."""


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
    readers = _around(lightness, points)
    corrected: Float = ab
    for reach, traits, doubt in steps:
        added = _spread(corrected, traits, points, readers, wanted, reach=reach, doubt=doubt)
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
    height, width, channels = traits.shape
    rows, columns = np.divmod(np.arange(height * width), width)
    places = np.stack([columns, rows], axis=-1).astype(np.float32)
    flat, colors = traits.reshape(-1, channels), ab.reshape(-1, 2)
    spots = np.einsum("tk,tkc->tc", share, flat[at])
    missed = wanted - np.einsum("tk,tkc->tc", share, colors[at])
    own = np.zeros((len(at), len(at)))
    for cells, part in zip(at.T, share.T, strict=True):  # one by one, they stay in the cache
        squared = np.zeros(own.shape, np.float32)
        for axis in range(2):
            squared += (places[cells, axis][:, None] - points[:, axis]) ** 2
        squared /= reach**2
        for plane, spot in zip(flat.T, spots.T, strict=True):
            squared += (plane[cells][:, None] - spot) ** 2
        squared *= -0.5
        own += part[:, None] * np.exp(squared, out=squared)
    weights = solved(own + doubt * np.eye(len(at)), missed.astype(float)).astype(np.float32)
    added = np.zeros_like(colors)
    for one in np.unique(reach):
        alike = np.flatnonzero(reach == one)
        hints = points[alike], spots[alike], weights[alike]
        if (2 * FAR * one) ** 2 < height * width:
            added += _spread_near(flat, (height, width), *hints, reach=float(one))
        else:
            features = np.concatenate([flat, places / one], axis=1)
            centers = np.concatenate([hints[1], hints[0] / one], axis=1)
            added += _spread_far(features, centers, hints[2])
    return added.reshape(ab.shape)


def solved(matrix: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve ``matrix @ x = wanted`` by halves that one thread solves each.

    Parameters
    ----------
    matrix : (T, T), of which no part on the diagonal is singular
    wanted : (T, C)

    Source: elimination by blocks; Golub and Van Loan, "Matrix Computations", 3.2.
    """
    count, channels = wanted.shape
    if count <= ALONE:
        return np.linalg.solve(matrix, wanted).astype(np.float64, copy=False)
    half = count // 2
    upper, lower = matrix[:half], matrix[half:]
    right = np.concatenate([upper[:, half:], wanted[:half]], axis=1)
    both = solved(upper[:, :half], right)
    rest = np.concatenate([lower[:, half:], wanted[half:]], axis=1) - _product(
        lower[:, :half], both
    )
    second = solved(rest[:, :-channels], rest[:, -channels:])
    first = both[:, -channels:] - both[:, :-channels] @ second
    return np.concatenate([first, second])


def _product(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """``one @ other``, by one thread."""
    step = max(1, BLOCK // other.size)
    return np.concatenate([one[at : at + step] @ other for at in range(0, len(one), step)])


def _spread_near(
    flat: Float,
    size: tuple[int, int],
    points: Float,
    spots: Float,
    weights: Float,
    *,
    reach: float,
) -> Float:
    """What hints of little reach add, (h w, 2): nothing beyond `FAR` times that."""
    height, width = size
    half = int(np.ceil(FAR * reach))
    steps = np.arange(-half, half + 1)
    columns, rows = (np.rint(one).astype(int)[:, None] + steps for one in points.T)
    across, down = (
        ((one - at[:, None]) / reach) ** 2
        for one, at in zip((columns, rows), points.T, strict=True)
    )
    low, left = rows.clip(0, height - 1), columns.clip(0, width - 1)
    inside = (low == rows)[:, :, None] & (left == columns)[:, None]
    cells = low[:, :, None] * width + left[:, None]
    squared = down[:, :, None] + across[:, None]
    for plane, spot in zip(flat.T, spots.T, strict=True):
        squared = squared + (plane[cells] - spot[:, None, None]) ** 2
    field = np.where(inside, np.exp(-0.5 * squared), 0)
    added = [
        np.bincount(cells.ravel(), (field * one[:, None, None]).ravel(), minlength=height * width)
        for one in weights.T
    ]
    return np.stack(added, axis=-1).astype(np.float32)


def _spread_far(features: Float, centers: Float, weights: Float) -> Float:
    """What hints add everywhere, (N, 2), from features (N, C) of positions and of hints (T, C)."""
    # f c - f f / 2 - c c / 2 as one product.
    one = np.ones((len(features), 1), np.float32)
    ones = np.ones((1, len(centers)), np.float32)
    features = np.concatenate([features, (features**2).sum(axis=1, keepdims=True), one], axis=1)
    across = np.concatenate([centers.T, -0.5 * ones, -0.5 * (centers.T**2).sum(axis=0)[None]])
    added = np.empty((len(features), 2), np.float32)
    # Few at once: they stay in the cache, and no other thread is woken for them.
    rows = max(1, BLOCK // across.size)
    for start in range(0, len(features), rows):
        part = np.s_[start : start + rows]
        field = features[part] @ across
        added[part] = np.exp(field, out=field) @ weights
    return added


def _last_of_each_place(points: Float, apart: Float) -> NDArray[np.int64]:
    """Indices of points without those that lie nearer to a later one than its `apart`."""
    away = np.hypot(*(points.T[:, :, None] - points.T[:, None]))
    near = away < apart  # row by column: whether the one lies under the other
    np.fill_diagonal(near, val=False)
    hidden = np.zeros(len(points), dtype=bool)
    for index in np.flatnonzero(near.any(axis=0))[::-1]:
        if not hidden[index]:
            hidden[:index] |= near[:index, index]
    return np.flatnonzero(~hidden)


def _around(lightness: Float, points: Float) -> tuple[NDArray[np.int64], Float]:
    """How to read a field at points, (T, 2), x and y in cells.

    A field is read from the four cells around, bilinearly, but for those of another lightness.

    Returns
    -------
    (T, 4) flat positions of the four; (T, 4) their shares, summing to 1
    """
    last = np.array(lightness.shape[::-1]) - 1
    places = np.clip(points, 0, last)
    low = places.astype(np.int64)
    (left, top), (right, bottom) = low.T, np.minimum(low + 1, last).T
    across, down = (places - low).T
    at = np.stack([top, top, bottom, bottom]) * (last[0] + 1) + [left, right, left, right]
    share = np.stack([1 - down, 1 - down, down, down]) * [1 - across, across, 1 - across, across]
    lights = lightness.ravel()[at]
    own = np.take_along_axis(lights, share.argmax(axis=0)[None], axis=0)
    share = share * np.exp(-0.5 * ((lights - own) / KINDRED_LIGHTNESS) ** 2)
    return at.T, (share / share.sum(axis=0)).T.astype(np.float32)
