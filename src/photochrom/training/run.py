"""The objects of a training run, and the steps that are too long to stand in the loop."""

from __future__ import annotations

import dataclasses
import math
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from photochrom.color.grid import gamut_grid
from photochrom.errors import CheckpointError, DivergedError, RecipeError
from photochrom.training import held_out
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import Recipe, recipe_to_dict
from photochrom.training.data import (
    Crops,
    EpochBatches,
    Pointer,
    check_portraits,
    mean_ab_by_lightness,
    split_stores,
    weights_of,
)
from photochrom.training.encoder import GrayClassifier
from photochrom.training.losses import bin_shares
from photochrom.training.network import HintNetwork
from photochrom.training.optimization import make_optimizer, make_schedule, moving_average
from photochrom.training.run_folder import (
    CHECKPOINT_VERSION,
    load_checkpoint,
    save_checkpoint,
    write_curves,
    writing,
)
from photochrom.training.start import (
    MEASURED_BATCHES,
    Statistics,
    exported_file,
    load_exported,
    measured,
    set_statistics,
)
from photochrom.training.store import Store

_MISFITS = (KeyError, IndexError, TypeError, AttributeError, ValueError, RuntimeError)
"""What torch raises of a state that isn't the one of what shall take it."""


@dataclass
class Progression:
    """How far a run has come; saved in every checkpoint."""

    epoch: int = 0
    batch: int = 0
    """Global batches done in this epoch."""
    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    rows: list[dict[str, Any]] = field(default_factory=list)
    """What stands in curves.csv."""
    loss_sum: float = 0.0
    loss_count: int = 0


def build_model(
    recipe: Recipe, classes: int, prior: NDArray[np.float32] | None = None
) -> nn.Module:
    """The untrained model that a recipe names.

    `classes` matters to a classifier only, and `prior`, the share of each ab bin, to the loss
    of a photochrom.
    """
    if recipe.model.kind == "photochrom":
        return HintNetwork(recipe, prior)
    if recipe.model.kind == "resnet18-gray":
        return GrayClassifier(classes, label_smoothing=recipe.optim.label_smoothing)
    return Autoencoder(
        encoder_weights=recipe.model.encoder_weights,
        freeze_encoder=recipe.model.freeze_encoder,
    )


