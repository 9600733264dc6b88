"""Photographs of object stores, as `photochrom colorize` does them: killed, resumed, shared out."""

import json
import signal
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest

from photochrom.batch import parts
from photochrom.batch.objects import Earlier, Plan, sort_out
from photochrom.batch.remote import ObjectOutcome, Worker, in_threads
from photochrom.batch.shards import Shard
from photochrom.pictures import picture, stores
from photochrom.pictures.stores import Address
from photochrom.runtime.colorizer import Colorizer

pytest.importorskip("obstore")

PATIENCE_S = 120
COMMAND = "from photochrom.cli.main import main; main()"


def content(place):
    """{key: bytes} of all objects below an address, the manifest left out."""
    found = [key for key, _ in stores.listed(Address.parse(place))]
    return {
        key: stores.get(Address.parse(place).below(key))[0]
        for key in found
        if not key.startswith(parts.NAME)
    }


def records(place):
    return list(parts.read(Address.parse(place).below(parts.NAME)))


def test_a_bucket_is_colorized_as_a_folder_is(run, s3, album, tmp_path):
    album(5)
    stores.put(Address.parse(f"{s3}/in/broken.jpg"), b"no picture", notes={})
    stores.put(Address.parse(f"{s3}/in/notes.txt"), b"no picture", notes={})
    code, _, err = run("colorize", f"{s3}/in", "-o", f"{s3}/out")
    assert code == 1
    assert "1 of 6 failed" in err
    for key, data in content(f"{s3}/in").items():
        path = tmp_path / "in" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    run("colorize", tmp_path / "in", "-o", tmp_path / "folder", "--jobs", 3)
    colored = content(f"{s3}/out")
    assert len(colored) == 5
    for key, data in colored.items():
        assert data == (tmp_path / "folder" / key).read_bytes(), key
    kinds = {stores.look(Address.parse(f"{s3}/out/{key}"))[1]["Content-Type"] for key in colored}
    assert kinds == {"image/png", "image/jpeg"}
    code, out, _ = run("status", f"{s3}/out")
    assert code == 1
    assert "failed: broken.jpg" in out


def test_between_a_bucket_and_a_folder(run, s3, album, tmp_path):
    album(2)
    assert run("colorize", f"{s3}/in", "-o", tmp_path / "out")[0] == 0
    assert len(list((tmp_path / "out").rglob("*.*g"))) == 2
    assert run("colorize", tmp_path / "out", "-o", f"{s3}/again")[0] == 0
    assert len(content(f"{s3}/again")) == 2
    code, _, err = run("colorize", f"{s3}/in", "-o", tmp_path / "out", "--resume")
    assert (code, "2 done before" in err) == (0, True)


def test_resuming_does_exactly_what_is_left(run, s3, album):
    places = album(6)
    order = ("colorize", f"{s3}/in", "-o", f"{s3}/out")
    assert run(*order)[0] == 0
    before = content(f"{s3}/out")
    code, _, err = run(*order)
    assert (code, "6 of 6 failed" in err) == (1, True)  # refused before any work
    stores.put(
        Address.parse(places[0]), stores.get(Address.parse(places[1]))[0], notes={}, replace=True
    )
    retouched = Address.parse(f"{s3}/out/2 ä/02.png")
    stores.put(retouched, before["1 ä/04.png"], notes={}, replace=True)
    code, _, err = run(*order, "--resume")
    assert code == 0
    assert "5 done before" in err
    assert "kept: 2 ä/02.png has been changed" in err
    after = content(f"{s3}/out")
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"0 ä/00.png", "2 ä/02.png"}
    assert after["2 ä/02.png"] == before["1 ä/04.png"]


