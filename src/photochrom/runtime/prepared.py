"""`Prepared`: a photograph that the encoder has seen, to be painted many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.color.grid import AbGrid, set_off
from photochrom.color.text import hex_color
from photochrom.errors import HintError, UnsupportedError
from photochrom.models.network import Features, Network, Tokens
from photochrom.pictures import painting, picture
from photochrom.pictures.picture import Picture
from photochrom.runtime import upsample
from photochrom.runtime.alternatives import Alternative, find_alternatives, likely_colors
from photochrom.runtime.canvas import Canvas, lay_out
from photochrom.runtime.hints import Hint
from photochrom.runtime.obeying import obey
from photochrom.runtime.palette import palette_ab

CALM = 0.75
"""At vividness 0 colours are so many times as far from grey, besides their temperature of 1."""

VIVID = 1.6
"""At the highest vividness colours are so many times as far from grey as at 1."""

HINTED = 2.0
"""With hints the temperature is the model's to this power: what the network has learnt to say
with hints is calmer, and loses little when it is read out more vividly
(docs/explanation/experiments.md)."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A colour photograph that the encoder has looked at; see `Colorizer.reference`."""

    name: str
    tokens: Tokens


@dataclass(frozen=True, eq=False)
class Prepared:
    """A photograph that has been through the encoder. Immutable; painting it is cheap."""

    picture: Picture
    lightness: NDArray[np.float32]
    """L* of the small copy that the network sees, (H, W)."""
    features: Features
    _network: Network

    def paint(
        self,
        *,
        hints: Sequence[Hint] = (),
        palette: Sequence[str] = (),
        reference: Reference | None = None,
        vividness: float = 1.0,
        provenance: bool = True,
    ) -> Picture:
        """The photograph in colour, at its full size, with its own lightness.

        Parameters
        ----------
        hints : known colours, in pixels of the photograph; later ones lie over earlier ones
        palette : colours to keep to, as ``#rrggbb``
        reference : a colour photograph to follow where it shows the same things
        vividness : 0 calm .. 1 the model's own choice .. 2 very vivid
        provenance : note in the metadata that this model has made the colours

        Raises
        ------
        HintError
            A hint lies outside the picture.
        ColorError
            A palette's colour can't be understood.
        UnsupportedError
            The model can't do what is asked.
        ValueError
            `vividness` is not 0..2.
        """
        ab = self.ab(hints=hints, palette=palette, reference=reference, vividness=vividness)
        offset, gain = upsample.guide(ab, self.lightness)
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
    ) -> NDArray[np.float32]:
        """The coarse colours, before they are brought to full size.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w, 2) float32, a* and b*
        """
        contract = self._network.contract
        if not 0 <= vividness <= 2:
            raise ValueError(f"vividness is {vividness}; it must lie in 0..2.")
        if contract.output == "ab":
            self._refuse(hints=hints, palette=palette, reference=reference, vividness=vividness)
            ab = np.moveaxis(self._network.decode(self.features), 0, -1)
            return ab * np.float32(contract.chroma)
        logits, canvas = self._decode(hints, reference)
        grid = self.grid
        if palette:
            logits = grid.reweight(logits, palette_ab(palette))
        usual = contract.temperature ** (1.0 if canvas is None else HINTED)
        ab = grid.read_out(logits, temperature=temperature_of(vividness, usual))
        ab = set_off(ab * np.float32(contract.chroma), contract.contrast)
        ab = ab * np.float32(np.interp(vividness, [0, 1, 2], [CALM, 1, VIVID]))
        if canvas is not None:
            ab = obey(ab, self._coarse_lightness(), canvas, contract.output_stride)
        return ab

    @property
    def grid(self) -> AbGrid:
        """The bins that the model's distributions are over.

        Raises
        ------
        UnsupportedError
            The model answers with colours.
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
        if self._network.contract.output == "ab":
            self._refuse(distribution=True)
        return self.grid.probabilities(self._decode(hints, reference)[0])

    def confidence(
        self, *, hints: Sequence[Hint] = (), reference: Reference | None = None
    ) -> NDArray[np.float32]:
        """How sure the network is of its colours: 1 less the entropy of the distribution.

        Parameters and errors as for `paint`.

        Returns
        -------
        (h, w) float32; 0 (any colour is as likely) .. 1 (certain)
        """
        probabilities = self.probabilities(hints=hints, reference=reference)
        return np.clip(1 - self.grid.entropy(probabilities), 0, 1)

    def confidence_picture(
        self, *, hints: Sequence[Hint] = (), reference: Reference | None = None
    ) -> Picture:
        """`confidence` as a grey picture of the photograph's size: black unsure, white sure.

        Parameters and errors as for `paint`.
        """
        levels = np.rint(255 * self.confidence(hints=hints, reference=reference))
        coarse = pyvips.Image.new_from_array(levels.astype(np.uint8), interpretation="b-w")
        height, width = self.picture.size
        return picture.from_image(painting.fit(coarse, width, height), name=self.picture.name)

    def likely_colors(
        self, x: float, y: float, *, most: int = 5, hints: Sequence[Hint] = ()
    ) -> list[tuple[str, float]]:
        """The colours that the network finds likeliest at a point.

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
            The model answers with colours.
        """
        height, width = self.picture.size
        if not (0 <= x <= width and 0 <= y <= height):
            raise HintError(
                f"({x:g}, {y:g}) lies outside the picture, which is {width} x {height} pixels."
            )
        probabilities = self.probabilities(hints=hints)
        rows, columns = probabilities.shape[:2]
        row = min(int(y / height * rows), rows - 1)
        column = min(int(x / width * columns), columns - 1)
        light = float(self._coarse_lightness()[row, column])
        found = likely_colors(probabilities[row, column], self.grid, most=most, apart=15.0)
        return [(hex_color(light, ab), share) for ab, share in found]

    def alternatives(self, count: int = 4, *, seed: int = 0) -> tuple[Alternative, ...]:
        """Other plausible results: the most uncertain region in each of its likeliest colours.

        Parameters
        ----------
        count : at most so many; fewer where the network sees no more
        seed : of the choice of spots in the region; the same seed gives the same alternatives

        Returns
        -------
        The likeliest first; give the ``hints`` of one to `paint`. Their colours lie at least
        `alternatives.APART` ab units apart.

        Raises
        ------
        UnsupportedError
            The model takes no hints.
        """
        contract = self._network.contract
        if not contract.token_features:
            self._refuse(alternatives=True)
        return find_alternatives(
            self.probabilities(),
            self.grid,
            self.features,
            contract,
            self.lightness,
            picture_size=self.picture.size,
            count=count,
            seed=seed,
        )

    def _decode(
        self, hints: Sequence[Hint], reference: Reference | None
    ) -> tuple[NDArray[np.float32], Canvas | None]:
        """The logits (h, w, Q), and the hints laid out where there are some."""
        network = self._network
        canvas, tokens = None, None
        if hints:
            cell_px = network.contract.output_stride
            canvas = lay_out(hints, self.picture.size, self.lightness, cell_px)
            tokens = canvas.tokens(network, self.features)
        if reference is not None:
            tokens = reference.tokens if tokens is None else tokens.joined(reference.tokens)
        planes = None if canvas is None else canvas.planes
        return np.moveaxis(network.decode(self.features, tokens, planes), 0, -1), canvas

    def _coarse_lightness(self) -> NDArray[np.float32]:
        """L* at the size of the model's output."""
        return upsample.cell_means(self.lightness, self._network.contract.output_stride)

    def _refuse(self, **asked: object) -> None:
        """Say what this model can't do, if any of it is asked for."""
        contract = self._network.contract
        wanted = [
            name
            for name, value in asked.items()
            if (value != 1.0 if name == "vividness" else value not in ((), [], None, False))
        ]
        if wanted:
            answers = "answers with colours, not with a distribution"
            raise UnsupportedError(
                f"The model '{contract.name}' "
                f"{answers if contract.output == 'ab' else 'takes no hints'}, "
                f"and can't do this: {', '.join(wanted)}. See photochrom models."
            )


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
