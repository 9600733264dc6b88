"""Palettes: the colors to keep to, named or taken from a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.color.text import hex_color, parse_color
from photochrom.errors import ColorError
from photochrom.pictures.picture import Picture

SIDE_PX = 64
ROUNDS = 20
SAME = 12.0
"""Colors of a picture nearer to each other than this, in ab units, are one."""


def parse_palette(text: str) -> tuple[str, ...]:
    """Colors as on the command line: ``#aa3377,#ddeeaa``.

    Raises
    ------
    ColorError
        One of them can't be understood, or there are none.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    palette_ab(names)
    return names


def palette_ab(names: Sequence[str]) -> NDArray[np.float32]:
    """The a* and b* of a palette, (P, 2).

    Raises
    ------
    ColorError
        A color can't be understood, or there are none.
    """
    if not names:
        raise ColorError("A palette needs at least one color, such as #aa3377.")
    return np.array([parse_color(name) for name in names], dtype=np.float32)


def palette_of(picture: Picture, *, most: int = 8) -> tuple[str, ...]:
    """The main colors of a picture, those of the largest areas first.

    Parameters
    ----------
    most : the most to return

    Returns
    -------
    as ``#rrggbb``, each at the mean lightness of its area

    Raises
    ------
    PictureReadError
        The picture's file turns out to be broken.

    Source: Lloyd, "Least squares quantization in PCM", 1982; seeded by farthest points.
    """
    lab = color.srgb_to_lab(picture.srgb(short_side_px=SIDE_PX)).reshape(-1, 3)
    ab = lab[:, 1:]
    centers = ab.mean(axis=0, keepdims=True)
    while len(centers) < most:
        nearest = ((ab[:, None] - centers) ** 2).sum(axis=-1).min(axis=1)
        # The farthest color that is no speck: not the maximum, but high among the distances.
        far = np.argsort(nearest)[int(0.995 * (len(nearest) - 1))]
        if nearest[far] < SAME**2:
            break
        centers = np.concatenate([centers, ab[far : far + 1]])
    for _ in range(ROUNDS):
        member = ((ab[:, None] - centers) ** 2).sum(axis=-1).argmin(axis=1)
        areas = np.bincount(member, minlength=len(centers))
        sums = np.stack([np.bincount(member, ab[:, c], len(centers)) for c in (0, 1)], axis=-1)
        centers = np.where(areas[:, None] > 0, sums / np.maximum(areas, 1)[:, None], centers)
    names = []
    for index in np.argsort(-areas, kind="stable"):
        if areas[index]:
            light = lab[member == index, 0].mean()
            names.append(hex_color(light, centers[index]))
    return tuple(dict.fromkeys(names))
