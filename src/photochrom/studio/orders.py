"""What the server is asked, as pydantic models; the options come from `Options`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
)

from photochrom.errors import ColorError, HintError
from photochrom.runtime.hints import MOST_REACH, Hint, Lock, hints_from, hints_from_json, locks_from
from photochrom.runtime.options import Options, help_for, limits_for
from photochrom.runtime.palette import parse_palette

SERVERS_OWN = frozenset({"max_pixels", "allow_damaged"})
"""Options that whoever starts the server decides."""

OF_FILES = frozenset({"provenance", "quality", "lossless"})
"""Options of what is written, which previews have not."""

OF_CONFIDENCE = frozenset({"hints", "alternative", "seed"})
"""Options that the model's confidence depends on."""

MAX_HINTS = 200
MAX_POINTS = 4000
MAX_COLORS = 64

HINT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A color that is known at a point, or along a stroke through several; places "
    "are pixels of the full picture.",
    "properties": {
        "x": {"type": "number"},
        "y": {"type": "number"},
        "points": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 2,
                "maxItems": 2,
            },
        },
        "color": {"type": "string", "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"},
        "ab": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "radius_px": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "reach": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MOST_REACH},
    },
    "additionalProperties": False,
}

HintEntries = Annotated[
    list[dict[str, Any]],
    Field(max_length=MAX_HINTS),
    WithJsonSchema({"type": "array", "maxItems": MAX_HINTS, "items": HINT_SCHEMA}),
]
LOCK_SCHEMA = {
    "type": "object",
    "description": "A dot or a stroke where hints from elsewhere change nothing.",
    "properties": {
        key: HINT_SCHEMA["properties"][key] for key in ("x", "y", "points", "radius_px")
    },
    "additionalProperties": False,
}
LockEntries = Annotated[
    list[dict[str, Any]],
    Field(max_length=MAX_HINTS),
    WithJsonSchema({"type": "array", "maxItems": MAX_HINTS, "items": LOCK_SCHEMA}),
]
Colors = Annotated[list[str], Field(max_length=MAX_COLORS)]
FormatName = Literal["jpeg", "png", "tiff", "webp", "avif"]
WRITTEN: tuple[str, ...] = get_args(FormatName)


class _Strict(BaseModel):
    """Knows its keys, and refuses others."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _model(name: str, *, leaving_out: frozenset[str], **types: Any) -> type[BaseModel]:
    """A model of the fields of `Options`, with their defaults and help.

    Parameters
    ----------
    name : the model's
    leaving_out : fields that it has not
    types : (type, default) of fields that are written otherwise here
    """
    definitions: dict[str, Any] = {}
    for one in fields(Options):
        if one.name not in leaving_out:
            type_, default = types.get(one.name, (type(one.default), one.default))
            limits = limits_for(one.name)
            field: Any = Field(
                default,
                description=help_for(one.name),
                ge=limits.get("min"),
                le=limits.get("max"),
            )
            definitions[one.name] = (type_, field)
    return create_model(name, __base__=_Strict, **definitions)


if TYPE_CHECKING:

    class _FileOptions(_Strict):
        """Made below, where no type checker looks."""

    class _LookOptions(_Strict):
        """Likewise."""

    class _AlternativesOptions(_Strict):
        """Likewise."""

    class _ConfidenceOptions(_Strict):
        """Likewise."""

    class _QueryOptions(_Strict):
        """Likewise."""

else:
    _BODY = {"hints": (HintEntries, []), "lock": (LockEntries, []), "palette": (Colors, [])}
    _OTHERS = SERVERS_OWN | {"only_gray"}
    _ALL = frozenset(one.name for one in fields(Options))
    _FileOptions = _model("FileOptions", leaving_out=_OTHERS, **_BODY)
    _LookOptions = _model("LookOptions", leaving_out=_OTHERS | OF_FILES, **_BODY)
    _AlternativesOptions = _model(
        "AlternativesOptions", leaving_out=_OTHERS | OF_FILES | {"alternative"}, **_BODY
    )
    _ConfidenceOptions = _model("ConfidenceOptions", leaving_out=_ALL - OF_CONFIDENCE, **_BODY)
    _QueryOptions = _model(
        "QueryOptions", leaving_out=SERVERS_OWN, hints=(str, ""), lock=(str, ""), palette=(str, "")
    )


ReferenceId = Annotated[
    str | None, Field(description="The id of an open color picture to follow where it fits.")
]

MODEL_HELP = (
    "A model's name in /v1/models, or the SHA-256 of its file, for exactly that one. Default: the "
    "model that the server was started with."
)
ModelName = Annotated[str | None, Field(max_length=64, description=MODEL_HELP)]


class PreviewOrder(_LookOptions):
    """How to paint an open picture, as a JPEG of at most 1600 pixels."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hints": [{"x": 320, "y": 200, "color": "#cc2244"}],
                    "vividness": 1.2,
                    "size": "preview",
                }
            ]
        }
    )

    reference: ReferenceId = None
    model: ModelName = None
    size: Literal["preview"] = "preview"