class Run:
    """The objects of a run, and the steps that are too long to stand in the loop."""

    def __init__(
        self, fabric: Fabric, recipe: Recipe, stores: list[Store], out: Path, console: Console
    ) -> None:
        self.fabric, self.recipe, self.out, self.console = fabric, recipe, out, console
        self.at = Progression()
        training = self._divide(stores)
        self.mean_ab = mean_ab_by_lightness(stores, training).tolist()
        self.weights = (
            weights_of(stores, training, recipe.data.train, recipe.data.weights)
            if recipe.data.weights
            else None
        )
        prior = None
        if recipe.model.kind == "photochrom":
            prior = bin_shares(gamut_grid(), stores, training)
        model = build_model(recipe, len(self.crops.classes), prior)
        if recipe.train.channels_last:
            model = model.to(memory_format=torch.channels_last)
        optimizer = make_optimizer(model, recipe.optim)
        self.schedule = make_schedule(
            optimizer, recipe.optim, self.steps_per_epoch * recipe.train.epochs
        )
        decay = recipe.optim.ema
        self.average = (
            AveragedModel(
                model,
                device=fabric.device,
                multi_avg_fn=moving_average(decay),
                use_buffers=True,
            )
            if decay
            else None
        )
        self.plain = model
        self.model, self.optimizer = fabric.setup(model, optimizer)
        self.model.mark_forward_method("loss")
        self._rng = torch.get_rng_state()
        self._lap = time.monotonic()

    def _divide(self, stores: list[Store]) -> list[Pointer]:
        """Which pictures are held out, and which are trained on; returns the latter."""
        recipe = self.recipe
        training, held = split_stores(stores, share=recipe.data.validation_share)
        held = held[:: max(1, math.ceil(len(held) / recipe.data.validation_limit))]
        aged = recipe.age if recipe.model.kind == "photochrom" else None
        if aged is not None:
            check_portraits(stores, aged.portraits)
        self.crops = Crops(stores, training, recipe.data, aged)
        finish = recipe.data
        if recipe.train.finish_epochs:
            finish = dataclasses.replace(finish, crop_px=finish.finish_crop_px)
        self.finish_crops = Crops(stores, training, finish, aged)
        self.held = Crops(stores, held, finish)  # all epochs are measured at the last size
        self.steps_per_epoch = (recipe.data.crops or len(training)) // recipe.train.batch
        if self.steps_per_epoch == 0:
            raise RecipeError(
                f"train.batch is {recipe.train.batch}, but there are only {len(training)} "
                "pictures to train on; make it smaller."
            )
        self.console.print(
            f"{len(training)} pictures to train on, {len(held)} held out, "
            f"{self.steps_per_epoch} steps an epoch"
        )
        return training

    def batches(self) -> Iterator[dict[str, Tensor]]:
        """The rest of this epoch's batches for this device."""
        train, at = self.recipe.train, self.at
        sampler = EpochBatches(
            len(self.crops),
            batch=train.batch,
            seed=train.seed,
            epoch=at.epoch,
            weights=self.weights,
            crops=self.recipe.data.crops,
            start=at.batch,
            rank=self.fabric.global_rank,
            devices=self.fabric.world_size,
            accumulate=train.accumulate,
        )
        finishing = at.epoch >= train.epochs - train.finish_epochs
        return iter(self._loader(self.finish_crops if finishing else self.crops, sampler))

    def _loader(self, crops: Crops, batches: Any) -> Iterable[dict[str, Tensor]]:
        workers = self.recipe.data.workers if hasattr(os, "fork") else 0  # Windows has none
        loader: DataLoader[dict[str, Tensor]] = DataLoader(
            crops,
            batch_sampler=batches,
            num_workers=workers,
            multiprocessing_context="fork" if workers else None,
            worker_init_fn=_one_thread,
            generator=torch.Generator(),  # not the one that losses draw from: runs can resume
        )
        on_device = self.fabric.setup_dataloaders(loader, use_distributed_sampler=False)
        return cast(Iterable[dict[str, Tensor]], on_device)

    def step(self, loss: Tensor) -> None:
        """One optimizer step, once the gradients are there."""
        value = float(cast(Tensor, self.fabric.all_reduce(loss)))
        if not math.isfinite(value):
            last = self.out / "last.ckpt"
            raise DivergedError(
                f"The loss is {value} at step {self.at.step + 1}. "
                + (f"The last checkpoint is {last}. " if last.exists() else "")
                + "Try a lower optim.lr, or optim.clip_norm=1."
            )
        if self.recipe.optim.clip_norm:
            self.fabric.clip_gradients(
                self.model, self.optimizer, max_norm=self.recipe.optim.clip_norm
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
        if self.average is not None:
            self.average.update_parameters(self.plain)
        self._rng = torch.get_rng_state()
        self.at.batch += 1
        self.at.step += 1
        self.at.loss_sum += value
        self.at.loss_count += 1

    def lap(self) -> float:
        """Seconds since the last call."""
        before, self._lap = self._lap, time.monotonic()
        return self._lap - before

    def shipped(self) -> nn.Module:
        """The weights that would be shipped: the averaged ones where there are such."""
        return self.average.module if self.average is not None else self.plain

    def finish_epoch(self, images_per_second: float) -> None:
        """Measure, draw, and write the checkpoints of an epoch that is done."""
        at, recipe = self.at, self.recipe
        loss = at.loss_sum / max(at.loss_count, 1)
        row: dict[str, Any] = {
            "epoch": at.epoch + 1,
            "step": at.step,
            "lr": self.optimizer.param_groups[0]["lr"],
            "train_loss": loss,
            "images_per_second": images_per_second,
        }
        at.epoch, at.batch, at.loss_sum, at.loss_count = at.epoch + 1, 0, 0.0, 0
        better = False
        if self.fabric.is_global_zero:
            score, figures = self._measure()
            row |= {f"held_out_{name}": value for name, value in figures.items()}
            better = score > at.best
            at.best = score if better else at.best
            at.seconds += self.lap()
            row["seconds"] = at.seconds
            at.rows.append(row)
            with writing(self.out):
                write_curves(at.rows, self.out)
            shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
            self.console.print(
                f"epoch {at.epoch}/{recipe.train.epochs}  train loss {loss:.4g}  "
                f"held out: {shown}  {images_per_second:.0f} images/s"
            )
        if self.fabric.broadcast(better):
            self.save("best.ckpt")
        self.save("last.ckpt")

    def _measure(self) -> tuple[float, dict[str, float]]:
        model, share = self.shipped(), 32
        keys = [(number, -1) for number in range(len(self.held))]
        batches = [keys[start : start + share] for start in range(0, len(keys), share)]
        loader = self._loader(self.held, batches)
        figures = held_out.measure(model, loader, self.fabric.autocast)
        spread = keys[:: max(1, len(keys) // held_out.GRID_ROWS)][: held_out.GRID_ROWS]
        shown = next(iter(self._loader(self.held, [spread])))
        with writing(self.out):
            held_out.save_grid(model, shown, self.out / "grids" / f"epoch-{self.at.epoch:04d}.png")
        return figures[str(model.score)], figures

    def save(self, name: str) -> None:
        """Write a checkpoint under a temporary name, then rename it."""
        if self.fabric.is_global_zero:
            save_checkpoint(self._content(torch.get_rng_state()), self.out / name)
        self.fabric.barrier()

    def save_without_others(self) -> None:
        """Write last.ckpt as it was after the last whole step; no other device can be asked."""
        if self.fabric.is_global_zero:
            save_checkpoint(self._content(self._rng), self.out / "last.ckpt")

    def _content(self, rng: Tensor) -> dict[str, Any]:
        """What a checkpoint holds."""
        average = self.average
        return {
            "version": CHECKPOINT_VERSION,
            "recipe": recipe_to_dict(self.recipe),
            "classes": self.crops.classes,
            "sources": [store.summary() for store in self.crops.stores],
            "mean_ab": self.mean_ab,
            "model": self.plain.state_dict(),
            "average": None if average is None else average.module.state_dict(),
            "average_count": 0 if average is None else int(average.n_averaged),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "progression": dataclasses.asdict(self.at),
            "rng": rng,
        }

    def start_from(self, start: str) -> None:
        """Take the weights that another run would ship, or that are; all else starts anew."""
        models = [self.plain, *([] if self.average is None else [self.average.module])]
        if (exported := exported_file(start)) is not None:
            filled = load_exported(self.plain, exported)
            for model in models:
                model.load_state_dict(filled)
            statistics: Statistics = {}
            if self.fabric.is_global_zero:
                with self.fabric.autocast():
                    statistics = measured(self.plain, islice(self.batches(), MEASURED_BATCHES))
            statistics = self.fabric.broadcast(statistics)
            for model in models:
                set_statistics(model, statistics)
            return
        path = Path(start).expanduser()
        state = load_checkpoint(path)
        try:
            for model in models:
                weights = state["average"] or state["model"]
                missing, extra = model.load_state_dict(weights, strict=False)
                if any(not key.startswith(("critic.", "region.")) for key in [*missing, *extra]):
                    raise KeyError(missing, extra)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"{path}: doesn't fit the model of this recipe.") from error

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where a checkpoint was written."""
        try:
            self.plain.load_state_dict(state["model"])
            if self.average is not None:
                self.average.module.load_state_dict(state["average"])
                self.average.n_averaged.fill_(state["average_count"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            self.at = Progression(**state["progression"])
            torch.set_rng_state(state["rng"])
        except _MISFITS as error:
            raise CheckpointError(
                f"{self.out / 'last.ckpt'}: doesn't fit the model of this recipe ({error})."
            ) from error
        if state["classes"] != self.crops.classes:
            raise CheckpointError(f"{self.out}: the data's classes have changed since this run.")

    @contextmanager
    def progress(self) -> Iterator[Any]:
        """A rich progress bar; yields a function that takes the images per second."""
        at, total = self.at, self.steps_per_epoch * self.recipe.train.epochs
        columns = [
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("{task.fields[rate]} images/s"),
            TimeRemainingColumn(),
        ]
        with Progress(*columns, console=self.console) as bar:
            task = bar.add_task("", total=total, completed=at.step, epoch="", loss="", rate="")

            def show(rate: float) -> None:
                bar.update(
                    task,
                    completed=at.step,
                    epoch=f"{at.epoch + 1}/{self.recipe.train.epochs}",
                    loss=f"{at.loss_sum / max(at.loss_count, 1):.4g}",
                    rate=f"{rate:.0f}",
                )

            yield show


def _one_thread(_: int) -> None:
    """Data workers run beside the training threads; one each is enough."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
