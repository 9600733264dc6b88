"""`Prepared`: a photograph that the encoder has seen, to be painted many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.color.grid import AbGrid, set_off
from photochrom.color.text import hex_color
from photochrom.errors import Advice, HintError, OptionError, UnsupportedError
from photochrom.models.network import Features, Network, Tokens
from photochrom.pictures import painting, picture
from photochrom.pictures.picture import Picture
from photochrom.runtime import upsample
from photochrom.runtime.alternatives import Alternative, find_alternatives, likely_colors
from photochrom.runtime.border import Box
from photochrom.runtime.canvas import Canvas, check_inside, cover, lay_out
from photochrom.runtime.exposure import evened
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.obeying import obey
from photochrom.runtime.palette import palette_ab
from photochrom.runtime.recent import Recent
from photochrom.runtime.region import readers_of, regions, things_at, traits_of
from photochrom.runtime.tone import PLAIN, Tone

MAX_LONG_SIDE = 4
"""The small copy's long side is at most so many times the model's short side."""

MIN_SIDE_PX = 16

CALM = 0.75
"""At vividness 0 colors are so many times as far from gray, besides their temperature of 1."""

VIVID = 1.6
"""At the highest vividness colors are so many times as far from gray as at 1."""

SURPRISE = 25.0
"""Hints that lie so far, in ab units, from what is painted without them change what lies outside
of their things by a third of what the network would; those twice as far by a fiftieth."""

HINTED = 2.0
"""With hints the temperature is the model's to this power: what the network has learned to say
with hints is calmer, and loses little when it is read out more vividly
(docs/explanation/experiments.md)."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A color photograph that the encoder has looked at; see `Colorizer.reference`."""

    name: str
    tokens: Tokens

    def joined(self, other: Reference) -> Reference:
        """Both, to be followed together."""
        return Reference(f"{self.name}, {other.name}", self.tokens.joined(other.tokens))


@dataclass(frozen=True)
class _Look:
    """What colors depend on beside hints."""

    palette: tuple[str, ...]
    reference: Reference | None
    vividness: float


