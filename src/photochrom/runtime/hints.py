"""Hints: "this petal is red". Points and strokes with a color, as people give them.

Only a hint's a* and b* matter; the photograph keeps its own lightness. Places are pixels of
the photograph; a `canvas.Canvas` knows how they lie in the small copy that the network saw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photochrom.color.text import parse_color
from photochrom.errors import ColorError, HintError
from photochrom.kinds import check_number
from photochrom.models.plain import read_json, read_text

AB_LIMIT = 255
"""No color has an a* or b* farther from 0."""

MOST_REACH = 16


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A color that is known somewhere: at a point, or along a stroke through several.

    ``points`` are (x, y) in pixels of the photograph, ``ab`` the color's a* and b*;
    ``radius_px`` is half the width of the dot or the stroke, by default 1.4 % of the shorter
    side. ``reach`` keeps the hint to the thing that it stands on (see `Prepared.region`): 1 to the
    whole of it, 0.5 and 0.25 to parts, more also to what is like it; without it the model alone
    decides. `Hint.at` takes a color as people write it.
    """

    points: tuple[tuple[float, float], ...]
    ab: tuple[float, float]
    radius_px: float | None = None
    reach: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", as_points(self.points))
        ab = as_points([self.ab])
        object.__setattr__(self, "ab", ab[0] if ab else self.ab)
        if self.reach is not None:
            check_number("reach", self.reach)
        far = not ab or not all(abs(value) <= AB_LIMIT for value in self.ab)
        reach = 1.0 if self.reach is None else self.reach
        if far or not _can_lie(self.points, self.radius_px) or not 0 < reach <= MOST_REACH:
            raise HintError(
                f"{shortened(self)}: a hint needs at least one point (x, y), finite numbers, a "
                f"radius above 0, a reach above 0 and up to {MOST_REACH}, and a* and b* within "
                f"-{AB_LIMIT}..{AB_LIMIT}."
            )

    def moved(self, across: float, down: float, *, within: tuple[int, int] | None = None) -> Hint:
        """The same hint, moved right and down by these pixels, and kept in a (height, width)."""
        return replace(self, points=_moved(self.points, across, down, within))

    @classmethod
    def at(
        cls,
        x: float,
        y: float,
        color_: str,
        *,
        radius_px: float | None = None,
        reach: float | None = None,
    ) -> Hint:
        """A dot of a color such as ``#c22`` or ``#cc2222`` at (x, y).

        Raises
        ------
        ColorError
            The color can't be understood.
        HintError
            A number is not finite, or the radius or the reach not above 0.
        """
        ab = parse_color(color_)
        return cls(points=((x, y),), ab=ab, radius_px=radius_px, reach=reach)


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A dot or a stroke where hints that stand outside of it change nothing.

    ``points`` and ``radius_px`` as for `Hint`.
    """

    points: tuple[tuple[float, float], ...]
    radius_px: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", as_points(self.points))
        if not _can_lie(self.points, self.radius_px):
            raise HintError(
                f"{shortened(self)}: a lock needs at least one point (x, y), finite numbers and a "
                "radius above 0."
            )

    def moved(self, across: float, down: float, *, within: tuple[int, int]) -> Lock:
        """The same lock, moved by this many pixels, and kept in a (height, width)."""
        return replace(self, points=_moved(self.points, across, down, within))


Points = tuple[tuple[float, float], ...]

SHOWN = 200
"""The most characters of what is no hint that are shown; strokes have thousands of points."""


def shortened(found: object) -> str:
    """What was found instead of a hint, for a message."""
    text = str(found)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def as_points(points: Iterable[Iterable[float]]) -> Points:
    """Points as pairs in tuples, whatever sequences they come in; none where they aren't pairs."""
    try:
        return tuple((float(x), float(y)) for x, y in points)
    except (TypeError, ValueError, OverflowError):
        return ()


def _moved(points: Points, across: float, down: float, within: tuple[int, int] | None) -> Points:
    height, width = within or (math.inf, math.inf)
    low = -math.inf if within is None else 0.0
    return tuple(
        (min(max(x + across, low), width), min(max(y + down, low), height)) for x, y in points
    )


def _can_lie(points: tuple[tuple[float, float], ...], radius_px: float | None) -> bool:
    radius = 1.0 if radius_px is None else radius_px
    check_number("radius_px", radius)
    numbers = [*(value for point in points for value in point), radius]
    return bool(points) and all(map(math.isfinite, numbers)) and radius > 0


