"""`Colorizer`: a grey `Picture` in, a colour `Picture` out. Encode once, paint many."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom import color, picture, toning
from photochrom.ab import AbGrid
from photochrom.contract import ModelContract
from photochrom.errors import AlreadyColoredError, UnsupportedError
from photochrom.picture import Picture
from photochrom.runtime import upsample, weights
from photochrom.runtime.session import Features, Session

MAX_LONG_SIDE = 4
"""The small copy's long side is at most so many times the model's short side."""

MIN_SIDE_PX = 16


class Colorizer:
    """Colorizes photographs with one model; safe from several threads.

    Parameters
    ----------
    model : a name from `photochrom models`, the path of an ONNX file from `photochrom
        export`, or None for the default model
    threads : threads for the network; all cores by default

    Raises
    ------
    ModelNotFoundError
        There is no such model.
    ContractError
        The file is no Photochrom model.

    Examples
    --------
    >>> from photochrom import Colorizer
    >>> colorizer = Colorizer()
    >>> colorizer.colorize("old.jpg").save("new.jpg")  # doctest: +SKIP
    """

    def __init__(
        self, model: str | os.PathLike[str] | None = None, *, threads: int | None = None
    ) -> None:
        self._session = Session(weights.find_model(model), threads=threads)

    @property
    def contract(self) -> ModelContract:
        """What the model is, expects and returns."""
        return self._session.contract

    def colorize(
        self,
        source: Picture | str | os.PathLike[str] | bytes | NDArray[Any],
        *,
        temperature: float | None = None,
        only_gray: bool = False,
        provenance: bool = True,
    ) -> Picture:
        """Give a photograph colours: `prepare` and `paint` in one.

        Parameters
        ----------
        source : a Picture, a path, a file's bytes, or an array as for `from_array`;
            of a colour picture only the lightness is used
        temperature, provenance : as for `Prepared.paint`
        only_gray : refuse photographs that have colours; toned ones, such as sepia, count as
            grey (see `toning.is_monochrome`)

        Returns
        -------
        Picture of the same size, with the same lightness, alpha, depth and metadata

        Raises
        ------
        PictureReadError
            It can't be read as a picture.
        AlreadyColoredError
            It has colours, and `only_gray` is set.
        """
        prepared = self.prepare(source, only_gray=only_gray)
        return prepared.paint(temperature=temperature, provenance=provenance)

    def prepare(
        self,
        source: Picture | str | os.PathLike[str] | bytes | NDArray[Any],
        *,
        only_gray: bool = False,
    ) -> Prepared:
        """Read a photograph and run the encoder over a small copy of it, once.

        Parameters and errors as for `colorize`.
        """
        if isinstance(source, np.ndarray):
            source = picture.from_array(source)
        elif not isinstance(source, Picture):
            source = picture.read(source)
        size = small_size(source.size, self.contract.short_side_px)
        small = source.srgb(size=size)
        if only_gray and not toning.is_monochrome(small):
            raise AlreadyColoredError(f"{source.name}: it has colours already.")
        lightness = color.srgb_to_lightness(small)
        return Prepared(source, lightness, self._session.encode(lightness), self._session)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A photograph that has been through the encoder. Immutable; painting it is cheap."""

    picture: Picture
    lightness: NDArray[np.float32]
    """L* of the small copy that the network sees, (H, W)."""
    features: Features
    _session: Session

    def ab(self, *, temperature: float | None = None) -> NDArray[np.float32]:
        """The coarse colours, before they are brought to full size.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w, 2) float32, a* and b*
        """
        contract = self._session.contract
        if contract.output == "ab" and temperature is not None:
            raise UnsupportedError(
                f"The model '{contract.name}' answers with colours, not with a distribution, "
                "so it has no temperature."
            )
        output = np.moveaxis(self._session.decode(self.features), 0, -1)
        if contract.output == "ab":
            return output
        grid = AbGrid(np.array(contract.bins, dtype=np.float32))
        wanted = contract.temperature if temperature is None else temperature
        return grid.read_out(output, temperature=wanted)

    def paint(self, *, temperature: float | None = None, provenance: bool = True) -> Picture:
        """The photograph in colour, at its full size, with its own lightness.

        Parameters
        ----------
        temperature : how a model's distribution is read out: 1 calm, towards 0 vivid; the
            model's own choice by default
        provenance : note in the metadata that this model has made the colours

        Raises
        ------
        UnsupportedError
            The model can't do what is asked.
        """
        offset, gain = upsample.guide(self.ab(temperature=temperature), self.lightness)
        named = self._session.contract.name
        gray = self.picture.signed(named) if provenance else self.picture
        return gray.with_ab(offset, gain)


def small_size(size: tuple[int, int], short_side_px: int) -> tuple[int, int]:
    """The size of the small copy that a network sees: aspect ratio kept, within reason.

    Parameters
    ----------
    size : (height, width) of the picture
    short_side_px : the copy's short side

    Returns
    -------
    (height, width); the long side at most 4 times `short_side_px`, no side below 16
    """
    scale = min(short_side_px / min(size), MAX_LONG_SIDE * short_side_px / max(size))
    height, width = (max(MIN_SIDE_PX, round(side * scale)) for side in size)
    return height, width
