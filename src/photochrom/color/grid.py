"""The ab grid: which colors there are, and distributions over them.

The a*b* plane of CIELAB is cut into square bins; a bin exists when sRGB can show one of
its colors at some lightness. A model that answers with a distribution gives one
probability to each bin at every pixel; here are the ways between distributions and colors.

Source: Zhang, Isola and Efros, "Colorful image colorization", 2016 (soft encoding over the
nearest bins, annealed mean).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color import spaces
from photochrom.errors import OptionError, ShapeError

Float = NDArray[np.float32]

PIVOT_CHROMA = 35.0
"""Colors of this chroma are neither pale nor vivid; see `set_off`."""


@dataclass(frozen=True, eq=False)
class AbGrid:
    """Bins of the ab plane.

    ``centers`` is (Q, 2) float32, a* and b* of each bin's center; ``step`` the side of a bin.
    """

    centers: Float
    step: float = 10.0

    def __post_init__(self) -> None:
        if self.centers.ndim != 2 or self.centers.shape[1] != 2:
            raise ShapeError(f"centers has shape {self.centers.shape}; expected (Q, 2).")

    def __len__(self) -> int:
        return len(self.centers)

    @cached_property
    def _lookup(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """For every whole (a, b) in -128..127, the bins by distance; and the offset."""
        axis = np.arange(-128, 128, dtype=np.float32)
        points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        squared = ((points[:, None, :] - self.centers[None]) ** 2).sum(axis=-1)
        order = np.argsort(squared, axis=1, kind="stable")[:, :16].astype(np.int32)
        return order.reshape(256, 256, -1), np.array([128, 128], dtype=np.int32)

    def soft_encode(self, ab: NDArray[Any], *, neighbors: int = 5, sigma: float = 5.0) -> Float:
        """Spread each color over its nearest bins, with Gaussian weights.

        Parameters
        ----------
        ab : (..., 2) float
        neighbors : over how many bins, at most 16
        sigma : standard deviation of the weights, in ab units

        Returns
        -------
        (..., Q) float32, non-negative, summing to 1

        Raises
        ------
        ShapeError
            The last axis is not 2.
        """
        colors = _pairs(ab)
        order, offset = self._lookup
        whole = np.clip(np.rint(colors).astype(np.int32) + offset, 0, 255)
        nearest = order[whole[..., 0], whole[..., 1], :neighbors]
        squared = ((colors[..., None, :] - self.centers[nearest]) ** 2).sum(axis=-1)
        squared -= squared.min(axis=-1, keepdims=True)  # far colors must not underflow
        weights = np.exp(-squared / (2 * sigma**2))
        weights /= weights.sum(axis=-1, keepdims=True)
        encoded = np.zeros((*colors.shape[:-1], len(self)), dtype=np.float32)
        np.put_along_axis(encoded, nearest, weights.astype(np.float32), axis=-1)
        return encoded

    def read_out(self, logits: NDArray[Any], *, temperature: float = 1.0) -> Float:
        """The annealed mean: sharpen each distribution by 1 / temperature, then average.

        Parameters
        ----------
        logits : (..., Q) float, logarithms of the probabilities, each up to a constant
        temperature : 1 is the plain mean (calm colors), toward 0 the likeliest bin
            (vivid ones)

        Returns
        -------
        (..., 2) float32

        Raises
        ------
        ShapeError
            The last axis is not Q.
        OptionError
            The temperature is not above 0.
        """
        if not temperature > 0:
            raise OptionError(f"temperature is {temperature}; it must be above 0.")
        sharp = self._exp(logits, 1 / temperature)
        # Not `@`: OpenBLAS's threads would wait in a loop for more, and take libvips's cores.
        mean = np.einsum("qc,qn->cn", self.centers, sharp) / sharp.sum(axis=0)
        return np.ascontiguousarray(mean.T).reshape(*np.shape(logits)[:-1], 2)

    def probabilities(self, logits: NDArray[Any]) -> Float:
        """The distributions themselves.

        Parameters
        ----------
        logits : (..., Q) float

        Returns
        -------
        (..., Q) float32, summing to 1

        Raises
        ------
        ShapeError
            The last axis is not Q.
        """
        values = self._exp(logits, 1.0)
        values /= values.sum(axis=0)
        return np.moveaxis(values.reshape(-1, *np.shape(logits)[:-1]), 0, -1)

    def reweight(
        self, logits: NDArray[Any], palette: NDArray[Any], *, sigma: float = 12.0
    ) -> Float:
        """Favor the bins near a palette: p'(q) ~ p(q) w(q).

        Parameters
        ----------
        logits : (..., Q) float
        palette : (P, 2) float, a* and b* of the colors to keep to
        sigma : how far from a palette color a bin still counts, in ab units

        Returns
        -------
        (..., Q) float32, logits

        Raises
        ------
        ShapeError
            The last axis is not Q, or the palette is not (P, 2) or empty.
        """
        colors = _pairs(palette)
        if colors.ndim != 2 or len(colors) == 0:
            raise ShapeError(f"palette has shape {colors.shape}; expected (P, 2) with P > 0.")
        squared = ((self.centers[:, None] - colors[None]) ** 2).sum(axis=-1).min(axis=1)
        weights = np.exp(-squared / (2 * sigma**2)) + 1e-6
        return self._of_bins(logits) + np.log(weights).astype(np.float32)

    def entropy(self, probabilities: NDArray[Any]) -> Float:
        """How undecided each distribution is.

        Parameters
        ----------
        probabilities : (..., Q) float, summing to 1

        Returns
        -------
        (...) float32; 0 (one bin only) .. 1 (all bins alike)

        Raises
        ------
        ShapeError
            The last axis is not Q.
        """
        values = self._of_bins(probabilities)
        entropy: Float = -(values * np.log(np.maximum(values, 1e-12))).sum(axis=-1)
        return entropy / np.float32(np.log(len(self)))

    def _exp(self, logits: NDArray[Any], factor: float) -> Float:
        """exp(factor (logits - their maximum)) as (Q, N): bins first is how models answer."""
        values = np.moveaxis(self._of_bins(logits), -1, 0).reshape(len(self), -1)
        shifted = values - values.max(axis=0)
        if factor != 1:
            shifted *= np.float32(factor)
        exponentials: Float = np.exp(shifted, out=shifted)
        return exponentials

    def _of_bins(self, array: NDArray[Any]) -> Float:
        values = np.asarray(array, dtype=np.float32)
        if values.ndim == 0 or values.shape[-1] != len(self):
            raise ShapeError(
                f"An array of shape {values.shape}: the last axis must be {len(self)} bins."
            )
        return values


def set_off(ab: NDArray[Any], contrast: float) -> Float:
    """Set vivid colors off from pale ones, or bring them nearer: chroma c becomes
    c (max(c, 1) / 35)^contrast.

    A network's pale colors are the uncertain ones: moved on toward gray, they come nearer to
    the truth, while the vivid ones keep a picture colorful. The other way round, fewer colors
    are vividly wrong (docs/explanation/experiments.md has figures of both).

    Parameters
    ----------
    ab : (..., 2) float
    contrast : 0 changes nothing, below 0 pale and vivid colors come nearer to each other; hue and
        colors of `PIVOT_CHROMA` always stay. Below chroma 1 the factor is that of 1

    Returns
    -------
    (..., 2) float32

    Raises
    ------
    ShapeError
        The last axis is not 2.
    """
    colors = _pairs(ab)
    chroma = np.hypot(colors[..., :1], colors[..., 1:])
    factor = (np.maximum(chroma, 1) / PIVOT_CHROMA) ** contrast
    return (colors * factor).astype(np.float32)


@cache
def gamut_grid(step: float = 10.0) -> AbGrid:
    """The bins of side `step`, centered on its multiples, that hold a color of 8-bit sRGB.

    Each is made once; its centers can't be written to.

    Parameters
    ----------
    step : side of a bin in ab units

    Returns
    -------
    AbGrid; 10 gives Zhang's kind of grid, of 261 bins
    """
    levels = np.linspace(0, 1, 256)
    plane = np.stack(np.meshgrid(levels, levels), axis=-1).reshape(-1, 2)
    # The cube's surface serves: above every color inside lies one of the same a* and b*.
    faces = [np.insert(plane, channel, end, axis=1) for channel in range(3) for end in (0, 1)]
    ab = spaces.srgb_to_lab(np.concatenate(faces))[:, 1:]
    cells = np.unique(np.rint(ab / step).astype(int), axis=0)
    centers = (cells * step).astype(np.float32)
    centers.flags.writeable = False
    return AbGrid(centers=centers, step=step)


def _pairs(ab: NDArray[Any]) -> Float:
    values = np.asarray(ab, dtype=np.float32)
    if values.ndim == 0 or values.shape[-1] != 2:
        raise ShapeError(f"ab has shape {values.shape}; the last axis must be 2 (a*, b*).")
    return values
