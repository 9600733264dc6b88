"""How far colors lie from each other (CIEDE2000), and how colorful a picture is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color.spaces import checked_colors


def ciede2000(lab: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """The CIEDE2000 color difference, kL = kC = kH = 1.

    Parameters
    ----------
    lab, other : (..., 3) float CIELAB, of shapes that broadcast

    Returns
    -------
    (...) float64; 1 is about a just noticeable difference

    Raises
    ------
    ShapeError
        The last axis is not 3.

    Source: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", 2005; the step
    numbers of that paper are noted.
    """
    l1, a1, b1 = np.moveaxis(checked_colors(lab, "lab").astype(np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(checked_colors(other, "other").astype(np.float64), -1, 0)

    # Steps 2 to 7: chroma and hue with the a* axis stretched near gray.
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1 = np.degrees(np.arctan2(b1, a1 * stretch)) % 360
    h2 = np.degrees(np.arctan2(b2, a2 * stretch)) % 360

    # Steps 8 to 11: differences; hue is undefined, and its difference zero, for a gray.
    gray = c1 * c2 == 0
    turn = h2 - h1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))
    turn = np.where(gray, 0.0, turn)
    d_l, d_c = l2 - l1, c2 - c1
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))

    # Steps 12 to 14: means; the mean hue lies on the shorter arc.
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.abs(h1 - h2) > 180
    mean_h = (h1 + h2) / 2 + np.where(far, np.where(h1 + h2 < 360, 180.0, -180.0), 0.0)
    mean_h = np.where(gray, h1 + h2, mean_h)

    # Steps 15 to 22: weights and the rotation of the blue region.
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c = 1 + 0.045 * mean_c
    s_h = 1 + 0.015 * mean_c * t
    angle = 60 * np.exp(-(((mean_h - 275) / 25) ** 2))
    r_t = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)) * np.sin(np.radians(angle))
    x_l, x_c, x_h = d_l / s_l, d_c / s_c, d_h / s_h
    return np.asarray(np.sqrt(np.maximum(x_l**2 + x_c**2 + x_h**2 + r_t * x_c * x_h, 0)))


def colorfulness(srgb: NDArray[Any]) -> float:
    """The colorfulness of a picture, with the *signed* R - G.

    Parameters
    ----------
    srgb : (..., 3) uint8 sRGB, or float 0..255

    Returns
    -------
    0 for gray; about 39 for ImageNet, 65 for photographs of flowers

    Raises
    ------
    ShapeError
        The last axis is not 3.

    Source: Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003. Some
    papers take |R - G|, which gives other numbers.
    """
    red, green, blue = np.moveaxis(
        checked_colors(np.asarray(srgb, dtype=np.float32), "srgb"), -1, 0
    )
    red_green = red - green
    yellow_blue = (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))
