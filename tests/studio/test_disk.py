"""What a killed server leaves on the disk goes when the next one starts; nothing else does."""

import os
import signal
import subprocess
import sys
import time

import pytest

from photochrom.runtime.memory import Budget
from photochrom.studio import disk
from photochrom.studio.films import Films
from photochrom.studio.limits import Limits

KILLED = """
import os, signal
from photochrom.studio import disk
folder = disk.TemporaryFolder()
(folder.path / "film").mkdir()
print(folder.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(disk.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder):
    """Make a folder older than those that may just be in the making."""
    long_ago = time.time() - 2 * disk.YOUNG_S
    os.utime(folder / disk.LOCK, (long_ago, long_ago))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_folder_of_a_killed_server_goes_when_the_next_one_starts(place, colorizer):
    ran = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, check=False
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    (left,) = place.glob(f"{disk.PREFIX}*")
    assert str(left) == ran.stdout.strip()
    Films(colorizer, limits=Limits(), budget=Budget(10**9)).clear()
    assert left.exists(), "it may be in the making"
    age(left)
    Films(colorizer, limits=Limits(), budget=Budget(10**9)).clear()
    assert not left.exists()


def test_the_folder_of_a_server_that_runs_stays(place):
    folder = disk.TemporaryFolder()
    age(folder.path)
    disk.remove_left(place)
    assert folder.path.exists()
    folder.remove()
    assert not folder.path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="processes aren't asked for there")
def test_a_folder_of_a_process_that_runs_stays_where_there_are_no_locks(place, monkeypatch):
    folder = disk.TemporaryFolder()
    age(folder.path)
    monkeypatch.setattr(disk.systems, "lock", lambda file: True)
    disk.remove_left(place)
    assert folder.path.exists()
    folder.remove()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_what_only_looks_like_such_a_folder_stays(place):
    other = place / "other"
    other.mkdir()
    (other / disk.LOCK).write_text("999999999")
    age(other)
    (place / f"{disk.PREFIX}link").symlink_to(other)
    (place / f"{disk.PREFIX}file").touch()
    (place / f"{disk.PREFIX}without-lock").mkdir()
    disk.remove_left(place)
    assert len(list(place.iterdir())) == 4
    assert (other / disk.LOCK).exists()