def test_a_result_without_a_record_is_taken_for_done_if_it_is_the_photographs(run, s3, album):
    album(3)
    order = ("colorize", f"{s3}/in", "-o", f"{s3}/out")
    assert run(*order)[0] == 0
    before = dict(stores.listed(Address.parse(f"{s3}/out")))
    obstore = pytest.importorskip("obstore")
    store = stores._store("s3://bucket")
    for key in before:
        if key.startswith(parts.NAME):
            obstore.delete(store, Address.parse(f"{s3}/out").below(key).key)
    foreign = Address.parse(f"{s3}/out/1 ä/01.jpeg")
    stores.put(foreign, b"somebody's", notes={}, replace=True)
    code, _, err = run(*order, "--resume")
    assert code == 1
    assert err.count("it was there already") == 2
    assert "is not a result of this photograph" in err
    assert stores.get(foreign)[0] == b"somebody's"


def test_two_that_write_the_same_result_agree(run, s3, album):
    """As when a cluster repeats a block: the second finds the first one's work."""
    album(1)
    plan = Plan(inputs=[f"{s3}/in"], output=f"{s3}/out")
    (task,) = sort_out(plan, Earlier(plan, resume=False), resume=False, force=False)
    worker = Worker(colorizer=Colorizer(threads=1))
    first, second = worker.do(task), worker.do(task)
    assert first.record.status == second.record.status == "done"
    assert first.record.output_stamp == second.record.output_stamp
    assert first.record.sha256 == second.record.sha256
    stores.put(Address.parse(task.target), b"another's", notes={}, replace=True)
    assert worker.do(task).record.status == "failed"
    assert stores.get(Address.parse(task.target))[0] == b"another's"


def test_shards_of_a_killed_run_lose_and_repeat_nothing(run, s3, album, monkeypatch):
    album(16)
    assert run("colorize", f"{s3}/in", "-o", f"{s3}/straight")[0] == 0
    order = ("colorize", f"{s3}/in", "-o", f"{s3}/out", "--resume")
    command = [sys.executable, "-c", COMMAND, *order, "--shard", "0/2", "--jobs", "1"]
    shard = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE_S
    while len(content(f"{s3}/out")) < 2 and shard.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    shard.kill()
    assert shard.wait() == -signal.SIGKILL
    written = dict(stores.listed(Address.parse(f"{s3}/out")))
    for index in range(2):
        assert run(*order, "--shard", f"{index}/2")[0] == 0
    assert content(f"{s3}/out") == content(f"{s3}/straight")
    now = dict(stores.listed(Address.parse(f"{s3}/out")))
    assert all(now[key] == written[key] for key in written)  # nothing was made again
    code, out, _ = run("status", f"{s3}/out")
    assert code == 0
    assert "repeated" not in out
    assert sum(one.status == "done" for one in records(f"{s3}/out")) == 16


def test_named_objects_and_web_addresses(run, formula, tmp_path):
    data = picture.from_array(np.zeros((24, 36), np.uint8)).encode("png")
    server = formula(get=lambda handler, key: server.send(handler, 200, data, ETag='"a"'))
    places = [f"http://127.0.0.1:{server.port}/x/{name}.png" for name in ("one", "two%20b")]
    (tmp_path / "list").write_text("\n".join(places))
    code, _, err = run("colorize", "--files-from", tmp_path / "list", "-o", tmp_path / "out")
    assert code == 0, err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == [
        "one.png",
        "two b.png",
    ]
    code, _, err = run("colorize", f"http://127.0.0.1:{server.port}/x", "-o", tmp_path / "o2")
    assert (code, "cannot be listed" in err) == (2, True)
    code, _, err = run("colorize", places[0], "-o", f"http://127.0.0.1:{server.port}/out")
    assert (code, "cannot be written over HTTP" in err) == (2, True)


@pytest.mark.parametrize("more", [["--watch"], ["--manifest", "m"], ["--confidence", "c.png"]])
def test_what_stores_cannot_do_is_said(run, s3, more):
    code, _, err = run("colorize", f"{s3}/in", "-o", f"{s3}/out", *more)
    assert code == 2
    assert f"{more[0]} is not available with object stores" in err