def parse_hint(text: str) -> Hint:
    """A hint as on the command line: ``X,Y=#RRGGBB`` or ``X,Y,RADIUS=#RRGGBB``.

    Raises
    ------
    HintError, ColorError
        It is written otherwise.
    """
    place, equals, named = text.partition("=")
    try:
        numbers = [float(part) for part in place.split(",")]
        if not equals or len(numbers) not in (2, 3):
            raise ValueError
    except ValueError as error:
        raise HintError(
            f"'{text}' is not a hint; write it as X,Y=#RRGGBB, such as 120,340=#cc2222, in pixels "
            "from the upper left corner."
        ) from error
    x, y, *radius = numbers
    return Hint.at(x, y, named, radius_px=radius[0] if radius else None)


def parse_lock(text: str) -> Lock:
    """A lock as on the command line: ``X,Y`` or ``X,Y,RADIUS``.

    Raises
    ------
    HintError
        It is written otherwise.
    """
    try:
        x, y, *radius = map(float, text.split(","))
        if len(radius) > 1:
            raise ValueError
    except ValueError as error:
        raise HintError(
            f"'{text}' is not a lock; write it as X,Y,RADIUS, such as 120,340,60, in pixels from "
            "the upper left corner."
        ) from error
    return Lock(points=((x, y),), radius_px=radius[0] if radius else None)


def locks_from(entries: Any) -> tuple[Lock, ...]:
    """Locks from a list of objects with ``x`` and ``y`` or ``points``, and ``radius_px``.

    Raises
    ------
    HintError
        It is something else.
    """
    known = {"x", "y", "points", "radius_px"}
    if not isinstance(entries, list):
        raise HintError('expected a list of locks, such as [{"x": 1, "y": 2, "radius_px": 9}].')
    for entry in entries:
        if not isinstance(entry, dict) or not set(entry) <= known:
            raise HintError(
                f"{shortened(entry)} is not a lock; its keys may be {', '.join(sorted(known))}."
            )
    return tuple(_lock_from(entry) for entry in entries)


def _lock_from(entry: dict[str, Any]) -> Lock:
    try:
        hint = _hint_from({**entry, "ab": (0, 0)})
    except HintError as error:
        raise HintError(
            f"{shortened(entry)} is not a lock; it needs x and y, or points, in finite numbers, "
            "and a radius above 0."
        ) from error
    return Lock(points=hint.points, radius_px=hint.radius_px)


def load_hints(path: Path) -> tuple[Hint, ...]:
    """Read hints from a JSON file that holds what `hints_from` takes.

    Raises
    ------
    HintError, ColorError
        It can't be read, or holds something else.
    """
    try:
        text = read_text(path)
    except ValueError as error:
        raise HintError(f"{path}: the hints can't be read ({error}).") from error
    try:
        return hints_from_json(text)
    except (HintError, ColorError) as error:
        raise type(error)(f"{path}: {error}") from error


def hints_from_json(text: str) -> tuple[Hint, ...]:
    """Hints from JSON text that holds what `hints_from` takes. Errors as there."""
    try:
        content = read_json(text)
    except ValueError as error:
        raise HintError(f"this is not valid JSON: {error}") from error
    return hints_from(content)


def hints_from(content: Any) -> tuple[Hint, ...]:
    """Hints from a list of objects, or an object with such a list as ``hints``.

    Each has ``x`` and ``y`` or ``points`` [[x, y], ...]; ``color`` "#rrggbb" or ``ab`` [a, b];
    and, if wanted, ``radius_px`` and ``reach``.

    Raises
    ------
    HintError, ColorError
        It is something else.
    """
    entries = content.get("hints") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise HintError('expected a list of hints, such as [{"x": 1, "y": 2, "color": "#c22"}].')
    return tuple(_hint_from(entry) for entry in entries)


def _hint_from(entry: Any) -> Hint:
    known = {"x", "y", "points", "color", "ab", "radius_px", "reach"}
    if not isinstance(entry, dict) or not set(entry) <= known:
        raise HintError(
            f"{shortened(entry)} is not a hint; its keys may be {', '.join(sorted(known))}."
        )
    try:
        points = entry["points"] if "points" in entry else [[entry["x"], entry["y"]]]
        radius, reach = entry.get("radius_px"), entry.get("reach")
        ab = entry["ab"] if "ab" in entry else parse_color(str(entry["color"]))
        (a, b) = ab
        return Hint(
            points=tuple((float(x), float(y)) for x, y in points),
            ab=(float(a), float(b)),
            radius_px=None if radius is None else float(radius),
            reach=None if reach is None else float(reach),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ColorError | HintError):
            raise
        raise HintError(
            f"{shortened(entry)} is not a hint: it needs x and y, or points, and color or ab."
        ) from error


def entries_of(hints: Iterable[Hint]) -> list[dict[str, Any]]:
    """Hints as plain values; the inverse of `hints_from`."""
    found = []
    for hint in hints:
        entry: dict[str, Any] = {"points": hint.points, "ab": [round(v, 3) for v in hint.ab]}
        for name in ("radius_px", "reach"):
            if getattr(hint, name) is not None:
                entry[name] = getattr(hint, name)
        found.append(entry)
    return found
