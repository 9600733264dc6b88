"""What a training run leaves behind: its folder, curves, pictures and checkpoints."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import csv
import math

import pytest

torch = pytest.importorskip("torch")

import pyvips

from photochrom.pictures import picture
from photochrom.training import held_out
from photochrom.training.config import load_recipe, recipe_from_dict
from photochrom.training.loop import train
from photochrom.training.run_folder import load_checkpoint, write_curves
from runs import HELD_OUT, STEPS_PER_EPOCH, assert_same, last

pytestmark = [
    pytest.mark.train,
    # Python 3.12 and newer, of workers: the DataLoader's own fork, that the loop asks for.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def test_the_recipe_of_a_run_loads_back(finished_run, recipe_for):
    assert load_recipe(finished_run / "recipe.toml") == recipe_for()
    assert recipe_from_dict(last(finished_run)["recipe"]) == recipe_for()


def test_curves_have_a_row_an_epoch(finished_run):
    with (finished_run / "curves.csv").open(newline="") as file:
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
    recorded = last(finished_run)["progression"]["rows"]
    assert [float(row["train_loss"]) for row in rows] == [row["train_loss"] for row in recorded]


def test_pictures_of_a_run_can_be_read(finished_run):
    assert picture.read(finished_run / "curves.png").srgb().std() > 1
    grid = pyvips.Image.new_from_file(str(finished_run / "grids" / "epoch-0002.png"))
    assert (grid.height, grid.width, grid.bands) == (16 * HELD_OUT, 3 * 16, 3)


def test_the_checkpoint_says_what_it_was_trained_on(finished_run):
    state = last(finished_run)
    assert state["sources"] == ["18 pictures"]
    assert state["classes"] == ["a", "b"]
    assert torch.tensor(state["mean_ab"]).shape == (101, 2)


def test_the_shipped_weights_are_the_averaged_ones(finished_run, recipe_for, tmp_path, monkeypatch):
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


def test_the_run_folder_holds_what_it_should(finished_run):
    names = sorted(
        str(path.relative_to(finished_run)) for path in finished_run.rglob("*") if path.is_file()
    )
    assert names == [
        "best.ckpt",
        "curves.csv",
        "curves.png",
        "grids/epoch-0001.png",
        "grids/epoch-0002.png",
        "last.ckpt",
        "recipe.toml",
    ]
