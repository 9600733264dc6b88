"""What the server is asked, as pydantic models; the options come from `Options`.

Each value becomes what the library takes while it is checked, so that an order is an `Options`
but for the fields that its route doesn't use, and an error names the field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
)

from photochrom.errors import ColorError, HintError, OptionError, PhotochromError
from photochrom.models.plain import read_json
from photochrom.runtime.hints import MOST_REACH, Hint, Lock, hints_from, locks_from
from photochrom.runtime.lasso import RANGES as LASSO_RANGES
from photochrom.runtime.lasso import Lasso, lassos_from
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
MAX_LASSOS = 20
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

LOCK_SCHEMA = {
    "type": "object",
    "description": "A dot or a stroke where hints from elsewhere change nothing.",
    "properties": {
        key: HINT_SCHEMA["properties"][key] for key in ("x", "y", "points", "radius_px")
    },
    "additionalProperties": False,
}
LASSO_SCHEMA = {
    "type": "object",
    "description": "A part of the picture with a tone of its own; what is null is as in all of it.",
    "properties": {
        "points": HINT_SCHEMA["properties"]["points"] | {"minItems": 3},
        **{
            name: {"type": ["number", "null"], "minimum": low, "maximum": high}
            for name, (low, high) in LASSO_RANGES.items()
        },
    },
    "required": ["points"],
    "additionalProperties": False,
}
FormatName = Literal["jpeg", "png", "tiff", "webp", "avif"]
WRITTEN: tuple[str, ...] = get_args(FormatName)


def hints_of(entries: Any) -> tuple[Hint, ...]:
    """Hints from the entries of a request.

    Raises
    ------
    HintError, ColorError
        They can't be understood, or are too many.
    """
    return _few(entries, hints_from, "hints")


def locks_of(entries: Any) -> tuple[Lock, ...]:
    """Locks from the entries of a request. Errors as for `hints_of`."""
    return _few(entries, locks_from, "locks")


def lassos_of(entries: Any) -> tuple[Lasso, ...]:
    """Lassos from the entries of a request.

    Raises
    ------
    OptionError
        They can't be understood, or are too many.
    """
    return _few(entries, lassos_from, "lassos", most=MAX_LASSOS, wrong=OptionError)


def colors_of(names: list[str]) -> tuple[str, ...]:
    """A palette from the colors of a request; () from none.

    Raises
    ------
    ColorError
        One can't be understood, or they are too many.
    """
    if len(names) > MAX_COLORS:
        raise ColorError(f"The palette has too many colors; at most {MAX_COLORS} are allowed.")
    return parse_palette(",".join(names)) if names else ()


Placed = TypeVar("Placed", Hint, Lock, Lasso)


def _few(
    entries: Any,
    parse: Callable[[Any], tuple[Placed, ...]],
    what: str,
    *,
    most: int = MAX_HINTS,
    wrong: type[PhotochromError] = HintError,
) -> tuple[Placed, ...]:
    """Hints, locks or lassos of a request, unless they are too many."""
    try:
        found = parse(entries)
    except (RecursionError, OverflowError) as error:
        raise wrong(f"The {what} can't be read ({error}).") from error
    points = sum(len(one.points) for one in found)
    if len(found) > most or points > MAX_POINTS:
        raise wrong(
            f"There are {len(found)} {what} with {points} points; at most {most} with "
            f"{MAX_POINTS} are allowed."
        )
    return found


def _listed(
    entry: Any, schema: dict[str, Any], most: int, parse: Callable[[Any], Any]
) -> tuple[Any, Any]:
    """The type and the default of a field that holds a list."""
    whole = {"type": "array", "maxItems": most, "items": schema}
    few = Field(max_length=most)
    return Annotated[list[entry], few, AfterValidator(parse), WithJsonSchema(whole)], []


def _written(parse: Callable[[Any], Any]) -> Any:
    """The type of a query parameter, or of a form's field, that holds such a list as JSON."""

    def read(text: str) -> Any:
        if not text:
            return ()
        try:
            entries = read_json(text)
        except ValueError as error:
            raise HintError(f"this is not valid JSON: {error}") from error
        return parse(entries)

    return Annotated[str, AfterValidator(read)]


