"""On which devices of which machines a run trains: Lightning Fabric, set up from a recipe.

One process stands for each device. On one machine the first starts the others. On several,
torchrun starts them all, and its numbers hold over the recipe's: when a machine is lost, it starts
those that are left again. For that, each start needs a store of its own: where torchrun shares one
among them, processes meet the addresses of dead ones, and wait for half an hour
(https://github.com/pytorch/pytorch/issues/135712). Or each machine is told by hand, with
``train.num_nodes`` and the variables that PyTorch reads.
"""

from __future__ import annotations

import os
from typing import cast

import torch
from lightning_fabric import Fabric
from torch import Tensor

from photochrom.errors import RecipeError, TrainingError
from photochrom.training.tables import TrainConfig

_BY_HAND = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK")


def is_elastic() -> bool:
    """Whether torchrun has started this process, and may start it again."""
    return torch.distributed.is_available() and torch.distributed.is_torchelastic_launched()


def speaks() -> bool:
    """Whether this process is the one that talks to people; known before anything is set up."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "NODE_RANK"))


def make_fabric(train: TrainConfig) -> Fabric:
    """The devices of a run, not yet launched.

    Raises
    ------
    RecipeError
        The batch can't be shared out equally.
    TrainingError
        There are several machines, and nobody has said how they find each other; or torchrun would
        start processes again with the store of those that died.
    """
    devices, nodes = train.devices, train.num_nodes
    if is_elastic():
        restarts = os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0"
        if restarts and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
            raise TrainingError(
                "torchrun can't start processes again while it shares its store with them. Set "
                "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 where you start torchrun, standalone or with "
                "the backend c10d; or let it restart nothing."
            )
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    elif nodes > 1 and "SLURM_NTASKS" not in os.environ:
        missing = [name for name in _BY_HAND if name not in os.environ]
        if missing:
            raise TrainingError(
                f"train.num_nodes is {nodes}, but {', '.join(missing)} is not set. Start the "
                "machines with torchrun, or set these variables on each."
            )
    world = devices * nodes
    if train.batch % (world * train.accumulate):
        raise RecipeError(
            f"train.batch is {train.batch}, which {world} devices with train.accumulate = "
            f"{train.accumulate} can't share equally. Choose a multiple of "
            f"{world * train.accumulate}, or other numbers."
        )
    fabric = Fabric(
        accelerator=train.accelerator,
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if world > 1 else "auto",
        precision=train.precision,
    )
    # With several devices Fabric would make photographs bfloat16: L* in steps of half a unit.
    vars(fabric.strategy.precision)["convert_input"] = lambda batch: batch
    return fabric


def on_any(fabric: Fabric, value: bool) -> bool:
    """Whether this holds on any device; all devices get the same answer."""
    if fabric.world_size == 1:
        return value
    total = fabric.all_reduce(torch.tensor(float(value)), reduce_op="sum")
    return float(cast(Tensor, total)) > 0
