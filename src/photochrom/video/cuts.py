"""Where one shot ends and the next begins, in gray footage.

Dissolves and fades are no cuts: the motion's trust fades there by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from photochrom.video.fields import Float, sample, shrink
from photochrom.video.motion import MotionSearch
from photochrom.video.small import Gray

Item = TypeVar("Item")

UNLIKE = 0.3
"""Frames of one shot correlate at least to 1 less this..."""

MOVED_APART = 20.0
"""... or differ less than this, of 255, where motion is made up for."""

FLASH_FRAMES = 2
"""What is alike again after at most this many frames was a flash, or a damaged frame."""

LOOK_PX = 2
"""Frames are compared at the small copy's size over this."""


def shot_starts(pairs: Iterable[tuple[Item, Gray]]) -> Iterator[tuple[Item, bool]]:
    """Say of each frame whether a shot begins with it.

    Parameters
    ----------
    pairs : anything that stands for a frame, and its small copy; in order

    Yields
    ------
    What stands for the frame, and whether it is the first of a shot; the first of all is.
    `FLASH_FRAMES` behind the input.
    """
    ahead: deque[tuple[Item, _Look]] = deque()
    source = iter(pairs)
    before: _Look | None = None
    while True:
        while len(ahead) <= FLASH_FRAMES:
            found = next(source, None)
            if found is None:
                break
            ahead.append((found[0], _Look(found[1])))
        if not ahead:
            return
        item, look = ahead.popleft()
        if before is None or not before.may_precede(look):
            flash = before is not None and any(before.may_precede(later) for _, later in ahead)
            yield item, not flash
            before = before if flash else look
        else:
            yield item, False
            before = look


class _Look:
    """A frame, ready to be compared."""

    def __init__(self, small: Gray) -> None:
        self.levels = shrink(small, LOOK_PX)
        centered = self.levels - self.levels.mean()
        self._deviation = float(np.sqrt((centered**2).mean()))
        self._normal = centered / max(self._deviation, 1.0)

    def may_precede(self, other: _Look) -> bool:
        """Whether the other frame may follow this one in one shot."""
        if 1 - float((self._normal * other._normal).mean()) <= UNLIKE:
            return True
        return moved_apart(self.levels, other.levels) <= MOVED_APART


def moved_apart(before: Float, after: Float) -> float:
    """The mean difference of two frames where motion is made up for, of 255."""
    size = before.shape[:2]
    search = MotionSearch((size[0], size[1]), 1)
    for levels in (before, after):
        search.push(_codes(levels))
    past = search.finish().past
    return float(abs(after - sample(before, past)).mean())


def _codes(levels: Float) -> NDArray[np.uint8]:
    return np.rint(levels).astype(np.uint8)
