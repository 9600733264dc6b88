"""Lightness as the network wants to see it: a faded print with the range of a fresh one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ENDS = (1.0, 99.0)
"""Percentiles between which the range of a picture lies."""

FADED, FRESH = 50.0, 75.0
"""A range up to the first, L*, is stretched to `FULL`; one from the second on is left alone."""

FULL = 88.0
LARGEST_GAIN = 3.0
FLAT = 3.0
"""Less range than this is no picture."""


def evened(lightness: NDArray[Any]) -> NDArray[np.float32]:
    """Stretch lightness of little range, for the network only: the photograph keeps its own.

    Parameters
    ----------
    lightness : L* 0..100, of any shape

    Returns
    -------
    float32 of the same shape, 0..100
    """
    light = np.asarray(lightness, dtype=np.float32)
    low, high = (float(end) for end in np.percentile(light, ENDS))
    extent = high - low
    if not FLAT < extent < FRESH:
        return light
    wanted = float(np.interp(extent, (FADED, FRESH), (FULL, FRESH)))
    gain = min(wanted / extent, LARGEST_GAIN)
    middle = (low + high) / 2
    # What is left of the range 0..100 on either side is shared out as before.
    moved = 50 + (middle - 50) * (100 - gain * extent) / (100 - extent)
    return np.clip(moved + (light - middle) * gain, 0, 100).astype(np.float32)
