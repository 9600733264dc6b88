"""What the training loop refuses, and what it leaves behind when something goes wrong."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import errno
import math
import os

import pytest

torch = pytest.importorskip("torch")


from photochrom.errors import (
    CheckpointError,
    DataError,
    DivergedError,
    RecipeError,
    TrainingError,
)
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.loop import train
from photochrom.training.run_folder import save_checkpoint
from runs import STEPS_PER_EPOCH, copy_checkpoints, last, parts

pytestmark = [
    pytest.mark.train,
    # Python 3.12 and newer, of workers: the DataLoader's own fork, that the loop asks for.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def test_an_existing_run_is_not_overwritten(finished_run, recipe_for):
    before = (finished_run / "last.ckpt").read_bytes()
    with pytest.raises(TrainingError, match="already"):
        train(recipe_for(), finished_run)
    assert (finished_run / "last.ckpt").read_bytes() == before


def test_there_must_be_a_run_to_resume(recipe_for, tmp_path):
    with pytest.raises(CheckpointError, match="the checkpoint does not exist"):
        train(recipe_for(), tmp_path / "none", resume=True)


@pytest.mark.parametrize("damage", ["cut", "garbage", "version"])
def test_a_damaged_checkpoint_is_no_run_to_resume(finished_run, recipe_for, tmp_path, damage):
    broken = tmp_path / "last.ckpt"
    whole = (finished_run / "last.ckpt").read_bytes()
    if damage == "version":
        save_checkpoint({"version": 99}, broken)
    else:
        broken.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"no checkpoint")
    with pytest.raises(CheckpointError, match=r"last\.ckpt"):
        train(recipe_for(), tmp_path, resume=True)


def test_a_checkpoint_of_other_layers_does_not_fit(finished_run, recipe_for, tmp_path):
    state = last(finished_run)
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


def test_a_full_disk_leaves_the_old_checkpoint(finished_run, recipe_for, tmp_path, monkeypatch):
    old = copy_checkpoints(finished_run, tmp_path)

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


def test_portraits_in_a_folder_that_is_not_there_are_refused(recipe_for, tmp_path):
    changes = ("model.kind=photochrom", "data.crop_px=32", 'age.portraits=["persons"]')
    with pytest.raises(RecipeError, match=r"age\.portraits names 'persons', .*; there are "):
        train(recipe_for(*changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_resuming_with_another_recipe_shows_the_change(finished_run, recipe_for):
    before = (finished_run / "last.ckpt").read_bytes()
    with pytest.raises(RecipeError) as caught:
        train(recipe_for("optim.lr=0.0625"), finished_run, resume=True)
    assert '"lr": 0.001' in str(caught.value)
    assert '"lr": 0.0625' in str(caught.value)
    assert (finished_run / "last.ckpt").read_bytes() == before
