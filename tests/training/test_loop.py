"""The training loop: exact resuming, whatever interrupts it."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import signal

import pytest

torch = pytest.importorskip("torch")


from photochrom.errors import (
    CheckpointError,
)
from photochrom.training.loop import train
from photochrom.training.network import HintNetwork
from photochrom.training.run_folder import load_checkpoint, save_checkpoint
from runs import STEPS_PER_EPOCH, assert_same_run, at_step, interrupt, last

pytestmark = [
    pytest.mark.train,
    # Python 3.12 and newer, of workers: the DataLoader's own fork, that the loop asks for.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


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


def test_a_run_starts_from_the_weights_that_another_would_ship(finished_run, recipe_for, tmp_path):
    start = f"model.start={finished_run / 'best.ckpt'}"
    train(recipe_for(start, "train.epochs=1", "optim.lr=1e-12"), tmp_path / "next")
    shipped, found = load_checkpoint(finished_run / "best.ckpt")["average"], last(tmp_path / "next")
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


def test_a_run_can_not_start_from_other_layers(finished_run, recipe_for, tmp_path):
    state = load_checkpoint(finished_run / "best.ckpt")
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
