"""The training loop: exact resuming, run folders, interruptions, failures, data-parallel."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import csv
import errno
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import pyvips

from photochrom.errors import (
    CheckpointError,
    DataError,
    DivergedError,
    RecipeError,
    TrainingError,
)
from photochrom.pictures import picture
from photochrom.training import held_out
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import load_recipe, recipe_from_dict, recipe_to_dict
from photochrom.training.loop import train
from photochrom.training.network import HintNetwork
from photochrom.training.run import Run
from photochrom.training.run_folder import load_checkpoint, save_checkpoint, write_curves

pytestmark = [
    pytest.mark.train,
    # Python 3.12 and newer, of workers: the DataLoader's own fork, that the loop asks for.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

PHOTOCHROM = Path(sys.executable).with_name("photochrom")
PICTURES = 18
HELD_OUT = 3
STEPS_PER_EPOCH = 3
"""Of the pictures and the recipe below: its seed splits them 15 to 3."""

PATIENCE_S = 300
"""For subprocesses that hang; none is measured."""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory, smooth_srgb):
    """A folder of two classes of small colorful pictures."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(PICTURES):
        path = folder / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        picture.from_array(smooth_srgb(40, 40, number)).save(path)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def recipe_for(photographs, cache):
    """A tiny recipe; changes are written as on the command line."""
    text = f"""
        name = "tiny"
        data = {{ train = ["{photographs}"], cache = "{cache}", validation_share = 0.15,
                  crop_px = 16, store_side_px = 40, workers = 0 }}
        model = {{ encoder_weights = "none" }}
        optim = {{ ema = 0.9 }}
        train = {{ batch = 4, epochs = 2, seed = 3, accelerator = "cpu" }}
    """
    file = cache / "tiny.toml"
    file.write_text(" ".join(text.split()).replace("} ", "}\n").replace('tiny" ', 'tiny"\n'))

    def make(*changes):
        return load_recipe(file, changes)

    make.file = file
    return make


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


# Exact resuming


@pytest.mark.parametrize("workers", [0, 1])
def test_two_and_two_epochs_are_four(recipe_for, tmp_path, workers):
    changes = f"data.workers={workers}"
    train(recipe_for(changes, "train.epochs=4"), tmp_path / "whole")
    train(recipe_for(changes, "train.epochs=2"), tmp_path / "halves")
    first = last(tmp_path / "halves")
    train(recipe_for(changes, "train.epochs=4"), tmp_path / "halves", resume=True)
    second = last(tmp_path / "halves")
    assert first["progression"]["step"] == 2 * STEPS_PER_EPOCH
    assert second["progression"]["step"] == 4 * STEPS_PER_EPOCH
    assert not torch.equal(first["model"]["decoder.4.weight"], second["model"]["decoder.4.weight"])
    assert_same_run(last(tmp_path / "whole"), second)


@pytest.mark.parametrize(
    ("signal_", "changes"),
    [
        (
            signal.SIGINT,
            [
                "optim.schedule=cosine",
                "optim.warmup_steps=2",
                "optim.clip_norm=0.5",
                "model.freeze_encoder=false",
                "train.accumulate=2",
                "data.workers=1",
            ],
        ),
        (signal.SIGTERM, ["train.precision=bf16-mixed", "optim.name=sgd"]),
    ],
    ids=["32-true", "bf16-mixed"],
)
def test_a_run_stopped_within_an_epoch_goes_on_exactly(recipe_for, tmp_path, signal_, changes):
    recipe = recipe_for(*changes)
    train(recipe, tmp_path / "whole")
    interrupt(recipe, tmp_path / "stopped", 4, signal_)
    stopped = last(tmp_path / "stopped")["progression"]
    assert (stopped["epoch"], stopped["batch"], stopped["step"]) == (1, 1, 4)
    train(recipe, tmp_path / "stopped", resume=True)
    assert_same_run(last(tmp_path / "whole"), last(tmp_path / "stopped"))


