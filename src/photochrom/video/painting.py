"""Colors for a frame whose luma stays as it is: U and V from luma, a* and b* by one table.

Luma is not lightness: of all colors with a luma and a pair (a*, b*), the table gives the one
whose luma is right, so that the Y plane need not be touched. It is a little lighter or darker
than the gray was. Colors that RGB can't show move toward gray at equal luma.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.runtime.upsample import coefficients
from photochrom.video.fields import Float
from photochrom.video.film import Film, Matrix
from photochrom.video.small import Bars, eight_bits

STEP = 0.8
"""How finely the table knows a* and b*: about one code of 8 bits."""

LEAST_A, LEAST_B = -89.6, -108.8
A_STEPS, B_STEPS = 237, 257
"""How many values of a* and b* the table holds, from the least ones on; 0 is a fourth one."""

LUMA_STEPS = 64
"""The table's levels of luma: 8-bit codes in fours."""

PARTS = 16
"""In fractions of a code of this size the table is computed; 12 bits fit into 16, too."""

FLAT = 48.0
"""As `upsample.EPSILON`; larger, as what weak edges do to colors changes from frame to frame."""

WEIGHTS: dict[Matrix, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
}
"""What red and blue count in luma."""


@dataclass(frozen=True, kw_only=True)
class Levels:
    """How codes of a film stand for luma and chroma."""

    matrix: Matrix
    full_range: bool
    depth: int

    def luma(self, codes: NDArray[Any]) -> Float:
        """Luma, 0..1, of 8-bit codes, which may be fractions."""
        low, span = (0, 255) if self.full_range else (16, 219)
        return ((np.asarray(codes, np.float32) - low) / span).clip(0, 1)

    def chroma_codes(self, chroma: NDArray[Any], *, parts: int = 1) -> NDArray[np.uint16]:
        """Codes of this depth, or fractions of them in `parts`, for chroma, -0.5..0.5."""
        unit, most = 1 << (self.depth - 8), (1 << self.depth) - 1
        span = most if self.full_range else 224 * unit
        codes = np.rint(parts * (chroma * span + 128 * unit))
        return codes.clip(0, parts * most).astype(np.uint16)


