"""Hints: "this petal is red". Points and strokes with a colour -> what a model takes.

Only a hint's a* and b* matter; the photograph keeps its own lightness. Places are pixels of
the photograph; a `Canvas` knows how they lie in the small copy that the network saw.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.color.text import parse_color
from photochrom.errors import ColorError, HintError
from photochrom.models.session import Features, Session, Tokens

Float = NDArray[np.float32]

AB_LIMIT = 255
"""No colour has an a* or b* farther from 0."""

RADIUS_SHARE = 0.014
"""A hint without a radius has this share of the shorter side: 3.5 pixels of 256."""

STROKE_TOKENS = 16
"""A stroke becomes at most so many tokens."""

TOKEN_STEP_PX = 6.0
"""Tokens along a stroke are at least so far apart, in pixels of the small copy."""

KINDRED_LIGHTNESS = 12.0
"""What `obey` corrects fades where lightness differs by more than this (L* units)."""

WIDE_SHARE, WIDE_LIGHTNESS, WIDE_AB, WIDE_DOUBT = 0.7, 20.0, 24.0, 0.5
"""How `obey` spreads what hints have in common: share of the shorter side, L* units, ab units
of the network's own colours, and how little a single hint counts. Chosen on held-out pictures
(docs/explanation/experiments.md)."""

OVERSHOOT = 30.0
"""`obey` goes at most so far beyond the colours of the network and of the hints."""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A colour that is known somewhere: at a point, or along a stroke through several.

    ``points`` are (x, y) in pixels of the photograph, ``ab`` the colour's a* and b*;
    ``radius_px`` is half the width of the dot or the stroke, by default 1.4 % of the shorter
    side. `Hint.at` takes a colour as people write it.
    """

    points: tuple[tuple[float, float], ...]
    ab: tuple[float, float]
    radius_px: float | None = None

    def __post_init__(self) -> None:
        radius = 1.0 if self.radius_px is None else self.radius_px
        numbers = [*(value for point in self.points for value in point), radius]
        far = not all(abs(value) <= AB_LIMIT for value in self.ab)
        if not self.points or not all(map(math.isfinite, numbers)) or radius <= 0 or far:
            raise HintError(
                f"{self}: a hint wants at least one point, finite numbers, a radius above 0, and "
                f"a* and b* within -{AB_LIMIT}..{AB_LIMIT}."
            )

    @classmethod
    def at(cls, x: float, y: float, color_: str, *, radius_px: float | None = None) -> Hint:
        """A dot of a colour such as ``#c22`` or ``#cc2222`` at (x, y).

        Raises
        ------
        ColorError
            The colour can't be understood.
        HintError
            A number is not finite, or the radius not above 0.
        """
        return cls(points=((x, y),), ab=parse_color(color_), radius_px=radius_px)


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
            f"'{text}' is no hint; write it as X,Y=#RRGGBB, such as 120,340=#cc2222, in pixels "
            "from the upper left corner."
        ) from error
    x, y, *radius = numbers
    return Hint.at(x, y, named, radius_px=radius[0] if radius else None)


def load_hints(path: Path) -> tuple[Hint, ...]:
    """Read hints from a JSON file, as `hints_to_json` writes them.

    Raises
    ------
    HintError, ColorError
        It can't be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HintError(f"{path}: the hints can't be read ({error}).") from error
    try:
        return hints_from_json(text)
    except (HintError, ColorError) as error:
        raise type(error)(f"{path}: {error}") from error


def hints_from_json(text: str) -> tuple[Hint, ...]:
    """Hints from JSON: a list of objects, or an object with such a list as ``hints``.

    Each has ``x`` and ``y`` or ``points`` [[x, y], ...]; ``color`` "#rrggbb" or ``ab`` [a, b];
    and, if wanted, ``radius_px``.

    Raises
    ------
    HintError, ColorError
        It is something else.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # of a broken text, or one made to break
        raise HintError(f"this is no JSON: {error}") from error
    entries = content.get("hints") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise HintError('a list of hints is wanted, such as [{"x": 1, "y": 2, "color": "#c22"}].')
    return tuple(_hint_from(entry) for entry in entries)


def _hint_from(entry: Any) -> Hint:
    known = {"x", "y", "points", "color", "ab", "radius_px"}
    if not isinstance(entry, dict) or not set(entry) <= known:
        raise HintError(f"{entry!r} is no hint; its keys may be {', '.join(sorted(known))}.")
    try:
        points = entry["points"] if "points" in entry else [[entry["x"], entry["y"]]]
        radius = entry.get("radius_px")
        ab = entry["ab"] if "ab" in entry else parse_color(str(entry["color"]))
        (a, b) = ab
        return Hint(
            points=tuple((float(x), float(y)) for x, y in points),
            ab=(float(a), float(b)),
            radius_px=None if radius is None else float(radius),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ColorError | HintError):
            raise
        raise HintError(
            f"{entry!r} is no hint: it wants x and y, or points, and color or ab."
        ) from error


