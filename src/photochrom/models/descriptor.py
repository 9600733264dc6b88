"""What a model that somebody else has made takes and gives: ``NAME.toml`` beside ``NAME.onnx``.

    like = "ddcolor"
    licence = "Apache-2.0"

is all that a model of a known kind needs; any other value beside ``like`` replaces that kind's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from photochrom.errors import ContractError
from photochrom.models import fields
from photochrom.models.plain import read_text, read_toml


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """One picture in, colors out.

    The network sees ``(value - mean) / std``, where value is 0 for black and `scale` for white,
    and what it gives is ``gain * output + offset``: a* and b*, or RGB from 0 to `scale`.
    """

    like: str = ""
    """The kind that the other values are from; empty for none."""
    takes: Literal["gray-rgb", "lightness"]
    """A neutral sRGB picture of the same L*, or L* itself."""
    gives: Literal["ab", "rgb"]
    """Of RGB, luma is replaced by the photograph's."""
    scale: float | None = None
    """None: 100 for lightness; 1 for gray-rgb, or what a probe finds where RGB comes out."""
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    """One value, or one for each channel."""
    gain: float = 1.0
    offset: float = 0.0
    side: int | None = None
    """The short side in pixels at which the network sees a picture, where its file leaves that
    open; None: the kind's usual one."""
    stride: int = 32
    """Sides are multiples of it, where the file leaves them open."""
    shape: Literal["square", "free"] = "square"
    """Pictures are stretched to a square, or keep their aspect ratio."""
    input: str = ""
    output: str = ""
    """Their names; empty: the first ones."""
    hint_ab: str = ""
    hint_mask: str = ""
    """The names of two more inputs: a* and b* of hints, and where there are some."""
    licence: str = ""
    sha256: str = ""
    """Of the model's file, where it was added (see `models.adding`)."""

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            try:
                object.__setattr__(self, name, check(getattr(self, name), name))
            except ValueError as error:
                raise ContractError(str(error)) from error
        if not all(self.std):
            raise ContractError("std contains 0; expected nonzero numbers.")
        if bool(self.hint_ab) != bool(self.hint_mask):
            raise ContractError("hint_ab and hint_mask go together; name both, or neither.")


_NUMBERS = fields.several(fields.real(-1000, 1000), 1, 3)
_CHECKS: dict[str, fields.Check] = {
    "like": fields.text,
    "takes": fields.choice("gray-rgb", "lightness"),
    "gives": fields.choice("ab", "rgb"),
    "scale": fields.maybe(fields.real(0.001, 65_535)),
    "mean": _NUMBERS,
    "std": _NUMBERS,
    "gain": fields.real(-1000, 1000),
    "offset": fields.real(-1000, 1000),
    "side": fields.maybe(fields.whole(16, 4096)),
    "stride": fields.whole(1, 1024),
    "shape": fields.choice("square", "free"),
    "input": fields.text,
    "output": fields.text,
    "hint_ab": fields.text,
    "hint_mask": fields.text,
    "licence": fields.text,
    "sha256": fields.text,
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Models that many people have, which take and give the same."""

    descriptor: Descriptor
    side: int
    source: str
    """Where people get such files."""


KINDS = {
    "ddcolor": Kind(
        descriptor=Descriptor(
            like="ddcolor", takes="gray-rgb", gives="ab", scale=1.0, licence="Apache-2.0"
        ),
        side=512,
        source="DDColor's own export_onnx.py; instant-high/DDColor-onnx; FaceFusion's assets",
    ),
    "deoldify": Kind(
        descriptor=Descriptor(
            like="deoldify", takes="gray-rgb", gives="rgb", scale=255.0, stride=16, licence="MIT"
        ),
        side=512,
        source="instant-high's and FaceFusion's DeOldify files",
    ),
    "deoldify-unit": Kind(
        descriptor=Descriptor(
            like="deoldify-unit", takes="gray-rgb", gives="rgb", scale=1.0, stride=16, licence="MIT"
        ),
        side=512,
        source="Makistos' DeOldify files",
    ),
    "eccv16": Kind(
        descriptor=Descriptor(
            like="eccv16",
            takes="lightness",
            gives="ab",
            scale=100.0,
            stride=8,
            licence="BSD-2-Clause",
        ),
        side=256,
        source="clibdev's, ailia's and Makistos' colorization files",
    ),
    "siggraph17": Kind(
        descriptor=Descriptor(
            like="siggraph17",
            takes="lightness",
            gives="ab",
            scale=100.0,
            stride=8,
            hint_ab="hint_ab",
            hint_mask="hint_mask",
            licence="BSD-2-Clause",
        ),
        side=256,
        source="clibdev's and Makistos' colorization files",
    ),
}
"""What ``like`` may name. None of these ships: people bring the file."""

USUAL_SIDE_PX = 256


def like(kind: str) -> Descriptor:
    """The descriptor of a known kind.

    Raises
    ------
    ContractError
        There is no such kind.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise ContractError(f"like is '{kind}'; expected one of {', '.join(KINDS)}.")
    return KINDS[kind].descriptor


def read_descriptor(path: Path) -> Descriptor:
    """Read a descriptor's file.

    Raises
    ------
    ContractError
        It can't be read, holds what no descriptor has, or a value that can't be.
    """
    try:
        text = read_text(path)
    except ValueError as error:
        raise ContractError(f"{path}: can't be read ({error}).") from error
    try:
        table: dict[str, Any] = read_toml(text)
    except ValueError as error:
        raise ContractError(f"{path}: this is not valid TOML: {error}") from error
    unknown = sorted(set(table) - set(_CHECKS))
    if unknown:
        raise ContractError(f"{path}: '{unknown[0]}' is unknown; known: {', '.join(_CHECKS)}.")
    try:
        if "like" in table:
            return dataclasses.replace(like(table["like"]), **table)
        missing = [name for name in ("takes", "gives") if name not in table]
        if missing:
            raise ContractError(
                f"{missing[0]} is missing; set it, or set like to one of: {', '.join(KINDS)}."
            )
        return Descriptor(**table)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from error
