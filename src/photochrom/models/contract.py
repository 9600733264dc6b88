"""What a model expects and returns; stored as JSON inside its ONNX file.

One ONNX file holds one graph with two entrances, both optional: ``lightness`` leads to the
contract's features (encode once), and ``<feature>.in`` leads to ``output`` (paint many). A model
with a `Region` has a third. ONNX Runtime always runs the whole graph, so that an entrance that
isn't used costs what its default costs: make it as small as can be, one position of the deepest
feature.

How contracts age: `VERSION` grows whenever a field is added, and every earlier version stays
readable. A reader ignores fields that it doesn't know, unless the contract lists them under
``needs``, each with the first Photochrom that knows it.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from photochrom.errors import Advice, ContractError
from photochrom.models import fields
from photochrom.models.plain import read_json
from photochrom.version import __version__

VERSION = 2
METADATA_KEY = "photochrom"
LIGHTNESS = "lightness"
OUTPUT = "output"
DECODER_SUFFIX = ".in"
SEEN, COLORS, PLACES, PLANES = "hints.seen", "hints.ab", "hints.place", "hints.planes"
"""The further inputs of a model that takes hints; see `ModelContract`."""


class ModelIdentity(NamedTuple):
    """Which model made a result."""

    name: str
    version: str = ""
    sha256: str = ""
    """Of its file."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()

    def same_as(self, other: ModelIdentity) -> bool:
        """Whether both are one model, as far as is known of both."""
        same_file = self.sha256 == other.sha256 or not (self.sha256 and other.sha256)
        return self.name == other.name and same_file


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One tensor between encoder and decoder: (1, channels, H / stride, W / stride)."""

    name: str
    channels: int
    stride: int

    def __post_init__(self) -> None:
        _check(self, _OF_FEATURE)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A third entrance, to an embedding that is alike all over the surface that a click means.

    ``<feature><input_suffix>`` of each of the contract's features lead to ``output``,
    (1, channels, H / stride, W / stride). The soft mask of a click is
    ``sigmoid(bias - slope (|e - e0| + away d))``: e is the embedding at a position, e0 that at
    the click, and d the distance between them in the picture, in halves of its shorter side.
    """

    output: str = "region.embedding"
    input_suffix: str = ".region"
    channels: int = 32
    stride: int = 4
    readers: tuple[tuple[float, float, float], ...]
    """(bias, slope, away), one for each size of thing, small to large."""

    def __post_init__(self) -> None:
        _check(self, _OF_REGION)


