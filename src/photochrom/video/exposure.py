"""Even exposure for what looks at frames: old film flickers, and its colors must not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyvips

from photochrom import color
from photochrom.video.fields import Float
from photochrom.video.small import LIGHTNESS, Gray

REACH = 7
"""Exposure is matched to the median of this many frames either side."""

MOST_STRETCH = 1.5
"""Contrast is changed at most by this factor."""

GRAINY = 3.0
"""Noise with a standard deviation above this, of 255, is softened for the network."""


class Seen(NamedTuple):
    """A frame as far as it was looked at."""

    number: int
    """Counted from the film's first frame."""
    pts: int
    duration: int
    small: Gray
    starts: bool
    """A shot begins with it."""


class _Levels(NamedTuple):
    mean: float
    deviation: float


def evened(frames: Iterable[Seen]) -> Iterator[tuple[Seen, Gray]]:
    """Give each frame a small copy with the exposure of the frames around it in its shot.

    Yields
    ------
    The frame, and the evened copy; `REACH` behind the input
    """
    source = iter(frames)
    before: deque[_Levels] = deque(maxlen=REACH)
    ahead: deque[tuple[Seen, _Levels]] = deque()
    while True:
        while len(ahead) <= REACH:
            seen = next(source, None)
            if seen is None:
                break
            ahead.append((seen, _levels(seen.small)))
        if not ahead:
            return
        seen, own = ahead.popleft()
        if seen.starts:
            before.clear()
        around = [*before, own]
        for later, levels in ahead:
            if later.starts:
                break
            around.append(levels)
        yield seen, _match(seen.small, own, around)
        before.append(own)


def _levels(small: Gray) -> _Levels:
    counts = np.bincount(small.ravel(), minlength=256) / small.size
    mean = float(counts @ LIGHTNESS)
    return _Levels(mean, float(np.sqrt(counts @ (LIGHTNESS - mean) ** 2)))


def _match(small: Gray, own: _Levels, around: list[_Levels]) -> Gray:
    mean, deviation = (
        float(np.median([getattr(one, name) for one in around])) for name in own._fields
    )
    if abs(mean - own.mean) < 0.2 and abs(deviation - own.deviation) < 0.2:
        return small
    stretch = np.clip(deviation / max(own.deviation, 0.1), 1 / MOST_STRETCH, MOST_STRETCH)
    return _grays((LIGHTNESS - own.mean) * stretch + mean)[small]


def _grays(lightness: Float) -> Gray:
    """Full-range grays of L*."""
    light = color.lightness_to_luminance(lightness.clip(0, 100))
    return np.rint(255 * color.linear_to_srgb(light)).astype(np.uint8)


def softened(small: Gray) -> Gray:
    """The same small copy, softened where it is grainy."""
    if _noise(small) <= GRAINY:
        return small
    image = pyvips.Image.new_from_array(small, interpretation="b-w")
    return image.gaussblur(1.0).numpy().reshape(small.shape)


def _noise(small: Gray) -> float:
    """The standard deviation of noise, of 255.

    Source: Immerkær, "Fast noise variance estimation", 1996; with the median, which edges
    move less than the mean.
    """
    levels = small.astype(np.float32)
    down = levels[:-2] - 2 * levels[1:-1] + levels[2:]
    both = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return float(np.median(abs(both))) / (0.6745 * 6)
