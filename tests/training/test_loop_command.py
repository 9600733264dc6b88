"""Training from the command line: interrupted, on two devices, on a full disk."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")


from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import recipe_to_dict
from runs import STEPS_PER_EPOCH, copy_checkpoints, last, parts

pytestmark = [
    pytest.mark.train,
    # Python 3.12 and newer, of workers: the DataLoader's own fork, that the loop asks for.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

PHOTOCHROM = Path(sys.executable).with_name("photochrom")

PATIENCE_S = 300
"""For subprocesses that hang; none is measured."""


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


def test_ctrl_c_saves_says_how_to_go_on_and_exits_with_130(run, recipe_for, tmp_path):
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
    code, output, errors = run(*arguments, "--resume", "--set", f"train.epochs={epochs}")
    assert code == 0, output + errors
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


@contextlib.contextmanager
def short_files():
    """Files of at most a megabyte, as if the disk were full."""
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_checkpoint_too_large_for_the_disk_ends_in_a_message(
    finished_run, run, recipe_for, tmp_path
):
    old = copy_checkpoints(finished_run, tmp_path)
    arguments = ["train", recipe_for.file, "--out", tmp_path, "--resume", "--set", "train.epochs=3"]
    with short_files():
        code, _, errors = run(*arguments)
    assert code == 2, errors
    assert "the checkpoint can't be written ([Errno 27] File too large)" in errors
    assert "the one before it is untouched" in errors
    assert {name: (tmp_path / name).read_bytes() for name in old} == old
    assert parts(tmp_path) == []


def test_the_recipe_in_the_checkpoint_is_the_resolved_one(finished_run, recipe_for):
    assert last(finished_run)["recipe"] == recipe_to_dict(recipe_for())
