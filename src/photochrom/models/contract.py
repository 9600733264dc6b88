"""What a model expects and returns; stored as JSON inside its ONNX file.

One ONNX file holds one graph with two entrances, both optional: ``lightness`` leads to the
contract's features (encode once), and ``<feature>.in`` leads to ``output`` (paint many).
ONNX Runtime always runs the whole graph, so that the entrance that isn't used costs what its
default costs: make it as small as can be, one position of the deepest feature.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from photochrom.errors import ContractError

VERSION = 1
METADATA_KEY = "photochrom"
LIGHTNESS = "lightness"
OUTPUT = "output"
DECODER_SUFFIX = ".in"
SEEN, COLORS, PLACES, PLANES = "hints.seen", "hints.ab", "hints.place", "hints.planes"
"""What a model that takes hints wants besides; see `ModelContract`."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One tensor between encoder and decoder: (1, channels, H / stride, W / stride)."""

    name: str
    channels: int
    stride: int


@dataclass(frozen=True, kw_only=True)
class ModelContract:
    """What a model expects and returns.

    The input is ``lightness``, (1, 1, H, W) float32, L* 0..100, sides multiples of
    ``stride``. The output is (1, C, H / output_stride, W / output_stride): a* and b* where
    ``output`` is "ab", a logit for each of ``bins`` where it is "distribution".

    A model with ``token_features`` takes hints, T of them, 0 included:

    - ``hints.seen`` (1, T, S), the values of these features where each hint was taken,
      interpolated bilinearly and joined in this order;
    - ``hints.ab`` (1, T, 2), its a* and b*;
    - ``hints.place`` (1, T, 3), x and y in pixels of the lightness and 1, or three zeros for a
      hint that was taken from another picture;
    - ``hints.planes`` (1, 3, H / output_stride, W / output_stride), for every position a* and
      b* of the hints that cover it, times the covered share, and that share.
    """

    version: int = VERSION
    name: str
    output: Literal["ab", "distribution"]
    features: tuple[Feature, ...]
    stride: int
    output_stride: int = 1
    lightness_range: tuple[float, float] = (0.0, 100.0)
    ab_range: tuple[float, float] = (-128.0, 128.0)
    """Between which a* and b* lie, but for rare overshoots."""
    token_features: tuple[str, ...] = ()
    short_side_px: int = 256
    """At which size the model sees a picture."""
    bins: tuple[tuple[float, float], ...] = ()
    temperature: float = 1.0
    """At which a distribution is read out unless another is asked for."""
    contrast: float = 0.0
    """How much vivid colours are set off from pale ones then; see `photochrom.ab.set_off`."""
    domain: str = ""
    licence: str = ""
    can: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    mean_ab: tuple[tuple[float, float], ...] = ()
    """The mean a* and b* of the training pixels of L* 0, 1 .. 100: a floor for reports."""
    recipe: dict[str, Any] = field(default_factory=dict)
    photochrom: str = ""
    """The version of the package that exported it."""

    def to_json(self) -> str:
        """The contract as JSON; the inverse of `from_json`."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> ModelContract:
        """Read a contract.

        Parameters
        ----------
        text : what `to_json` gave
        name : the model's file, for messages

        Raises
        ------
        ContractError
            It is no contract, or of another version.
        """
        try:
            table = json.loads(text)
            if table["version"] != VERSION:
                raise ContractError(
                    f"{name}: contract version {table['version']}; this photochrom reads "
                    f"version {VERSION}. Install the photochrom that made the model, or "
                    "export it again."
                )
            table["features"] = tuple(Feature(**feature) for feature in table["features"])
            for key in ("bins", "mean_ab"):
                table[key] = tuple((float(a), float(b)) for a, b in table[key])
            for key in ("can", "cannot", "data", "token_features"):
                table[key] = tuple(table.get(key, ()))
            for key in ("lightness_range", "ab_range"):
                if key in table:
                    low, high = table[key]
                    table[key] = (float(low), float(high))
            return cls(**table)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ContractError(f"{name}: the model's contract is damaged ({error}).") from error
