"""A model's name or file -> a network, ready to run."""

from __future__ import annotations

import os

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
    model : a shipped model's name, the path of an ONNX file, or None for the default
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
    """
    path = weights.find_model(model)
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
