"""`photochrom.batch.pool`: several workers, none too many, and every outcome counted."""

import json
import pickle
import threading
from pathlib import Path

import pytest
import pyvips

from photochrom.batch import manifest as manifests
from photochrom.batch import pool
from photochrom.batch.jobs import Made
from photochrom.batch.manifest import Manifest, sha256_of
from photochrom.batch.plan import plan
from photochrom.batch.resume import sort_out
from photochrom.errors import ManifestError, NoAlternativeError, PictureReadError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import picture
from photochrom.runtime.cores import usable_cores


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test starts in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photographs(gray_picture):
    """(how many) -> tasks for so many photographs in a folder."""

    def make(count):
        Path("in").mkdir()
        for number in range(count):
            gray_picture.save(f"in/{number:02}.png")
        return list(sort_out(plan(["in"], "out"), resume=False, force=False))

    return make


INVERTER = ModelIdentity("inverter", sha256="ab12")


def invert(job, *, force):
    """Stands in for a model."""
    result = picture.from_array(255 - picture.read(job.source).srgb())
    job.target.parent.mkdir(parents=True, exist_ok=True)
    result.save(job.target, force=force)
    return Made(result.width, result.height)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_all_is_done_once_whatever_the_number_of_workers(photographs, workers):
    tasks = photographs(12)
    outcomes = list(pool.run(tasks, invert, workers=workers))
    assert sorted(outcome.task.job.name for outcome in outcomes) == [
        task.job.name for task in tasks
    ]
    assert all(outcome.error is None and outcome.seconds > 0 for outcome in outcomes)
    expected = 255 - picture.read("in/00.png").srgb()
    assert all((picture.read(task.job.target).srgb() == expected).all() for task in tasks)


def test_workers_work_at_the_same_time_and_no_more_than_asked_for(photographs):
    together = threading.Barrier(3, timeout=60)
    at_work, most = 0, 0
    lock = threading.Lock()

    def work(job, *, force):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        together.wait()  # goes on only when three are here
        with lock:
            at_work -= 1
        together.wait()

    assert len(list(pool.run(photographs(12), work, workers=3))) == 12
    assert most == 3


def test_tasks_are_taken_as_they_are_begun(photographs):
    tasks = photographs(20)
    taken = 0

    def count():
        nonlocal taken
        for task in tasks:
            taken += 1
            yield task

    outcomes = pool.run(count(), invert, workers=2)
    next(outcomes)
    assert taken <= 6
    assert len(list(outcomes)) == 19


def test_an_outcome_comes_when_it_is_there_not_in_turn(photographs):
    first_may_end = threading.Event()

    def work(job, *, force):
        if job.source.name == "00.png":
            assert first_may_end.wait(60)

    outcomes = pool.run(photographs(3), work, workers=2)
    names = [next(outcomes).task.job.source.name for _ in range(2)]
    first_may_end.set()
    assert names == ["01.png", "02.png"]
    assert [outcome.task.job.source.name for outcome in outcomes] == ["00.png"]


@pytest.mark.skipif(not hasattr(pyvips, "concurrency_set"), reason="an older pyvips can't set it")
def test_libvips_gets_its_share_of_the_cores_and_then_its_threads_back(photographs):
    before = pyvips.concurrency_get()
    seen = set()

    def work(job, *, force):
        seen.add(pyvips.concurrency_get())

    tasks = photographs(3)
    list(pool.run(tasks, work, workers=1000))
    assert seen == {1}
    assert pyvips.concurrency_get() == before
    seen.clear()
    list(pool.run(tasks, work, workers=1))
    assert seen == {min(before, usable_cores())}


# What fails, and what stops


def test_one_failure_stops_nothing(photographs):
    tasks = photographs(6)
    Path("in/03.png").write_bytes(b"no picture")
    Path("in/04.png").unlink()
    outcomes = {
        outcome.task.job.source.name: outcome for outcome in pool.run(tasks, invert, workers=2)
    }
    failed = {name for name, outcome in outcomes.items() if outcome.error}
    assert failed == {"03.png", "04.png"}
    assert isinstance(outcomes["03.png"].error, PictureReadError)
    assert len(outcomes) == 6


