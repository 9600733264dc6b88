"""`Colorizer`: a grey `Picture` in, a colour `Picture` out. Encode once, paint many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.color import toning
from photochrom.errors import AlreadyColoredError
from photochrom.models.contract import ModelContract
from photochrom.models.network import Network
from photochrom.models.opening import open_model
from photochrom.pictures import picture
from photochrom.pictures.picture import Picture
from photochrom.runtime.hints import Hint
from photochrom.runtime.prepared import Prepared, Reference
from photochrom.runtime.reference import reference_tokens

Source: TypeAlias = Picture | str | os.PathLike[str] | bytes | NDArray[Any]

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
    device : where the network runs: "cpu", "cuda", "coreml", "directml", or "auto" for the
        fastest that is there

    Raises
    ------
    ModelNotFoundError
        There is no such model.
    ContractError
        The file is no Photochrom model.
    DeviceError
        There is no such device here.

    Examples
    --------
    >>> from photochrom import Colorizer
    >>> colorizer = Colorizer()
    >>> colorizer.colorize("old.jpg").save("new.jpg")  # doctest: +SKIP
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        self._network = open_model(model, threads=threads, device=device)

    @classmethod
    def of(cls, network: Network) -> Colorizer:
        """A colorizer of a network that is open already."""
        colorizer = cls.__new__(cls)
        colorizer._network = network
        return colorizer

    @property
    def network(self) -> Network:
        """The model itself."""
        return self._network

    @property
    def contract(self) -> ModelContract:
        """What the model is, expects and returns."""
        return self._network.contract

    def colorize(
        self,
        source: Source,
        *,
        hints: Sequence[Hint] = (),
        palette: Sequence[str] = (),
        reference: Reference | None = None,
        vividness: float = 1.0,
        only_gray: bool = False,
        provenance: bool = True,
    ) -> Picture:
        """Give a photograph colours: `prepare` and `paint` in one.

        Parameters
        ----------
        source : a Picture, a path, a file's bytes, or an array as for `from_array`;
            of a colour picture only the lightness is used
        hints, palette, reference, vividness, provenance : as for `Prepared.paint`
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
        HintError, ColorError, UnsupportedError
            As for `Prepared.paint`.
        """
        prepared = self.prepare(source, only_gray=only_gray, once=True)
        return prepared.paint(
            hints=hints,
            palette=palette,
            reference=reference,
            vividness=vividness,
            provenance=provenance,
        )

    def prepare(self, source: Source, *, only_gray: bool = False, once: bool = False) -> Prepared:
        """Read a photograph and run the encoder over a small copy of it, once.

        Errors as for `colorize`.

        Parameters
        ----------
        source, only_gray : as for `colorize`
        once : it will be painted once and not be kept: decode it meanwhile (see
            `Picture.prefetched`)
        """
        gray = _as_picture(source)
        if once and not only_gray:  # it might be refused
            gray = gray.prefetched()
        small = gray.srgb(size=small_size(gray.size, self.contract.short_side_px))
        if only_gray and not toning.is_monochrome(small):
            raise AlreadyColoredError(f"{gray.name}: it has colours already.")
        lightness = color.srgb_to_lightness(small)
        return Prepared(gray, lightness, self._network.encode(lightness), self._network)

    def reference(self, source: Source) -> Reference:
        """Look at a colour photograph, for others to be coloured like it.

        Parameters
        ----------
        source : as for `colorize`

        Raises
        ------
        PictureReadError
            It can't be read as a picture.
        UnsupportedError
            The model takes no hints.
        """
        example = _as_picture(source)
        small = example.srgb(size=small_size(example.size, self.contract.short_side_px))
        lab = color.srgb_to_lab(small)
        features = self._network.encode(lab[..., 0])
        tokens = reference_tokens(self._network, features, lab[..., 1:])
        return Reference(example.name, tokens)


def _as_picture(source: Source) -> Picture:
    if isinstance(source, np.ndarray):
        return picture.from_array(source)
    return source if isinstance(source, Picture) else picture.read(source)


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
