"""A film's hints file: colors at places of frames, painted frames, references, cuts.

{"version": 1,
 "hints": [{"time": 12.48, "hints": [{"x": 120, "y": 80, "color": "#c22"}]},
           {"frame": 900, "picture": "900.png"}],
 "references": [{"picture": "a.jpg", "shots": [3, 4]}],
 "cuts": {"add": [31.2], "remove": [40.0]}}
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from photochrom.errors import ColorError, FilmHintsError, HintError
from photochrom.kinds import another_kind, check_path
from photochrom.models.plain import read_json, read_text
from photochrom.runtime.hints import Hint, hints_from

Span = Literal["shot", "frame"]


@dataclass(frozen=True, kw_only=True)
class FrameHints:
    """What is known of one frame.

    ``time_s`` or ``frame`` (from 0) says which; ``hints`` are in pixels of the upright frame;
    ``picture`` is the frame in color. With the span ``shot`` they hold along the motion, with
    ``frame`` for that frame only.
    """

    time_s: float | None = None
    frame: int | None = None
    hints: tuple[Hint, ...] = ()
    picture: Path | None = None
    span: Span = "shot"


@dataclass(frozen=True, kw_only=True)
class ShotReference:
    """A color photograph to follow in some shots, numbered from 1; in all if none are named."""

    picture: Path
    shots: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FilmHints:
    """What is known of a film. ``cuts_added`` and ``cuts_removed`` are in seconds."""

    frames: tuple[FrameHints, ...] = ()
    references: tuple[ShotReference, ...] = ()
    cuts_added: tuple[float, ...] = ()
    cuts_removed: tuple[float, ...] = ()

    def digest(self) -> str:
        """A hash of all that it says, pictures included."""
        digest = hashlib.sha256(repr(self).encode())
        named = [one.picture for one in self.frames] + [one.picture for one in self.references]
        for path in named:
            digest.update(b"" if path is None else _hash_of(path))
        return digest.hexdigest()


def _hash_of(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise FilmHintsError(f"{path}: this is not a regular file; expected a picture file.")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise FilmHintsError(f"{path}: the picture can't be read ({error.strerror}).") from error


def check_film_hints(hints: object) -> None:
    """Check that hints are a film's, and no path or list.

    Raises
    ------
    OptionError
        They are something else.
    """
    if not isinstance(hints, FilmHints | None):
        wanted = "FilmHints, which photochrom.load_film_hints reads from a file"
        raise another_kind("hints", hints, wanted)


def load_film_hints(path: str | os.PathLike[str]) -> FilmHints:
    """Read a film's hints file; pictures are named from its folder.

    Raises
    ------
    FilmHintsError
        It can't be read, or holds something else.
    OptionError
        `path` is no path.
    """
    check_path("path", path, wanted="the path of a film's hints file")
    path = Path(path)
    try:
        content = read_json(read_text(path))
    except ValueError as error:
        raise FilmHintsError(f"{path}: the hints can't be read ({error}).") from error
    try:
        return film_hints_from(content, path.parent)
    except FilmHintsError as error:
        raise FilmHintsError(f"{path}: {error}") from error


def film_hints_from(content: Any, folder: Path) -> FilmHints:
    """A film's hints from what its file holds, as JSON gives it; pictures are in `folder`.

    Raises
    ------
    FilmHintsError
        It is something else.
    """
    known = {"version", "hints", "references", "cuts"}
    fields = _object(content, known, "a film's hints")
    if fields.get("version") != 1:
        raise FilmHintsError(f"version {fields.get('version')!r} was found; expected 1.")
    cuts = _object(fields.get("cuts", {}), {"add", "remove"}, "cuts")
    return FilmHints(
        frames=tuple(_frame_hints(one, folder) for one in _list(fields, "hints")),
        references=tuple(_reference(one, folder) for one in _list(fields, "references")),
        cuts_added=tuple(_number(one, "cuts.add") for one in _list(cuts, "add")),
        cuts_removed=tuple(_number(one, "cuts.remove") for one in _list(cuts, "remove")),
    )


def _frame_hints(entry: Any, folder: Path) -> FrameHints:
    fields = _object(entry, {"time", "frame", "hints", "picture", "span"}, "the hints of a frame")
    if ("time" in fields) == ("frame" in fields):
        raise FilmHintsError(f"{entry!r}: expected either time or frame.")
    if ("hints" in fields) == ("picture" in fields):
        raise FilmHintsError(f"{entry!r}: expected either hints or picture.")
    span = fields.get("span", "shot")
    if span not in ("shot", "frame"):
        raise FilmHintsError(f"span {span!r} was found; expected 'shot' or 'frame'.")
    frame = fields.get("frame")
    if frame is not None and (not isinstance(frame, int) or isinstance(frame, bool) or frame < 0):
        raise FilmHintsError(f"frame {frame!r} was found; expected a whole number from 0 on.")
    try:
        hints = hints_from(fields.get("hints", []))
    except (HintError, ColorError) as error:
        raise FilmHintsError(str(error)) from error
    return FrameHints(
        time_s=_number(fields["time"], "time") if "time" in fields else None,
        frame=frame,
        hints=hints,
        picture=_path(fields["picture"], folder) if "picture" in fields else None,
        span=span,
    )


def _reference(entry: Any, folder: Path) -> ShotReference:
    fields = _object(entry, {"picture", "shots"}, "a reference")
    shots = _list(fields, "shots")
    if not all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in shots):
        raise FilmHintsError(f"shots {shots!r} were found; expected whole numbers from 1 on.")
    return ShotReference(picture=_path(fields.get("picture"), folder), shots=tuple(shots))


def _object(value: Any, known: set[str], what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not set(value) <= known:
        raise FilmHintsError(
            f"{value!r} was found for {what}; its keys may be {', '.join(sorted(known))}."
        )
    return value


def _list(fields: Mapping[str, Any], key: str) -> list[Any]:
    value = fields.get(key, [])
    if not isinstance(value, list):
        raise FilmHintsError(f"{key}: {value!r} was found; expected a list.")
    return value


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise FilmHintsError(f"{what}: {value!r} was found; expected seconds.")
    return float(value)


def _path(value: Any, folder: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise FilmHintsError(f"picture {value!r} was found; expected a file name.")
    return folder / value
