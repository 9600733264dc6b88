"""The region that a hint takes: soft; a thing by the network's own embedding where it has one,
else by edges of lightness and the model's own colors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

LIGHTNESS, AB = 24.0, 22.0
"""Where lightness (L* units) or the model's colors (ab units) differ by so much from a hint's
spot, a region of reach 1 is over by one standard deviation."""

WAY = 0.5
"""How much differences passed on the way count, beside the difference itself."""

STEP_SHARE = 0.4
"""How much a way as long as the shorter side counts, where nothing changes on it."""

CRISP, GENEROUS = 2.0, 0.3
"""How things are read: the logit is raised by the second and multiplied by the first."""

ROUNDS = 40
SETTLED = 0.02
TOGETHER = 64
"""Regions that are found at the same time."""


def traits_of(lightness: Float, ab: Float) -> Float:
    """By what regions are told apart.

    Parameters
    ----------
    lightness : (h, w), L* at the size of the model's output
    ab : (h, w, 2), the model's own colors

    Returns
    -------
    (h, w, 3) float32, in standard deviations; texture finer than three positions is levelled
    """
    wide = np.pad(lightness, 1, mode="edge")
    rows = (wide[:-2] + wide[1:-1] + wide[2:]) / 3
    level = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 3
    traits = np.concatenate([level[..., None] / LIGHTNESS, ab / AB], axis=-1)
    return np.ascontiguousarray(traits, dtype=np.float32)


def readers_of(readers: Sequence[tuple[float, float, float]], reach: Float) -> Float:
    """How things of these reaches are read.

    Parameters
    ----------
    readers : bias, slope and away of each size of thing, small to large
    reach : (T,), above 0; 1 is the largest size, half of it the one below, and so on; four times
        as much as 1 takes what lies twice as far from the spot in embedding and picture

    Returns
    -------
    (T, 3) float32: of logits, bias - slope (|e - e0| + away d); see `contract.Region`, and `CRISP`
    """
    if not readers:
        return np.zeros((0, 3), np.float32)
    last = len(readers) - 1
    step = np.clip(last + np.log2(reach), 0, last)
    within = np.exp2(step - last)
    columns = np.array(readers, np.float32).T
    bias, slope, away = (np.interp(step, np.arange(last + 1), column) for column in columns)
    read = [CRISP * (bias + GENEROUS), CRISP * slope * np.sqrt(within / reach), away]
    return np.stack(read, axis=-1).astype(np.float32)


def things_at(embedding: Float, cells: NDArray[np.int64], readers: Float) -> Float:
    """The things at some spots, by the network's own embedding.

    Parameters
    ----------
    embedding : (C, h, w)
    cells : (T, 2), row and column of each spot
    readers : (T, 3), from `readers_of`

    Returns
    -------
    (T, h, w) float32, 0..1
    """
    channels, height, width = embedding.shape
    flat = embedding.reshape(channels, -1)
    own = embedding[:, cells[:, 0], cells[:, 1]]
    squared = (
        (own**2).sum(axis=0)[:, None]
        + (flat**2).sum(axis=0)
        - 2 * np.einsum("ct,cn->tn", own, flat)
    )
    apart = np.sqrt(np.maximum(squared, 0)).reshape(-1, height, width)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    down, across = (
        one - at[:, None, None] for one, at in zip((rows, columns), cells.T, strict=True)
    )
    distance = np.hypot(down, across) / (min(height, width) / 2)
    bias, slope, away = readers.T[:, :, None, None]
    logits = bias - slope * (apart + away * distance)
    masks: Float = (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)
    return masks


def regions(traits: Float, cells: NDArray[np.int64], reach: Float) -> Float:
    """The regions of some spots, each by itself.

    A position belongs to a spot's region as far as it looks like it, and as there is a way to it
    on which little changes.

    Parameters
    ----------
    traits : (h, w, C), from `traits_of`
    cells : (T, 2), row and column of each spot
    reach : (T,), above 0; 2 takes what differs twice as much as 1 does

    Returns
    -------
    (T, h, w) float32; 1 at the spot .. 0

    Source: Yatziv and Sapiro, "Fast image and video colorization using chrominance blending",
    2006, whose distances these are; the sweeps are those of Danielsson 1980.
    """
    parts = [
        _regions(traits, cells[start : start + TOGETHER], reach[start : start + TOGETHER])
        for start in range(0, len(cells), TOGETHER)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, *traits.shape[:2]), np.float32)


def _regions(traits: Float, cells: NDArray[np.int64], reach: Float) -> Float:
    height, width = traits.shape[:2]
    step = (STEP_SHARE / WAY / min(height, width)) ** 2
    down = np.sqrt(((traits[1:] - traits[:-1]) ** 2).sum(axis=-1) + step)[..., None]
    across = np.sqrt(((traits[:, 1:] - traits[:, :-1]) ** 2).sum(axis=-1) + step)[..., None]
    way = np.full((height, width, len(cells)), np.inf, dtype=np.float32)
    way[cells[:, 0], cells[:, 1], np.arange(len(cells))] = 0
    before = np.full_like(way, np.inf)
    for _ in range(ROUNDS):
        for row in range(1, height):
            np.minimum(way[row], way[row - 1] + down[row - 1], out=way[row])
        for row in range(height - 2, -1, -1):
            np.minimum(way[row], way[row + 1] + down[row], out=way[row])
        for column in range(1, width):
            nearer = way[:, column - 1] + across[:, column - 1]
            np.minimum(way[:, column], nearer, out=way[:, column])
        for column in range(width - 2, -1, -1):
            nearer = way[:, column + 1] + across[:, column]
            np.minimum(way[:, column], nearer, out=way[:, column])
        if np.isfinite(before[0, 0, 0]) and (before - way).max() < SETTLED:
            break
        before[...] = way
    seen = traits[cells[:, 0], cells[:, 1]]
    unlike = np.sqrt(((traits[:, :, None] - seen) ** 2).sum(axis=-1))
    apart = np.maximum(WAY * way, unlike) / reach
    return np.ascontiguousarray(np.moveaxis(np.exp(-0.5 * apart**2), -1, 0), dtype=np.float32)
