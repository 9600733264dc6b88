"""Tone: warmer or cooler, greener or pinker, paler; for the whole photograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError
from photochrom.kinds import check_number

SHIFT_AB = 18.0
"""How far a full turn of warmth or tint moves a color, in ab units."""


@dataclass(frozen=True, kw_only=True)
class Tone:
    """How all colors of a photograph are toned.

    ``warmth`` moves them toward yellow (up to 1) or blue (down to -1), ``tint`` toward magenta
    or green, and ``strength`` blends them with gray: 0 is gray, 1 leaves them as they are.

    Raises
    ------
    OptionError
        A value is no number, or lies outside its range.
    """

    warmth: float = 0.0
    tint: float = 0.0
    strength: float = 1.0

    def __post_init__(self) -> None:
        for name, low in (("warmth", -1), ("tint", -1), ("strength", 0)):
            value = getattr(self, name)
            check_number(name, value)
            if not low <= value <= 1:
                raise OptionError(f"{name} is {value}; expected a number in {low}..1.")

    def apply(self, ab: NDArray[np.float32]) -> NDArray[np.float32]:
        """Tone colors: (..., 2) a* and b*, float32."""
        if self == PLAIN:
            return ab
        shift = np.array([self.tint, self.warmth], np.float32) * np.float32(SHIFT_AB)
        return (ab + shift) * np.float32(self.strength)


PLAIN = Tone()
