"""Mix the weights of several checkpoints: one network, better than each, at the price of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from photochrom.errors import CheckpointError, OptionError
from photochrom.pictures import writing
from photochrom.training.run_folder import load_checkpoint, save_checkpoint


def mix(parts: Sequence[tuple[Path, float]], out: Path, *, force: bool = False) -> None:
    """Write a checkpoint whose weights are a mean of those of others.

    It can be exported, or be another run's ``model.start``. All else in it, a critic too,
    comes from the first. Which parts it is made of stands in it under "mixed", and in the recipe of
    the model's contract: the files' names, as folders would say where they lie.

    Parameters
    ----------
    parts : checkpoints of the same layers, their averaged weights where there are such, and how
        much each counts, above 0, as parts of the whole. All must have started from the same
        weights, or one from another: the mean of networks that have nothing in common is none
    out : the checkpoint to write
    force : replace `out` if it is there

    Raises
    ------
    CheckpointError
        A checkpoint can't be read or has other layers, or `out` can't be written.
    OutputExistsError
        There is such a file, and `force` is not set.
    OptionError
        There are no parts, or one does not count for more than 0.

    Source: Wortsman et al., "Model soups", 2022.
    """
    shares = [share for _, share in parts]
    if not parts or not all(0 < share < math.inf for share in shares):
        raise OptionError(f"The parts are {shares}; expected at least one, and each above 0.")
    writing.check_free(out, force=force)
    states = [load_checkpoint(path) for path, _ in parts]
    weights = [state["average"] or state["model"] for state in states]
    for (path, _), own in zip(parts, weights, strict=True):
        if _layers(own) != _layers(weights[0]):
            raise CheckpointError(f"{path}: its layers are not those of {parts[0][0]}.")
    mean = {}
    for key, value in weights[0].items():
        mean[key] = value
        if value.is_floating_point() and not key.startswith("critic."):
            pairs = zip(weights, shares, strict=True)
            mean[key] = sum(own[key] * (share / sum(shares)) for own, share in pairs)
    kept = ("version", "recipe", "classes", "sources", "mean_ab")
    content = {key: states[0][key] for key in kept} | {"model": mean, "average": None}
    content["mixed"] = [
        {"checkpoint": path.name, "share": round(share / sum(shares), 4)} for path, share in parts
    ]
    save_checkpoint(content, out)


def _layers(weights: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shapes of all but a critic."""
    return {
        key: tuple(value.shape) for key, value in weights.items() if not key.startswith("critic.")
    }