@dataclass(frozen=True, kw_only=True)
class ModelContract:
    """What a model expects and returns.

    The input is ``lightness``, (1, 1, H, W) float32, L* 0..100, sides multiples of
    ``stride``. The output is (1, C, H / output_stride, W / output_stride): a* and b* where
    ``output`` is "ab", a logit for each of ``bins`` where it is "distribution".

    A model whose ``hints`` are "tokens" takes T of them, 0 included:

    - ``hints.seen`` (1, T, S), the values of the ``token_features`` where each hint was taken,
      interpolated bilinearly and joined in this order;
    - ``hints.ab`` (1, T, 2), its a* and b*;
    - ``hints.place`` (1, T, 3), x and y in pixels of the lightness and 1, or three zeros for a
      hint that was taken from another picture;
    - ``hints.planes`` (1, 3, H / output_stride, W / output_stride), for every position a* and
      b* of the hints that cover it, times the covered share, and that share.

    A model that somebody else has made may take a gray RGB picture (``input`` "gray-rgb"), of
    one fixed size (``size_px``), hints as planes over it (``hints`` "planes"), and answer in RGB
    (``output`` "rgb").

    Raises
    ------
    ContractError
        A value can't be; the message names the field.
    """

    version: int = VERSION
    """Of the contract's form."""
    name: str
    model_version: str = ""
    """Of the model; for people."""
    sha256: str = ""
    """Of the model's file; filled in when the file is read."""
    input: Literal["lightness", "gray-rgb"] = "lightness"
    output: Literal["ab", "distribution", "rgb"]
    features: tuple[Feature, ...]
    stride: int
    output_stride: int = 1
    lightness_range: tuple[float, float] = (0.0, 100.0)
    ab_range: tuple[float, float] = (-128.0, 128.0)
    """Between which a* and b* lie, but for rare overshoots."""
    hints: Literal["none", "tokens", "planes"] = "none"
    token_features: tuple[str, ...] = ()
    short_side_px: int = 256
    """At which size the model sees a picture."""
    size_px: tuple[int, int] | None = None
    """The one (height, width) that it takes; None where any will do."""
    bins: tuple[tuple[float, float], ...] = ()
    temperature: float = 1.0
    """At which a distribution is read out unless another is asked for."""
    chroma: float = 1.0
    """How many times as far from gray what is read out is moved; before ``contrast``."""
    contrast: float = 0.0
    """How much vivid colors are set off from pale ones then; see `photochrom.ab.set_off`."""
    region: Region | None = None
    domain: str = ""
    licence: str = ""
    can: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    mean_ab: tuple[tuple[float, float], ...] = ()
    """The mean a* and b* of the training pixels of L* 0, 1 .. 100: a floor for reports."""
    recipe: dict[str, Any] = field(default_factory=dict)
    """How it was trained. If its weights are a mean of several runs, this is the recipe of the
    first, and ``mixed`` lists the parts."""
    photochrom: str = ""
    """The version of the package that exported it."""

    def __post_init__(self) -> None:
        _check(self, _OF_CONTRACT)
        if self.token_features and self.hints == "none":  # as version 1 says it
            object.__setattr__(self, "hints", "tokens")

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is, for manifests and notes."""
        return ModelIdentity(self.name, self.model_version, self.sha256)

    def to_json(self) -> str:
        """The contract as JSON; the inverse of `from_json`."""
        table = dataclasses.asdict(self)
        needs = {name: since for name, usual, since in _ADDED if table[name] not in usual}
        return json.dumps(table | ({"needs": needs} if needs else {}), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> ModelContract:
        """Read a contract of this version, of an earlier one, or of a later one that needs no more.

        Parameters
        ----------
        text : what `to_json` gave
        name : the model's file, for messages

        Raises
        ------
        ContractError
            It is no contract, a value in it can't be, or a newer Photochrom has made it and this
            one can't understand it.
        """
        try:
            table = fields.table(read_json(text))
            version = fields.whole(1, 1_000_000)(table.get("version"), "version")
            needs = fields.table(table.get("needs", {}), "needs")
        except ValueError as error:
            raise ContractError(f"{name}: the model's contract is damaged: {error}") from error
        unknown = [str(since) for key, since in needs.items() if key not in _OF_CONTRACT]
        if unknown:
            raise _made_by_a_newer(max(unknown, key=_as_numbers), name)
        try:
            contract = cls(**_understood(cls, table) | {"version": VERSION})
            _check_together(contract)
        except ContractError as error:
            if version > VERSION:
                raise _made_by_a_newer(str(table.get("photochrom", "")), name) from error
            raise ContractError(f"{name}: the model's contract is damaged: {error}") from error
        return contract


_ADDED = (
    ("input", ("lightness",), "0.2.0"),
    ("output", ("ab", "distribution"), "0.2.0"),
    ("hints", ("none", "tokens"), "0.2.0"),
    ("size_px", (None,), "0.2.0"),
    ("chroma", (1.0,), "0.2.0"),
)
"""Fields that are needed where they have other values than these: version 1 had no others.

