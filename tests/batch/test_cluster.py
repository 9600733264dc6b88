"""`photochrom.batch.cluster`: a real Ray cluster on this machine, killed in parts and whole."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from photochrom.batch import parts
from photochrom.batch.cluster import parse_actors
from photochrom.errors import JobError
from photochrom.pictures import picture, stores
from photochrom.pictures.stores import Address

COMMAND = "from photochrom.cli.main import main; main()"
PATIENCE_S = 400


@pytest.mark.parametrize(("text", "actors"), [("3", (3, 3)), ("1..8", (1, 8)), ("2..2", (2, 2))])
def test_numbers_of_actors(text, actors):
    assert parse_actors(text) == actors


@pytest.mark.parametrize("text", ["", "0", "3..1", "a", "1..2..3", "-1"])
def test_what_is_no_number_of_actors_is_refused(text):
    with pytest.raises(JobError, match="is not a number of actors"):
        parse_actors(text)


QUIET = """
import os
from photochrom.batch import cluster
os.environ["RAY_USAGE_STATS_ENABLED"] = "1"
ray = cluster._import(cluster.LOCAL)
from ray._common.usage import usage_lib
print(os.environ["RAY_USAGE_STATS_ENABLED"], usage_lib.usage_stats_enabled())
"""


@pytest.mark.slow
def test_ray_is_told_not_to_report_before_it_is_imported(tmp_path):
    pytest.importorskip("ray")
    environment = os.environ | {"HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", QUIET],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["0", "False"]
    assert not (tmp_path / ".ray").exists()


WATCHING = """
import os, socket
_inner, _connect = socket.getaddrinfo, socket.socket.connect
def _note(*words):
    with open(os.environ["SEEN"], "a") as file:
        print(*words, file=file)
def getaddrinfo(host, *others, **named):
    _note("lookup", host)
    return _inner(host, *others, **named)
def connect(self, address):
    if isinstance(address, tuple):
        _note("connect", address[0])
    return _connect(self, address)
socket.getaddrinfo, socket.socket.connect = getaddrinfo, connect
"""
"""Put into every Python process, the cluster's included, by PYTHONPATH."""


def test_a_short_batch_on_a_cluster_of_its_own_asks_nobody_outside(tmp_path):
    """In every suite; how actors and heads die is tried by the slow tests below."""
    pytest.importorskip("ray")
    (tmp_path / "in").mkdir()
    levels = np.add.outer(np.arange(24), np.arange(36)).astype(np.uint8)
    for number in range(6):
        picture.from_array(levels + np.uint8(9 * number)).save(tmp_path / "in" / f"{number}.jpg")
    (tmp_path / "sitecustomize.py").write_text(WATCHING)
    seen = tmp_path / "seen"
    told = {"PYTHONPATH": str(tmp_path), "SEEN": str(seen), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", COMMAND, "colorize", tmp_path / "in", "-o", tmp_path / "out"]
    ran = subprocess.run(
        [*map(str, command), "--ray", "local", "--actors", "1"],
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 6
    assert not list(tmp_path.glob(".ray/**/*usage*"))
    asked = {tuple(line.split()) for line in seen.read_text().splitlines()}
    assert asked  # so that this test can fail
    own = {"127.0.0.1", "localhost", "::1", "0.0.0.0", "None", socket.gethostname()}
    assert {words for words in asked if words[-1] not in own} == set()


def colorize(place, *arguments):
    """Start a run on a cluster of its own, as the head of a group of processes."""
    command = [sys.executable, "-c", COMMAND, "colorize", f"{place}/in", "-o", f"{place}/out"]
    with Path("log").open("a") as log:
        return subprocess.Popen(
            [*command, "--ray", "local", *arguments],
            stdout=log,
            stderr=log,
        )


def wait_for(happened, process):
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, Path("log").read_text()
        assert process.poll() is None, Path("log").read_text()
        time.sleep(0.1)


def results(place):
    return {
        key: stamp
        for key, stamp in stores.listed(Address.parse(f"{place}/out"))
        if not key.startswith(parts.NAME)
    }


def children(process):
    """{process id: command line} of all below a process, by /proc."""
    below, found = {process.pid}, {}
    for _ in range(6):
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if parent in below:
                below.add(int(path.name))
                found[int(path.name)] = words
    return found


@pytest.mark.slow
def test_a_killed_actor_and_a_killed_head_lose_and_repeat_nothing(s3, album, monkeypatch, tmp_path):
    """Three blocks and more; first an actor dies in the middle, then all of the cluster."""
    pytest.importorskip("ray")
    monkeypatch.chdir(tmp_path)
    album(200)
    process = colorize(s3, "--actors", "1")
    try:
        wait_for(lambda: len(results(s3)) >= 5, process)
        actors = [one for one, words in children(process).items() if "ray::MapWorker" in words]
        assert actors
        before = results(s3)
        for one in actors:
            os.kill(one, signal.SIGKILL)
        wait_for(lambda: len(results(s3)) > len(before) + 64, process)
        assert all(results(s3)[key] == stamp for key, stamp in before.items())
        before = results(s3)
    finally:
        for one in (process.pid, *children(process)):
            os.kill(one, signal.SIGKILL)
        process.wait()
    assert len(before) < 200
    process = colorize(s3, "--resume")
    assert process.wait(PATIENCE_S) == 0, Path("log").read_text()
    after = results(s3)
    assert len(after) == 200
    assert all(after[key] == stamp for key, stamp in before.items())
    done = list(parts.read(Address.parse(f"{s3}/out").below(parts.NAME)))
    last = {one.output: one for one in done if one.status == "done"}
    assert len(last) == 200
    assert all(one.output_stamp == after[one.output] for one in last.values())
    assert max(Counter(one.output for one in done).values()) == 1
