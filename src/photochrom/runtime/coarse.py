"""`Coarse`: a photograph as the network has seen it, and what the decoder says of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from photochrom.color.grid import AbGrid, set_off
from photochrom.models.abilities import check_able
from photochrom.models.network import Features, Network, Tokens
from photochrom.pictures.picture import Picture
from photochrom.runtime import upsample
from photochrom.runtime.asked import Reference, check_asked
from photochrom.runtime.border import Box
from photochrom.runtime.canvas import Canvas, check_inside, lay_out
from photochrom.runtime.hints import Hint
from photochrom.runtime.obeying import obey
from photochrom.runtime.palette import palette_ab
from photochrom.runtime.recent import Recent

CALM = 0.75
"""How many times as far from gray colors are at vividness 0, whose temperature is 1."""

VIVID = 1.6
"""How many times as far from gray colors are at the highest vividness as at 1."""

HINTED = 2.0
"""With hints the temperature is the model's to this power: what the network has learned to say
with hints is calmer, and loses little when it is read out more vividly
(docs/explanation/experiments.md)."""


@dataclass(frozen=True)
class Look:
    """What colors depend on beside hints."""

    palette: tuple[str, ...]
    reference: Reference | None
    vividness: float


@dataclass(frozen=True, eq=False)
class Coarse:
    """A photograph that has been through the encoder, in fields at the size of the model's output.

    Immutable; see `Prepared`, which is what others use.
    """

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
        default_factory=lambda: Recent(8), init=False, repr=False
    )
    _masks: Recent[NDArray[np.float32]] = field(
        default_factory=lambda: Recent(16), init=False, repr=False
    )
    _canvases: Recent[Canvas] = field(default_factory=lambda: Recent(4), init=False, repr=False)
    _joint: Recent[NDArray[np.float32]] = field(
        default_factory=lambda: Recent(64), init=False, repr=False
    )

    @property
    def grid(self) -> AbGrid:
        """The bins that the model's distributions are over.

        Raises
        ------
        UnsupportedError
            The model answers with colors.
        """
        bins = self._network.contract.bins
        check_able(self._network.contract, "distribution")
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
        check_asked(hints=hints, reference=reference)
        check_able(self._network.contract, "distribution")
        return self.grid.probabilities(self._decode(hints, reference)[0])

    def confidence(
        self, *, hints: Sequence[Hint] = (), reference: Reference | None = None
    ) -> NDArray[np.float32]:
        """How sure the network is of its colors: 1 less the entropy of the distribution.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w) float32; 0 (any color is as likely) .. 1 (certain)
        """
        check_able(self._network.contract, "confidence")
        probabilities = self.probabilities(hints=hints, reference=reference)
        return np.clip(1 - self.grid.entropy(probabilities), 0, 1)

    def remembered(self, hints: Sequence[Hint]) -> Reference:
        """What hints say of this picture, as a reference for others that show the same things.

        Parameters and errors as for `paint`.
        """
        check_asked(hints=hints)
        seen, ab, place = self._laid_out(hints).tokens(self._network, self.features)
        return Reference(self.picture.name, Tokens(seen, ab, np.zeros_like(place)))

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Left, top, height and width of what was seen, in pixels of the photograph."""
        if self.inside is None:
            return 0, 0, *self.picture.size
        return self.inside.left, self.inside.top, *self.inside.size

    def _colors(
        self, hints: tuple[Hint, ...], look: Look, *, plain: bool = False
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
        return self._canvases.once(
            tuple(hints), lambda: lay_out(hints, (height, width), self.lightness, cell_px)
        )

    def _cell(self, point: tuple[float, float], size: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of a point of the photograph in a field of this size."""
        (x, y), (left, top, height, width) = point, self.place
        rows, columns = size[:2]
        row, column = int((y - top) / height * rows), int((x - left) / width * columns)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)

    def _at(self, point: tuple[float, float], plane: NDArray[np.float32]) -> float:
        return float(plane[self._cell(point, plane.shape)])

    def _coarse_lightness(self) -> NDArray[np.float32]:
        """L* at the size of the model's output."""
        cell_px = self._network.contract.output_stride
        return self._masks.once("lightness", lambda: upsample.cell_means(self.lightness, cell_px))


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
