"""Stores of a training's pictures, for tests."""

import numpy as np

from photochrom.training.store import Store

SIDE_PX = 48
"""Of the photographs and crops of training/conftest.py."""


def store_of(names, srgb=None, labels=None):
    """A store of as many equal pictures as names."""
    srgb = np.zeros((1, 1, 3), dtype=np.uint8) if srgb is None else srgb
    return Store(
        pixels=np.tile(srgb.reshape(-1), len(names)),
        offsets=np.arange(len(names)) * srgb.size,
        sizes=np.array([srgb.shape[:2]] * len(names), dtype=np.int32),
        names=tuple(names),
        labels=tuple(labels or [""] * len(names)),
        left_out={},
    )


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
