"""The small copy of a frame that the network, the cuts and the motion are found on.

Upright, without black bars, with square pixels, as full-range gray; made from the luma plane.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.pictures.picture import Picture
from photochrom.runtime.prepared import small_size
from photochrom.video.film import Film, Frame

Gray = NDArray[np.uint8]

BAR_LOOKS = 16
"""How many frames are searched for black bars, spread over the film."""

BAR_MARGIN = 10
"""How far a bar's codes may lie above black, of 8 bits."""

LEAST_BAR = 0.015
"""A narrower bar, as a share of the side, is left in: it does no harm."""

LIGHTNESS = color.luminance_to_lightness(color.srgb_to_linear(np.arange(256, dtype=np.uint8)))
"""L* of each full-range gray, (256,) float32."""


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Rows and columns of the stored frame that are black throughout."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def turned(self, quarters: int) -> Bars:
        """The bars after a number of quarter turns counterclockwise."""
        bars = self
        for _ in range(quarters):
            bars = Bars(top=bars.right, left=bars.top, bottom=bars.left, right=bars.bottom)
        return bars

    def window(self, height: int, width: int) -> tuple[slice, slice]:
        """The picture between the bars, as an index of (height, width)."""
        return np.s_[self.top : height - self.bottom, self.left : width - self.right]


class SmallCopy:
    """Makes the small copies of one film.

    Parameters
    ----------
    film, bars : what the frames are like
    short_side_px : of the copies
    """

    def __init__(self, film: Film, bars: Bars, short_side_px: int) -> None:
        self._film = film
        self._bars = bars
        self._turns = film.turn // 90
        self._window = bars.window(film.height, film.width)
        rows, columns = self._window
        height, width = rows.stop - rows.start, columns.stop - columns.start
        self.size = small_size((height, round(width * film.pixel_aspect)), short_side_px)
        """(height, width) before turning."""
        self._codes = _full_range(film)

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) of the copies."""
        height, width = self.size
        return (width, height) if self._turns % 2 else (height, width)

    def placed(self, points: NDArray[Any]) -> NDArray[np.float32]:
        """Points (N, 2), x and y in pixels of the upright frame, in pixels of the small copy."""
        height, width = self._film.upright_size
        bars = self._bars.turned(self._turns)
        inside = np.array([width - bars.left - bars.right, height - bars.top - bars.bottom])
        scale = np.array(self.upright_size[::-1]) / inside
        return ((np.asarray(points) - [bars.left, bars.top]) * scale).astype(np.float32)

    def of_picture(self, source: Picture) -> NDArray[np.uint8]:
        """A picture of a whole upright frame, of any size, as small as the copies; (h, w, 3)."""
        height, width = self._film.upright_size
        rows, columns = self._bars.turned(self._turns).window(height, width)
        size = self.upright_size
        down = size[0] / (rows.stop - rows.start)
        across = size[1] / (columns.stop - columns.start)
        whole = source.srgb(size=(round(height * down), round(width * across)))
        top, left = round(rows.start * down), round(columns.start * across)
        part = whole[top : top + size[0], left : left + size[1]]
        missing = [(0, size[0] - part.shape[0]), (0, size[1] - part.shape[1]), (0, 0)]
        return np.pad(part, missing, mode="edge")

    def __call__(self, luma: NDArray[Any]) -> Gray:
        """The small copy of a luma plane, (h, w) uint8."""
        inside = np.ascontiguousarray(eight_bits(luma, self._film.depth)[self._window])
        height, width = self.size
        frame = av.VideoFrame.from_ndarray(inside, format="gray")
        small = frame.reformat(width=width, height=height, interpolation="AREA").to_ndarray()
        return np.ascontiguousarray(np.rot90(self._codes[small], self._turns))


def eight_bits(luma: NDArray[Any], depth: int) -> Gray:
    """The upper 8 bits of a luma plane."""
    return luma if depth == 8 else (luma >> (depth - 8)).astype(np.uint8)


def _full_range(film: Film) -> Gray:
    """Full-range gray for each 8-bit code, (256,)."""
    codes = np.arange(256)
    levels = codes if film.full_range else np.rint((codes - 16) * 255 / 219)
    return levels.clip(0, 255).astype(np.uint8)


def find_bars(film: Film) -> Bars:
    """Look for black bars, in frames spread over the film.

    Dark frames tell nothing and are passed over; a film of dark frames only has no bars.
    """
    full_range, brightest = _full_range(film), None
    dark = np.searchsorted(full_range, 5 * BAR_MARGIN)
    for frame in _spread(film):
        codes = eight_bits(frame.luma, film.depth)
        if (codes[::8, ::8] >= dark).mean() < 0.01:
            continue
        brightest = codes.copy() if brightest is None else np.maximum(brightest, codes)
    if brightest is None:
        return Bars()
    brightest = full_range[brightest]
    top, bottom = _dark_ends(brightest)
    left, right = _dark_ends(brightest.T)
    return Bars(top=top, bottom=bottom, left=left, right=right)


def _dark_ends(codes: Gray) -> tuple[int, int]:
    """How many rows at both ends are black, but for a stray pixel in 200."""
    bright = np.flatnonzero((codes > BAR_MARGIN).mean(axis=1) > 0.005)
    ends = (int(bright[0]), len(codes) - 1 - int(bright[-1])) if len(bright) else (0, 0)
    first, last = (end if end >= LEAST_BAR * len(codes) else 0 for end in ends)
    # Chroma has half the rows: a bar ends on an even one.
    return first - first % 2, last - last % 2


def _spread(film: Film) -> Iterable[Frame]:
    """Frames spread over the film, by seeking; the first ones where it can't be sought."""
    if not film.timed or not film.duration_s:
        return islice(film.frames(), BAR_LOOKS)
    shares = np.linspace(0.02, 0.98, BAR_LOOKS)
    return film.key_frames((float(film.start) + film.duration_s * shares).tolist())
