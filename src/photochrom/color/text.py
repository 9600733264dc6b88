"""Colors as text: ``#rrggbb``, as in CSS, to a* and b* and back."""

from __future__ import annotations

import string
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from photochrom.color import spaces
from photochrom.errors import ColorError


@lru_cache(1024)  # a hundred hints come with each request
def parse_color(text: str) -> tuple[float, float]:
    """The a* and b* of a color as in CSS: ``#c22`` or ``#cc2222``.

    Raises
    ------
    ColorError
        It is written otherwise.
    """
    digits = text.strip().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    if len(digits) != 6 or not set(digits) <= set(string.hexdigits):
        raise ColorError(f"'{text}' is not a color; write it as #rrggbb or #rgb, such as #cc2222.")
    srgb = np.array(list(bytes.fromhex(digits)), dtype=np.uint8)
    _, a, b = spaces.srgb_to_lab(srgb).tolist()
    return a, b


def hex_color(lightness: float, ab: ArrayLike) -> str:
    """A color as ``#rrggbb``: the nearest that sRGB can show at its lightness.

    Parameters
    ----------
    lightness : L*, 0..100
    ab : (2,) its a* and b*
    """
    srgb = spaces.lab_to_srgb(np.array([lightness, *np.asarray(ab)], dtype=np.float32))
    return "#" + np.rint(srgb * 255).astype(np.uint8).tobytes().hex()
