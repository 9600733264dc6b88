"""What colorizing wants of a network, whoever runs it.

Axes: 1 batch, C channels, H height, W width.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ShapeError
from photochrom.models.contract import ModelContract

Float = NDArray[np.float32]


class Features(NamedTuple):
    """What the encoder saw in a picture: arrays (1, C, H / stride, W / stride)."""

    arrays: tuple[Float, ...]
    size: tuple[int, int]
    """(height, width) of the lightness that was encoded."""


class Tokens(NamedTuple):
    """Hints as a model takes them; see `ModelContract`."""

    seen: Float
    """(T, S), what the encoder saw where each was taken."""
    ab: Float
    """(T, 2)"""
    place: Float
    """(T, 3), x and y in pixels of the encoded lightness and 1; zeros where there is none."""

    def joined(self, others: Tokens) -> Tokens:
        """These tokens and others."""
        return Tokens(*map(np.concatenate, zip(self, others, strict=True)))


def as_lightness(lightness: NDArray[Any]) -> Float:
    """What networks encode, as float32.

    Raises
    ------
    ShapeError
        Not two axes, or no pixels.
    """
    values = np.asarray(lightness, dtype=np.float32)
    if values.ndim != 2 or values.size == 0:
        raise ShapeError(f"lightness has shape {values.shape}; expected (height, width).")
    return values


class Network(Protocol):
    """A model, ready to run and safe from several threads, such as `session.Session`."""

    @property
    def contract(self) -> ModelContract:
        """What it is, expects and returns."""

    def encode(self, lightness: NDArray[Any]) -> Features:
        """Run the encoder over a picture's lightness, (H, W) float, L* 0..100.

        Raises
        ------
        ShapeError
            Not two axes, or no pixels.
        """

    def sample(self, features: Features, points: NDArray[Any]) -> Float:
        """What the encoder saw at points: (T, 2), x and y in pixels of the lightness, to (T, S).

        Raises
        ------
        UnsupportedError
            The model takes no hints as tokens.
        """

    def decode(
        self, features: Features, tokens: Tokens | None = None, planes: NDArray[Any] | None = None
    ) -> Float:
        """Run the decoder: (C, h, w), with (h, w) the lightness's size / output_stride.

        C are the logits of a "distribution"; otherwise a* and b*, of whatever the graph gives.

        Parameters
        ----------
        tokens : hints; none by default
        planes : (h, w, 3) float, a* x share, b* x share and the share of each position of the
            output that hints cover; nothing by default

        Raises
        ------
        UnsupportedError
            There are hints, and the model takes none.
        """

    def embed(self, features: Features) -> Float:
        """The embedding that regions are read from; see `contract.Region`.

        Returns
        -------
        (C, h, w), with (h, w) the lightness's size / the region's stride, rounded up

        Raises
        ------
        UnsupportedError
            The model has none.
        """
