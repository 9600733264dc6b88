"""`Colorizer`: a gray `Picture` in, a color `Picture` out. Encode once, paint many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.color import toning
from photochrom.errors import AlreadyColoredError
from photochrom.models.abilities import check_able
from photochrom.models.contract import ModelContract
from photochrom.models.network import Network
from photochrom.models.opening import open_model
from photochrom.pictures import picture
from photochrom.pictures.picture import Picture
from photochrom.runtime.asked import Reference, check_asked
from photochrom.runtime.border import Box, find_border
from photochrom.runtime.exposure import evened
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.lasso import Lasso
from photochrom.runtime.prepared import Prepared, small_size
from photochrom.runtime.reference import reference_tokens
from photochrom.runtime.tone import PLAIN, Tone

Source: TypeAlias = Picture | str | os.PathLike[str] | bytes | NDArray[Any]

EDGE_FINENESS = 2
"""A border's edge is looked for in a copy this many times as large as the network's."""


class Colorizer:
    """Colorizes photographs with one model; safe from several threads.

    Parameters
    ----------
    model : a name from `photochrom models`, the path of an ONNX file from `photochrom
        export`, another maker's with a descriptor beside it, or None for the default model
    like : what kind another maker's file is of: "ddcolor", "deoldify", "deoldify-unit",
        "eccv16" or "siggraph17"; takes the place of a descriptor
    threads : threads for the network; all cores by default
    device : where the network runs: "cpu", "cuda", "coreml", "directml", or "auto" for the
        fastest that is there

    Raises
    ------
    ModelNotFoundError
        There is no such model.
    ContractError
        The file is no model that can be used here.
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
        like: str | None = None,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        self._network = open_model(model, like=like, threads=threads, device=device)

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
        lock: Sequence[Lock] = (),
        tone: Tone = PLAIN,
        lassos: Sequence[Lasso] = (),
        only_gray: bool = False,
        provenance: bool = True,
    ) -> Picture:
        """Give a photograph colors: `prepare` and `paint` in one.

        Parameters
        ----------
        source : a Picture, a path, a file's bytes, or an array as for `from_array`;
            of a color picture only the lightness is used
        hints, palette, reference, vividness, lock, tone, lassos, provenance : as for
            `Prepared.paint`
        only_gray : refuse photographs that have colors; toned ones, such as sepia, count as
            gray (see `toning.is_monochrome`)

        Returns
        -------
        Picture of the same size, with the same lightness, alpha, depth and metadata

        Raises
        ------
        PictureReadError
            It can't be read as a picture.
        AlreadyColoredError
            It has colors, and `only_gray` is set.
        HintError, ColorError, UnsupportedError, OptionError
            As for `Prepared.paint`.
        """
        asked: dict[str, Any] = {
            "hints": hints,
            "palette": palette,
            "reference": reference,
            "vividness": vividness,
            "lock": lock,
            "tone": tone,
            "lassos": lassos,
        }
        check_asked(**asked)
        prepared = self.prepare(source, only_gray=only_gray, once=True)
        return prepared.paint(**asked, provenance=provenance)

    def prepare(
        self, source: Source, *, only_gray: bool = False, once: bool = False, whole: bool = False
    ) -> Prepared:
        """Read a photograph and run the encoder over a small copy of it, once.

        Errors as for `colorize`.

        Parameters
        ----------
        source, only_gray : as for `colorize`
        once : it will be painted once and not be kept: decode it meanwhile (see
            `Picture.prefetched`)
        whole : look at all of it, and for no border: a film's frames must all be alike
        """
        gray = _as_picture(source)
        if once and not only_gray:  # it might be refused
            gray = gray.prefetched()
        small = gray.srgb(size=small_size(gray.size, self.contract.short_side_px))
        if only_gray and not toning.is_monochrome(small):
            raise AlreadyColoredError(f"{gray.name}: it already has colors.")
        lightness, inside = color.srgb_to_lightness(small), None
        border = None if whole else find_border(lightness)
        if border is not None:
            lightness, inside = self._look_inside(gray, lightness.shape, border)
        features = self._network.encode(evened(lightness))
        return Prepared(gray, lightness, features, self._network, inside)

    def _look_inside(
        self, gray: Picture, size: tuple[int, ...], border: Box
    ) -> tuple[NDArray[np.float32], Box]:
        """The small copy of what lies inside a border, L*; and where that is in the photograph.

        Parameters
        ----------
        size, border : of a small copy of the whole photograph, and what lies inside there
        """
        side = self.contract.short_side_px
        scale = EDGE_FINENESS * side / min(border.size)
        height, width = (round(scale * edge) for edge in size)
        larger = gray.srgb(size=(height, width))
        found = find_border(color.srgb_to_lightness(larger))
        exact = found or border.scaled((size[0], size[1]), (height, width))
        cut = larger[exact.top : exact.bottom, exact.left : exact.right]
        part = picture.from_array(np.ascontiguousarray(cut))
        inside = exact.scaled((height, width), gray.size)
        small = part.srgb(size=small_size(inside.size, side))
        return color.srgb_to_lightness(small), inside

    def reference(self, source: Source) -> Reference:
        """Look at a color photograph, for others to be colored like it.

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
        check_able(self.contract, "reference")
        example = _as_picture(source)
        small = example.srgb(size=small_size(example.size, self.contract.short_side_px))
        lab = color.srgb_to_lab(small)
        features = self._network.encode(evened(lab[..., 0]))
        tokens = reference_tokens(self._network, features, lab[..., 1:])
        return Reference(example.name, tokens)


def _as_picture(source: Source) -> Picture:
    if isinstance(source, np.ndarray):
        return picture.from_array(source)
    return source if isinstance(source, Picture) else picture.read(source)
