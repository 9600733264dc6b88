"""Other plausible results: the most uncertain region gets each of its likeliest colors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color.grid import AbGrid
from photochrom.models.contract import ModelContract
from photochrom.models.network import Features
from photochrom.runtime.hints import Hint

Float = NDArray[np.float32]

APART = 25.0
"""Two colors of a region are alternatives when they differ by so much in ab units."""

KIN = 0.5
"""Positions belong to a region when what the encoder saw is so similar (cosine)."""

SPOTS = 8
"""How many points an alternative marks its region with."""


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One of several plausible ways to color a photograph: the hints that lead there."""

    hints: tuple[Hint, ...]
    likelihood: float
    """The share of the region's distribution that lies around this color; 0..1."""


def likely_colors(
    distribution: Float, grid: AbGrid, *, most: int, apart: float = APART
) -> list[tuple[Float, float]]:
    """The likeliest colors of a distribution that differ from each other.

    Parameters
    ----------
    distribution : (Q,) float, summing to 1
    most : the most to return
    apart : least distance between two of them, in ab units

    Returns
    -------
    (ab, share) pairs, the likeliest first: the mean of the bins around each peak, and the
    share of the distribution there
    """
    left = np.array(distribution, dtype=np.float64)
    squared = ((grid.centers[:, None] - grid.centers[None]) ** 2).sum(axis=-1)
    near = np.exp(-squared / (2 * grid.step**2))
    found: list[tuple[Float, float]] = []
    allowed = np.ones(len(grid), dtype=bool)
    while allowed.any():  # all of them: which are the likeliest shows at the end
        mass = np.where(allowed, near @ left, -1.0)
        peak = int(mass.argmax())
        around = squared[peak] <= (apart / 2) ** 2
        share = float((left * around).sum())
        if share < 1e-3:
            break
        center = (left * around) @ grid.centers / share
        if all(np.hypot(*(center - other)) >= apart for other, _ in found):
            found.append((center.astype(np.float32), share))
        allowed &= squared[peak] > (apart / 2) ** 2
        left = np.where(around, 0.0, left)
    return sorted(found, key=lambda pair: -pair[1])[:most]


def find_alternatives(
    probabilities: Float,
    grid: AbGrid,
    features: Features,
    contract: ModelContract,
    lightness: Float,
    *,
    picture_size: tuple[int, int],
    count: int,
    seed: int,
) -> tuple[Alternative, ...]:
    """The likeliest colors of the most uncertain region, each as hints on its spots.

    Parameters
    ----------
    probabilities : (h, w, Q), the distributions without hints
    features : what the encoder saw
    lightness : (H, W), L* of the small copy
    picture_size : (height, width) of the photograph
    count : the most to return
    seed : chooses among the region's spots
    """
    look, stride = _look(features, contract)
    cell_px = stride * contract.output_stride
    undecided, summed = _by_cell(probabilities, grid, look.shape[:2], stride)
    light = _cells(lightness[..., None], look.shape[:2], cell_px)[..., 0] / 100
    visible = 4 * light * (1 - light)  # near black and white, sRGB shows little color
    members, spots = _region(look, (undecided**2 * visible).astype(np.float32), seed)
    mean = summed.reshape(-1, len(grid))[members].mean(axis=0)
    scale = [p / s for p, s in zip(picture_size, lightness.shape, strict=True)]
    rows, columns = np.divmod(spots, look.shape[1])
    places = [
        (
            min((column + 0.5) * cell_px, lightness.shape[1] - 1) * scale[1],
            min((row + 0.5) * cell_px, lightness.shape[0] - 1) * scale[0],
        )
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return tuple(
        Alternative(
            hints=tuple(Hint(points=(place,), ab=(float(ab[0]), float(ab[1]))) for place in places),
            likelihood=share,
        )
        for ab, share in likely_colors(mean, grid, most=count)
    )


def _look(features: Features, contract: ModelContract) -> tuple[Float, int]:
    """Directions (r, c, C) of what the encoder saw, and the positions of output to a cell."""
    name = contract.token_features[0]
    pairs = zip(contract.features, features.arrays, strict=True)
    array, stride = next((array, one.stride) for one, array in pairs if one.name == name)
    rows, columns = (-(-side // stride) for side in features.size)
    look = np.moveaxis(array[0], 0, -1)[:rows, :columns].astype(np.float32)
    look = look - look.mean(axis=(0, 1))
    length = np.linalg.norm(look, axis=-1, keepdims=True)
    return look / np.maximum(length, 1e-6), stride // contract.output_stride


def _by_cell(
    probabilities: Float, grid: AbGrid, cells: tuple[int, ...], stride: int
) -> tuple[Float, Float]:
    """For each cell, how undecided its color is, and the mean distribution.

    Undecided is the mean distance, in ab units, of two draws from the distribution.
    """
    mean = _cells(probabilities, cells, stride)
    between = np.sqrt(((grid.centers[:, None] - grid.centers[None]) ** 2).sum(axis=-1))
    return np.einsum("rcq,qp,rcp->rc", mean, between, mean, optimize=True), mean


def _cells(field: Float, cells: tuple[int, ...], side: int) -> Float:
    """Means (r, c, C) over square cells of an (h, w, C) field; its edge is repeated."""
    padding = [
        (0, max(0, count * side - length))
        for count, length in zip(cells, field.shape[:2], strict=True)
    ]
    padded = np.pad(field, [*padding, (0, 0)], mode="edge")[: cells[0] * side, : cells[1] * side]
    blocks = padded.reshape(cells[0], side, cells[1], side, field.shape[2])
    means: Float = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _region(look: Float, weight: Float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cells of the kind of which the most weighs, and the spots that stand for it."""
    flat = look.reshape(-1, look.shape[-1])
    kin = flat @ flat.T
    np.fill_diagonal(kin, 1)  # of a picture that looks the same everywhere, too
    score = np.where(kin > KIN, weight.reshape(1, -1), 0).sum(axis=1)
    middle = int(score.argmax())
    members = np.flatnonzero(kin[middle] > KIN)
    inner = members[_inside(kin[middle].reshape(look.shape[:2]) > KIN)[members]]
    candidates = inner if len(inner) >= SPOTS else members
    random = np.random.default_rng(seed)
    chosen = [middle]
    places = np.stack(np.divmod(candidates, look.shape[1]), axis=-1).astype(np.float64)
    places += random.uniform(-0.5, 0.5, places.shape)  # what the seed decides
    while len(chosen) < min(SPOTS, len(candidates)):  # the next is the farthest from all others
        taken = np.stack(np.divmod(chosen, look.shape[1]), axis=-1)
        apart = ((places[:, None] - taken[None]) ** 2).sum(axis=-1).min(axis=1)
        apart[np.isin(candidates, chosen)] = -1
        chosen.append(int(candidates[apart.argmax()]))
    return members, np.array(chosen, dtype=np.int64)


def _inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which cells of a mask have all four neighbors in it; flat. The picture's edge counts."""
    wide = np.pad(mask, 1, mode="edge")
    sides = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    inside: NDArray[np.bool_] = (mask & sides).ravel()
    return inside
