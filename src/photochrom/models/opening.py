"""A model's name or file -> a network, ready to run."""

from __future__ import annotations

import os

from photochrom.models import weights
from photochrom.models.network import Network
from photochrom.models.session import Session


def open_model(
    model: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    device: str = "cpu",
) -> Network:
    """Open a model.

    Parameters
    ----------
    model : a shipped model's name, the path of an ONNX file, or None for the default
    threads : threads for each run; all cores by default
    device : where it runs, one of `devices.DEVICES`

    Raises
    ------
    ModelNotFoundError
        There is no such model.
    ContractError
        The file is no Photochrom model.
    DeviceError
        There is no such device here.
    """
    return Session(weights.find_model(model), threads=threads, device=device)
