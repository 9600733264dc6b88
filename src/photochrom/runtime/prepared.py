"""`Prepared`: a photograph that the encoder has seen, to be painted many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.color.text import hex_color
from photochrom.errors import OptionError
from photochrom.kinds import check_number
from photochrom.models.abilities import check_able
from photochrom.models.network import Network
from photochrom.pictures import painting, picture
from photochrom.pictures.arrays import checked_size
from photochrom.pictures.picture import Picture
from photochrom.runtime import upsample
from photochrom.runtime.alternatives import Alternative, find_alternatives, likely_colors
from photochrom.runtime.asked import Reference, check_asked
from photochrom.runtime.border import Box
from photochrom.runtime.canvas import check_inside
from photochrom.runtime.exposure import evened
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.lasso import Lasso
from photochrom.runtime.steered import Steered
from photochrom.runtime.tone import PLAIN, Tone

MAX_LONG_SIDE = 4
"""The small copy's long side is at most this many times the model's short side."""

MIN_SIDE_PX = 16


class Prepared(Steered):
    """A photograph that has been through the encoder. Immutable; painting it is cheap."""

    @property
    def size_bytes(self) -> int:
        """Of what the encoder has seen and said."""
        arrays = (self.lightness, *self.features.arrays)
        return sum(array.nbytes for array in arrays)

    def made_for(self, network: Network) -> bool:
        """Whether it was this network that has seen the photograph."""
        return self._network is network

    def paint(
        self,
        *,
        hints: Sequence[Hint] = (),
        palette: Sequence[str] = (),
        reference: Reference | None = None,
        likeness: float = 1.0,
        vividness: float = 1.0,
        lock: Sequence[Lock] = (),
        tone: Tone = PLAIN,
        lassos: Sequence[Lasso] = (),
        provenance: bool = True,
        copy: Picture | None = None,
    ) -> Picture:
        """The photograph in color, at its full size, with its own lightness.

        Parameters
        ----------
        hints : known colors, in pixels of the photograph; later ones lie over earlier ones
        palette : colors to keep to, as ``#rrggbb``
        reference : a color photograph to follow where it shows the same things
        likeness : how far to follow it: 0 not at all .. 1 fully
        vividness : 0 calm .. 1 the model's own choice .. 2 very vivid
        lock : where hints that stand elsewhere change nothing
        tone : of all colors, after everything else
        lassos : parts that have a tone of their own; later ones lie over earlier ones
        provenance : note in the metadata that this model has made the colors
        copy : paint this copy of the photograph in its place, of any size and without a note;
            places stay pixels of the photograph

        Raises
        ------
        HintError
            A hint or a lock lies outside the picture.
        ColorError
            A palette's color can't be understood.
        UnsupportedError
            The model can't do what is asked.
        OptionError
            `vividness` is not 0..2, or `likeness` not 0..1, or an argument is of another kind.
        """
        check_asked(copy=copy)
        offset, gain, inside = self.coefficients(
            hints=hints,
            palette=palette,
            reference=reference,
            likeness=likeness,
            vividness=vividness,
            lock=lock,
            tone=tone,
            lassos=lassos,
        )
        images = [upsample.image_of(one) for one in (offset, gain)]
        if inside is not None:
            images = [upsample.framed(one, inside, self.picture.size) for one in images]
        if copy is not None:
            return copy.with_ab(*images)
        made_by = self._network.contract.identity
        gray = self.picture.signed(made_by) if provenance else self.picture
        return gray.with_ab(*images)

    def coefficients(
        self,
        *,
        hints: Sequence[Hint] = (),
        palette: Sequence[str] = (),
        reference: Reference | None = None,
        likeness: float = 1.0,
        vividness: float = 1.0,
        lock: Sequence[Lock] = (),
        tone: Tone = PLAIN,
        lassos: Sequence[Lasso] = (),
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], Box | None]:
        """What `paint` paints with, for whoever paints a copy elsewhere.

        Parameters and errors as for `paint`.

        Returns
        -------
        offset, gain : (h, w, 2) float32; ``ab = offset + gain L*`` (see `upsample.coefficients`)
        inside : where they lie, in pixels of the photograph, where that is not all of it
        """
        check_asked(hints=hints)
        seen = self if self._holds(hints) else self._borderless
        ab = seen.ab(
            hints=hints,
            palette=palette,
            reference=reference,
            likeness=likeness,
            vividness=vividness,
            lock=lock,
            tone=tone,
            lassos=lassos,
        )
        return *upsample.coefficients(ab, seen._coarse_lightness()), seen.inside

    def confidence_picture(
        self,
        *,
        hints: Sequence[Hint] = (),
        reference: Reference | None = None,
        size: tuple[int, int] | None = None,
    ) -> Picture:
        """`confidence` as a gray picture: black uncertain, white certain.

        Parameters
        ----------
        hints, reference : as for `paint`
        size : (height, width); the photograph's by default

        Raises
        ------
        OptionError
            A side is below 1.

        Other errors as for `confidence`.
        """
        check_asked(hints=hints)
        if not self._holds(hints):
            seen = self._borderless
            return seen.confidence_picture(hints=hints, reference=reference, size=size)
        sure = self.confidence(hints=hints, reference=reference)
        return self._as_picture(sure, size, on_border=255)  # which has no color, surely

    def region_picture(
        self, x: float, y: float, reach: float = 1.0, *, size: tuple[int, int] | None = None
    ) -> Picture:
        """`region` as a gray picture: white what a hint takes.

        Parameters
        ----------
        x, y, reach : as for `region`
        size : (height, width); the photograph's by default

        Raises
        ------
        OptionError
            A side is below 1.

        Other errors as for `region`.
        """
        return self._as_picture(self.region(x, y, reach), size, on_border=0)

    def _as_picture(
        self, shares: NDArray[np.float32], size: tuple[int, int] | None, *, on_border: int
    ) -> Picture:
        """A coarse field of 0..1 as a gray picture."""
        whole_px = self.picture.size if size is None else checked_size(size)
        left, top, height, width = self.place
        down, across = (one / own for one, own in zip(whole_px, self.picture.size, strict=True))
        levels = np.rint(255 * shares).astype(np.uint8)
        coarse = pyvips.Image.new_from_array(levels, interpretation="b-w")
        fitted = painting.fit(coarse, max(1, round(width * across)), max(1, round(height * down)))
        whole = fitted.embed(
            round(left * across),
            round(top * down),
            whole_px[1],
            whole_px[0],
            extend="background",
            background=[on_border],
        )
        return picture.from_image(whole.cast("uchar"), name=self.picture.name)

    def likely_colors(
        self, x: float, y: float, *, most: int = 5, hints: Sequence[Hint] = ()
    ) -> list[tuple[str, float]]:
        """The colors that the network finds likeliest at a point.

        Parameters
        ----------
        x, y : in pixels of the photograph
        most : the most to return
        hints : as for `paint`

        Returns
        -------
        (``#rrggbb`` at the point's own lightness, share of the distribution) pairs, the
        likeliest first

        Raises
        ------
        HintError
            The point lies outside the picture.
        UnsupportedError
            The model answers with colors.
        """
        check_number("most", most, whole=True)
        check_inside([(x, y)], self.picture.size)
        if self.inside is not None and not self.inside.holds(x, y):
            return [(hex_color(97.0, (0.0, 0.0)), 1.0)]
        probabilities = self.probabilities(hints=hints)
        row, column = self._cell((x, y), probabilities.shape)
        light = float(self._coarse_lightness()[row, column])
        found = likely_colors(probabilities[row, column], self.grid, most=most, apart=15.0)
        return [(hex_color(light, ab), share) for ab, share in found]

    def alternatives(self, count: int = 4, *, seed: int = 0) -> tuple[Alternative, ...]:
        """Other plausible results: the most uncertain region in each of its likeliest colors.

        Parameters
        ----------
        count : the most to return; fewer where the network sees no more
        seed : of the choice of spots in the region; the same seed gives the same alternatives

        Returns
        -------
        The likeliest first; give the ``hints`` of one to `paint`. Their colors lie at least
        `alternatives.APART` ab units apart.

        Raises
        ------
        UnsupportedError
            The model takes no hints.
        OptionError
            The count or the seed is below 0.
        """
        for name, number in (("count", count), ("seed", seed)):
            check_number(name, number, whole=True)
            if number < 0:
                raise OptionError(f"{name} is {number}; it must be 0 or more.")
        contract = self._network.contract
        check_able(contract, "alternatives")
        left, top, height, width = self.place
        found = find_alternatives(
            self.probabilities(),
            self.grid,
            self.features,
            contract,
            self.lightness,
            picture_size=(height, width),
            count=count,
            seed=seed,
        )
        return tuple(
            replace(one, hints=tuple(hint.moved(left, top) for hint in one.hints)) for one in found
        )

    def _holds(self, hints: Sequence[Hint]) -> bool:
        """Whether all hints lie in what was seen."""
        inside = self.inside
        return inside is None or all(inside.holds(*point) for one in hints for point in one.points)

    @cached_property
    def _borderless(self) -> Prepared:
        """The photograph seen as a whole, border and all."""
        size = small_size(self.picture.size, self._network.contract.short_side_px)
        lightness = color.srgb_to_lightness(self.picture.srgb(size=size))
        features = self._network.encode(evened(lightness))
        return Prepared(self.picture, lightness, features, self._network)


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