def chroma_table(levels: Levels) -> NDArray[np.uint8 | np.uint16]:
    """U and V codes for every luma, a* and b*.

    Every fourth value of a* and b* is computed; those between are interpolated.

    Returns
    -------
    (LUMA_STEPS, A_STEPS, B_STEPS, 2) uint8, or uint16 for more than 8 bits

    Source: CIELAB as in `color`; Y'CbCr as in BT.601, BT.709 and BT.2020, with sRGB's curve
    and primaries, as screens show it.
    """
    centers = 4 * np.arange(LUMA_STEPS) + 1.5
    luma = levels.luma(centers)
    a = LEAST_A + STEP * np.arange(0, A_STEPS, 4, dtype=np.float32)
    b = LEAST_B + STEP * np.arange(0, B_STEPS, 4, dtype=np.float32)
    lightness = np.linspace(0, 100, 48, dtype=np.float32)
    red, blue = WEIGHTS[levels.matrix]
    sparse = np.empty((LUMA_STEPS, len(a), len(b), 2), np.uint16)
    for at, one in enumerate(a):
        lab = np.stack(np.broadcast_arrays(lightness[:, None], one, b), axis=-1)
        found = np.stack(
            [
                np.interp(luma, known, lightness)
                for known in _luma_of(color.lab_to_linear(lab), red, blue).T
            ],
            axis=-1,
        )
        lab = np.stack(np.broadcast_arrays(found, one, b), axis=-1).astype(np.float32)
        rgb = color.linear_to_srgb(color.lab_to_linear(lab))
        chroma = _chroma_in_gamut(rgb, luma[:, None], red, blue)
        sparse[:, at] = levels.chroma_codes(chroma, parts=PARTS)
    kind = np.uint8 if levels.depth == 8 else np.uint16
    table = np.empty((LUMA_STEPS, A_STEPS, B_STEPS, 2), kind)
    for codes, fine in zip(sparse, table, strict=True):
        rows = _with_means(_with_means(codes))
        both = _with_means(_with_means(np.ascontiguousarray(rows.swapaxes(0, 1))))
        fine[...] = (both.swapaxes(0, 1) + np.uint16(PARTS // 2)) // np.uint16(PARTS)
    return table


def _with_means(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Codes, (n, ...), and between each two of them their mean."""
    both = np.empty((2 * len(codes) - 1, *codes.shape[1:]), np.uint16)
    both[::2] = codes
    both[1::2] = codes[:-1] // 2 + codes[1:] // 2
    return both


def _luma_of(linear: Float, red: float, blue: float) -> Float:
    """Luma of linear light; it rises with lightness."""
    rgb = color.linear_to_srgb(linear)
    return red * rgb[..., 0] + (1 - red - blue) * rgb[..., 1] + blue * rgb[..., 2]


def _chroma_in_gamut(rgb: Float, luma: Float, red: float, blue: float) -> Float:
    """Cb and Cr of colors, moved toward gray of that luma until RGB can show them."""
    away = rgb - _mean(rgb, red, blue)[..., None]
    room = np.where(away > 0, 1 - luma[..., None], luma[..., None])
    share = np.min(room / np.maximum(abs(away), 1e-6), axis=-1).clip(0, 1)
    away = away * share[..., None]
    return np.stack([away[..., 2] / (2 - 2 * blue), away[..., 0] / (2 - 2 * red)], axis=-1)


def _mean(rgb: Float, red: float, blue: float) -> Float:
    return red * rgb[..., 0] + (1 - red - blue) * rgb[..., 1] + blue * rgb[..., 2]


class Painter:
    """Paints the frames of one film.

    Parameters
    ----------
    film, bars : what the frames are like
    depth : of the chroma codes that are wanted; luma may have another
    """

    def __init__(self, film: Film, bars: Bars, depth: int) -> None:
        self._levels = Levels(matrix=film.matrix, full_range=film.full_range, depth=depth)
        table = chroma_table(self._levels)
        self._half = table.dtype
        pair = np.dtype(f"u{2 * self._half.itemsize}")
        self._table = table.view(pair).ravel()
        """U and V in one number."""
        self._turns = film.turn // 90
        self._bars = bars
        self._luma_depth = film.depth
        self._lightness = color.luminance_to_lightness(
            color.srgb_to_linear(self._levels.luma(np.arange(1021) / 4))
        )
        """L* for the sum of four codes,"""
        self._rows = ((np.arange(1021) >> 4) * (A_STEPS * B_STEPS)).astype(np.int32)
        """and where its part of the table begins."""

    def paint(self, luma: NDArray[Any], ab: Float, light: Float) -> tuple[NDArray[Any], ...]:
        """U and V for a luma plane, at half its size.

        Parameters
        ----------
        luma : (height, width), both even, as stored
        ab : (h, w, 2), coarse colors of the upright picture between the bars
        light : (h, w), its coarse lightness

        Returns
        -------
        U and V, (height / 2, width / 2) each, codes of the wanted depth
        """
        height, width = (side // 2 for side in luma.shape)
        neutral = int(self._levels.chroma_codes(np.zeros(1))[0])
        planes = tuple(np.full((height, width), neutral, self._half) for _ in range(2))
        rows, columns = self._bars.window(*luma.shape)
        inside = luma[rows, columns]
        half = np.s_[rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2]
        self._fill(inside, ab, light, tuple(plane[half] for plane in planes))
        return planes

    def _fill(
        self, luma: NDArray[Any], ab: Float, light: Float, planes: tuple[NDArray[Any], ...]
    ) -> None:
        height, width = planes[0].shape
        coarse = self._coefficients(ab, light, width)
        low, high, share = _between(coarse.shape[1], height)
        starts = [0, *(np.flatnonzero(np.diff(low)) + 1), height]
        for start, end in pairwise(starts):
            sums = _sums(luma[2 * start : 2 * end], self._luma_depth)
            first, last = coarse[:, low[start], None], coarse[:, high[start], None]
            affine = share[start:end, None] * (last - first)
            affine += first
            steps = affine[2:]
            steps *= self._lightness.take(sums)
            steps += affine[:2]
            np.clip(steps[0], 0, A_STEPS - 1, out=steps[0])
            np.clip(steps[1], 0, B_STEPS - 1, out=steps[1])
            index, across = steps.astype(np.int32)
            index *= B_STEPS
            index += across
            index += self._rows.take(sums)
            pairs = self._table.take(index).view(self._half).reshape(end - start, width, 2)
            planes[0][start:end] = pairs[..., 0]
            planes[1][start:end] = pairs[..., 1]

    def _coefficients(self, ab: Float, light: Float, width: int) -> Float:
        """(4, h, width) in steps of the table: offsets of a* and b*, gains of a* and b*."""
        offset, gain = coefficients(ab, light, flat=FLAT)
        offset -= np.array([LEAST_A, LEAST_B], np.float32)
        both = np.concatenate([offset, gain], axis=-1) * np.float32(1 / STEP)
        both[..., :2] += np.float32(0.5)
        planes = np.ascontiguousarray(np.moveaxis(np.rot90(both, -self._turns), -1, 0))
        low, high, share = _between(planes.shape[2], width)
        first, across = planes.take(low, axis=2), planes.take(high, axis=2)
        across -= first
        across *= share
        across += first
        return across


def _between(count: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Float]:
    """Where `wanted` places lie between `count` ones, edges coinciding: both neighbors, share."""
    place = np.clip((np.arange(wanted) + 0.5) * count / wanted - 0.5, 0, count - 1)
    low = place.astype(np.int64)
    return low, np.minimum(low + 1, count - 1), (place - low).astype(np.float32)


def _sums(luma: NDArray[Any], depth: int) -> NDArray[np.uint16]:
    """The sums of 2 x 2 codes as if of 8 bits, 0..1020."""
    if depth == 8 and luma.strides[1] == 1 and luma.shape[1] % 2 == 0 and luma.ctypes.data % 2 == 0:
        twos = luma.view("<u2")
        across = (twos & 0xFF) + (twos >> 8)
        return across[::2] + across[1::2]
    codes = eight_bits(luma, depth).astype(np.uint16)
    across = codes[:, ::2] + codes[:, 1::2]
    return across[::2] + across[1::2]
