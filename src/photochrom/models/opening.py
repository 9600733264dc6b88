"""A model's name or file -> a network, ready to run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from photochrom.errors import ContractError
from photochrom.kinds import check_number, check_path
from photochrom.models import descriptor, weights
from photochrom.models.file import has_contract
from photochrom.models.foreign import Foreign
from photochrom.models.graph import check_graph
from photochrom.models.network import Network
from photochrom.models.session import Session


def open_model(
    model: str | os.PathLike[str] | None = None,
    *,
    like: str | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> Network:
    """Open a model: Photochrom's own, or another maker's that a descriptor describes.

    A model without a contract inside is described by ``NAME.toml`` beside ``NAME.onnx``, or by
    `like`.

    Parameters
    ----------
    model : the name of a model that ships or was added, the path of an ONNX file, or None for
        the default
    like : one of `descriptor.KINDS`, for another maker's file of that kind
    threads : threads for each run; all cores by default
    device : where it runs, one of `devices.DEVICES`

    Raises
    ------
    ModelNotFoundError
        There is no such model.
    ContractError
        The file is no model, nothing describes it, or its descriptor doesn't suit it.
    DeviceError
        There is no such device here.
    OptionError
        The model is no name or path, or `threads` no whole number.
    """
    if model is not None:
        check_path("The model", model, wanted="a name, a path, or None for the default")
    if threads is not None:
        check_number("threads", threads, whole=True)
    path = weights.find_model(model)
    if like is not None and (model is None or weights.find_named(model) is not None):
        raise ContractError(
            f"The model '{model or path.stem}' describes itself; a kind, such as '{like}', is for "
            "the path of a file."
        )
    beside = path.with_suffix(".toml")
    if like is not None:
        described = descriptor.like(like)
    elif beside.is_file() and not has_contract(path):
        described = descriptor.read_descriptor(beside)
    else:
        if path.parent != weights.FOLDER:  # it may be anyone's, whatever its contract says
            check_graph(path)
        return Session(path, threads=threads, device=device)
    return Foreign(path, described, threads=threads, device=device)


def like_of(model: str | os.PathLike[str] | None, like: str | None) -> str | None:
    """`like` where a model needs it: one of several that are opened has it inside, or a name."""
    if like is None or model is None or weights.find_named(model) is not None:
        return None
    return None if has_contract(weights.find_model(model)) else like


def labels_of(
    models: Sequence[str | os.PathLike[str] | None], *, like: str | None = None
) -> dict[str, str | None]:
    """What to call each of several models in one table: its name, or that of its file.

    Parameters
    ----------
    models : as for `open_model`; a repeated one counts once
    like : the kind of those that nothing else describes

    Returns
    -------
    Label -> model; files of one name are called by their paths

    Raises
    ------
    ModelNotFoundError
        `like` is given, and one of them can't be found.
    ContractError
        `like` is given, and none of them needs it.
    """
    if like is not None and not any(like_of(model, like) for model in models):
        raise ContractError(
            f"All of these models describe themselves; a kind, such as '{like}', is for the path "
            "of a file."
        )
    named = list(dict.fromkeys(None if one is None else str(one) for one in models))
    short = [_short(one) for one in named]
    return {
        name if short.count(name) == 1 or model is None else model: model
        for name, model in zip(short, named, strict=True)
    }


def _short(model: str | None) -> str:
    if model is None:
        return weights.shipped_models()[0].name
    return model if weights.find_named(model) is not None else Path(model).stem