HintsText = _written(hints_of)
LocksText = _written(locks_of)
LassosText = _written(lassos_of)
PaletteText = Annotated[
    str, AfterValidator(lambda text: colors_of(text.split(",") if text else []))
]


MODEL_HELP = (
    "A model's name in /v1/models, or the SHA-256 of its file, for exactly that one. Default: the "
    "model that the server was started with."
)


class _Order(BaseModel):
    """Knows its keys, and refuses others."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    model: str | None = Field(None, max_length=64, description=MODEL_HELP)

    def options(self) -> Options:
        """What is asked for, as the library takes it; its own defaults for the rest."""
        own = type(self).model_fields
        names = (one.name for one in fields(Options) if one.name in own)
        return Options(**{name: getattr(self, name) for name in names})


class OpenOrder(_Order):
    """An order for a picture that is open, as another one may be."""

    reference: str | None = Field(
        None, description="The id of an open color picture to follow where it fits."
    )


def _model(
    name: str, base: type[_Order], *, leaving_out: frozenset[str], **types: Any
) -> type[_Order]:
    """A model of the fields of `Options`, with their defaults, limits and help.

    Parameters
    ----------
    name, base : the model's
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
                validate_default=True,
                description=help_for(one.name),
                ge=limits.get("min"),
                le=limits.get("max"),
            )
            definitions[one.name] = (type_, field)
    return create_model(name, __base__=base, **definitions)


if TYPE_CHECKING:

    class _FileOptions(OpenOrder):
        """Made below, where no type checker looks."""

    class _LookOptions(OpenOrder):
        """Likewise."""

    class _AlternativesOptions(OpenOrder):
        """Likewise."""

    class _ConfidenceOptions(OpenOrder):
        """Likewise."""

    class _QueryOptions(_Order):
        """Likewise."""

else:
    _BODY = {
        "hints": _listed(Any, HINT_SCHEMA, MAX_HINTS, hints_of),
        "lock": _listed(Any, LOCK_SCHEMA, MAX_HINTS, locks_of),
        "lassos": _listed(Any, LASSO_SCHEMA, MAX_LASSOS, lassos_of),
        "palette": _listed(str, {"type": "string"}, MAX_COLORS, colors_of),
    }
    _OTHERS = SERVERS_OWN | {"only_gray"}
    _ALL = frozenset(one.name for one in fields(Options))
    _FileOptions = _model("FileOptions", OpenOrder, leaving_out=_OTHERS, **_BODY)
    _LookOptions = _model("LookOptions", OpenOrder, leaving_out=_OTHERS | OF_FILES, **_BODY)
    _AlternativesOptions = _model(
        "AlternativesOptions",
        OpenOrder,
        leaving_out=_OTHERS | OF_FILES | {"alternative"},
        **_BODY,
    )
    _ConfidenceOptions = _model(
        "ConfidenceOptions", OpenOrder, leaving_out=_ALL - OF_CONFIDENCE, **_BODY
    )
    _QueryOptions = _model(
        "QueryOptions",
        _Order,
        leaving_out=SERVERS_OWN | {"likeness"},  # as it takes no reference
        hints=(HintsText, ""),
        lock=(LocksText, ""),
        lassos=(LassosText, ""),
        palette=(PaletteText, ""),
    )


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

    size: Literal["preview"] = "preview"


class FileOrder(_FileOptions):
    """How to paint an open picture, as a file of its full size."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"size": "full", "format": "png"}]})

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

    count: int = Field(4, ge=1, le=8, description="The most alternatives to return.")


class ConfidenceOrder(_ConfidenceOptions):
    """Of which result to show where the model is sure."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"hints": [{"x": 320, "y": 200, "color": "#cc2244"}]}]}
    )


class ColorizeOrder(_QueryOptions):
    """How to colorize a picture that comes with the request."""

    format: FormatName | None = Field(
        None, description="The format of the answer. Default: the format of the upload."
    )
    name: str = Field("", max_length=1000, description="The picture's file name.")
