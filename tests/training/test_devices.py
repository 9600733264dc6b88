"""Several machines: two processes that meet by gloo on the loopback, one of which dies."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch")

from photochrom.errors import RecipeError, TrainingError
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
def recipe(tmp_path_factory, photographs):
    """A tiny recipe's file; 15 pictures to train on, three steps of four an epoch."""
    cache = tmp_path_factory.mktemp("cache")
    file = cache / "tiny.toml"
    file.write_text(f"""
[data]
train = ["{photographs}"]
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
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as many as each machine has: sums are taken in the same order
    try:
        train(load_recipe(recipe, [f"train.epochs={epochs}", "train.accumulate=2"]), alone)
    finally:
        torch.set_num_threads(threads)
    expected = load_checkpoint(alone / "last.ckpt")
    assert first["progression"]["step"] == expected["progression"]["step"]
    # Halves of a batch on two devices, or after one another on one: the same, bit for bit, but
    # for the running means of batch normalization, which are those of the first device.
    seen = ("running_mean", "running_var", "num_batches_tracked")
    learned = [name for name in expected["model"] if not name.endswith(seen)]
    got, wanted = first["model"], expected["model"]
    assert [name for name in learned if not torch.equal(got[name], wanted[name])] == []

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


def test_restarts_with_the_store_of_the_dead_are_refused(monkeypatch):
    """They would wait for half an hour: pytorch/pytorch issue 135712."""
    from photochrom.training import devices

    monkeypatch.setattr(devices, "is_elastic", lambda: True)
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    with pytest.raises(TrainingError, match="TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"):
        make_fabric(TrainConfig())


# Under torchrun


DYING = """
import os, signal, pathlib
from photochrom.training import run as runs
step, marker = runs.Run.step, pathlib.Path({marker!r})
def dying(run, loss):
    step(run, loss)
    if run.at.step == 4 and {doomed} and not marker.exists():
        marker.write_text("")
        for one in {victims}:
            os.kill(one, signal.SIGKILL)
runs.Run.step = dying
from photochrom.cli.main import main
main()
"""
"""Training, in which one process dies after the fourth step, or its torchrun with it; once."""


def torchrun(code, recipe, out, *options, told=()):
    """Start torchrun; what it says goes to one file for each call."""
    command = [sys.executable, "-m", "torch.distributed.run", *options, code]
    log = out.parent / f"torchrun-{len(list(out.parent.glob('torchrun-*')))}"
    with log.open("w") as file:
        return log, subprocess.Popen(
            [*map(str, command), "train", str(recipe), "--out", str(out), "--resume"],
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
                **dict(told),
            },
            stdout=file,
            stderr=file,
        )


def wait_while_it_says_more(process, *logs):
    """Wait for its end; give up when none of its logs has grown for a long time."""
    said, since = 0, time.monotonic()
    while process.poll() is None:
        now = sum(log.stat().st_size for log in logs)
        if now != said:
            said, since = now, time.monotonic()
        assert time.monotonic() - since < PATIENCE_S, [log.read_text() for log in logs]
        time.sleep(0.2)
    return process.returncode


def end(process):
    """End torchrun with the processes that it has started."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    finally:
        process.kill()


@pytest.mark.slow
def test_torchrun_goes_on_where_a_killed_process_stopped(recipe, tmp_path):
    """The first try dies in the middle; the second one has as many devices, and finishes."""
    out, marker, code = tmp_path / "run", tmp_path / "died", tmp_path / "start.py"
    doomed = 'os.environ["RANK"] == "1"'
    code.write_text(DYING.format(marker=str(marker), doomed=doomed, victims="[os.getpid()]"))
    options = ("--standalone", "--nproc-per-node=2", "--max-restarts=1")
    log, process = torchrun(code, recipe, out, *options)
    try:
        assert wait_while_it_says_more(process, log) == 0, log.read_text()
    finally:
        end(process)
    assert marker.exists()
    assert "Going on at epoch 2, step 4" in log.read_text()
    assert load_checkpoint(out / "last.ckpt")["progression"]["step"] == 6


@pytest.mark.slow
def test_torchrun_goes_on_with_fewer_machines_when_one_is_lost(recipe, tmp_path):
    """Two torchruns with a device each; one is killed with its process, as by a power cut."""
    out, marker, code = tmp_path / "run", tmp_path / "died", tmp_path / "start.py"
    doomed, victims = '"DOOMED" in os.environ', "[os.getppid(), os.getpid()]"
    code.write_text(DYING.format(marker=str(marker), doomed=doomed, victims=victims))
    meeting = f"--rdzv-endpoint=127.0.0.1:{free_port()}"
    patience = "--rdzv-conf=is_host=%d,last_call_timeout=5,keep_alive_interval=1"
    options = ("--nnodes=1:2", "--nproc-per-node=1", "--max-restarts=3", "--rdzv-backend=c10d")
    crew = []
    try:
        for number in (0, 1):
            one = (*options, meeting, "--local-addr=127.0.0.1", patience % (number == 0))
            crew.append(torchrun(code, recipe, out, *one, told=[("DOOMED", "")] * number))
        (log, first), (other_log, second) = crew
        assert wait_while_it_says_more(first, log) == 0, log.read_text()
        assert second.wait(PATIENCE_S) == -signal.SIGKILL
    finally:
        for _, process in crew:
            end(process)
    assert marker.exists()
    said = log.read_text()
    assert (said + other_log.read_text()).count("Starting with 2 processes") == 1
    assert re.search("Going on at epoch 2, step [34]", said)  # 3 where the first device has died
    progression = load_checkpoint(out / "last.ckpt")["progression"]
    assert progression["step"] == 6
    assert [row["epoch"] for row in progression["rows"]] == [1, 2]
