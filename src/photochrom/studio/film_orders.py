"""What the server is asked about films, and what it answers, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Container = Literal["mp4", "m4v", "mov", "mkv", "webm"]
CodecName = Literal["h264", "h265", "av1", "prores", "ffv1"]
Vividness = Annotated[float, Field(ge=0, le=2, description="As for photographs.")]
FrameNumber = Annotated[int, Field(ge=0, lt=2**31)]
Cuts = Annotated[list[float], Field(max_length=1000)]

VIVIDNESS = 0.95
"""As `video.coloring.VIVIDNESS`, which needs the video extra; a test compares them."""


class _Order(BaseModel):
    """Knows its keys, and refuses others."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class FilmHintsOrder(_Order):
    """What is known of a film: the content of a film's hints file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": 1,
                    "hints": [
                        {"time": 12.48, "hints": [{"x": 120, "y": 80, "color": "#cc2222"}]},
                        {"time": 20.0, "picture": "painted-1.png"},
                    ],
                    "references": [{"picture": "like-2.jpg", "shots": [3, 4]}],
                    "cuts": {"add": [31.2], "remove": [40.0]},
                }
            ]
        }
    )

    version: Literal[1] = 1
    hints: list[dict[str, Any]] = Field([], max_length=2000)
    references: list[dict[str, Any]] = Field([], max_length=200)
    cuts: dict[str, Cuts] = {}


class GlimpseOrder(_Order):
    """Which part of which shot to show in color."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"shot": 1, "part": 0}]})

    shot: int = Field(ge=1, lt=2**31, description="The shot's number.")
    part: int = Field(0, ge=0, lt=2**31, description="Which part of a long shot, from 0.")
    large: FrameNumber | None = Field(None, description="A frame to return larger, too.")
    vividness: Vividness = VIVIDNESS


class ColorsOrder(_Order):
    """At which point of which frame to look for likely colors."""

    number: FrameNumber
    x: float = Field(description="In pixels of the upright frame.")
    y: float


class RenderOrder(_Order):
    """How to write a film; as for the command line."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"container": "mp4"}]})

    container: Container = "mp4"
    codec: CodecName | None = Field(None, description="The container's usual one by default.")
    quality: int | None = Field(None, ge=0, le=63, description="The codec's own (CRF).")
    preset: str | None = Field(
        None, pattern="^[a-z0-9]{1,16}$", description="The encoder's own preset."
    )
    vividness: Vividness = VIVIDNESS
    every: int = Field(4, ge=1, le=30, description="Run the network on every Nth frame.")


class Films(BaseModel):
    """Whether films can be opened here, and how they can be written."""

    offered: bool
    reason: str
    """Why not."""
    upload_bytes: int
    """Larger files are refused."""
    containers: dict[str, list[CodecName]]
    """The codecs that each can hold; the usual one first."""


class ShotFound(BaseModel):
    """A shot of a film."""

    number: int
    start_s: float
    end_s: float
    first_frame: int
    frames: int
    parts: int
    """How many parts it is shown in."""


class Looking(BaseModel):
    """How far the film has been looked through for shots."""

    frames: int
    of: int
    finished: bool


class Rendering(BaseModel):
    """How far the colored film is."""

    state: Literal["waiting", "running", "finished", "stopped", "failed"]
    frames: int
    of: int
    shot: int
    seconds_left: float | None
    name: str
    """The file's."""
    order: RenderOrder
    outdated: bool
    """Whether hints have changed since it began."""
    size_bytes: int | None
    notes: list[str]
    problem: dict[str, Any] | None


class Place(BaseModel):
    """Which part of the upright frame is shown: the one between black bars, in its pixels."""

    left: int
    top: int
    width: int
    height: int


class FilmState(BaseModel):
    """An open film, and what has become of it."""

    id: str
    name: str
    width: int
    height: int
    place: Place
    duration_s: float | None
    rate: float
    notes: list[str]
    looking: Looking
    shots: list[ShotFound]
    hints: FilmHintsOrder
    rendering: Rendering | None
    problem: dict[str, Any] | None
    """What has gone wrong while it was looked through."""


class FramePainted(BaseModel):
    """A frame in color."""

    number: int
    large: bool
    data: str
    """A data URL of a JPEG."""


class GlimpseFound(BaseModel):
    """A part of a shot in color: a few of its frames."""

    shot: int
    part: int
    parts: int
    first_frame: int
    times: list[float]
    """Of all frames of the part, in seconds from the film's first frame."""
    frames: list[FramePainted]


class PictureKept(BaseModel):
    """A picture that can be named in hints from now on."""

    picture: str
    gray: bool
    """Whether it is gray, or all of one tone: there is little to learn from it."""
