"""The colors of key frames: what the network says, and what is known of the film."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from photochrom import color
from photochrom.errors import FilmHintsError
from photochrom.models.network import Tokens
from photochrom.pictures import picture
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.runtime.prepared import Prepared
from photochrom.runtime.recent import Recent
from photochrom.video.blocks import LONGEST, Known, Look
from photochrom.video.exposure import softened
from photochrom.video.fields import Float, shrink
from photochrom.video.film import Film
from photochrom.video.following import follow
from photochrom.video.hints import FilmHints, FrameHints
from photochrom.video.references import References
from photochrom.video.small import Gray, SmallCopy

PAINTED = 30.0
"""The weight of a painted frame's colors, beside 1 of what the network says."""

CALM_TRUST = 0.9
"""Where the motion is trusted this far on average, half as many keys do."""

KEPT_FRAMES, KEPT_REFERENCES = 16, 8
"""How many frames and references are kept as the network has seen them: about 1.5 MB a frame."""

PAINTED_POINTS = (6, 10)
"""A painted frame becomes hints at a grid of points: rows and columns."""


class HintedFilm(Protocol):
    """A film, what is known of it, and how it is looked at."""

    @property
    def film(self) -> Film:
        """The film."""

    @property
    def hints(self) -> FilmHints:
        """What is known of it."""

    @property
    def small(self) -> SmallCopy:
        """Makes its small copies."""

    @property
    def cell_px(self) -> int:
        """Pixels of the small copy to a cell of the coarse grid."""


