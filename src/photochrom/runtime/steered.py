"""`Steered`: coarse colors that follow hints as far as these are meant: their regions and locks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import HintError, OptionError
from photochrom.kinds import check_number
from photochrom.models.abilities import check_able
from photochrom.runtime.asked import Reference, check_asked
from photochrom.runtime.canvas import Canvas, check_inside, cover
from photochrom.runtime.coarse import Coarse, Look
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.lasso import Lasso
from photochrom.runtime.region import TOGETHER, readers_of, regions, things_at, traits_of
from photochrom.runtime.tone import PLAIN, Tone

SURPRISE = 27.0
"""Hints that lie so far, in ab units, from what is painted without them change what lies outside
of their things by a third of what the network would; those twice as far by a fiftieth."""

KEPT_TOGETHER = 8
"""How many hints share one mask of what they take."""


class Steered(Coarse):
    """A photograph that has been through the encoder, with its regions and its hints' reach."""

    def ab(
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
    ) -> NDArray[np.float32]:
        """The coarse colors, before they are brought to full size.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w, 2) float32, a* and b*
        """
        check_asked(
            hints=hints,
            palette=palette,
            reference=reference,
            likeness=likeness,
            vividness=vividness,
            lock=lock,
            tone=tone,
            lassos=lassos,
        )
        contract = self._network.contract
        if not 0 <= vividness <= 2:
            raise OptionError(f"vividness is {vividness}; it must lie in 0..2.")
        if not 0 <= likeness <= 1:
            raise OptionError(f"likeness is {likeness}; it must lie in 0..1.")
        asked = {"palette": bool(palette), "reference": reference is not None}
        check_able(contract, *(name for name, is_asked in asked.items() if is_asked))
        look = Look(tuple(palette), reference, vividness)

        def colors(hints: tuple[Hint, ...], look: Look) -> NDArray[np.float32]:
            like = self._bounded(hints, look)
            if reference is None or likeness == 1:
                return like
            unlike = self._bounded(hints, replace(look, reference=None))
            return unlike + np.float32(likeness) * (like - unlike)

        def painted(look: Look) -> NDArray[np.float32]:
            ab = colors(tuple(hints), look)
            if not lock or not hints:
                return ab
            covered = self._covered(lock)
            inside = tuple(hint for hint in hints if self._at(hint.points[0], covered) > 0.5)
            return ab + covered[..., None] * (colors(inside, look) - ab)

        whole = painted(look)
        ab = np.array(tone.apply(whole))  # theirs: what is kept must not change
        for one in lassos:
            own = vividness if one.vividness is None else one.vividness
            inner = whole if own == vividness else painted(replace(look, vividness=own))
            mask = one.cover(self.place, self.lightness.shape, contract.output_stride)[..., None]
            ab += mask * (one.tone(tone).apply(inner) - ab)
        return ab

    def _covered(self, lock: Sequence[Lock]) -> NDArray[np.float32]:
        """How much of each position locks cover, (h, w) in 0..1."""
        left, top, height, width = self.place
        moved = [one.moved(-left, -top, within=(height, width)) for one in lock]
        cell_px = self._network.contract.output_stride
        return cover(moved, (height, width), self.lightness.shape, cell_px)

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
        check_number("reach", reach)
        if not reach > 0:
            raise HintError(f"reach is {reach}; expected a number above 0.")
        if self.inside is not None and not self.inside.holds(x, y):
            return np.zeros(self._coarse_lightness().shape, np.float32)
        return self._region_of((x, y), reach).copy()

    def _region_of(self, point: tuple[float, float], reach: float) -> NDArray[np.float32]:
        """`region` of a point that was seen; kept, as whoever looks at it may soon want it."""
        cell = self._cell(point, self._coarse_lightness().shape)

        def find() -> NDArray[np.float32]:
            return self._regions(np.array([cell]), np.array([reach], np.float32))[0]

        return self._masks.once(("region", cell, reach), find)

    def _regions(self, cells: NDArray[np.int64], reach: NDArray[np.float32]) -> NDArray[np.float32]:
        """The regions of some spots, each by itself, (T, h, w)."""
        region = self._network.contract.region
        if region is None:
            return regions(self.traits(), cells, reach)
        return things_at(self.embedding(), cells, readers_of(region.readers, reach))

    def _joined(self, cells: NDArray[np.int64], reach: NDArray[np.float32]) -> NDArray[np.float32]:
        """The regions of some spots together, (h, w); a few at a time, whatever their number."""
        mask = np.zeros(self._coarse_lightness().shape, np.float32)
        for start in range(0, len(cells), TOGETHER):
            few = slice(start, start + TOGETHER)
            np.maximum(mask, self._regions(cells[few], reach[few]).max(axis=0), out=mask)
        return mask

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
            own = self._bounded((), Look((), None, 1.0))
            traits = traits_of(self._coarse_lightness(), own)
            traits.setflags(write=False)
            return traits

        return self._masks.once("traits", make)

    def _bounded(self, hints: tuple[Hint, ...], look: Look) -> NDArray[np.float32]:
        """The coarse colors with hints, those with a reach kept to their regions."""
        free = tuple(hint for hint in hints if hint.reach is None)
        before = self._kept(free, look)
        if len(free) == len(hints):
            return before
        colors = self._painted.once((hints, look), lambda: self._colors(hints, look))
        mask = self._reached(tuple(hint for hint in hints if hint.reach is not None))
        return before + mask[..., None] * (colors - before)

    def _kept(self, hints: tuple[Hint, ...], look: Look) -> NDArray[np.float32]:
        """The coarse colors with hints without a reach, as far as these mean it.

        A hint near to what is painted anyway may set the mood of the whole picture; one that
        nothing in the picture speaks for means the thing that it stands on.
        """
        usual = self._painted.once(((), look), lambda: self._colors((), look))
        if not hints:
            return usual
        if self._network.contract.region is None:
            return self._painted.once((hints, look), lambda: self._colors(hints, look))
        return self._painted.once(("kept", hints, look), lambda: self._as_meant(hints, look, usual))

    def _as_meant(
        self, hints: tuple[Hint, ...], look: Look, usual: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """`_kept` of a model that knows things."""
        before = self._painted.once(("plain", (), look), lambda: self._colors((), look, plain=True))
        colors = self._colors(hints, look, plain=True)
        canvas = self._laid_out(hints)
        cells = self._cells_under(canvas)
        missed = np.linalg.norm(canvas.ab - usual[cells[:, 0], cells[:, 1]], axis=1)
        mood = np.float32(np.exp(-((float(np.median(missed)) / SURPRISE) ** 2)))

        def find(new: tuple[Hint, ...]) -> NDArray[np.float32]:
            canvas = self._laid_out(new)
            cells = self._cells_under(canvas)
            things = self._joined(cells, np.ones(len(cells), np.float32))
            around = np.pad(canvas.planes[..., 2] > 0, 1)
            windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3))
            return np.maximum(things, windows.any(axis=(2, 3)))  # a dab itself is obeyed

        things = self._taken_by(hints, "things", find)
        mask = (things + (1 - things) * mood)[..., None]
        # Where it is sure that a hint is meant, its colors are taken; elsewhere what it changes.
        kept: NDArray[np.float32] = usual + mask * (colors - before - mask * (usual - before))
        return kept

    def _reached(self, hints: tuple[Hint, ...]) -> NDArray[np.float32]:
        """Where at least one of these hints reaches, (h, w) in 0..1."""

        def find(new: tuple[Hint, ...]) -> NDArray[np.float32]:
            canvas = self._laid_out(new)
            if len(canvas.points) == 1:  # it has been looked at, perhaps
                found = self._region_of(new[0].points[0], float(canvas.reach[0]))
            else:
                cells = [cell for hint in new for cell in self._cells_of(hint)]
                found = self._joined(np.array(cells), canvas.reach)
            return np.maximum(found, canvas.planes[..., 2])

        return self._taken_by(hints, "region", find)

    def _taken_by(
        self,
        hints: tuple[Hint, ...],
        what: str,
        find: Callable[[tuple[Hint, ...]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """What at least one of these hints takes, found and kept for a few of them together.

        So a hint that is moved, or one more, costs what a few do, and none does that gets another
        color.

        Parameters
        ----------
        what, find : a name, and how to find the mask of some hints, whatever their colors
        """
        places = tuple(replace(hint, ab=(0.0, 0.0)) for hint in hints)
        mask = np.zeros(self._coarse_lightness().shape, np.float32)
        for start in range(0, len(hints), KEPT_TOGETHER):
            few = slice(start, start + KEPT_TOGETHER)
            np.maximum(
                mask, self._joint.once((what, places[few]), partial(find, hints[few])), out=mask
            )
        return mask

    def _cells_of(self, hint: Hint) -> Sequence[tuple[int, int]]:
        """Row and column of each token of a hint."""
        if len(hint.points) == 1:
            return [self._cell(hint.points[0], self._coarse_lightness().shape)]
        under = self._cells_under(self._laid_out([hint]))
        return [(int(row), int(column)) for row, column in under]

    def _cells_under(self, canvas: Canvas) -> NDArray[np.int64]:
        """Row and column of each token, (T, 2)."""
        cell_px = self._network.contract.output_stride
        last = np.array(self._coarse_lightness().shape) - 1
        return np.minimum((canvas.points[:, ::-1] / cell_px).astype(np.int64), last)
