"""Edits: what somebody has asked for a photograph in the Studio, as a file beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photochrom.errors import ColorError, EditsError, HintError, OptionError
from photochrom.models import fields
from photochrom.models.contract import ModelIdentity
from photochrom.models.plain import read_json, read_text
from photochrom.runtime.hints import hints_from, locks_from
from photochrom.runtime.lasso import lassos_from
from photochrom.runtime.options import DEFAULTS, Options, limits_for
from photochrom.runtime.palette import parse_palette

SUFFIX = ".edits.json"
"""Of the edits of ``a.jpg``: ``a.jpg.edits.json``."""

VERSION = 1
TONES = ("vividness", "likeness", "warmth", "tint", "strength")
LOOK = ("hints", "lock", "lassos", "palette", *TONES)
"""The options that edits hold."""

KNOWN = {"photochrom", "version", "model", "reference", *LOOK}


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What was asked for a photograph."""

    look: Options = DEFAULTS
    """Only the fields of `LOOK` count."""
    reference: Path | None = None
    """A color photograph to follow."""
    model: ModelIdentity | None = None
    """Which model painted; None where that isn't known."""

    def over(self, options: Options) -> Options:
        """Options with these edits in place of theirs."""
        return replace(options, **{name: getattr(self.look, name) for name in LOOK})


def edits_beside(photograph: Path, folder: Path) -> Edits | None:
    """The edits of a photograph that lie in a folder; None where there are none.

    Those that lie in folders of the photograph's own folders' names come first:
    ``1950/a.jpg.edits.json`` is for ``album/1950/a.jpg``, ``a.jpg.edits.json`` for any ``a.jpg``.

    Raises
    ------
    EditsError
        They can't be read.
    """
    _, *folders, name = photograph.absolute().parts
    ways = (Path(*folders[at:], f"{name}{SUFFIX}") for at in range(len(folders) + 1))
    place = next((folder / way for way in ways if (folder / way).is_file()), None)
    return None if place is None else load_edits(place)


def load_edits(path: Path) -> Edits:
    """Read edits as the Studio saves them.

    Raises
    ------
    EditsError
        They can't be read, or hold something else; the message says what.
    """
    try:
        return _edits_from(read_json(read_text(path)), path.parent)
    except ValueError as error:
        raise EditsError(f"{path}: the edits can't be read ({error}).") from error


def _edits_from(content: Any, folder: Path) -> Edits:
    if not isinstance(content, dict) or content.get("photochrom") != "edits":
        raise ValueError('this is not a file of edits, which begins with "photochrom": "edits"')
    if content.get("version") != VERSION:
        raise ValueError(f"version {content.get('version')}; expected {VERSION}")
    unknown = sorted(set(content) - KNOWN)
    if unknown:
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    try:
        palette = content.get("palette", [])
        if not isinstance(palette, list) or not all(isinstance(one, str) for one in palette):
            raise ValueError('the palette is no list of colors, such as ["#aa3377", "#ddeeaa"]')
        reference = content.get("reference")
        numbers: dict[str, Any] = {name: _number(content, name) for name in TONES}
        look = Options(
            hints=hints_from(content.get("hints", [])),
            lock=locks_from(content.get("lock", [])),
            lassos=lassos_from(content.get("lassos", [])),
            palette=parse_palette(",".join(palette)) if palette else (),
            **numbers,
        )
        return Edits(
            look=look,
            reference=None if reference is None else folder / fields.text(reference, "reference"),
            model=_model(content),
        )
    except (ColorError, HintError, OptionError, TypeError) as error:
        raise ValueError(str(error)) from error


def _model(content: dict[str, Any]) -> ModelIdentity | None:
    if content.get("model") is None:
        return None
    table = fields.table(content["model"], "model")
    unknown = sorted(set(table) - {"name", "sha256"})
    if unknown:
        raise ValueError(f"unknown keys in model: {', '.join(unknown)}")
    name, sha256 = (fields.text(table.get(key, ""), f"model.{key}") for key in ("name", "sha256"))
    if not name:
        raise ValueError("model has no name")
    return ModelIdentity(name, sha256=sha256)


def _number(content: dict[str, Any], name: str) -> float:
    value, limits = content.get(name, getattr(DEFAULTS, name)), limits_for(name)
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not limits["min"] <= value <= limits["max"]:
        raise ValueError(f"{name} is {value}; expected {limits['min']}..{limits['max']}")
    return float(value)
