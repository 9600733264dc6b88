"""What a run leaves in its folder: checkpoints and curves, each whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyvips
import torch
from torch import Tensor

from photochrom.errors import Advice, CheckpointError, RecipeError, TrainingError
from photochrom.models import fields
from photochrom.pictures.writing import remove_left, whole, write_whole
from photochrom.training.config import Recipe, recipe_to_dict

CHECKPOINT_VERSION = 1


def _weights(value: Any, name: str) -> dict[str, Tensor]:
    """What `load_state_dict` wants."""
    table = fields.table(value, name)
    for key, tensor in table.items():
        fields.instance(Tensor)(tensor, f"{name}['{key}']")
    return table


_COUNT = fields.whole(0, 2**62)
_ANY = fields.real(-math.inf, math.inf)
_OF_CHECKPOINT: dict[str, fields.Check] = {
    "recipe": fields.table,
    "classes": fields.several(fields.text, most=1_000_000),
    "sources": fields.several(fields.text),
    "mean_ab": fields.several(fields.several(fields.real(-200, 200), 2, 2)),
    "model": _weights,
    "average": fields.maybe(_weights),
}
_OF_RUN: dict[str, fields.Check] = {
    "average_count": _COUNT,
    "optimizer": fields.table,
    "schedule": fields.table,
    "progression": fields.table,
    "rng": fields.instance(Tensor),
}
_OF_PROGRESSION: dict[str, fields.Check] = {
    "epoch": _COUNT,
    "batch": _COUNT,
    "step": _COUNT,
    "seconds": fields.real(0, math.inf),
    "best": _ANY,
    "rows": fields.several(fields.table, most=1_000_000),
    "loss_sum": _ANY,
    "loss_count": _COUNT,
}


def save_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint so that `path` holds either the old or the new one, whole.

    Raises
    ------
    CheckpointError
        It can't be written, for want of space for example; the old one is untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_left(path.parent, [path])
        with whole(path) as unfinished, unfinished.open("wb") as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:
        kept = "the one before it is untouched" if path.exists() else "there is none before it"
        cause = error.__context__  # torch hides the system's reason behind its own
        reason = cause if isinstance(cause, OSError) else error
        raise CheckpointError(
            f"{path}: the checkpoint can't be written ({reason}); {kept}. Free some space.",
            advice=[Advice.RESUME],
        ) from error


def load_checkpoint(path: Path, *, of_run: bool = False) -> dict[str, Any]:
    """Read a checkpoint that `train` wrote.

    Parameters
    ----------
    path : the file
    of_run : it must also hold what a run goes on from

    Raises
    ------
    CheckpointError
        It is missing, broken, of another version, or holds something else than is wanted.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: the checkpoint does not exist.") from error
    except Exception as error:  # torch.load raises whatever its unpickler meets
        raise CheckpointError(f"{path}: this is not a checkpoint, or it is damaged.") from error
    version = content.get("version") if isinstance(content, dict) else None
    if version != CHECKPOINT_VERSION:
        raise CheckpointError(
            f"{path}: checkpoint version {version}; expected {CHECKPOINT_VERSION}."
        )
    try:
        table = fields.table(content)
        _check(table, _OF_CHECKPOINT)
        if of_run:
            _check(table, _OF_RUN)
            _check(table["progression"], _OF_PROGRESSION, "progression.")
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    return table


def _check(table: dict[str, Any], checks: dict[str, fields.Check], where: str = "") -> None:
    for key, check in checks.items():
        if key not in table:
            raise ValueError(f"{where}{key} is missing.")
        check(table[key], f"{where}{key}")


def check_same_recipe(recipe: Recipe, recorded: Recipe) -> None:
    """A resumed run must be the same run, but for its length, devices and housekeeping."""

    def comparable(one: Recipe) -> str:
        plain = recipe_to_dict(one)
        for table, key in [
            ("train", "epochs"),
            ("train", "checkpoint_minutes"),
            ("train", "devices"),
            ("train", "num_nodes"),
            ("train", "accumulate"),
            ("data", "workers"),
            ("data", "cache"),
        ]:
            plain[table].pop(key, None)
        return json.dumps(plain, sort_keys=True, indent=0)

    old, new = comparable(recorded).splitlines(), comparable(recipe).splitlines()
    changed = [f"{was} -> {now}" for was, now in zip(old, new, strict=False) if was != now]
    if changed or len(old) != len(new):
        raise RecipeError(
            f"The run to resume was made with another recipe: {'; '.join(changed[:3])}.",
            advice=[Advice.OTHER_RUN],
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say plainly that what goes into the run folder beside the checkpoints can't be written."""
    try:
        yield
    except (OSError, pyvips.Error) as error:
        raise TrainingError(f"{folder}: the run folder can't be written to ({error}).") from error


def write_curves(rows: list[dict[str, Any]], folder: Path) -> None:
    """Write curves.csv and curves.png, one row and one point an epoch."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = io.StringIO()
    writer = csv.DictWriter(table, names)
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / "curves.csv", table.getvalue().encode())

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5))  # with places of its own: a layout would draw it four times
    places = {"left": 0.07, "right": 0.985, "bottom": 0.145, "top": 0.96, "wspace": 0.17}
    losses, score = figure.subplots(1, 2, gridspec_kw=places)
    epochs = [row["epoch"] for row in rows]
    for name, axis in [("train_loss", losses), ("held_out_loss", losses)]:
        axis.plot(epochs, [row.get(name) for row in rows], marker=".", label=name)
    for name in names:
        if name.startswith("held_out_") and name != "held_out_loss":
            score.plot(epochs, [row.get(name) for row in rows], marker=".", label=name)
    for axis in (losses, score):
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(folder / "curves.png", dpi=110)