def test_a_hint_network_goes_on_exactly_and_ends_with_larger_crops(recipe_for, tmp_path):
    recipe = recipe_for(
        "model.kind=photochrom",
        "model.decoder_channels=[4, 8, 12, 16]",
        "data.crop_px=32",
        "data.finish_crop_px=64",
        "train.finish_epochs=1",
        "optim.encoder_lr=0.3",
        "hints.reference_share=0.5",
        "hints.recolored_share=0.2",
        "loss.critic_weight=0.3",
        "loss.picture_weight=1.0",
        "model.dropout=0.1",
    )
    sides = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        measure = HintNetwork.loss

        def recording(model, batch):
            sides.append(batch["ab"].shape[-1])
            return measure(model, batch)

        monkeypatch.setattr(HintNetwork, "loss", recording)
        train(recipe, tmp_path / "whole")
    assert sides == [32] * STEPS_PER_EPOCH + [64] * STEPS_PER_EPOCH
    interrupt(recipe, tmp_path / "stopped", 4, signal.SIGINT)
    train(recipe, tmp_path / "stopped", resume=True)
    assert_same_run(last(tmp_path / "whole"), last(tmp_path / "stopped"))
    row = last(tmp_path / "whole")["progression"]["rows"][-1]
    assert {"held_out_psnr", "held_out_psnr_10_hints"} <= row.keys()
    rates = [group["lr"] for group in last(tmp_path / "stopped")["optimizer"]["param_groups"]]
    assert rates[1] == pytest.approx(0.3 * rates[0])


def test_a_run_starts_from_the_weights_that_another_would_ship(run, recipe_for, tmp_path):
    start = f"model.start={run / 'best.ckpt'}"
    train(recipe_for(start, "train.epochs=1", "optim.lr=1e-12"), tmp_path / "next")
    shipped, found = load_checkpoint(run / "best.ckpt")["average"], last(tmp_path / "next")
    for key in ("decoder.0.0.weight", "decoder.4.bias"):
        torch.testing.assert_close(found["average"][key], shipped[key])
        torch.testing.assert_close(found["model"][key], shipped[key])
    assert found["progression"]["step"] == STEPS_PER_EPOCH


def test_a_run_with_a_critic_starts_from_one_without(recipe_for, tmp_path):
    hinted = (
        "model.kind=photochrom",
        "model.decoder_channels=[4, 8, 12, 16]",
        "data.crop_px=32",
        "train.epochs=1",
    )
    train(recipe_for(*hinted), tmp_path / "first")
    start = f"model.start={tmp_path / 'first' / 'last.ckpt'}"
    critic = "loss.critic_weight=0.3"
    train(recipe_for(*hinted, start, critic, "optim.lr=1e-12"), tmp_path / "next")
    shipped, found = last(tmp_path / "first")["average"], last(tmp_path / "next")["average"]
    torch.testing.assert_close(found["head.weight"], shipped["head.weight"])
    assert "critic.verdict.1.weight" in found.keys() - shipped.keys()


def test_a_run_can_not_start_from_other_layers(run, recipe_for, tmp_path):
    state = load_checkpoint(run / "best.ckpt")
    del state["average"]["decoder.4.bias"]
    save_checkpoint(state, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match=r"other\.ckpt: doesn't fit the model"):
        train(recipe_for(f"model.start={tmp_path / 'other.ckpt'}"), tmp_path / "next")
    assert not (tmp_path / "next").exists()


def test_workers_make_no_difference(recipe_for, tmp_path):
    for workers in (0, 1):
        train(recipe_for(f"data.workers={workers}", "train.epochs=1"), tmp_path / str(workers))
    assert_same_run(last(tmp_path / "0"), last(tmp_path / "1"))


