"""A color photograph as an example: what its regions look like, and which colors they have.

Its tokens have no place in the picture to be painted; the network's attention decides where
they apply, and whether at all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photochrom.models.network import Features, Network, Tokens

TOKENS = 24
ROUNDS = 8
COLOR_WEIGHT = 0.02
"""How much a difference of one ab unit counts beside that of two regions' directions (0..2)."""


def reference_tokens(network: Network, features: Features, ab: NDArray[np.float32]) -> Tokens:
    """Tokens spread over the distinct regions of a color photograph.

    Every position of the coarsest grid that tokens remember in detail is a candidate; they are
    grouped by what the encoder saw and by color, and the member nearest to the middle of each
    group stands for it.

    Parameters
    ----------
    network : the model
    features : the photograph's, from `Network.encode`
    ab : (H, W, 2), its colors at the size that was encoded

    Returns
    -------
    Tokens without a place; at most `TOKENS`

    Raises
    ------
    UnsupportedError
        The model takes no hints.

    Source: Lloyd 1982, seeded by farthest points.
    """
    strides = {feature.name: feature.stride for feature in network.contract.features}
    names = network.contract.token_features
    stride = min((strides[name] for name in names), default=1)
    height, width = ab.shape[:2]
    rows, columns = np.mgrid[: max(1, height // stride), : max(1, width // stride)]
    points = (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * stride
    points = np.minimum(points, [width - 0.5, height - 0.5]).astype(np.float32)
    seen = network.sample(features, points)
    colors = np.stack([_mean_around(ab, x, y, stride // 4) for x, y in points])
    direction = seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-6)
    kinds = np.concatenate([direction, COLOR_WEIGHT * colors], axis=1)
    chosen = _representatives(kinds, TOKENS)
    return Tokens(seen[chosen], colors[chosen], np.zeros((len(chosen), 3), np.float32))


def _mean_around(ab: NDArray[np.float32], x: float, y: float, reach: int) -> NDArray[np.float32]:
    row, column = int(y), int(x)
    part = ab[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    mean: NDArray[np.float32] = part.mean(axis=(0, 1), dtype=np.float32)
    return mean


def _representatives(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Indices of the members nearest to the middles of at most `count` groups."""
    first = int(((values - values.mean(axis=0)) ** 2).sum(axis=1).argmin())
    chosen = [first]
    nearest = ((values - values[first]) ** 2).sum(axis=1)
    while len(chosen) < count and nearest.max() > 1e-6:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((values - values[chosen[-1]]) ** 2).sum(axis=1))
    centers = values[chosen]
    for _ in range(ROUNDS):
        squared = ((values[:, None] - centers[None]) ** 2).sum(axis=-1)
        member = squared.argmin(axis=1)
        centers = np.stack(
            [
                values[member == index].mean(axis=0) if (member == index).any() else center
                for index, center in enumerate(centers)
            ]
        )
    squared = ((values[:, None] - centers[None]) ** 2).sum(axis=-1)
    return np.unique(squared.argmin(axis=0))
