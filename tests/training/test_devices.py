"""Several machines: two processes that meet by gloo on the loopback, one of which dies."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch")

from photochrom.errors import RecipeError, TrainingError
from photochrom.pictures import picture
from photochrom.training.config import load_recipe
from photochrom.training.data import EpochBatches
from photochrom.training.devices import make_fabric
from photochrom.training.loop import train
from photochrom.training.run_folder import load_checkpoint
from photochrom.training.tables import TrainConfig

pytestmark = pytest.mark.train

COMMAND = "from photochrom.cli.main import main; main()"
PATIENCE_S = 300


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, smooth_srgb):
    """A tiny recipe's file; 15 pictures to train on, three steps of four an epoch."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(18):
        path = folder / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        picture.from_array(smooth_srgb(40, 40, number)).save(path)
    cache = tmp_path_factory.mktemp("cache")
    file = cache / "tiny.toml"
    file.write_text(f"""
[data]
train = ["{folder}"]
cache = "{cache}"
validation_share = 0.15
crop_px = 16
store_side_px = 40
workers = 0
[model]
encoder_weights = "none"
[optim]
name = "sgd"
lr = 0.05
[train]
batch = 4
epochs = 2
seed = 3
accelerator = "cpu"
""")
    return file


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def machine(number, port, recipe, out, *arguments):
    """One of two machines with a device each."""
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": str(number)}
    command = [sys.executable, "-c", COMMAND, "train", str(recipe), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--num-nodes", "2", *arguments],
        env={**os.environ, **told, "LOCAL_RANK": "0", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_machines_learn_as_one_until_one_is_lost_and_then_one_goes_on(recipe, tmp_path):
    port, out = free_port(), tmp_path / "two"
    long = ("--set", "train.epochs=100000")
    crew = [machine(number, port, recipe, out, *long) for number in (0, 1)]
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not (out / "last.ckpt").exists():
            assert time.monotonic() < deadline
            assert crew[0].poll() is None, crew[0].communicate()
            time.sleep(0.05)
        first = load_checkpoint(out / "last.ckpt")
        crew[1].send_signal(signal.SIGKILL)
        output, errors = crew[0].communicate(timeout=PATIENCE_S)
    finally:
        for one in crew:
            one.kill()
            one.communicate()
    assert crew[0].returncode == 2, output + errors
    assert "Another device was lost, or failed, at step" in errors
    assert "Continue with --resume" in errors
    assert "Traceback" not in errors
    stopped = load_checkpoint(out / "last.ckpt")["progression"]

    alone = tmp_path / "one"
    epochs = first["progression"]["epoch"]
    train(load_recipe(recipe, [f"train.epochs={epochs}", "train.accumulate=2"]), alone)
    expected = load_checkpoint(alone / "last.ckpt")
    assert first["progression"]["step"] == expected["progression"]["step"]
    # Halves of a batch on two devices, or after one another on one: the same but for rounding.
    for name, value in expected["model"].items():
        if "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(first["model"][name], value, rtol=1e-5, atol=1e-5)

    epochs = stopped["epoch"] + 1
    train(load_recipe(recipe, [f"train.epochs={epochs}"]), out, resume=True)
    after = load_checkpoint(out / "last.ckpt")["progression"]
    assert after["step"] == 3 * epochs
    assert [row["epoch"] for row in after["rows"]] == list(range(1, epochs + 1))


def batches(**settings):
    return list(EpochBatches(40, batch=12, seed=1, epoch=2, **settings))


def joined(shares):
    return [[key for part in parts for key in part] for parts in zip(*shares, strict=True)]


@pytest.mark.parametrize("devices", [2, 3, 4])
def test_any_number_of_devices_sees_the_same_crops_from_any_batch_on(devices):
    whole = batches()
    shares = [batches(rank=rank, devices=devices) for rank in range(devices)]
    assert joined(shares) == whole
    later = [batches(rank=rank, devices=devices, start=1) for rank in range(devices)]
    assert joined(later) == whole[1:]


def test_torchruns_numbers_hold_over_the_recipes(monkeypatch):
    from photochrom.training import devices

    made = {}
    monkeypatch.setattr(devices, "is_elastic", lambda: True)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("WORLD_SIZE", "6")

    class Made(Exception):
        pass

    def fabric(**settings):
        made.update(settings)
        raise Made

    monkeypatch.setattr(devices, "Fabric", fabric)
    with pytest.raises(Made):
        make_fabric(TrainConfig(batch=12, devices=1, num_nodes=1))
    assert (made["devices"], made["num_nodes"], made["strategy"]) == (2, 3, "ddp")
    with pytest.raises(RecipeError, match="6 devices with"):
        make_fabric(TrainConfig(batch=16))


def test_machines_that_were_not_told_of_each_other_are_refused(monkeypatch):
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(TrainingError, match="MASTER_ADDR, MASTER_PORT, NODE_RANK is not set"):
        make_fabric(TrainConfig(num_nodes=2))


@pytest.mark.slow
def test_torchrun_goes_on_where_a_killed_process_stopped(recipe, tmp_path):
    """Elastic: the first try dies in the middle, the second one finishes."""
    out, marker = tmp_path / "run", tmp_path / "died"
    code = tmp_path / "start.py"
    code.write_text(f"""
import os, signal, pathlib
from photochrom.training import run as runs
step, marker = runs.Run.step, pathlib.Path({str(marker)!r})
def dying(run, loss):
    step(run, loss)
    if run.at.step == 4 and os.environ["RANK"] == "1" and not marker.exists():
        marker.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
runs.Run.step = dying
from photochrom.cli.main import main
main()
""")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = ["train", recipe, "--out", out, "--resume"]
    ran = subprocess.run(
        [*launch, "--nproc-per-node=2", "--max-restarts=1", code, *command],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert marker.exists()
    assert load_checkpoint(out / "last.ckpt")["progression"]["step"] == 6
