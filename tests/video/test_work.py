"""The work folder: kept through full disks, vanished films and kills; never trusted blindly."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from photochrom.errors import FilmReadError, FilmWriteError, WorkFolderError
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Packet
from photochrom.video.work import Segment, WorkFolder

SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"


@pytest.fixture
def folder(tmp_path):
    with WorkFolder(tmp_path / "new.mkv", {"version": 1}) as work:
        yield work


def write(folder, number, *, arrays=None):
    writer = folder.writer(number)
    for pts in (0, 20, 10):
        writer.add(Packet(pts, pts == 0, bytes([number, pts]) * 50))
    return writer.finish({"next_number": 3, "last": False}, arrays or {})


def test_a_segment_comes_back_as_it_was(folder):
    state = np.random.default_rng(0).normal(size=(3, 4, 3)).astype(np.float32)
    write(folder, 0, arrays={"state": state, "none": np.zeros((0, 5), np.float32)})
    (segment,) = folder.segments()
    assert segment.stamps.tolist() == [0, 20, 10]
    assert [packet.data for packet in segment.packets()] == [
        bytes([0, p]) * 50 for p in (0, 20, 10)
    ]
    assert segment.facts == {"next_number": 3, "last": False}
    arrays = segment.arrays()
    np.testing.assert_array_equal(arrays["state"], state)
    assert arrays["none"].shape == (0, 5)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_segment_and_those_after_it_are_not_used(folder, damage):
    for number in range(3):
        write(folder, number)
    place = folder.path / "000001.segment"
    data = bytearray(place.read_bytes())
    if damage == "flip":
        data[40] ^= 1
    place.write_bytes({"cut": data[: len(data) // 2], "flip": data, "empty": b""}[damage])
    assert len(folder.segments()) == 1
    assert Segment.open(place) is None
    write(folder, 1)
    assert len(folder.segments()) == 2  # the third is of a run that is no longer gone on with


def test_two_runs_do_not_share_a_folder(folder, tmp_path):
    with pytest.raises(WorkFolderError, match="another run"):
        WorkFolder(tmp_path / "new.mkv", {"version": 1})


def test_another_plan_is_refused_and_named(folder, tmp_path):
    write(folder, 0)
    folder.close()
    with pytest.raises(WorkFolderError, match="version"):
        WorkFolder(tmp_path / "new.mkv", {"version": 2})
    with WorkFolder(tmp_path / "new.mkv", {"version": 1}) as same:
        assert len(same.segments()) == 1
    with WorkFolder(tmp_path / "new.mkv", {"version": 2}, discard=True) as other:
        assert other.segments() == []
        assert json.loads((other.path / "plan.json").read_text()) == {"version": 2}


def test_a_folder_without_work_in_it_is_in_nobodys_way(tmp_path, shots, clip, stand_in):
    source, target = clip(tmp_path / "old.mkv", shots[:20]), tmp_path / "new.mkv"
    with pytest.raises(FilmReadError, match="no frames in this part"):
        colorize_film(stand_in, source, target, start_s=9)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.mkv"]
    assert not colorize_film(stand_in, source, target, cancel=lambda: True).finished
    assert colorize_film(stand_in, source, target, vividness=0.5).finished


def test_a_full_disk_keeps_what_is_done(tmp_path, shots, clip, stand_in, monkeypatch):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 20)
    source, target = clip(tmp_path / "old.mkv", shots), tmp_path / "new.mkv"
    synced, sync = [], os.fsync

    def full(file):
        synced.append(file)
        if len(synced) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(FilmWriteError, match="No space left"):
            colorize_film(stand_in, source, target)
    assert not target.exists()
    report = colorize_film(stand_in, source, target)
    assert report.finished
    assert report.resumed == 30


def test_a_film_that_vanishes_or_changes_keeps_what_is_done(
    tmp_path, shots, clip, stand_in, monkeypatch
):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 20)
    source, target = clip(tmp_path / "old.mkv", shots), tmp_path / "new.mkv"
    asked = iter(range(40))
    colorize_film(stand_in, source, target, cancel=lambda: next(asked, None) is None)
    away = source.rename(tmp_path / "away.mkv")
    with pytest.raises(FilmReadError, match="the film does not exist"):
        colorize_film(stand_in, source, target)
    data = away.read_bytes()
    source.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(WorkFolderError, match="film"):
        colorize_film(stand_in, source, target)
    source.unlink()
    away.rename(source)
    assert colorize_film(stand_in, source, target).resumed == 30


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_film_killed_at_random_moments_is_the_same_to_the_byte(tmp_path, shots, clip):
    long = np.concatenate([shots] * 12)
    source = clip(tmp_path / "old.mp4", long, codec="libx264", sound=True)
    whole, target = tmp_path / "whole.mp4", tmp_path / "new.mp4"
    command = [SCRIPT, "video", source, "-o"]
    subprocess.run([*command, whole], check=True, capture_output=True)
    rng, killed = random.Random(3), 0
    while not target.exists():
        process = subprocess.Popen([*command, target], stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=rng.uniform(2, 12) if killed < 6 else None)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed > 0
    assert target.read_bytes() == whole.read_bytes()
