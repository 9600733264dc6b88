"""What the server answers, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from photochrom.models.abilities import Reason


class Model(BaseModel):
    """A model that there is."""

    name: str
    default: bool
    domain: str
    """What it is good at."""
    like: str
    """Of which known kind another maker's model is."""
    licence: str
    size_bytes: int
    sha256: str
    """Of its file: which model it is, whatever its name."""
    cannot: dict[Literal["palette", "reference", "alternatives", "confidence"], Reason]
    """What it can't do, and why."""
    fault: Literal["", "gone", "damaged"]
    """Why it can't be used at all."""


class FormatFound(BaseModel):
    """A format that can be read or written; new files get the first suffix."""

    name: str
    title: str
    media_type: str
    suffixes: list[str]


class Models(BaseModel):
    """All models, the one that is at work, and the formats that can be read and written."""

    models: list[Model]
    current: str
    reads: list[FormatFound]
    writes: list[FormatFound]
    clips: bool
    """Whether before and after can be had as a short film, which needs the ``video`` extra."""


class Sample(BaseModel):
    """A photograph to try."""

    name: str
    title: str
    url: str


class Samples(BaseModel):
    """Photographs to try."""

    samples: list[Sample]


class Preview(BaseModel):
    """The size of what is painted for a preview."""

    width: int
    height: int


class Opened(BaseModel):
    """An open picture."""

    id: str
    name: str
    width: int
    height: int
    format: str
    gray: bool
    notes: list[str]
    preview: Preview


class AlternativeFound(BaseModel):
    """Another plausible result; ``hints`` lead there."""

    number: int
    likelihood: float
    hints: list[dict[str, Any]]
    thumbnail: str


class Alternatives(BaseModel):
    """Other plausible results, the likeliest first."""

    alternatives: list[AlternativeFound]


class LikelyColor(BaseModel):
    """A color, and the share of the distribution that lies there."""

    color: str
    share: float


class LikelyColors(BaseModel):
    """The likeliest colors at a point."""

    colors: list[LikelyColor]


class Traits(BaseModel):
    """By what a picture's regions are told apart, at the size of the model's output.

    ``data`` is base64 of little-endian 16 bit numbers, rows by columns by channels, times
    ``levels``. With ``readers``, (bias, slope, away) of each size of thing from small to large, a
    region is ``sigmoid(bias - slope (d + away e))``: ``d`` is the difference from the spot, ``e``
    the distance to it in halves of the shorter side. Reach 1 is the last reader, half of it the
    one before, with values between read between them; below and above, the slope goes with the
    inverse of the reach's root. Without, it is ``exp(-d^2 / 2)`` with ``d`` the larger of the
    difference from the spot and ``way`` times the sum of the differences on the best way to it,
    over the reach; each step to a neighbor counts at least ``step / way``, added in squares.
    ``place`` is left, top, height and width of what they show, in pixels of the picture: all of it,
    but for a plain border.
    """

    width: int
    height: int
    channels: int
    levels: int
    place: Annotated[list[int], Field(min_length=4, max_length=4)]
    way: float
    step: float
    readers: list[Annotated[list[float], Field(min_length=3, max_length=3)]]
    data: str


class Coefficients(BaseModel):
    """What a picture's colors are at each lightness, at the size of the model's output.

    ``a* = offset[0] + gain[0] L*``, b* likewise. ``data`` is base64 of little-endian 16 bit
    numbers, of the offset and then of the gain: rows by columns by a and b, over ``steps``, one for
    each. ``place`` is left, top, height and width of what they show, in pixels of the preview: null
    where that is all of it. What is beside it stays gray.
    """

    width: int
    height: int
    steps: Annotated[list[float], Field(min_length=2, max_length=2)]
    place: Annotated[list[float], Field(min_length=4, max_length=4)] | None
    data: str


class Palette(BaseModel):
    """The main colors of a picture."""

    palette: list[str]


class Health(BaseModel):
    """That the server is well."""

    status: Literal["ok"]
    version: str


class ProblemAnswer(BaseModel):
    """What is wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:photochrom:problem:pictureread",
                    "title": "The picture can't be read",
                    "status": 422,
                    "detail": "old.jpg: this is not a picture in a known format: JPEG, PNG, TIFF.",
                    "instance": "/v1/colorize",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
