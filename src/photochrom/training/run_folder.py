"""What a run leaves in its folder: checkpoints and curves, each whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyvips
import torch

from photochrom.errors import Advice, CheckpointError, RecipeError, TrainingError
from photochrom.training.config import Recipe, recipe_to_dict

CHECKPOINT_VERSION = 1


def save_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint so that `path` holds either the old or the new one, whole.

    Raises
    ------
    CheckpointError
        It can't be written, for want of space for example; the old one is untouched.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        kept = "the one before it is untouched" if path.exists() else "there is none before it"
        cause = error.__context__  # torch hides the system's reason behind its own
        reason = cause if isinstance(cause, OSError) else error
        raise CheckpointError(
            f"{path}: the checkpoint can't be written ({reason}); {kept}. Make room.",
            advice=[Advice.RESUME],
        ) from error


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint that `train` wrote.

    Raises
    ------
    CheckpointError
        It is missing, broken, or of another version.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no such checkpoint.") from error
    except Exception as error:  # torch.load raises whatever its unpickler meets
        raise CheckpointError(f"{path}: this is no checkpoint, or it is broken.") from error
    version = content.get("version") if isinstance(content, dict) else None
    if version != CHECKPOINT_VERSION:
        raise CheckpointError(
            f"{path}: checkpoint version {version}; {CHECKPOINT_VERSION} is wanted."
        )
    checked: dict[str, Any] = content
    return checked


def check_same_recipe(recipe: Recipe, recorded: Recipe) -> None:
    """A resumed run must be the same run, but for its length and its housekeeping."""

    def comparable(one: Recipe) -> str:
        plain = recipe_to_dict(one)
        for table, key in [
            ("train", "epochs"),
            ("train", "checkpoint_minutes"),
            ("data", "workers"),
            ("data", "cache"),
        ]:
            plain[table].pop(key)
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
    temporary = folder / "curves.csv.part"
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        temporary.replace(folder / "curves.csv")
    finally:
        temporary.unlink(missing_ok=True)

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    losses, score = figure.subplots(1, 2)
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