The last part is the first Photochrom that knows them.
"""

_STRIDE = fields.whole(1, 1024)
_CHANNELS = fields.whole(1, 65_536)
_SIDE = fields.whole(1, 16_384)
_AB = fields.several(fields.real(-200, 200), 2, 2)
_RANGE = fields.several(fields.real(-1000, 1000), 2, 2)
_READER = fields.several(fields.real(-1e6, 1e6), 3, 3)

_OF_FEATURE: dict[str, fields.Check] = {
    "name": fields.text,
    "channels": _CHANNELS,
    "stride": _STRIDE,
}
_OF_REGION: dict[str, fields.Check] = {
    "output": fields.text,
    "input_suffix": fields.text,
    "channels": _CHANNELS,
    "stride": _STRIDE,
    "readers": fields.several(_READER, 1, 100),
}
_OF_CONTRACT: dict[str, fields.Check] = {
    "version": fields.whole(VERSION, VERSION),
    "name": fields.text,
    "model_version": fields.text,
    "sha256": fields.text,
    "input": fields.choice("lightness", "gray-rgb"),
    "output": fields.choice("ab", "distribution", "rgb"),
    "features": fields.several(fields.instance(Feature), 0, 100),
    "stride": _STRIDE,
    "output_stride": _STRIDE,
    "lightness_range": _RANGE,
    "ab_range": _RANGE,
    "hints": fields.choice("none", "tokens", "planes"),
    "token_features": fields.several(fields.text, 0, 100),
    "short_side_px": _SIDE,
    "size_px": fields.maybe(fields.several(_SIDE, 2, 2)),
    "bins": fields.several(_AB),
    "temperature": fields.real(0.01, 100),
    "chroma": fields.real(0.01, 100),
    "contrast": fields.real(-1, 10),
    "region": fields.maybe(fields.instance(Region)),
    "domain": fields.text,
    "licence": fields.text,
    "can": fields.several(fields.text),
    "cannot": fields.several(fields.text),
    "data": fields.several(fields.text),
    "mean_ab": fields.several(_AB),
    "recipe": fields.table,
    "photochrom": fields.text,
}


def _check(found: Any, checks: Mapping[str, fields.Check]) -> None:
    """Bring the fields of a frozen object into their form.

    Raises
    ------
    ContractError
        One has a value that can't be.
    """
    for name, check in checks.items():
        try:
            object.__setattr__(found, name, check(getattr(found, name), name))
        except ValueError as error:
            raise ContractError(str(error)) from error


def _check_together(contract: ModelContract) -> None:
    """What the fields say of each other."""
    strides = {f"features: stride of '{one.name}'": one.stride for one in contract.features}
    strides["output_stride"] = contract.output_stride
    if contract.region is not None:
        strides["region: stride"] = contract.region.stride
    for place, stride in strides.items():
        if contract.stride % stride:
            whole = contract.stride
            raise ContractError(f"{place} is {stride}; expected a divisor of stride, {whole}.")
    for place in ("lightness_range", "ab_range"):
        low, high = getattr(contract, place)
        if low >= high:
            raise ContractError(f"{place} is {low:g}, {high:g}; expected the lower end first.")
    names = [feature.name for feature in contract.features]
    if len(set(names)) < len(names):
        raise ContractError(f"features: two of {', '.join(names)} have the same name.")
    if not set(contract.token_features) <= set(names):
        raise ContractError(f"token_features: they must be among {', '.join(names)}.")
    if (contract.hints == "tokens") != bool(contract.token_features):
        raise ContractError(f"token_features don't suit hints, which is '{contract.hints}'.")
    if (contract.output == "distribution") != bool(contract.bins):
        raise ContractError(f"bins don't suit output, which is '{contract.output}'.")


def _understood(kind: type, table: dict[str, Any]) -> dict[str, Any]:
    """Of what was read the fields that a class has, features and region as objects."""
    found = {}
    for one in dataclasses.fields(kind):
        if one.name in table:
            found[one.name] = table[one.name]
        elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            raise ContractError(f"{one.name} is missing.")
    if kind is ModelContract:
        features = found["features"] if isinstance(found["features"], list) else []
        for number, feature in enumerate(features):
            features[number] = _object(Feature, feature, f"features[{number}]")
        if found.get("region") is not None:
            found["region"] = _object(Region, found["region"], "region")
    return found


def _object(kind: type, table: Any, place: str) -> Any:
    try:
        return kind(**_understood(kind, fields.table(table)))
    except (ValueError, ContractError) as error:
        raise ContractError(f"{place}: {error}") from error


def _made_by_a_newer(wanted: str, name: str) -> ContractError:
    return ContractError(
        f"{name}: this model was made by a newer Photochrom and needs at least "
        f"{wanted or 'that version'}; this is {__version__}.",
        advice=[Advice.UPGRADE],
    )


def _as_numbers(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d{1,9}", version)]
