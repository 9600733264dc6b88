"""What differs between operating systems: here for real, and there as far as it can be simulated.

These tests need nothing but an installed Photochrom and pytest: a release runs them from the wheel
on Windows, macOS and Linux.
"""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import numpy as np
import pytest

import photochrom
from photochrom.batch import manifest as manifests
from photochrom.batch.manifest import Manifest
from photochrom.batch.plan import plan
from photochrom.errors import JobError, ManifestError
from photochrom.pictures import systems, writing

COMMAND = "from photochrom.cli.start import main; main()"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def photograph(name):
    y, x = np.mgrid[:24, :36]
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    photochrom.from_array(((3 * x + 2 * y) % 256).astype(np.uint8)).save(path)
    return path


def run(*arguments, **settings):
    command = [sys.executable, "-c", COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, **settings)


# For real, wherever this runs


def test_a_result_is_replaced():
    photograph("old.jpg")
    for _ in range(2):
        ran = run("colorize", "old.jpg", "-o", "new.jpg", "--force")
        assert ran.returncode == 0, ran.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["new.jpg", "old.jpg"]


def test_a_folder_is_colorized_and_resumed():
    photograph("in/a.jpg")
    photograph("in/b/c.png")
    ran = run("colorize", "in", "-o", f"out{os.sep}")
    assert ran.returncode == 0, ran.stderr
    written = Path("out", manifests.NAME).read_bytes()
    assert b"\r" not in written
    assert b'"output": "b/c.png"' in written
    ran = run("colorize", "in", "-o", "out", "--resume")
    assert b"2 done before, 0 left" in ran.stderr


def test_a_second_writer_of_a_manifest_is_refused_and_lines_can_be_read_meanwhile():
    with Manifest(Path("m.jsonl")):
        with pytest.raises(ManifestError, match="another run"):
            Manifest(Path("m.jsonl"))
        assert Path("m.jsonl").read_bytes() == b""
    Manifest(Path("m.jsonl")).close()


def test_names_beyond_a_code_page_stop_no_work():
    photograph("Müller–日本.jpg")
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    ran = run("colorize", "Müller–日本.jpg", env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "Müller–\\u65e5\\u672c.jpg -> ".encode("cp1252") in ran.stderr
    ran = run("colorize", "Müller–日本.jpg", "-o", "b.jpg", "--dry-run", env=environment)
    assert ran.returncode == 0, ran.stderr


def test_a_port_is_for_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        pytest.importorskip("fastapi")
        ran = run("serve", "--port", other.getsockname()[1])
    assert ran.returncode == 2, ran.stderr
    assert b"can't be used" in ran.stderr


def test_telemetry_is_off():
    ran = run("doctor")
    assert b"ok: ONNX Runtime's telemetry: off" in ran.stdout


# What another system is like


class Locking:
    """`msvcrt` as far as it matters: locks of bytes that no second file may take."""

    LK_NBLCK = 2

    def __init__(self):
        self.taken = {}

    def locking(self, file, mode, count):
        assert (mode, count) == (self.LK_NBLCK, 1)
        place = (os.fstat(file).st_ino, os.lseek(file, 0, os.SEEK_CUR))
        if self.taken.setdefault(place, file) != file:
            raise OSError(errno.EACCES, "Permission denied")


@pytest.fixture
def windows(monkeypatch):
    """Locks as Windows has them."""
    monkeypatch.setattr(systems, "fcntl", None)
    monkeypatch.setattr(systems, "msvcrt", Locking())
    monkeypatch.setattr(systems, "IS_WINDOWS", True)


def test_windows_locks_a_byte_far_behind_the_end_and_reads_on_where_it_was(windows):
    Path("m").write_bytes(b"abc")
    one, other = (os.open("m", os.O_RDWR) for _ in range(2))
    os.lseek(one, 1, os.SEEK_SET)
    assert systems.lock(one)
    assert os.read(one, 1) == b"b"
    assert not systems.lock(other)
    assert all(place > 10**12 for _, place in systems.msvcrt.taken)
    for file in (one, other):
        os.close(file)


def test_a_manifest_is_locked_on_windows_too(windows):
    with Manifest(Path("m.jsonl")), pytest.raises(ManifestError, match="another run"):
        Manifest(Path("m.jsonl"))


def test_a_file_that_somebody_looks_at_is_replaced_a_moment_later(windows, monkeypatch):
    tries = []
    replace = Path.replace

    def busy(path, target):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "Access is denied")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(writing, "BUSY_S", (0.0, 0.0, 0.0))
    writing.write_whole(Path("a"), b"new")
    assert Path("a").read_bytes() == b"new"
    assert len(tries) == 3
    tries.append(None)
    monkeypatch.setattr(writing, "BUSY_S", ())
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError()))
    with pytest.raises(PermissionError):
        writing.write_whole(Path("a"), b"newer")
    assert Path("a").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("con.jpg", "device"),
        ("CON", "device"),
        ("Lpt1.tar.gz", "device"),
        ("com¹.png", "device"),
        ("nul .png", "device"),
        ("photo.jpg.", "dot or blank"),
        ("photo ", "dot or blank"),
        ("a:b.jpg", "':'"),
        ('a"b.jpg', "'\"'"),
        ("a\nb.jpg", "'\n'"),
        ("console.jpg", ""),
        ("com10.jpg", ""),
        ("a con.jpg", ""),
        ("été.jpg", ""),
    ],
)
def test_names_that_windows_has_not(name, said):
    found = systems.fault_of_name(name, windows=True)
    assert said in found
    assert bool(found) == bool(said)
    assert systems.fault_of_name(name, windows=False) == ""


