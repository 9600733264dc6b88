"""`photochrom colorize` over many photographs that is killed, interrupted and resumed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from albums import (
    COMMAND,
    KILLS,
    PATIENCE_S,
    PICTURES,
    album,
    done,
    files,
    lines,
    names,
    photograph,
    start,
    wait_until,
)
from photochrom.batch.manifest import NAME, sha256_of

pytestmark = pytest.mark.usefixtures("here")


# Killed


def test_a_run_that_is_killed_ten_times_ends_as_one_that_is_not(colorize):
    album(PICTURES)
    assert colorize("in", "-o", "straight")[0] == 0
    rng = np.random.default_rng(20)
    killed = 0
    for _ in range(KILLS):
        before = len(lines())
        wanted = before + int(rng.integers(0, 4)) if before < PICTURES - 12 else before
        process = start("in", "-o", "out", "--resume", "--jobs", 2)
        wait_until(lambda wanted=wanted: len(lines()) >= wanted, process)
        time.sleep(rng.uniform(0, 0.03))
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        assert len(done()) == len(set(done()))
    assert killed == KILLS
    assert 0 < len(done()) < PICTURES
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    assert files("out") == files("straight")  # so that nothing half-written is left, either
    assert done() == names()
    for line in lines():
        assert line["sha256"] == sha256_of(Path("out", line["output"]))


def test_what_a_killed_run_was_writing_is_removed_at_the_next_start(colorize):
    album(3)
    Path("out/1").mkdir(parents=True)
    Path("out/1/.01.0123abcd.part.jpg").write_bytes(b"half a picture")
    Path("out/1/.hidden").write_bytes(b"somebody's")
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    assert set(files("out")) == {"0/00.png", "1/01.jpg", "2/02.tif", "1/.hidden"}


def test_a_torn_last_line_is_no_obstacle(colorize):
    album(6)
    assert colorize("in", "-o", "out")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.*g")}
    place = Path("out") / NAME
    place.write_bytes(place.read_bytes()[:-30])
    code, _, err = colorize("in", "-o", "out", "--resume")
    assert code == 0
    assert "5 done before, 1 left" in err
    assert done() == names()
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_photograph_is_done_again_and_the_others_are_not(colorize):
    album(4)
    assert colorize("in", "-o", "out")[0] == 0
    before = files("out")
    Path("in/1/01.jpg").unlink()
    photograph("in/1/01.jpg", level=77)
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    after = files("out")
    assert {name for name in before if before[name] != after[name]} == {"1/01.jpg"}
    assert done().count("in/1/01.jpg") == 2
    assert len(done()) == 5
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    assert len(done()) == 5


def test_several_named_photographs_resume_without_an_earlier_manifest(colorize):
    album(4)
    inputs = names()
    assert colorize(*inputs[:2], "-o", "out")[0] == 0
    assert not (Path("out") / NAME).exists()
    code, _, err = colorize(*inputs, "-o", "out", "--resume")
    assert code == 0
    assert err.count("has no record yet") == 2
    assert done() == inputs


def test_resuming_with_another_model_says_so(colorize):
    album(2)
    assert colorize("in", "-o", "out")[0] == 0
    place = Path("out") / NAME
    place.write_text(place.read_text().replace('"model": "', '"model": "old-'))
    code, _, err = colorize("in", "-o", "out", "--resume")
    assert code == 0
    assert "2 of these were made with another model" in err


def test_resuming_with_another_network_under_the_same_name_says_so(colorize):
    album(2)
    assert colorize("in", "-o", "out")[0] == 0
    place = Path("out") / NAME
    place.write_text(place.read_text().replace('"model_sha256": "', '"model_sha256": "00'))
    code, _, err = colorize("in", "-o", "out", "--resume")
    assert code == 0
    assert "2 of these were made with another model, or another version of it" in err
    assert "another model" not in colorize("in", "-o", "fresh")[2]


@pytest.mark.parametrize("arguments", [["a.png"], ["a.png", "-o", "b.png"], ["a.png", "-o", "-"]])
def test_resume_without_a_folder_needs_a_manifest(colorize, arguments):
    photograph("a.png")
    code, _, err = colorize(*arguments, "--resume")
    assert code == 2
    assert "--manifest" in err


# Interrupted


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_leaves_whole_pictures_only_and_resume_does_the_rest(colorize, times):
    album(24)
    assert colorize("in", "-o", "straight")[0] == 0
    process = start("in", "-o", "out", "--jobs", 2)
    wait_until(lambda: len(lines()) >= 3, process)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    if times == 1:
        assert "--resume" in err
        left = files("out")
        assert len(done()) == len(left)
        assert 3 <= len(left) < 24
        assert left.items() <= files("straight").items()
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    assert files("out") == files("straight")
    assert done() == names()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_as_ctrl_c_does(colorize, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("nohup has started these tests: the signal is ignored")
    album(12)
    process = start("in", "-o", "out", "--jobs", 1)
    wait_until(lambda: len(lines()) >= 1, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert 1 <= len(done()) == len(files("out")) < 12
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    assert done() == names()


@pytest.mark.parametrize(
    "streams",
    ["2>/dev/full", ">/dev/full 2>&1", "2>&1 | head -1", ">&- 2>&- <&-", "2>&-"],
)
def test_full_and_closed_streams_stop_no_work(streams):
    album(3)
    ran = "import sys; from photochrom.cli.main import main; main()"
    command = f'"{sys.executable}" -c "{ran}" colorize in -o out {streams}'
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, timeout=PATIENCE_S)
    assert done() == names()
    assert len(files("out")) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="the size of pipes can be set there")
def test_who_does_not_read_stops_no_work():
    """A pager that shows its first page, or a terminal after Ctrl-S."""
    import fcntl

    album(3)
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.write(write, 4096 * b"x")
    command = [sys.executable, "-c", COMMAND, "colorize", "in", "-o", "out"]
    with subprocess.Popen(command, stderr=write) as process:
        os.close(write)
        wait_until(lambda: len(done()) == 3, process)
        assert process.poll() is None  # it has something to say yet
        with os.fdopen(read, "rb") as said:
            text = said.read().decode()
    assert process.returncode == 0
    assert text.count(" -> out") == 3


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space hold there")
@pytest.mark.parametrize("megabytes", [300, 600, 700, 900, 1300])
def test_little_address_space_is_said_and_costs_at_most_the_picture(megabytes):
    """ulimit -v; the threads that can't be started, and libraries that would end the process."""
    import resource

    album(3)
    limit = megabytes * 1_000_000
    process = start(
        "in",
        "-o",
        "out",
        "--jobs",
        3,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    _, err = process.communicate(timeout=PATIENCE_S)
    if megabytes < 600:
        assert process.returncode == 2
        assert "300 MB of address space (ulimit -v); at least" in err
        return
    assert process.returncode in (0, 1), err
    assert len(lines()) == 3
    assert len(done()) == len(files("out"))
    if megabytes >= 900:
        assert done() == names()


@pytest.mark.parametrize(("place", "code"), [("/dev/full", 2), ("&-", 2)])
def test_a_list_that_cannot_be_written_is_said(place, code):
    album(1)
    ran = "import sys; from photochrom.cli.main import main; main()"
    command = f'"{sys.executable}" -c "{ran}" colorize in -o out --dry-run >{place}'
    result = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
    assert result.returncode == code
    assert "photochrom: cannot write to standard output" in result.stderr


def test_two_runs_into_one_folder_leave_each_others_work_alone(colorize):
    """Each has a manifest of its own, and tidies up at its start."""
    album(24)
    process = start("in", "-o", "out", "--jobs", 1, "--manifest", "one.jsonl")
    wait_until(lambda: len(lines("one.jsonl")) >= 1, process)
    photograph("in2/other.png")
    assert colorize("in2", "-o", "out", "--manifest", "two.jsonl")[0] == 0
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert done("one.jsonl") == names()
    assert done("two.jsonl") == ["in2/other.png"]


def test_a_folder_that_is_removed_meanwhile_costs_what_was_in_it(colorize):
    album(12)
    process = start("in", "-o", "out", "--jobs", 1)
    wait_until(lambda: len(lines()) >= 2, process)
    shutil.rmtree("out", ignore_errors=True)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (0, 1)
    assert "was removed meanwhile, and was written anew" in err
    assert colorize("in", "-o", "out", "--resume")[0] == 0
    assert len(files("out")) == 12


def test_a_link_to_itself_is_said(colorize):
    album(1)
    Path("loop").symlink_to("loop")
    code, _, err = colorize("in", "-o", "loop/out")
    assert code == 2
    assert "loop/out" in err
    Path("in/loop.jpg").symlink_to("loop.jpg")
    code, _, err = colorize("in", "-o", "out")
    assert code == 1
    assert "loop.jpg" in err
    assert len(files("out")) == 1


def test_a_second_run_on_the_same_folder_is_kept_away(colorize):
    album(24)
    process = start("in", "-o", "out", "--jobs", 1)
    wait_until(lambda: len(lines()) >= 1, process)
    code, _, err = colorize("in", "-o", "out", "--resume")
    process.kill()
    process.communicate()
    assert code == 2
    assert "another run is working" in err
