"""What several tests of training runs share: a tiny recipe, and checkpoints that must agree."""

import signal

import pytest
import torch

from photochrom.training.loop import train
from photochrom.training.run import Run
from photochrom.training.run_folder import load_checkpoint

PICTURES = 18  # as in training/conftest.py
HELD_OUT = 3
STEPS_PER_EPOCH = 3
"""Of the pictures and the recipe below: its seed splits them 15 to 3."""


def last(run):
    return load_checkpoint(run / "last.ckpt")


def assert_same(one, other, where="checkpoint"):
    """Bit for bit, whatever the nesting."""
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype, where
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_same(left, right, f"{where}[{index}]")
    else:
        assert one == other, where


def timeless(row):
    return {key: row[key] for key in row if key not in {"seconds", "images_per_second"}}


def assert_same_run(one, other):
    """Weights, averages, optimizer, schedule and curves of two checkpoints agree exactly."""
    for key in ("model", "average", "average_count", "optimizer", "schedule", "classes"):
        assert_same(one[key], other[key], key)
    left, right = dict(one["progression"]), dict(other["progression"])
    for progression in (left, right):
        progression["rows"] = [timeless(row) for row in progression["rows"]]
        del progression["seconds"]
    assert_same(left, right, "progression")


def at_step(monkeypatch, number, action):
    """Do something after an optimizer step, counted from the run's beginning."""
    step = Run.step

    def stepping(run, loss):
        step(run, loss)
        if run.at.step == number:
            action()

    monkeypatch.setattr(Run, "step", stepping)


def interrupt(recipe, out, step, *signals, resume=False):
    """Train, and get signals after a step."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_step(monkeypatch, step, lambda: [signal.raise_signal(s) for s in signals])
        with pytest.raises(KeyboardInterrupt):
            train(recipe, out, resume=resume)


def parts(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name]


def copy_checkpoints(run, folder):
    """Copy a run's checkpoints; their bytes by name."""
    old = {name: (run / name).read_bytes() for name in ("last.ckpt", "best.ckpt")}
    for name, content in old.items():
        (folder / name).write_bytes(content)
    return old