@pytest.mark.skipif(os.name == "nt", reason="there it can't be made")
def test_a_result_of_such_a_name_is_refused_before_any_work(monkeypatch):
    photograph("aux.jpg")
    check = systems.fault_of_name
    monkeypatch.setattr(systems, "fault_of_name", lambda name: check(name, windows=True))
    with pytest.raises(JobError, match="device's name on Windows"):
        plan(["aux.jpg"], f"out{os.sep}")


def test_a_folder_is_written_with_either_separator_on_windows(monkeypatch):
    for ending in (os.sep, os.altsep or os.sep):
        assert systems.ends_as_folder(f"out{ending}")
    monkeypatch.setattr(systems.os, "altsep", "/")
    monkeypatch.setattr(systems.os, "sep", "\\")
    assert systems.ends_as_folder("out/")
    assert systems.ends_as_folder("out\\")
    assert not systems.ends_as_folder("out")


def test_keys_of_a_manifest_have_one_separator(monkeypatch):
    assert PureWindowsPath("b", "c.png").as_posix() == "b/c.png"  # what `key` goes by
    with Manifest(Path("m.jsonl")) as written:
        assert written.key(Path("b") / "c.png") == "b/c.png"


def test_case_is_found_out_where_folders_have_letters(tmp_path):
    folder = tmp_path / "Folder"
    folder.mkdir()
    blind = (tmp_path / "fOLDER").exists()
    assert systems.is_case_blind(folder) == blind
    assert systems.is_case_blind(folder / "not" / "there") == blind


@pytest.fixture
def blind(monkeypatch):
    """As if case didn't count in any folder."""
    monkeypatch.setattr(systems, "is_case_blind", lambda folder: True)


def test_a_photograph_is_not_replaced_by_its_name_in_another_case(blind):
    photograph("A.jpg")
    with pytest.raises(JobError, match="overwrite itself"):
        plan(["A.jpg"], "a.JPG")
    composed, decomposed = "\u00e9.jpg", "e\u0301.jpg"
    photograph(composed)
    with pytest.raises(JobError, match="overwrite itself"):
        plan([composed], decomposed)


def test_two_results_of_one_name_are_refused(blind):
    photograph("x/A.jpg")
    photograph("y/a.jpg")
    with pytest.raises(JobError, match="would both be written"):
        plan([str(Path("x/A.jpg")), str(Path("y/a.jpg"))], f"out{os.sep}")


@pytest.mark.skipif(systems.is_case_blind(Path(__file__).parent), reason="they are one file here")
def test_a_folders_photographs_of_one_name_both_get_a_place(blind):
    photograph("in/A.jpg")
    photograph("in/a.jpg")
    targets = [job.target.name for job in plan(["in"], "out")]
    assert targets == ["A.jpg", "a.jpg.jpg"]


def test_where_case_counts_both_keep_their_names(monkeypatch):
    monkeypatch.setattr(systems, "is_case_blind", lambda folder: False)
    photograph("x/A.jpg")
    photograph("y/a.jpg")
    jobs = plan([str(Path("x/A.jpg")), str(Path("y/a.jpg"))], f"out{os.sep}")
    assert [job.target.name for job in jobs] == ["A.jpg", "a.jpg"]


def test_caches_are_where_the_system_has_them(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert systems.cache_folder() == tmp_path / "photochrom"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert systems.cache_folder().is_absolute()
    assert "photochrom" in systems.cache_folder().parts


WITHOUT = """
import sys, pathlib
sys.modules["{missing}"] = None
import photochrom.cli.start as start
start.is_musl = lambda: {musl}
start.main()
"""


@pytest.mark.parametrize("missing", ["numpy", "pyvips", "onnxruntime"])
@pytest.mark.parametrize("musl", [True, False])
def test_a_missing_library_is_said_in_words(missing, musl):
    code = WITHOUT.format(missing=missing, musl=musl)
    photograph("old.jpg")
    ran = subprocess.run(
        [sys.executable, "-c", code, "colorize", "old.jpg"], capture_output=True, check=False
    )
    said = ran.stderr.decode()
    assert ran.returncode == 2, said
    assert "Traceback" not in said
    assert missing in said
    assert ("musl" in said) is musl