@pytest.mark.parametrize(
    "error",
    [OSError(5, "Input/output error"), UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogate")],
)
def test_a_trouble_with_one_file_is_an_error_of_ours_with_its_name(photographs, error):
    def work(job, *, force):
        raise error

    (outcome,) = pool.run(photographs(1), work, workers=1)
    assert "in/00.png" in str(outcome.error)


def test_a_fault_of_our_own_is_not_hidden(photographs):
    def work(job, *, force):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(pool.run(photographs(5), work, workers=2))


@pytest.mark.parametrize("allowed", [0, 1])
def test_where_no_more_threads_may_start_the_work_goes_on(photographs, allowed, monkeypatch):
    tasks = photographs(6)
    start, started = threading.Thread.start, []

    def limited(thread):
        if len(started) >= allowed:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    outcomes = list(pool.run(tasks, invert, workers=3))
    assert [outcome.error for outcome in outcomes] == [None] * 6
    assert len(started) == allowed


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (MemoryError(), "more memory than the process may use"),
        (RuntimeError("can't start new thread"), "more threads than the process may start"),
    ],
)
def test_what_the_system_denies_costs_one_photograph(photographs, fault, said):
    def work(job, *, force):
        if job.name.endswith("02.png"):
            raise fault
        return invert(job, force=force)

    outcomes = list(pool.run(photographs(5), work, workers=2))
    failed = [outcome for outcome in outcomes if outcome.error]
    assert len(outcomes) == 5
    assert len(failed) == 1
    assert said in str(failed[0].error)


@pytest.mark.parametrize("workers", [1, 2])
def test_stopping_lets_what_is_at_work_finish(photographs, workers):
    outcomes = []
    for outcome in pool.run(
        photographs(20), invert, workers=workers, stop=lambda: len(outcomes) > 0
    ):
        outcomes.append(outcome)
    written = {path.name for path in Path("out").iterdir()}
    assert {outcome.task.job.target.name for outcome in outcomes} == written
    assert 1 <= len(written) < 20


def test_leaving_early_begins_nothing_new(photographs):
    begun = []

    def work(job, *, force):
        begun.append(job)

    outcomes = pool.run(photographs(20), work, workers=1)
    next(outcomes)
    outcomes.close()
    assert len(begun) < 20
    assert not any(thread.name.startswith("photochrom") for thread in threading.enumerate())


def test_outcomes_are_facts_that_can_go_to_another_process(photographs):
    tasks = photographs(2)
    Path("in/01.png").write_bytes(b"no picture")
    outcomes = list(pool.run(tasks, invert, workers=1))
    for outcome, again in zip(outcomes, pickle.loads(pickle.dumps(outcomes)), strict=True):
        assert (again.task, again.made, again.status) == (
            outcome.task,
            outcome.made,
            outcome.status,
        )
        assert str(again.error) == str(outcome.error)
        assert type(again.error) is type(outcome.error)
    (failed,) = (outcome.error for outcome in outcomes if outcome.error)
    assert (failed.__traceback__, failed.__cause__, failed.__context__) == (None, None, None)


def test_an_alternative_that_is_not_there_counts_as_skipped(photographs):
    def work(job, *, force):
        raise NoAlternativeError("there is 1 alternative, not 2.")

    (outcome,) = pool.run(photographs(1), work, workers=1)
    assert outcome.status == "skipped"


# What is written down


def test_the_manifest_has_one_line_for_each(photographs):
    tasks = photographs(5)
    Path("in/03.png").write_bytes(b"no picture")
    place = Path("out") / manifests.NAME
    with Manifest(place) as manifest:
        list(pool.run(tasks, invert, workers=2, manifest=manifest, model=INVERTER))
    lines = {line["input"]: line for line in map(json.loads, place.read_text().splitlines())}
    assert len(lines) == 5
    failed = lines.pop("in/03.png")
    assert failed["status"] == "failed"
    assert "in/03.png" in failed["error"]
    assert "sha256" not in failed
    for name, line in lines.items():
        target = Path("out") / line["output"]
        assert line["output"] == Path(name).name
        assert line["status"] == "done"
        assert line["model"] == "inverter"
        assert line["model_sha256"] == INVERTER.sha256
        assert line["sha256"] == sha256_of(target)
        assert line["output_bytes"] == target.stat().st_size
        assert line["input_bytes"] == Path(name).stat().st_size
        assert line["input_mtime_ns"] == Path(name).stat().st_mtime_ns


def test_a_line_is_written_when_its_result_has_its_name(photographs):
    place = Path("out") / manifests.NAME
    with Manifest(place) as manifest:
        for outcome in pool.run(photographs(8), invert, workers=2, manifest=manifest):
            assert manifest.key(outcome.task.job.target) in place.read_text()
            done = [json.loads(line)["output"] for line in place.read_text().splitlines()]
            assert all(Path("out", name).exists() for name in done)


def test_a_manifest_that_cannot_be_written_stops_the_run(photographs, monkeypatch):
    tasks = photographs(20)
    with Manifest(Path("out") / manifests.NAME) as manifest:
        monkeypatch.setattr(manifests.os, "write", lambda file, line: 0)
        with pytest.raises(ManifestError, match="can't be written"):
            list(pool.run(tasks, invert, workers=2, manifest=manifest))
    assert len(list(Path("out").iterdir())) < 15
