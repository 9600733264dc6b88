"""`photochrom colorize --watch`."""

import signal
from pathlib import Path

import pytest

from albums import PATIENCE_S, album, done, files, lines, names, photograph, start, wait_until
from photochrom.batch.manifest import NAME

pytestmark = pytest.mark.usefixtures("here")


# Watching


def test_a_watch_colorizes_what_arrives_once_it_is_complete(colorize):
    photograph("first.png", 1, (200, 300))
    photograph("second.jpg", 2, (200, 300))
    whole = Path("second.jpg").read_bytes()
    Path("in/deep").mkdir(parents=True)
    process = start("in", "-o", "out", "--watch", "--interval", 0.1)
    Path("first.png").rename("in/first.png")
    wait_until(lambda: len(lines()) >= 1, process)
    with Path("in/deep/second.jpg").open("wb") as slow:  # half of it comes late
        slow.write(whole[: len(whole) // 2])
        slow.flush()
        slow.write(whole[len(whole) // 2 :])
    wait_until(lambda: "in/deep/second.jpg" in done(), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Watching in" in err
    assert "Stopped watching; 2 colorized" in err
    assert done() == ["in/deep/second.jpg", "in/first.png"]
    assert colorize("in", "-o", "straight")[0] == 0
    assert files("out") == files("straight")


def test_a_watch_goes_on_where_an_earlier_run_ended(colorize):
    album(3)
    assert colorize("in", "-o", "out")[0] == 0
    before = {
        path: path.stat().st_mtime_ns for path in Path("out").rglob("*.*") if path.name != NAME
    }
    process = start("in", "-o", "out", "--watch", "--interval", 0.1)
    photograph("late.png")
    Path("late.png").rename("in/late.png")
    wait_until(lambda: len(done()) >= 4, process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert done() == names()
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_watch_that_leaves_a_broken_photograph_exits_with_1():
    Path("in").mkdir()
    Path("in/broken.png").write_bytes(b"no picture")
    process = start("in", "-o", "out", "--watch", "--interval", 0.1)
    wait_until(lambda: len(lines()) >= 1, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "in/broken.png" in err