class FileOrder(_FileOptions):
    """How to paint an open picture, as a file of its full size."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"size": "full", "format": "png"}]})

    reference: ReferenceId = None
    model: ModelName = None
    size: Literal["full"]
    format: FormatName | None = Field(
        None, description="Of the file; that of the upload by default."
    )


def _size_of(order: Any) -> str:
    size = order.get("size") if isinstance(order, dict) else getattr(order, "size", None)
    return "full" if size == "full" else "preview"


PaintOrder = Annotated[
    Annotated[PreviewOrder, Tag("preview")] | Annotated[FileOrder, Tag("full")],
    Discriminator(_size_of),
]


class AlternativesOrder(_AlternativesOptions):
    """Which other results to look for, and how to paint them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"count": 4, "seed": 0}]})

    reference: ReferenceId = None
    model: ModelName = None
    count: int = Field(4, ge=1, le=8, description="At most so many.")


class ConfidenceOrder(_ConfidenceOptions):
    """Of which result to show where the model is sure."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"hints": [{"x": 320, "y": 200, "color": "#cc2244"}]}]}
    )

    reference: ReferenceId = None
    model: ModelName = None


class ColorizeOrder(_QueryOptions):
    """How to colorize a picture that comes with the request."""

    format: FormatName | None = Field(
        None, description="The format of the answer. Default: the format of the upload."
    )
    name: str = Field("", max_length=1000, description="The picture's file name.")
    model: ModelName = None


def options_of(order: BaseModel) -> Options:
    """What an order asks for, as the library takes it.

    Parameters
    ----------
    order : one of the orders above

    Raises
    ------
    HintError, ColorError
        One can't be understood.
    """
    own = type(order).model_fields
    values = {one.name: getattr(order, one.name) for one in fields(Options) if one.name in own}
    palette = values.get("palette") or ()
    palette_text = palette if isinstance(palette, str) else ",".join(palette)
    values["palette"] = parse_palette(palette_text) if palette_text else ()
    if len(values["palette"]) > MAX_COLORS:
        raise ColorError(f"The palette has too many colors; at most {MAX_COLORS} are allowed.")
    values["hints"] = hints_of(values["hints"])
    values["lock"] = locks_of(values.get("lock") or "")
    return Options(**values)


def hints_of(written: str | list[dict[str, Any]]) -> tuple[Hint, ...]:
    """Hints from a request: JSON text, or the entries.

    Raises
    ------
    HintError, ColorError
        They can't be understood, or are too many.
    """
    if not written:
        return ()
    try:
        hints = hints_from_json(written) if isinstance(written, str) else hints_from(written)
    except (HintError, ColorError):
        raise
    except (ValueError, RecursionError, OverflowError) as error:
        raise HintError(f"The hints can't be read ({error}).") from error
    _check_number(hints, "hints")
    return hints


def locks_of(written: str | list[dict[str, Any]]) -> tuple[Lock, ...]:
    """Locks from a request. Parameters and errors as for `hints_of`."""
    if not written:
        return ()
    try:
        locks = locks_from(json.loads(written) if isinstance(written, str) else written)
    except HintError:
        raise
    except (ValueError, RecursionError, OverflowError) as error:
        raise HintError(f"The locks can't be read ({error}).") from error
    _check_number(locks, "locks")
    return locks


def _check_number(found: Sequence[Hint | Lock], what: str) -> None:
    points = sum(len(one.points) for one in found)
    if len(found) > MAX_HINTS or points > MAX_POINTS:
        raise HintError(
            f"There are {len(found)} {what} with {points} points; at most {MAX_HINTS} with "
            f"{MAX_POINTS} are allowed."
        )