def hints_to_json(hints: Iterable[Hint]) -> str:
    """Hints as JSON, one a line; the inverse of `hints_from_json`."""
    lines = []
    for hint in hints:
        entry: dict[str, Any] = {"points": hint.points, "ab": [round(v, 3) for v in hint.ab]}
        if hint.radius_px is not None:
            entry["radius_px"] = hint.radius_px
        lines.append("  " + json.dumps(entry))
    return '{"hints": [\n' + ",\n".join(lines) + "\n]}\n"


@dataclass(frozen=True, eq=False)
class Canvas:
    """Hints laid out over the small copy of a photograph.

    ``points`` (T, 2) are places in pixels of the small copy, ``ab`` (T, 2) their colours as
    sRGB can show them there, ``radii`` (T,) pixels; ``planes`` (h, w, 3) is what
    `Session.decode` takes.
    """

    points: Float
    ab: Float
    radii: Float
    planes: Float

    def tokens(self, session: Session, features: Features) -> Tokens:
        """The hints as tokens of a picture that was encoded to `features`."""
        place = np.concatenate([self.points, np.ones_like(self.points[:, :1])], axis=1)
        return Tokens(session.sample(features, self.points), self.ab, place)


def lay_out(
    hints: Sequence[Hint], picture_size: tuple[int, int], lightness: Float, cell_px: int
) -> Canvas:
    """Bring hints from a photograph to its small copy.

    Parameters
    ----------
    hints : later ones lie over earlier ones
    picture_size : (height, width) of the photograph
    lightness : (H, W), L* of the small copy
    cell_px : how many pixels of the small copy a position of the model's output spans

    Raises
    ------
    HintError
        A point lies outside the photograph.
    """
    height, width = lightness.shape
    scale = np.array([width / picture_size[1], height / picture_size[0]], dtype=np.float32)
    zoom = float(np.sqrt(scale.prod()))
    rows, columns = (-(-side // cell_px) * cell_px for side in (height, width))
    painted = np.zeros((rows, columns, 3), dtype=np.float32)
    points, colors, radii = [], [], []
    for hint in hints:
        for x, y in hint.points:
            if not (0 <= x <= picture_size[1] and 0 <= y <= picture_size[0]):
                raise HintError(
                    f"A hint at ({x:g}, {y:g}) lies outside the picture, which is "
                    f"{picture_size[1]} x {picture_size[0]} pixels."
                )
        radius = RADIUS_SHARE * min(picture_size) if hint.radius_px is None else hint.radius_px
        radius = min(max(radius * zoom, 0.75), height + width)
        path = np.array(hint.points, dtype=np.float32) * scale
        _stroke(painted, path, radius, hint.ab)
        for point in _along(path, max(TOKEN_STEP_PX, radius)):
            column, row = np.minimum(point.astype(int), [width - 1, height - 1])
            points.append(point)
            colors.append(_showable(hint.ab, float(lightness[row, column])))
            radii.append(radius)
    cells = painted.reshape(rows // cell_px, cell_px, columns // cell_px, cell_px, 3)
    return Canvas(
        np.array(points, dtype=np.float32).reshape(-1, 2),
        np.array(colors, dtype=np.float32).reshape(-1, 2),
        np.array(radii, dtype=np.float32),
        cells.mean(axis=(1, 3), dtype=np.float32),
    )


def _showable(ab: tuple[float, float], lightness: float) -> tuple[float, float]:
    """The nearest a* and b* towards grey that sRGB can show at a lightness."""
    linear = color.reduce_gamut(color.lab_to_linear(np.array([lightness, *ab], np.float32)))
    _, a, b = color.srgb_to_lab(color.linear_to_srgb(linear)).tolist()
    return a, b


def _stroke(painted: Float, path: Float, radius: float, ab: tuple[float, float]) -> None:
    """Lay a stroke over (H, W, 3), a* x share, b* x share, share."""
    low = np.floor(path.min(axis=0) - radius - 1).astype(int).clip(0)
    high = np.ceil(path.max(axis=0) + radius + 1).astype(int)
    part = painted[low[1] : high[1], low[0] : high[0]]
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    at = np.stack([columns, rows], axis=-1) + low + 0.5
    squared = np.full(part.shape[:2], np.inf, dtype=np.float32)
    for start, end in zip(path, path[1:] if len(path) > 1 else path, strict=False):
        # Only around this piece, as a stroke may have thousands.
        first = (np.floor(np.minimum(start, end) - radius - 1).astype(int) - low).clip(0)
        last = (np.ceil(np.maximum(start, end) + radius + 1).astype(int) - low).clip(0)
        window = np.s_[first[1] : last[1], first[0] : last[0]]
        along = end - start
        length = float(along @ along)
        away = at[window] - start
        share = np.clip(away @ along / length, 0, 1) if length > 0 else np.zeros(1)
        offset = away - share[..., None] * along
        squared[window] = np.minimum(squared[window], (offset**2).sum(axis=-1))
    cover = np.clip(radius + 0.5 - np.sqrt(squared), 0, 1)[..., None]
    part += cover * (np.array([*ab, 1], dtype=np.float32) - part)


def _along(path: Float, step: float) -> Float:
    """Points along a path, at least `step` apart: its start, and evenly up to its end."""
    lengths = np.hypot(*np.diff(path, axis=0).T) if len(path) > 1 else np.zeros(0)
    reached = np.concatenate([[0], np.cumsum(lengths)])
    count = min(STROKE_TOKENS, 1 + int(reached[-1] // step))
    wanted = np.linspace(0, reached[-1], count) if count > 1 else reached[-1:] / 2
    points = [np.interp(wanted, reached, path[:, axis]) for axis in (0, 1)]
    return np.stack(points, axis=-1).astype(np.float32)


def obey(ab: Float, lightness: Float, canvas: Canvas, cell_px: int) -> Float:
    """Correct coarse colours so that each hint has its own colour where it stands.

    What the network has missed is spread twice: a part of what hints have in common, widely,
    over like lightness and what the network has painted alike; the rest over each hint's own
    spot, and not to where lightness is another. Each time the corrections of all hints are
    found together, so that neighbours don't disturb one another.

    Parameters
    ----------
    ab : (h, w, 2) coarse colours
    lightness : (h, w), L* of the same positions
    canvas : the hints
    cell_px : as for `lay_out`

    Returns
    -------
    (h, w, 2) float32

    Source: kriging; Matheron, "Principles of geostatistics", 1963.
    """
    last = _last_of_each_place(canvas.points, np.maximum(cell_px, 0.7 * canvas.radii))
    points, wanted = (canvas.points[last] / cell_px - 0.5).astype(np.float32), canvas.ab[last]
    near = np.maximum(0.6 * canvas.radii[last] / cell_px, 0.8).astype(np.float32)
    wide = np.full(near.shape, WIDE_SHARE * min(lightness.shape), dtype=np.float32)
    light = lightness[..., None]
    alike = np.concatenate([light / WIDE_LIGHTNESS, ab / WIDE_AB], axis=-1)
    steps: tuple[tuple[Float, Float, float], ...] = (
        (wide, alike, WIDE_DOUBT),
        (near, light / KINDRED_LIGHTNESS, 0.02),
    )
    readers = [_around(lightness, x, y) for x, y in points]
    corrected: Float = ab
    for reach, traits, doubt in steps:
        added = _spread(corrected, traits, points, readers, wanted, reach=reach, doubt=doubt)
        corrected = corrected + added
    # Hints that lie close together and contradict one another would shoot over.
    low = np.minimum(ab, wanted.min(axis=0)) - OVERSHOOT
    high = np.maximum(ab, wanted.max(axis=0)) + OVERSHOOT
    return np.clip(corrected, low, high).astype(np.float32)


def _spread(
    ab: Float,
    traits: Float,
    points: Float,
    readers: Sequence[tuple[Any, Float]],
    wanted: Float,
    *,
    reach: Float,
    doubt: float,
) -> Float:
    """What hints add to colours around them, (h, w, 2).

    Parameters
    ----------
    traits : (h, w, C), in which positions must be like a hint's to get its colour, in standard
        deviations of its influence
    points, readers, wanted : (T, 2) places in cells, how to read a field there (see `_around`),
        and (T, 2) colours
    reach : (T,), the standard deviation of each hint's influence over the picture, in cells
    doubt : 0 meets every hint exactly; 1 believes one alone by half
    """
    rows, columns = np.mgrid[: ab.shape[0], : ab.shape[1]].astype(np.float32)
    fields = []
    for (x, y), (at, share), cells in zip(points, readers, reach, strict=True):
        squared = ((columns - x) ** 2 + (rows - y) ** 2) / cells**2
        squared += ((traits - share @ traits[at]) ** 2).sum(axis=-1)
        fields.append(np.exp(-0.5 * squared))
    field = np.stack(fields, axis=-1)
    told = np.stack([share @ field[at] for at, share in readers])
    missed = wanted - np.stack([share @ ab[at] for at, share in readers])
    added: Float = field @ np.linalg.solve(told + doubt * np.eye(len(told)), missed)
    return added


def _last_of_each_place(points: Float, apart: Float) -> NDArray[np.int64]:
    """Indices of points without those that lie nearer to a later one than its `apart`."""
    kept: list[int] = []
    for index in range(len(points) - 1, -1, -1):
        if all(np.hypot(*(points[index] - points[other])) >= apart[other] for other in kept):
            kept.append(index)
    return np.array(sorted(kept), dtype=np.int64)


def _around(lightness: Float, x: float, y: float) -> tuple[Any, Float]:
    """How to read a field at (x, y).

    A field is read from the four cells around, bilinearly, but for those of another lightness.

    Returns
    -------
    (rows, columns) of the four; their shares, summing to 1
    """
    height, width = lightness.shape
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = int(x), int(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    across, down = ([1.0 - (at - low), at - low] for at, low in ((x, left), (y, top)))
    at = np.array([top, top, bottom, bottom]), np.array([left, right, left, right])
    share = np.outer(down, across).ravel()
    light = float(lightness[at][share.argmax()])
    share = share * np.exp(-0.5 * ((lightness[at] - light) / KINDRED_LIGHTNESS) ** 2)
    return at, (share / share.sum()).astype(np.float32)
