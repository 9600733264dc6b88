"""`photochrom colorize --shard`: several processes at one batch, and nobody who leads them."""

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from photochrom.batch.manifest import NAME, Manifest, family, sha256_of
from photochrom.pictures import picture

PATIENCE_S = 120
COMMAND = "from photochrom.cli.main import main; main()"


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def run(run):
    """Run `photochrom colorize` in this process -> (exit code, stdout, stderr)."""
    return partial(run, "colorize")


def start(*arguments):
    """Start `photochrom colorize` as a process."""
    command = [sys.executable, "-c", COMMAND, "colorize", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def album(count):
    """So many gray photographs, no two of which are the same."""
    Path("in").mkdir()
    y, x = np.mgrid[:24, :36]
    for number in range(count):
        levels = ((3 * x + 2 * y + 5 * number) % 256).astype(np.uint8)
        picture.from_array(levels).save(f"in/{number:02}.png")
    return {f"{number:02}.png" for number in range(count)}


def hashes(folder):
    return {path.name: sha256_of(path) for path in Path(folder).glob("*.png")}


def records():
    """All ``done`` lines of all manifests, one a line."""
    lines = [
        line for place in family(Path("out") / NAME) for line in place.read_text().splitlines()
    ]
    return [line for line in lines if '"status": "done"' in line]


def test_shards_that_run_at_once_do_everything_once(run):
    names = album(24)
    assert run("in", "-o", "straight")[0] == 0
    shards = [start("in", "-o", "out", "--shard", f"{index}/2", "--jobs", 1) for index in range(2)]
    for shard in shards:
        _, err = shard.communicate()
        assert shard.returncode == 0, err
    assert hashes("out") == hashes("straight")
    assert len(records()) == len(names)
    assert [place.name for place in family(Path("out") / NAME)] == [
        "photochrom-manifest-0-of-2.jsonl",
        "photochrom-manifest-1-of-2.jsonl",
    ]


def test_a_killed_shard_is_resumed_by_others_of_another_number(run):
    names = album(40)
    shard = start("in", "-o", "out", "--shard", "0/2", "--jobs", 1)
    end = time.monotonic() + PATIENCE_S
    while shard.poll() is None and len(records()) < 3:
        assert time.monotonic() < end
        time.sleep(0.002)
    shard.kill()
    shard.communicate()
    assert shard.returncode == -signal.SIGKILL
    before = len(records())
    assert 3 <= before < len(names)
    for index in range(3):
        assert run("in", "-o", "out", "--shard", f"{index}/3", "--resume")[0] == 0
    assert set(hashes("out")) == names
    assert len(records()) == len(names)
    code, _, err = run("in", "-o", "out", "--resume")
    assert code == 0
    assert f"{len(names)} done before, 0 left" in err


def test_a_shard_removes_nothing_that_others_are_writing(run):
    album(4)
    Path("out").mkdir()
    Path("out/.other.0123abcd.part.png").write_bytes(b"half a picture")
    assert run("in", "-o", "out", "--shard", "0/2")[0] == 0
    assert Path("out/.other.0123abcd.part.png").exists()


def test_an_empty_shard_is_nothing_wrong(run):
    album(1)
    codes = [run("in", "-o", "out", "--shard", f"{index}/5")[0] for index in range(5)]
    assert codes == [0] * 5
    assert hashes("out").keys() == {"00.png"}


def test_of_two_records_for_a_result_the_newer_one_counts(run):
    album(1)
    assert run("in", "-o", "out")[0] == 0
    whole = Path("out") / NAME
    whole.rename("out/photochrom-manifest-0-of-2.jsonl")
    assert run("in", "-o", "out", "--force")[0] == 0
    joined = Manifest(whole, write=False, others=[Path("out/photochrom-manifest-0-of-2.jsonl")])
    assert joined.done == Manifest(whole, write=False).done
    reverse = Manifest(Path("out/photochrom-manifest-0-of-2.jsonl"), write=False, others=[whole])
    assert reverse.done == joined.done
    assert not joined.replacing


def test_what_is_no_shard_is_refused_before_any_work(run):
    album(1)
    assert run("in", "-o", "out", "--shard", "2/2")[0] == 2
    assert not Path("out").exists()