def test_a_store_that_fails_for_long_ends_the_run(run, formula, tmp_path, monkeypatch):
    server = formula(prefixes={"in": 500}, get=lambda handler, key: server.send(handler, 403, b""))
    code, _, err = run("colorize", "s3://bucket/in", "-o", tmp_path / "out", "--jobs", 4)
    assert code == 2
    assert "30 times in a row" in err
    assert "--resume" in err


def test_results_whose_answers_are_lost_are_written_once(run, formula, tmp_path):
    """The store writes each object and then says 503; the repeated request is refused by itself."""
    server = formula()
    server.lost = set()
    (tmp_path / "in").mkdir()
    for number in range(3):
        levels = np.full((24, 36), 40 * number, np.uint8)
        picture.from_array(levels).save(tmp_path / "in" / f"{number}.png")
    code, _, err = run("colorize", tmp_path / "in", "-o", "s3://bucket/out", "--jobs", 2)
    assert code == 0, err
    results = {key for key in server.objects if key.endswith(".png")}
    assert results == {f"out/{number}.png" for number in range(3)}
    assert server.lost == set(server.objects)  # the manifest's parts, too
    assert [one.status for one in records("s3://bucket/out")] == ["done"] * 3
    assert sum(one.startswith("PUT out/") and ".png" in one for one in server.requests) == 6


# Very many


def test_a_list_is_taken_as_it_comes_and_never_kept(formula, tmp_path):
    """40,000 tasks that were kept would take 25 MB; the server's own answers are counted here."""
    formula(prefixes={"in": 40_000})
    plan = Plan(inputs=["s3://bucket/in"], output=str(tmp_path / "out"))
    (tmp_path / "out").mkdir()
    earlier = Earlier(plan, resume=False)
    tasks = sort_out(plan, earlier, resume=False, force=False)
    next(tasks)
    tracemalloc.start()
    try:
        assert sum(1 for _ in tasks) == 39_999
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 9_000_000


def test_of_very_many_keys_exactly_what_is_left_is_found(formula):
    """The manifest knows all but every hundredth result; all results but one are there."""
    server = formula(prefixes={"in": 5000, "out": 4999})
    lines = []
    for number in range(5000):
        size = 1000 + number % 97
        line = {
            "input": f"s3://bucket/in/{number:07}.jpg",
            "output": f"{number:07}.jpg",
            "status": "done",
            "input_bytes": size,
            "input_e_tag": f'"{size:x}"',
            "output_bytes": size,
            "output_e_tag": f'"{size:x}"',
        }
        if number % 100:
            lines.append(json.dumps(line))
    name = "20260101T000000Z-0123456789ab-000000.jsonl"
    server.objects[f"out/{parts.NAME}/{name}"] = "\n".join(lines).encode()
    plan = Plan(inputs=["s3://bucket/in"], output="s3://bucket/out")
    steps = {}
    for task in sort_out(plan, Earlier(plan, resume=True), resume=True, force=False):
        steps.setdefault(task.step, []).append(task.key)
    assert steps.pop("check") == [f"{number:07}.jpg" for number in range(0, 5000, 100)]
    assert steps.pop("make") == ["0004999.jpg"]
    assert len(steps.pop("skip")) == 5000 - 50 - 1
    assert not steps


def test_shards_part_a_list(formula, tmp_path):
    formula(prefixes={"in": 1000})
    found = []
    for index in range(3):
        plan = Plan(inputs=["s3://bucket/in"], output=str(tmp_path), shard=Shard(index, 3))
        found += [source for source, _, _ in plan.photographs()]
    assert len(found) == len(set(found)) == 1000


def test_tasks_are_taken_as_they_are_begun():
    taken = []

    def tasks():
        for number in range(50):
            taken.append(number)
            yield number

    for done, _ in enumerate(
        in_threads(tasks(), lambda task: ObjectOutcome(record=task), workers=2)
    ):
        assert len(taken) <= done + 1 + 4
    assert len(taken) == 50