@dataclass(frozen=True, eq=False)
class Prepared:
    """A photograph that has been through the encoder. Immutable; painting it is cheap."""

    picture: Picture
    lightness: NDArray[np.float32]
    """L* of the small copy that the network sees, (H, W)."""
    features: Features
    _network: Network
    inside: Box | None = None
    """What lies inside a border, in pixels of the photograph, where there is a border: only that
    was seen and gets colors. All coarse fields are of it. A hint on the border says that it is
    none."""
    _painted: Recent[NDArray[np.float32]] = field(
        default_factory=lambda: Recent(4), init=False, repr=False
    )
    _masks: Recent[NDArray[np.float32]] = field(
        default_factory=lambda: Recent(16), init=False, repr=False
    )

    def paint(
        self,
        *,
        hints: Sequence[Hint] = (),
        palette: Sequence[str] = (),
        reference: Reference | None = None,
        vividness: float = 1.0,
        lock: Sequence[Lock] = (),
        tone: Tone = PLAIN,
        provenance: bool = True,
        copy: Picture | None = None,
    ) -> Picture:
        """The photograph in color, at its full size, with its own lightness.

        Parameters
        ----------
        hints : known colors, in pixels of the photograph; later ones lie over earlier ones
        palette : colors to keep to, as ``#rrggbb``
        reference : a color photograph to follow where it shows the same things
        vividness : 0 calm .. 1 the model's own choice .. 2 very vivid
        lock : where hints that stand elsewhere change nothing
        tone : of all colors, after everything else
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
            `vividness` is not 0..2.
        """
        seen = self if self._holds(hints) else self._borderless
        ab = seen.ab(
            hints=hints,
            palette=palette,
            reference=reference,
            vividness=vividness,
            lock=lock,
            tone=tone,
        )
        offset, gain = (seen._framed(one) for one in upsample.guide(ab, seen.lightness))
        if copy is not None:
            return copy.with_ab(offset, gain)
        made_by = self._network.contract.identity
        gray = self.picture.signed(made_by) if provenance else self.picture
        return gray.with_ab(offset, gain)

    def ab(
        self,
        *,
        hints: Sequence[Hint] = (),
        palette: Sequence[str] = (),
        reference: Reference | None = None,
        vividness: float = 1.0,
        lock: Sequence[Lock] = (),
        tone: Tone = PLAIN,
    ) -> NDArray[np.float32]:
        """The coarse colors, before they are brought to full size.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w, 2) float32, a* and b*
        """
        contract = self._network.contract
        if not 0 <= vividness <= 2:
            raise OptionError(f"vividness is {vividness}; it must lie in 0..2.")
        if contract.output != "distribution":
            self._refuse(palette=palette, reference=reference)
        look = _Look(tuple(palette), reference, vividness)
        ab = self._bounded(tuple(hints), look)
        if lock and hints:
            left, top, *size = self.place
            moved = [one.moved(-left, -top, within=(size[0], size[1])) for one in lock]
            covered = cover(moved, (size[0], size[1]), self.lightness.shape, contract.output_stride)
            inside = tuple(hint for hint in hints if self._at(hint.points[0], covered) > 0.5)
            kept = self._bounded(inside, look)
            ab = ab + covered[..., None] * (kept - ab)
        return np.array(tone.apply(ab))  # theirs: what is kept must not change

    def region(self, x: float, y: float, reach: float = 1.0) -> NDArray[np.float32]:
        """The region that a hint of this reach takes: a soft mask.

        It is the thing there, by the model's own embedding; a model that has none goes by edges of
        lightness and by its own colors (see `region`).

        Parameters
        ----------
        x, y : in pixels of the photograph
        reach : as for `Hint`

        Returns
        -------
        (h, w) float32 at the size of the model's output; 1 at the point .. 0 outside, and 0
        everywhere for a point on a border

        Raises
        ------
        HintError
            The point lies outside the picture, or the reach is not above 0.
        """
        check_inside([(x, y)], self.picture.size)
        if not reach > 0:
            raise HintError(f"reach is {reach}; a number above 0 is wanted.")
        if self.inside is not None and not self.inside.holds(x, y):
            return np.zeros(self._coarse_lightness().shape, np.float32)
        return self._region_of((x, y), reach).copy()

    def _region_of(self, point: tuple[float, float], reach: float) -> NDArray[np.float32]:
        """`region` of a point that was seen; kept, as whoever looks at it may soon want it."""
        cell = self._cell(point, self._coarse_lightness().shape)

        def find() -> NDArray[np.float32]:
            return self._regions([cell], np.array([reach], np.float32))[0]

        return self._masks.once(("region", cell, reach), find)

    def _regions(
        self, cells: Sequence[tuple[int, int]], reach: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The regions of some spots, (T, h, w)."""
        region = self._network.contract.region
        if region is None:
            return regions(self.traits(), np.array(cells), reach)
        return things_at(self.embedding(), np.array(cells), readers_of(region.readers, reach))

    def readers(self) -> NDArray[np.float32]:
        """How things of reach .. 1/4, 1/2, 1 are read from `embedding`, (S, 3); S may be 0."""
        region = self._network.contract.region
        readers = region.readers if region else ()
        return readers_of(readers, np.exp2(np.arange(1 - len(readers), 1, dtype=np.float32)))

    def embedding(self) -> NDArray[np.float32]:
        """By what a model tells things apart, (C, h, w) float32; see `contract.Region`.

        Raises
        ------
        UnsupportedError
            The model has none: its regions go by `traits`.
        """
        return self._masks.once("embedding", lambda: self._network.embed(self.features))

    def traits(self) -> NDArray[np.float32]:
        """By what `region` tells regions apart, (h, w, C) float32; see `region.traits_of`."""

        def make() -> NDArray[np.float32]:
            own = self._bounded((), _Look((), None, 1.0))
            traits = traits_of(self._coarse_lightness(), own)
            traits.setflags(write=False)
            return traits

        return self._masks.once("traits", make)

    def _bounded(self, hints: tuple[Hint, ...], look: _Look) -> NDArray[np.float32]:
        """The coarse colors with hints, those with a reach kept to their regions."""
        free = tuple(hint for hint in hints if hint.reach is None)
        before = self._kept(free, look)
        if len(free) == len(hints):
            return before
        colors = self._painted.once((hints, look), lambda: self._colors(hints, look))
        mask = self._reached(tuple(hint for hint in hints if hint.reach is not None))
        return before + mask[..., None] * (colors - before)

    def _kept(self, hints: tuple[Hint, ...], look: _Look) -> NDArray[np.float32]:
        """The coarse colors with hints without a reach, as far as these mean it.

        A hint near to what is painted anyway may set the mood of the whole picture; one that
        nothing in the picture speaks for means the thing that it stands on.
        """
        usual = self._painted.once(((), look), lambda: self._colors((), look))
        region = self._network.contract.region
        if not hints:
            return usual
        if region is None:
            return self._painted.once((hints, look), lambda: self._colors(hints, look))
        plain = ("plain", hints, look)
        colors = self._painted.once(plain, lambda: self._colors(hints, look, plain=True))
        before = self._painted.once(("plain", (), look), lambda: self._colors((), look, plain=True))
        canvas, cell_px = self._laid_out(hints), self._network.contract.output_stride
        last = np.array(usual.shape[:2]) - 1
        cells = np.minimum((canvas.points[:, ::-1] / cell_px).astype(np.int64), last)
        missed = np.linalg.norm(canvas.ab - usual[cells[:, 0], cells[:, 1]], axis=1)
        mood = np.exp(-((float(np.median(missed)) / SURPRISE) ** 2))
        whole = np.ones(len(cells), np.float32)
        things = things_at(self.embedding(), cells, readers_of(region.readers, whole)).max(axis=0)
        around = np.pad(canvas.planes[..., 2] > 0, 1)
        windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3))
        things = np.maximum(things, windows.any(axis=(2, 3)))  # a dab itself is obeyed
        mask = (things + (1 - things) * mood).astype(np.float32)[..., None]
        # Where it is sure that a hint is meant, its colors are taken; elsewhere what it changes.
        kept: NDArray[np.float32] = usual + mask * (colors - before - mask * (usual - before))
        return kept

    def _reached(self, hints: tuple[Hint, ...]) -> NDArray[np.float32]:
        """Where at least one of these hints reaches, (h, w) in 0..1."""
        size = self._coarse_lightness().shape
        places = tuple((hint.points, hint.radius_px, hint.reach) for hint in hints)
        known = len(hints)
        mask: NDArray[np.float32] | None = None
        while known and mask is None:  # what is new is usually the last
            mask = self._masks.get(places[:known])
            known -= mask is None
        if mask is None:
            mask = np.zeros(size, np.float32)
        if known < len(hints):
            canvas = self._laid_out(hints[known:])
            if len(canvas.points) == 1:  # it has been looked at, perhaps
                found = self._region_of(hints[known].points[0], float(canvas.reach[0]))
            else:
                cells = [cell for hint in hints[known:] for cell in self._cells_of(hint, size)]
                found = self._regions(cells, canvas.reach).max(axis=0)
            mask = np.maximum.reduce([mask, found, canvas.planes[..., 2]])
            self._masks.put(places, mask)
        return mask

    def _cells_of(self, hint: Hint, size: tuple[int, ...]) -> list[tuple[int, int]]:
        """Row and column of each token of a hint."""
        if len(hint.points) == 1:
            return [self._cell(hint.points[0], size)]
        points = self._laid_out([hint]).points / self._network.contract.output_stride
        last = np.array(size) - 1
        return [(int(row), int(column)) for row, column in np.minimum(points[:, ::-1], last)]

    def _cell(self, point: tuple[float, float], size: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of a point of the photograph in a field of this size."""
        (x, y), (left, top, height, width) = point, self.place
        rows, columns = size[:2]
        row, column = int((y - top) / height * rows), int((x - left) / width * columns)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)

    def _at(self, point: tuple[float, float], plane: NDArray[np.float32]) -> float:
        return float(plane[self._cell(point, plane.shape)])

    def _colors(
        self, hints: tuple[Hint, ...], look: _Look, *, plain: bool = False
    ) -> NDArray[np.float32]:
        """The coarse colors of the model, with hints that reach as far as it lets them.

        `plain` are the means of its distributions, not moved from gray any further.
        """
        contract, vividness = self._network.contract, look.vividness
        vivid = np.float32(np.interp(vividness, [0, 1, 2], [CALM, 1, VIVID]))
        if contract.output != "distribution":
            ab, canvas = self._decode(hints, None)
            ab = ab * np.float32(contract.chroma) * vivid
            return self._obeyed(ab, canvas)
        plain = plain or look.reference is not None  # it says how vivid things are
        logits, canvas = self._decode(hints, look.reference)
        grid = self.grid
        if look.palette:
            logits = grid.reweight(logits, palette_ab(look.palette))
        usual = contract.temperature ** (1.0 if canvas is None else HINTED)
        ab = grid.read_out(logits, temperature=temperature_of(vividness, usual))
        if not plain:
            ab = set_off(ab * np.float32(contract.chroma), contract.contrast)
        return self._obeyed(ab * vivid, canvas)

    def _obeyed(self, ab: NDArray[np.float32], canvas: Canvas | None) -> NDArray[np.float32]:
        """Coarse colors with what the network has missed of the hints, if there are some."""
        if canvas is None:
            return ab
        return obey(ab, self._coarse_lightness(), canvas, self._network.contract.output_stride)

    @property
    def grid(self) -> AbGrid:
        """The bins that the model's distributions are over.

        Raises
        ------
        UnsupportedError
            The model answers with colors.
        """
        bins = self._network.contract.bins
        if not bins:
            self._refuse(distribution=True)
        return _grid(bins)

    def probabilities(
        self, *, hints: Sequence[Hint] = (), reference: Reference | None = None
    ) -> NDArray[np.float32]:
        """The distribution over the bins of `grid` at every coarse position.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w, Q) float32, summing to 1
        """
        if self._network.contract.output != "distribution":
            self._refuse(distribution=True)
        return self.grid.probabilities(self._decode(hints, reference)[0])

    def remembered(self, hints: Sequence[Hint]) -> Reference:
        """What hints say of this picture, as a reference for others that show the same things.

        Parameters and errors as for `paint`.
        """
        seen, ab, place = self._laid_out(hints).tokens(self._network, self.features)
        return Reference(self.picture.name, Tokens(seen, ab, np.zeros_like(place)))

    def confidence(
        self, *, hints: Sequence[Hint] = (), reference: Reference | None = None
    ) -> NDArray[np.float32]:
        """How sure the network is of its colors: 1 less the entropy of the distribution.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w) float32; 0 (any color is as likely) .. 1 (certain)
        """
        probabilities = self.probabilities(hints=hints, reference=reference)
        return np.clip(1 - self.grid.entropy(probabilities), 0, 1)

    def confidence_picture(
        self,
        *,
        hints: Sequence[Hint] = (),
        reference: Reference | None = None,
        size: tuple[int, int] | None = None,
    ) -> Picture:
        """`confidence` as a gray picture: black unsure, white sure.

        Parameters
        ----------
        hints, reference, errors : as for `paint`
        size : (height, width); the photograph's by default
        """
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
        x, y, reach, errors : as for `region`
        size : (height, width); the photograph's by default
        """
        return self._as_picture(self.region(x, y, reach), size, on_border=0)

    def _as_picture(
        self, shares: NDArray[np.float32], size: tuple[int, int] | None, *, on_border: int
    ) -> Picture:
        """A coarse field of 0..1 as a gray picture."""
        whole_px = size or self.picture.size
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
        most : at most so many
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
        count : at most so many; fewer where the network sees no more
        seed : of the choice of spots in the region; the same seed gives the same alternatives

        Returns
        -------
        The likeliest first; give the ``hints`` of one to `paint`. Their colors lie at least
        `alternatives.APART` ab units apart.

        Raises
        ------
        UnsupportedError
            The model takes no hints.
        """
        contract = self._network.contract
        if not contract.token_features:
            self._refuse(alternatives=True)
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

    def _decode(
        self, hints: Sequence[Hint], reference: Reference | None
    ) -> tuple[NDArray[np.float32], Canvas | None]:
        """What the decoder says, (h, w, C), and the hints laid out where there are some.

        A model that answers with colors and knows no hints is run without them.
        """
        network, contract = self._network, self._network.contract
        canvas, tokens = None, None
        if hints:
            canvas = self._laid_out(hints)
            if contract.output == "distribution":
                tokens = canvas.tokens(network, self.features)
        if reference is not None:
            tokens = reference.tokens if tokens is None else tokens.joined(reference.tokens)
        knows_none = contract.output != "distribution" and contract.hints == "none"
        planes = None if canvas is None or knows_none else canvas.planes
        return np.moveaxis(network.decode(self.features, tokens, planes), 0, -1), canvas

    def _laid_out(self, hints: Sequence[Hint]) -> Canvas:
        """Hints over what was seen."""
        left, top, height, width = self.place
        if self.inside is not None:  # those on the border are seen at the edge
            for hint in hints:
                check_inside(hint.points, self.picture.size)
            hints = [hint.moved(-left, -top, within=(height, width)) for hint in hints]
        cell_px = self._network.contract.output_stride
        return lay_out(hints, (height, width), self.lightness, cell_px)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Left, top, height and width of what was seen, in pixels of the photograph."""
        if self.inside is None:
            return 0, 0, *self.picture.size
        return self.inside.left, self.inside.top, *self.inside.size

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

    def _framed(self, field: pyvips.Image) -> pyvips.Image:
        """A field of what was seen, with zeros on the border."""
        if self.inside is None:
            return field
        return upsample.framed(field, self.inside, self.picture.size)

    def _coarse_lightness(self) -> NDArray[np.float32]:
        """L* at the size of the model's output."""
        return upsample.cell_means(self.lightness, self._network.contract.output_stride)

    def _refuse(self, **asked: object) -> None:
        """Say what this model can't do, if any of it is asked for."""
        contract = self._network.contract
        wanted = [name for name, value in asked.items() if value not in ((), [], None, False)]
        if wanted:
            answers = "answers with colors, not with a distribution"
            raise UnsupportedError(
                f"The model '{contract.name}' "
                f"{answers if contract.output != 'distribution' else 'takes no hints'}, "
                f"and can't do this: {', '.join(wanted)}.",
                advice=[Advice.SEE_MODELS],
            )


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


def temperature_of(vividness: float, default: float) -> float:
    """The temperature at which a distribution is read out.

    Parameters
    ----------
    vividness : 0..2
    default : the model's own temperature

    Returns
    -------
    1 (the plain mean) at 0, `default` from 1 on, and between them evenly in its logarithm
    """
    return float(default ** min(vividness, 1.0))


@cache
def _grid(bins: tuple[tuple[float, float], ...]) -> AbGrid:
    return AbGrid(np.array(bins, dtype=np.float32))
