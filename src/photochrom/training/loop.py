"""The training loop on Lightning Fabric, readable from top to bottom.

`train` sets everything up from a recipe; `_epochs` is the loop. A run is a folder:

    recipe.toml    the resolved recipe
    last.ckpt      where to go on; written every few minutes, at each epoch and on Ctrl-C
    best.ckpt      the best held-out figure so far
    curves.csv, curves.png, grids/epoch-0001.png
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from photochrom.errors import Advice, TrainingError
from photochrom.training.config import Recipe, recipe_from_dict, recipe_to_toml
from photochrom.training.data import open_store
from photochrom.training.devices import is_elastic, make_fabric, on_any
from photochrom.training.run import Run
from photochrom.training.run_folder import check_same_recipe, load_checkpoint, writing


def train(
    recipe: Recipe, out: Path, *, resume: bool = False, console: Console | None = None
) -> Path:
    """Train what a recipe says, into the run folder `out`.

    Parameters
    ----------
    recipe : what to train and how
    out : the run folder; must hold no run yet, unless `resume`
    resume : go on exactly where the run in `out` stopped; only train.epochs, devices, num_nodes,
        accumulate, checkpoint_minutes and data.workers may differ from its recipe. Under torchrun,
        begin where there is none yet
    console : where progress is shown; nothing is shown without

    Returns
    -------
    The path of the best checkpoint.

    Raises
    ------
    DataError
        A source is missing or empty.
    RecipeError
        The run in `out` was made with another recipe.
    TrainingError
        The folder holds a run already, the loss diverged, a checkpoint can't be written or
        read, or another device was lost.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, once the checkpoint is written.
    """
    if not resume and (out / "last.ckpt").exists():
        raise TrainingError(
            f"{out}: this folder already contains a run.",
            advice=[Advice.RESUME, Advice.OTHER_RUN],
        )
    if resume and is_elastic():  # which gives the same order at the first start and at the next
        resume = (out / "last.ckpt").exists()
    state = load_checkpoint(out / "last.ckpt", of_run=True) if resume else None
    if state is not None:
        check_same_recipe(recipe, recipe_from_dict(state["recipe"]))
    fabric = make_fabric(recipe.train)
    fabric.launch()
    torch.manual_seed(recipe.train.seed)
    show = console if console is not None and fabric.is_global_zero else Console(quiet=True)

    stores = []
    for source in recipe.data.train:
        if fabric.local_rank == 0:  # one for each machine
            with show.status(f"Reading {source}"):
                stores.append(open_store(source, recipe.data))
            show.print(f"{source}: {stores[-1].summary()}")
        fabric.barrier()
        if fabric.local_rank != 0:
            stores.append(open_store(source, recipe.data))
    run = Run(fabric, recipe, stores, out, show)
    if state is not None:
        run.restore(state)
        show.print(f"Going on at epoch {run.at.epoch + 1}, step {run.at.step}")
    else:
        if recipe.model.start:
            run.start_from(recipe.model.start)
        if fabric.is_global_zero:
            with writing(out):
                out.mkdir(parents=True, exist_ok=True)
                (out / "recipe.toml").write_text(recipe_to_toml(recipe), encoding="utf-8")
    try:
        _epochs(run)
    except RuntimeError as error:
        if fabric.world_size == 1:
            raise
        run.save_without_others()
        raise TrainingError(
            f"Another device was lost, or failed, at step {run.at.step + 1}: {error}. "
            f"{out / 'last.ckpt'} has all steps before it.",
            advice=[Advice.RESUME],
        ) from error
    return out / "best.ckpt"


def _epochs(run: Run) -> None:
    """The loop: batches, and after each epoch the held-out figures and a checkpoint."""
    recipe, fabric, at = run.recipe, run.fabric, run.at
    with _stop_signals() as stop, run.progress() as progress:
        while at.epoch < recipe.train.epochs:
            run.model.train()
            micro = 0
            started, images = time.monotonic(), 0
            saved = started
            loss_sum = torch.zeros(())
            for batch in run.batches():
                micro += 1
                last = micro % recipe.train.accumulate == 0
                with fabric.no_backward_sync(run.model, enabled=not last):
                    with fabric.autocast():
                        loss = run.model.loss(batch)
                    fabric.backward(loss / recipe.train.accumulate)
                loss_sum = loss_sum + loss.detach() / recipe.train.accumulate
                if not last:
                    continue
                run.step(loss_sum)
                loss_sum = torch.zeros(())
                now = time.monotonic()
                images += recipe.train.batch
                progress(images / (now - started))
                at.seconds += run.lap()
                if on_any(fabric, stop.asked):
                    run.save("last.ckpt")
                    raise KeyboardInterrupt
                if on_any(fabric, now - saved > 60 * recipe.train.checkpoint_minutes):
                    run.save("last.ckpt")
                    saved = now
            run.finish_epoch(images / max(time.monotonic() - started, 1e-9))


class _Stop:
    asked = False


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    """Turn Ctrl-C and SIGTERM into a flag, so that a step is finished and saved first.

    A second Ctrl-C ends at once.
    """
    stop = _Stop()

    def ask(number: int, frame: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    try:
        before = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread, where signals can't be handled
        before = {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
