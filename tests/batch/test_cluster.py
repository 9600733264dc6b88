"""`photochrom.batch.cluster`: a real Ray cluster on this machine, killed in parts and whole."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from photochrom.batch import parts
from photochrom.batch.cluster import Actor, Team, parse_actors
from photochrom.batch.objects import ObjectTask
from photochrom.errors import JobError
from photochrom.pictures import picture, stores
from photochrom.pictures.stores import Address
from photochrom.runtime.options import DEFAULTS

COMMAND = "from photochrom.cli.main import main; main()"
PATIENCE_S = 400


@pytest.mark.parametrize(("text", "actors"), [("3", (3, 3)), ("1..8", (1, 8)), ("2..2", (2, 2))])
def test_numbers_of_actors(text, actors):
    assert parse_actors(text) == actors


@pytest.mark.parametrize("text", ["", "0", "3..1", "a", "1..2..3", "-1"])
def test_what_is_no_number_of_actors_is_refused(text):
    with pytest.raises(JobError, match="is not a number of actors"):
        parse_actors(text)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--actors", "1..2"], "--actors needs --ray"),
        (["--ray", "local", "--jobs", "2"], "--jobs is not available with --ray"),
    ],
)
def test_options_that_would_do_nothing_are_refused(run, tmp_path, more, message):
    code, _, err = run("colorize", tmp_path, "-o", tmp_path / "out", *more)
    assert code == 2
    assert message in err


def test_an_actor_refuses_what_its_memory_is_too_small_for(tmp_path, monkeypatch):
    monkeypatch.setattr("pyvips.concurrency_set", lambda count: None)  # holds for all tests
    pyarrow = pytest.importorskip("pyarrow")
    places = [Address.parse(str(tmp_path / name)) for name in ("small.png", "large.png")]
    for place, side in zip(places, (24, 3000), strict=True):
        levels = np.zeros((side, side), np.uint8)
        stores.put(place, picture.from_array(levels).encode("png"), notes={})
    tasks = [
        ObjectTask(source=str(place), target=f"{place}.out.png", key=f"{number}.png")
        for number, place in enumerate(places)
    ]
    manifest = Address.parse(str(tmp_path / parts.NAME))
    team = Team(manifest=manifest, options=DEFAULTS, memory_bytes=100_000_000)
    table = Actor(team, 1)(pyarrow.Table.from_pylist([asdict(task) for task in tasks]))
    outcomes = [pickle.loads(one) for one in table.column("outcome").to_pylist()]
    found = {one.record.output: one.record for one in outcomes}
    assert [found[f"{number}.png"].status for number in range(2)] == ["done", "failed"]
    assert "at most 100 MB may be used" in found["1.png"].error


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


PLACED = """
import os, sys
from pathlib import Path
from photochrom.batch import cluster, parts
from photochrom.batch.objects import ObjectTask
from photochrom.errors import ClusterError
from photochrom.pictures.stores import Address
from photochrom.runtime.options import DEFAULTS

device, gpus = sys.argv[1], int(sys.argv[2])

class Placed(cluster.Actor):
    def __init__(self, team, most):
        import ray
        Path(team.model).write_text(f"{len(ray.get_gpu_ids())} of {most}")

    def __call__(self, table):
        import pyarrow
        return pyarrow.table({"outcome": pyarrow.array([], pyarrow.binary())})

ray = cluster._import(cluster.LOCAL)
init = ray.init
ray.init = lambda *given, **named: init(*given, **named, num_gpus=gpus)
cluster.Actor = Placed
task = ObjectTask(source="a.png", target="b.png", key="b.png")
team = cluster.Team(
    manifest=Address.parse("out/" + parts.NAME),
    options=DEFAULTS,
    device=device,
    model=str(Path("place").absolute()),
)
try:
    list(cluster.run([task] * 3, team, cluster.Cluster(actors=(1, 1), block=1)))
except ClusterError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("device", "gpus", "placed", "message"),
    [
        ("cuda", 1, "1 of 1", "3 photographs were not done"),
        ("auto", 0, "0 of 1", "3 photographs were not done"),
        ("cuda", 0, None, "has no GPU, and the device is 'cuda'"),
    ],
)
def test_actors_are_placed_by_their_device(tmp_path, device, gpus, placed, message):
    """Ray takes its user's word for how many GPUs there are."""
    pytest.importorskip("ray")
    (tmp_path / "placed.py").write_text(PLACED)
    ran = subprocess.run(
        [sys.executable, "placed.py", device, str(gpus)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert message in ran.stdout, ran.stderr
    assert "Warning" not in ran.stderr
    place = tmp_path / "place"
    assert (place.read_text() if place.exists() else None) == placed


FATAL = """
import os, signal
from pathlib import Path
from photochrom.batch import cluster, parts
from photochrom.batch.objects import ObjectTask
from photochrom.errors import ClusterError
from photochrom.pictures.stores import Address
from photochrom.runtime.options import DEFAULTS

class Doomed(cluster.Actor):
    def __call__(self, table):
        if table.column("key")[0].as_py() == "1.png":
            with open("deaths", "a") as file:
                file.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(table)

cluster.Actor = Doomed
names = [f"{number}.png" for number in range(4)]
here = Path.cwd()
tasks = [ObjectTask(source=f"{here}/{n}", target=f"{here}/out/{n}", key=n) for n in names]
team = cluster.Team(manifest=Address.parse("out/" + parts.NAME), options=DEFAULTS)
done = set()
try:
    for one in cluster.run(tasks, team, cluster.Cluster(actors=(1, 1), block=1)):
        done.add(one.record.output)
except ClusterError as error:
    print(sorted(done), error)
"""


@pytest.mark.slow
def test_a_block_that_kills_every_actor_comes_to_an_end(tmp_path):
    pytest.importorskip("ray")
    for number in range(4):
        levels = np.full((24, 36), 40 * number, np.uint8)
        picture.from_array(levels).save(tmp_path / f"{number}.png")
    (tmp_path / "fatal.py").write_text(FATAL)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "fatal.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "['0.png', '2.png', '3.png'] 1 photographs were not done" in ran.stdout, ran.stderr
    assert (tmp_path / "deaths").read_text() == "x" * 5


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