def test_a_crash_between_checkpoints_costs_no_exactness(recipe_for, tmp_path, monkeypatch):
    recipe = recipe_for("train.checkpoint_minutes=0")
    train(recipe, tmp_path / "whole")

    def fail():
        raise MemoryError("as if killed")

    with monkeypatch.context() as patch:
        at_step(patch, 5, fail)
        with pytest.raises(MemoryError):
            train(recipe, tmp_path / "crashed")
    assert last(tmp_path / "crashed")["progression"]["step"] == 4
    train(recipe, tmp_path / "crashed", resume=True)
    assert_same_run(last(tmp_path / "whole"), last(tmp_path / "crashed"))


def test_a_second_signal_ends_at_once_and_handlers_come_back(recipe_for, tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interrupt(recipe_for(), tmp_path / "run", 2, signal.SIGINT, signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert not (tmp_path / "run" / "last.ckpt").exists()


def test_resuming_a_finished_run_changes_nothing(recipe_for, tmp_path):
    recipe = recipe_for("train.epochs=1")
    best = train(recipe, tmp_path)
    before = (tmp_path / "last.ckpt").read_bytes()
    assert train(recipe, tmp_path, resume=True) == best
    assert (tmp_path / "last.ckpt").read_bytes() == before


def test_the_seed_decides_the_run(recipe_for, tmp_path):
    for name, seed in [("one", 3), ("same", 3), ("other", 6)]:
        train(recipe_for("train.epochs=1", f"train.seed={seed}"), tmp_path / name)
    assert_same_run(last(tmp_path / "one"), last(tmp_path / "same"))
    weights = [last(tmp_path / name)["model"]["decoder.4.weight"] for name in ("one", "other")]
    assert not torch.equal(*weights)


# What a run leaves behind


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run of two epochs, filled by the first test that wants it."""
    return tmp_path_factory.mktemp("finished") / "run"


@pytest.fixture
def run(finished, recipe_for):
    if not finished.exists():
        assert train(recipe_for(), finished) == finished / "best.ckpt"
    return finished


def test_the_run_folder_holds_what_it_should(run):
    names = sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    assert names == [
        "best.ckpt",
        "curves.csv",
        "curves.png",
        "grids/epoch-0001.png",
        "grids/epoch-0002.png",
        "last.ckpt",
        "recipe.toml",
    ]


def test_the_recipe_of_a_run_loads_back(run, recipe_for):
    assert load_recipe(run / "recipe.toml") == recipe_for()
    assert recipe_from_dict(last(run)["recipe"]) == recipe_for()


def test_curves_have_a_row_an_epoch(run):
    with (run / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert [int(row["step"]) for row in rows] == [STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH]
    assert all(math.isfinite(float(value)) for row in rows for value in row.values())
    assert set(rows[0]) == {
        "epoch",
        "step",
        "lr",
        "train_loss",
        "images_per_second",
        "held_out_loss",
        "held_out_psnr",
        "held_out_colorfulness",
        "held_out_colorfulness_truth",
        "seconds",
    }
    recorded = last(run)["progression"]["rows"]
    assert [float(row["train_loss"]) for row in rows] == [row["train_loss"] for row in recorded]


def test_pictures_of_a_run_can_be_read(run):
    assert picture.read(run / "curves.png").srgb().std() > 1
    grid = pyvips.Image.new_from_file(str(run / "grids" / "epoch-0002.png"))
    assert (grid.height, grid.width, grid.bands) == (16 * HELD_OUT, 3 * 16, 3)


def test_the_checkpoint_says_what_it_was_trained_on(run):
    state = last(run)
    assert state["sources"] == ["18 pictures"]
    assert state["classes"] == ["a", "b"]
    assert torch.tensor(state["mean_ab"]).shape == (101, 2)


def test_the_shipped_weights_are_the_averaged_ones(run, recipe_for, tmp_path, monkeypatch):
    measured = []
    measure = held_out.measure

    def spy(model, batches, autocast):
        measured.append({key: value.clone() for key, value in model.state_dict().items()})
        return measure(model, batches, autocast)

    monkeypatch.setattr(held_out, "measure", spy)
    train(recipe_for("train.epochs=1"), tmp_path / "averaged")
    state = last(tmp_path / "averaged")
    assert_same(measured[0], dict(state["average"]))
    assert state["average_count"] == STEPS_PER_EPOCH
    for name in ("decoder.4.weight", "decoder.0.1.running_var"):
        assert not torch.equal(state["average"][name], state["model"][name])
    train(recipe_for("train.epochs=1", "optim.ema=0"), tmp_path / "plain")
    state = last(tmp_path / "plain")
    assert_same(measured[1], dict(state["model"]))
    assert state["average"] is None


def scores(monkeypatch, values):
    """Let the held-out PSNR of the coming epochs be these."""
    coming = iter(values)
    monkeypatch.setattr(
        held_out, "measure", lambda *_: {"loss": 1.0, "psnr": next(coming), "colorfulness": 0.0}
    )


def best_epoch(run):
    return load_checkpoint(run / "best.ckpt")["progression"]["epoch"]


def test_best_is_the_epoch_of_the_best_held_out_score(recipe_for, tmp_path, monkeypatch):
    scores(monkeypatch, [10.0, 30.0, 20.0, 25.0, 31.0])
    train(recipe_for("train.epochs=3"), tmp_path)
    assert best_epoch(tmp_path) == 2
    assert last(tmp_path)["progression"]["epoch"] == 3
    train(recipe_for("train.epochs=4"), tmp_path, resume=True)
    assert best_epoch(tmp_path) == 2  # 25 is better than the last, but not than the best
    train(recipe_for("train.epochs=5"), tmp_path, resume=True)
    assert best_epoch(tmp_path) == 5


def test_a_score_that_is_no_number_is_never_the_best(recipe_for, tmp_path, monkeypatch):
    scores(monkeypatch, [10.0, math.nan, 20.0])
    train(recipe_for("train.epochs=3"), tmp_path)
    assert best_epoch(tmp_path) == 3


def test_curves_bear_rows_of_different_figures(tmp_path):
    rows = [
        {"epoch": 1, "train_loss": 2.0, "held_out_loss": 2.0},
        {"epoch": 2, "train_loss": 1.0, "held_out_loss": 1.0, "held_out_psnr": 20.0},
    ]
    write_curves(rows, tmp_path)
    with (tmp_path / "curves.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["held_out_psnr"] for row in found] == ["", "20.0"]
    assert (tmp_path / "curves.png").stat().st_size > 0


def test_a_classifier_trains_and_its_layers_become_an_encoder(recipe_for, tmp_path):
    classifier = tmp_path / "classifier"
    train(recipe_for("model.kind=resnet18-gray", "train.epochs=1"), classifier)
    row = last(classifier)["progression"]["rows"][0]
    assert 0 <= row["held_out_accuracy"] <= 1
    assert not (classifier / "grids").exists()
    weights = f"model.encoder_weights={classifier / 'best.ckpt'}"
    train(recipe_for(weights, "train.epochs=1"), tmp_path / "autoencoder")
    assert torch.equal(
        last(tmp_path / "autoencoder")["model"]["encoder.0.weight"],
        load_checkpoint(classifier / "best.ckpt")["average"]["network.conv1.weight"],
    )


# What goes wrong


def test_resuming_with_another_recipe_shows_the_change(run, recipe_for):
    before = (run / "last.ckpt").read_bytes()
    with pytest.raises(RecipeError) as caught:
        train(recipe_for("optim.lr=0.0625"), run, resume=True)
    assert '"lr": 0.001' in str(caught.value)
    assert '"lr": 0.0625' in str(caught.value)
    assert (run / "last.ckpt").read_bytes() == before


def test_an_existing_run_is_not_overwritten(run, recipe_for):
    before = (run / "last.ckpt").read_bytes()
    with pytest.raises(TrainingError, match="already"):
        train(recipe_for(), run)
    assert (run / "last.ckpt").read_bytes() == before


def test_there_must_be_a_run_to_resume(recipe_for, tmp_path):
    with pytest.raises(CheckpointError, match="the checkpoint does not exist"):
        train(recipe_for(), tmp_path / "none", resume=True)


@pytest.mark.parametrize("damage", ["cut", "garbage", "version"])
def test_a_damaged_checkpoint_is_no_run_to_resume(run, recipe_for, tmp_path, damage):
    broken = tmp_path / "last.ckpt"
    whole = (run / "last.ckpt").read_bytes()
    if damage == "version":
        save_checkpoint({"version": 99}, broken)
    else:
        broken.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"no checkpoint")
    with pytest.raises(CheckpointError, match=r"last\.ckpt"):
        train(recipe_for(), tmp_path, resume=True)


def test_a_checkpoint_of_other_layers_does_not_fit(run, recipe_for, tmp_path):
    state = last(run)
    del state["model"]["decoder.4.bias"]
    save_checkpoint(state, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match="doesn't fit the model"):
        train(recipe_for("train.epochs=3"), tmp_path, resume=True)


@pytest.fixture
def loss_breaks(monkeypatch):
    """Let the loss be no number at one step, counted from 1."""

    def at(number):
        count, loss = [0], Autoencoder.loss

        def breaking(model, batch):
            count[0] += 1
            return loss(model, batch) * (math.nan if count[0] == number else 1)

        monkeypatch.setattr(Autoencoder, "loss", breaking)

    return at


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(
    recipe_for, tmp_path, loss_breaks
):
    loss_breaks(5)
    with pytest.raises(DivergedError) as caught:
        train(recipe_for(), tmp_path)
    assert "loss is nan at step 5" in str(caught.value)
    assert str(tmp_path / "last.ckpt") in str(caught.value)
    assert "optim.lr" in str(caught.value)
    state = last(tmp_path)
    assert state["progression"]["step"] == STEPS_PER_EPOCH
    assert all(torch.isfinite(value).all() for value in state["model"].values())


def test_a_learning_rate_far_too_high_diverges_and_names_no_checkpoint_that_is_not_there(
    recipe_for, tmp_path
):
    with pytest.raises(DivergedError) as caught:
        train(recipe_for("optim.lr=1e30"), tmp_path)
    assert "optim.lr" in str(caught.value)
    assert "last.ckpt" not in str(caught.value)
    assert not (tmp_path / "last.ckpt").exists()


def test_a_full_disk_leaves_the_old_checkpoint(run, recipe_for, tmp_path, monkeypatch):
    old = copy_checkpoints(run, tmp_path)

    def full(content, file):
        file.write(b"some of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(CheckpointError, match=r"No space left.*untouched"):
        train(recipe_for("train.epochs=3"), tmp_path, resume=True)
    monkeypatch.undo()
    assert {name: (tmp_path / name).read_bytes() for name in old} == old
    assert parts(tmp_path) == []


def test_a_first_checkpoint_that_can_not_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(content, file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(CheckpointError, match="there is none before it"):
        save_checkpoint({"version": 1}, tmp_path / "last.ckpt")
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_that_can_not_be_written_to_is_named(recipe_for, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TrainingError, match=r"file.run: the run folder can't be written to"):
        train(recipe_for(), tmp_path / "file" / "run")


def test_curves_and_grids_that_can_not_be_written_are_named(recipe_for, tmp_path):
    (tmp_path / "grids").write_text("no folder")
    with pytest.raises(TrainingError, match="the run folder can't be written to"):
        train(recipe_for(), tmp_path)


def test_a_folder_without_pictures_is_named(recipe_for, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: no pictures"):
        train(recipe_for(f'data.train=["{tmp_path / "empty"}"]'), tmp_path / "run")
    with pytest.raises(DataError, match="gone: the folder does not exist"):
        train(recipe_for(f'data.train=["{tmp_path / "gone"}"]'), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_batch_larger_than_the_data_is_refused(recipe_for, tmp_path):
    with pytest.raises(RecipeError, match=r"train\.batch is 16, but there are only 15"):
        train(recipe_for("train.batch=16"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# From the command line


def photochrom(*arguments):
    return [str(argument) for argument in (PHOTOCHROM, *arguments)]


def run_photochrom(*arguments, code=0):
    done = subprocess.run(
        photochrom(*arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        # Sums in another order differ in the last bit, and a maximum makes that a difference.
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_ctrl_c_saves_says_how_to_go_on_and_exits_with_130(recipe_for, tmp_path):
    arguments = ["train", recipe_for.file, "--out", tmp_path]
    process = subprocess.Popen(
        photochrom(*arguments, "--set", "train.epochs=100000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not (tmp_path / "last.ckpt").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, output + errors
    assert "--resume" in output
    assert "Traceback" not in errors
    stopped = last(tmp_path)["progression"]
    assert stopped["step"] > STEPS_PER_EPOCH  # not the checkpoint that was waited for
    assert parts(tmp_path) == []

    epochs = stopped["epoch"] + 1
    run_photochrom(*arguments, "--resume", "--set", f"train.epochs={epochs}")
    after = last(tmp_path)["progression"]
    assert (after["epoch"], after["step"]) == (epochs, epochs * STEPS_PER_EPOCH)
    assert [row["epoch"] for row in after["rows"]] == list(range(1, epochs + 1))


@pytest.mark.slow
def test_two_devices_learn_what_one_learns_with_two_micro_batches(recipe_for, tmp_path):
    changes = ["train.epochs=1", "optim.name=sgd", "optim.lr=0.05", "model.freeze_encoder=false"]
    sets = [argument for change in changes for argument in ("--set", change)]
    two = tmp_path / "two"
    run_photochrom("train", recipe_for.file, "--devices", 2, "--out", two, *sets)
    sets += ["--set", "train.accumulate=2"]
    run_photochrom("train", recipe_for.file, "--out", tmp_path / "one", *sets)
    found, expected = last(two), last(tmp_path / "one")
    assert found["recipe"]["train"]["devices"] == 2
    assert found["progression"]["step"] == STEPS_PER_EPOCH
    torch.manual_seed(3)
    start = dict(Autoencoder(freeze_encoder=False).named_parameters())
    for name, before in start.items():
        for kind in ("model", "average"):
            torch.testing.assert_close(
                found[kind][name], expected[kind][name], rtol=1e-5, atol=1e-5
            )
        moved = (found["model"][name] - before).abs().max()
        assert moved > 1e-4, name  # much more than the tolerance
    losses = [state["progression"]["rows"][0]["train_loss"] for state in (found, expected)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.slow
def test_two_devices_train_a_hint_network_in_bfloat16(recipe_for, tmp_path):
    changes = [
        "model.kind=photochrom",
        "model.decoder_channels=[4, 8, 12, 16]",
        "data.crop_px=32",
        "train.epochs=1",
        "train.precision=bf16-mixed",
    ]
    sets = [argument for change in changes for argument in ("--set", change)]
    run_photochrom("train", recipe_for.file, "--devices", 2, "--out", tmp_path / "two", *sets)
    assert last(tmp_path / "two")["progression"]["step"] == STEPS_PER_EPOCH


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
from photochrom.cli.main import main
main()
"""


def test_a_checkpoint_too_large_for_the_disk_ends_in_a_message(run, recipe_for, tmp_path):
    old = copy_checkpoints(run, tmp_path)
    arguments = ["train", recipe_for.file, "--out", tmp_path, "--resume", "--set", "train.epochs=3"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "the checkpoint can't be written ([Errno 27] File too large)" in done.stderr
    assert "the one before it is untouched" in done.stderr
    assert {name: (tmp_path / name).read_bytes() for name in old} == old
    assert parts(tmp_path) == []


def test_the_recipe_in_the_checkpoint_is_the_resolved_one(run, recipe_for):
    assert last(run)["recipe"] == recipe_to_dict(recipe_for())