class Kept:
    """What the network has looked at lately, for whoever asks again with other hints."""

    def __init__(self, colorizer: Colorizer) -> None:
        self._colorizer = colorizer
        self._frames: Recent[Prepared] = Recent(KEPT_FRAMES)
        self._references: Recent[Reference] = Recent(KEPT_REFERENCES)

    def frame(self, number: int, small: Gray) -> Prepared:
        """What the network sees in a frame of the film."""
        return self._frames.once(
            number, lambda: self._colorizer.prepare(softened(small), whole=True)
        )

    def reference(self, path: Path) -> Reference:
        """What the network sees in a color photograph."""
        return self._references.once(path, lambda: self._colorizer.reference(path))


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What is known at one position of a block."""

    position: int
    hints: tuple[Hint, ...]
    """In pixels of the small copy."""
    known: Known | None = None
    whole_shot: bool = True


class NetworkColors:
    """Asks the network for the colors of keys; see `blocks.KeyColors`.

    Hints on one frame count for its shot: they are followed along the motion, and also given to
    the network without their places, for what comes into view again.

    Parameters
    ----------
    colorizer : the model
    order : the film, and what is known of it
    every : how far keys are apart; see `spread`
    at : the positions of the keys in a block instead
    vividness : as for `Prepared.paint`
    reference : a color photograph to follow in all shots
    kept : where to look for what the network has looked at; by default nothing is kept
    """

    def __init__(
        self,
        colorizer: Colorizer,
        order: HintedFilm,
        *,
        every: int = 1,
        at: Collection[int] | None = None,
        vividness: float,
        reference: Reference | None = None,
        kept: Kept | None = None,
    ) -> None:
        self._colorizer = colorizer
        self._kept = kept
        self._order = order
        self._every = every
        self._positions = at
        self._vividness = vividness
        self._hints = order.hints
        self._times = [self._time_of(one) for one in self._hints.frames]
        self._references = References(self._hints, reference, self._example)
        self._shot = -1
        self._remembered: Reference | None = None
        self._held: tuple[int, Float] | None = None
        """The number of a block's first frame, and what was followed to it; see `_row`."""

    def wants(self, pts: int) -> bool:
        """Whether a frame has hints of its own, or its neighbor."""
        time, reach = float(pts * self._order.film.time_base), 1 / float(self._order.film.rate)
        return any(abs(time - one) <= reach for one in self._times)

    def memory(self) -> dict[str, Float]:
        """What is to be remembered of a shot that goes on; see `recall`."""
        number, held = self._held or (-1, np.zeros((0, 5), np.float32))
        if self._remembered is None and not len(held):
            return {}
        none = np.zeros((0, 2), np.float32)
        seen, ab = (none, none) if self._remembered is None else self._remembered.tokens[:2]
        return {
            "remembered_seen": seen,
            "remembered_ab": ab,
            "held": held,
            "held_at": np.array([self._shot, number], np.float32),
        }

    def recall(self, memory: Mapping[str, Float]) -> None:
        """Go on where another run was."""
        if not memory:
            return
        seen, ab = memory["remembered_seen"], memory["remembered_ab"]
        if len(ab):
            tokens = Tokens(seen, ab, np.zeros((len(ab), 3), np.float32))
            self._remembered = Reference("hints", tokens)
        self._shot, number = (int(one) for one in memory["held_at"])
        self._held = number, memory["held"]

    def __call__(
        self, shot: int, looks: Sequence[Look], smalls: Mapping[int, Gray]
    ) -> Mapping[int, Known]:
        """The colors of the keys of a block."""
        if shot != self._shot:
            self._shot, self._remembered, self._held = shot, None, None
        given = self._given(looks, smalls)
        followed = self._followed(given, looks)
        if len(looks) > LONGEST:  # perhaps the shot goes on
            rows = [_row(hint) for hint in followed[LONGEST]]
            self._held = looks[LONGEST].number, np.array(rows, np.float32).reshape(-1, 5)
        self._remember(given, looks, smalls)
        reference = self._references.of(shot + 1, self._remembered)
        painted = {one.position: one.known for one in given if one.known is not None}
        keys = set(spread(looks, self._every) if self._positions is None else self._positions)
        keys |= {one.position for one in given}
        known = {}
        for position in sorted(keys):
            ready = painted.get(position)
            if ready is None:
                prepared = self._prepared(looks[position], smalls[position])
                ab = prepared.ab(
                    vividness=self._vividness, reference=reference, hints=followed[position]
                )
                ready = Known(ab, 1.0)
            known[position] = ready
        return known

    def _time_of(self, given: FrameHints) -> float:
        film = self._order.film
        if given.time_s is not None:
            return given.time_s + float(film.start)
        assert given.frame is not None
        return float(given.frame / film.rate + film.start)

    def _given(self, looks: Sequence[Look], smalls: Mapping[int, Gray]) -> list[_Given]:
        """What is known of frames of this block."""
        film = self._order.film
        times = np.array([float(look.pts * film.time_base) for look in looks])
        half = 0.5 / float(film.rate)
        end = times[-1] + max(float(looks[-1].duration * film.time_base), 2 * half)
        found = []
        for one, time in zip(self._hints.frames, self._times, strict=True):
            if not times[0] - half <= time < end - half:
                continue
            position = int(abs(times - time).argmin())
            if position in smalls:
                found.append(self._at(one, position))
        return found

    def _at(self, given: FrameHints, position: int) -> _Given:
        small, whole = self._order.small, given.span == "shot"
        if given.picture is None:
            hints = tuple(dot for hint in given.hints for dot in _dots(hint, self._order))
            return _Given(position=position, hints=hints, whole_shot=whole)
        srgb = small.of_picture(picture.read(given.picture))
        ab = color.srgb_to_lab(srgb)[..., 1:]
        cell_px = self._order.cell_px
        coarse = np.stack([shrink(ab[..., axis], cell_px) for axis in (0, 1)], axis=-1)
        return _Given(
            position=position,
            hints=_points_of(coarse, cell_px, srgb.shape[:2]),
            known=Known(coarse, PAINTED),
            whole_shot=whole,
        )

    def _followed(self, given: list[_Given], looks: Sequence[Look]) -> list[list[Hint]]:
        """For each frame the hints that have been followed to it."""
        height, width = self._order.small.upright_size
        found: list[list[Hint]] = [[] for _ in looks]
        all_given = list(given)
        if self._held is not None and self._held[0] == looks[0].number:
            held = tuple(_hint(*row) for row in self._held[1].tolist())
            all_given.insert(0, _Given(position=0, hints=held))
        for one in all_given:
            if not one.whole_shot:
                found[one.position] += one.hints
                continue
            points = np.array([hint.points[0] for hint in one.hints], np.float32)
            places = follow(points, one.position, looks, self._order.cell_px)
            for position, place in enumerate(places):
                for hint, (x, y) in zip(one.hints, place.tolist(), strict=True):
                    if np.isfinite(x):
                        at = min(max(x, 0), width), min(max(y, 0), height)
                        found[position].append(_hint(*at, *hint.ab, hint.radius_px or 0))
        return found

    def _remember(
        self, given: list[_Given], looks: Sequence[Look], smalls: Mapping[int, Gray]
    ) -> None:
        """Hints without their places, for the rest of the shot, where the model takes such."""
        if not self._colorizer.contract.token_features:
            return
        for one in given:
            if one.whole_shot and one.hints:
                prepared = self._prepared(looks[one.position], smalls[one.position])
                said = prepared.remembered(one.hints)
                before = self._remembered
                self._remembered = said if before is None else before.joined(said)

    def _prepared(self, look: Look, small: Gray) -> Prepared:
        """What the network sees in a frame."""
        if self._kept is not None:
            return self._kept.frame(look.number, small)
        return self._colorizer.prepare(softened(small), whole=True)

    def _example(self, path: Path) -> Reference:
        """What the network sees in a color photograph."""
        if self._kept is not None:
            return self._kept.reference(path)
        return self._colorizer.reference(path)


