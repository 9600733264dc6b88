"""Recipes: frozen dataclasses read strictly from TOML.

A recipe is one TOML file with the tables below. Every key has a default here; an unknown
key is an error that names the nearest known one. ``--set table.key=value`` changes one.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import json
import types
import typing
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from photochrom.errors import RecipeError
from photochrom.models.plain import read_text, read_toml, shallow
from photochrom.training.tables import (
    AgeConfig,
    DataConfig,
    HintConfig,
    LossConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that a training run depends on, besides the pictures."""

    name: str
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    hints: HintConfig = field(default_factory=HintConfig)
    age: AgeConfig = field(default_factory=AgeConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        _check(self)


def load_recipe(path: Path, overrides: typing.Sequence[str] = ()) -> Recipe:
    """Read a recipe from a TOML file and apply ``table.key=value`` overrides.

    Parameters
    ----------
    path : the TOML file; ``name`` defaults to the file's stem
    overrides : such as ``optim.lr=1e-4``; the value is TOML, or else taken as text

    Raises
    ------
    RecipeError
        The file can't be read, or holds an unknown key or a wrong value.
    """
    try:
        text = read_text(path)
    except ValueError as error:
        raise RecipeError(f"{path}: the recipe can't be read ({error}).") from error
    try:
        table = read_toml(text)
    except ValueError as error:  # TOML, numbers and depths without end
        raise RecipeError(f"{path}: this is not valid TOML: {error}.") from error
    table.setdefault("name", path.stem)
    return changed_recipe(table, overrides)


def changed_recipe(table: dict[str, Any], overrides: typing.Sequence[str]) -> Recipe:
    """Build a recipe from nested dictionaries with ``table.key=value`` overrides.

    Raises
    ------
    RecipeError
        An override is written otherwise, or a key or a value is wrong.
    """
    table = copy.deepcopy(_table(table))
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise RecipeError(f"{override}: write it as table.key=value.")
        *parents, last = key.strip().split(".")
        target = table
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise RecipeError(f"{override}: '{parent}' is a value, not a table.")
        target[last] = _toml_value(text.strip())
    return recipe_from_dict(table)


def recipe_from_dict(table: dict[str, Any]) -> Recipe:
    """Build a recipe from nested dictionaries, as in TOML, JSON or a checkpoint.

    Raises
    ------
    RecipeError
        An unknown key or a wrong value.
    """
    recipe: Recipe = _build(Recipe, _table(table), "")
    return recipe


def _table(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise RecipeError(
            f"The recipe is not a table, but a value of type {type(content).__name__}."
        )
    try:
        shallow(content)
    except ValueError as error:
        raise RecipeError(f"The recipe can't be read: {error}.") from error
    return content


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as nested plain dictionaries; the inverse of `recipe_from_dict`."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(recipe)))
    return plain


def recipe_to_toml(recipe: Recipe) -> str:
    """The recipe as TOML, every key written out."""
    lines = [f"name = {_toml_text(recipe.name)}"]
    for table, values in recipe_to_dict(recipe).items():
        if isinstance(values, dict):
            lines += ["", f"[{table}]", *(f"{k} = {_toml_text(v)}" for k, v in values.items())]
    return "\n".join(lines) + "\n"


def _toml_text(value: Any) -> str:
    """A value as TOML writes it: JSON, but for inf, nan and what a string must escape."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_text, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_toml_text(key)} = {_toml_text(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_value(text: str) -> Any:
    try:
        return read_toml(f"value = {text}")["value"]
    except ValueError:
        return text


def _build(kind: type, table: dict[str, Any], where: str) -> Any:
    """Make the dataclass `kind` from `table`; `where` names it in messages."""
    hints = typing.get_type_hints(kind)
    values = {}
    for key, value in table.items():
        name = f"{where}{key}"
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1, cutoff=0.0)
            raise RecipeError(
                f"The recipe has an unknown key '{name}'; the nearest known one is "
                f"'{where}{near[0]}'. Known here: {', '.join(sorted(hints))}."
            )
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise RecipeError(f"'{name}' must be a table, as in [{name}].")
            values[key] = _build(typing.cast(type, hints[key]), value, f"{name}.")
        else:
            values[key] = _value(hints[key], value, name)
    if kind is Recipe and "name" not in values:
        raise RecipeError("The recipe has no 'name'.")
    return kind(**values)


def _value(hint: Any, value: Any, name: str) -> Any:
    """Check one value against its annotation; int is taken where float is wanted."""
    origin = typing.get_origin(hint)
    if origin is Literal:
        if value in typing.get_args(hint):
            return value
        known = ", ".join(repr(choice) for choice in typing.get_args(hint))
        raise RecipeError(f"'{name}' is {value!r}; it must be one of {known}.")
    if origin is tuple and isinstance(value, list | tuple):
        parts = typing.get_args(hint)
        wanted = len(value) if parts[-1] is Ellipsis else len(parts)
        if len(value) == wanted:
            kinds = [parts[0]] * wanted if parts[-1] is Ellipsis else list(parts)
            return tuple(_value(k, v, name) for k, v in zip(kinds, value, strict=True))
    if origin is dict and isinstance(value, dict):
        kind = typing.get_args(hint)[1]
        return {str(key): _value(kind, one, f"{name}.{key}") for key, one in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    shown = str(hint) if isinstance(hint, types.GenericAlias) else hint.__name__
    raise RecipeError(f"'{name}' is {value!r}; expected a value of type {shown}.")


def _check(recipe: Recipe) -> None:
    """Ranges that types can't express."""
    for holds, message in (*_data_rules(recipe), *_model_rules(recipe), *_train_rules(recipe)):
        if not holds:
            raise RecipeError(f"Recipe '{recipe.name}': {message}.")


Rules = list[tuple[bool, str]]


def _data_rules(recipe: Recipe) -> Rules:
    data, model = recipe.data, recipe.model
    return [
        (len(data.train) > 0, "data.train names no source"),
        (0 < data.validation_share < 1, "data.validation_share must lie between 0 and 1"),
        (data.validation_limit > 0, "data.validation_limit must be above 0"),
        (
            all(weight >= 0 for weight in data.weights.values()),
            "data.weights must be 0 or more",
        ),
        (data.crops >= 0, "data.crops must be 0 or more"),
        (data.crop_px >= 16, "data.crop_px must be at least 16"),
        (
            model.kind != "photochrom" or data.crop_px % 32 == data.finish_crop_px % 32 == 0,
            "data.crop_px and finish_crop_px of a photochrom must be multiples of 32",
        ),
        (0 < data.crop_area[0] <= data.crop_area[1] <= 1, "data.crop_area must rise in 0..1"),
        (0 <= data.rotation <= 45, "data.rotation must lie in 0..45"),
        (0 < data.crop_ratio[0] <= data.crop_ratio[1], "data.crop_ratio must rise above 0"),
        (data.store_side_px >= 16, "data.store_side_px must be at least 16"),
        (data.workers >= 0, "data.workers must be 0 or more"),
    ]


def _model_rules(recipe: Recipe) -> Rules:
    model, loss, hints, age = recipe.model, recipe.loss, recipe.hints, recipe.age
    shares = (hints.many_share, hints.reference_share, hints.recolored_share)
    return [
        (model.temperature > 0, "model.temperature must be above 0"),
        (0.5 <= model.chroma <= 2, "model.chroma must lie in 0.5..2"),
        (-1 <= model.contrast <= 1, "model.contrast must lie in -1..1"),
        (min(model.decoder_channels) >= 4, "model.decoder_channels must be at least 4"),
        (
            all(channels % 4 == 0 for channels in model.decoder_channels),
            "model.decoder_channels must be multiples of 4",
        ),
        (0 <= model.drop_path < 1, "model.drop_path must be at least 0 and below 1"),
        (0 <= model.dropout < 1, "model.dropout must be at least 0 and below 1"),
        (loss.positions >= 0, "loss.positions must be 0 or more"),
        (1 <= loss.neighbors <= 16, "loss.neighbors must be 1 to 16"),
        (loss.sigma > 0, "loss.sigma must be above 0"),
        (0 <= loss.rarity <= 1, "loss.rarity must lie in 0..1"),
        (loss.region_weight >= 0, "loss.region_weight must be 0 or more"),
        (loss.mean_weight >= 0, "loss.mean_weight must be 0 or more"),
        (loss.picture_weight >= 0, "loss.picture_weight must be 0 or more"),
        (loss.critic_weight >= 0, "loss.critic_weight must be 0 or more"),
        (min(shares) >= 0 and sum(shares) <= 1, "the shares in [hints] must be parts of 1"),
        (0 < hints.stop < 1, "hints.stop must lie between 0 and 1"),
        (hints.most >= 16, "hints.most must be at least 16"),
        (1 <= hints.patch_px[0] <= hints.patch_px[1], "hints.patch_px must rise from 1"),
        (
            all(0 <= share <= 1 for share in (age.share, age.border_share)),
            "the shares in [age] must lie in 0..1",
        ),
    ]


def _train_rules(recipe: Recipe) -> Rules:
    data, optim, train = recipe.data, recipe.optim, recipe.train
    share = max(1, train.devices * train.num_nodes * train.accumulate)
    return [
        (
            train.finish_epochs == 0 or data.finish_crop_px >= 16,
            "train.finish_epochs wants a data.finish_crop_px of at least 16",
        ),
        (0 <= train.finish_epochs <= train.epochs, "train.finish_epochs: 0 to train.epochs"),
        (optim.encoder_lr >= 0, "optim.encoder_lr must be 0 or more"),
        (optim.lr > 0, "optim.lr must be above 0"),
        (0 <= optim.ema < 1, "optim.ema must be at least 0 and below 1"),
        (min(optim.weight_decay, optim.warmup_steps, optim.clip_norm) >= 0, "optim: below 0"),
        (0 <= optim.label_smoothing < 1, "optim.label_smoothing must be at least 0 and below 1"),
        (train.epochs > 0, "train.epochs must be above 0"),
        (train.seed >= 0, "train.seed must be 0 or more"),
        (
            min(train.devices, train.num_nodes, train.accumulate) > 0,
            "train.devices, num_nodes and accumulate: above 0",
        ),
        (
            train.batch > 0 and train.batch % share == 0,
            f"train.batch ({train.batch}) must be a multiple of devices x num_nodes x "
            f"accumulate ({share})",
        ),
    ]