def spread(looks: Sequence[Look], every: int) -> list[int]:
    """The positions of a block's keys, where nobody has given colors.

    The first frame, the last one, and one frame in `every` between them, or one in twice as many
    where the motion is trusted: the network would only say again what is carried there.
    """
    sure = [float(look.trust_past.mean(dtype=np.float32)) for look in looks]
    last = len(looks) - 1
    keys = [0]
    while keys[-1] < last:
        near, far = (keys[-1] + step * every for step in (1, 2))
        calm = far <= last and np.mean(sure[keys[-1] + 1 : far + 1]) >= CALM_TRUST
        keys.append(far if calm else min(near, last))
    return keys


def _hint(x: float, y: float, a: float, b: float, radius: float) -> Hint:
    return Hint(points=((x, y),), ab=(a, b), radius_px=radius or None)


def _row(hint: Hint) -> tuple[float, ...]:
    """A dot as numbers: x, y, a*, b*, and the radius or 0."""
    return (*hint.points[0], *hint.ab, hint.radius_px or 0)


def _dots(hint: Hint, order: HintedFilm) -> list[Hint]:
    """A hint in pixels of the small copy; a stroke becomes a dot at each of its points."""
    height, width = order.small.upright_size
    points = order.small.placed(np.array(hint.points)).tolist()
    if not all(0 <= x <= width and 0 <= y <= height for x, y in points):
        raise FilmHintsError(f"{hint}: it lies outside the picture.")
    zoom = min(height, width) / min(order.film.upright_size)
    return [_hint(x, y, *hint.ab, (hint.radius_px or 0) * zoom) for x, y in points]


def _points_of(coarse: Float, cell_px: int, size: tuple[int, int]) -> tuple[Hint, ...]:
    """Hints all over a painted frame, (h, w, 2)."""
    rows, columns = PAINTED_POINTS
    height, width = coarse.shape[:2]
    hints = []
    for row in range(rows):
        for column in range(columns):
            y, x = int((row + 0.5) * height / rows), int((column + 0.5) * width / columns)
            a, b = coarse[y, x].tolist()
            at = min((x + 0.5) * cell_px, size[1]), min((y + 0.5) * cell_px, size[0])
            hints.append(_hint(*at, a, b, 0))
    return tuple(hints)
