"""`photochrom colorize` over many photographs: killed, interrupted, resumed, watched, listed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from photochrom import color
from photochrom.batch.manifest import NAME, sha256_of
from photochrom.pictures import picture

PICTURES = 40
KILLS = 10
PATIENCE_S = 120
# A shell's & makes its children deaf to Ctrl-C, and pytest may be one.
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from photochrom.cli.main import main
main()
"""


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def run(run):
    """Run `photochrom colorize` in this process -> (exit code, stdout, stderr)."""
    return partial(run, "colorize")


def start(*arguments, **options):
    """Start `photochrom colorize` as a process."""
    command = [sys.executable, "-c", COMMAND, "colorize", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def wait_until(happened, process):
    """Wait for something, no longer than the process runs."""
    end = time.monotonic() + PATIENCE_S
    while not happened() and process.poll() is None:
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def photograph(name, level=0, size=(24, 36)):
    """A gray photograph in a file."""
    y, x = np.mgrid[: size[0], : size[1]]
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    picture.from_array(((3 * x + 2 * y + 5 * level) % 256).astype(np.uint8)).save(name)


def album(count):
    """So many photographs of several sizes and formats, in folders."""
    for number in range(count):
        suffix = ("png", "jpg", "tif")[number % 3]
        size = (24 + number % 7, 36 + 5 * (number % 11))
        photograph(f"in/{number % 4}/{number:02}.{suffix}", number, size)


def files(folder):
    """{path below the folder: bytes}, the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and path.name != NAME
    }


def lines(place=None):
    """The manifest's whole lines, as tables."""
    place = Path(place or Path("out") / NAME)
    if not place.exists():
        return []
    whole = place.read_bytes().rpartition(b"\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def done(place=None):
    """The inputs of all lines that say done."""
    return sorted(line["input"] for line in lines(place) if line["status"] == "done")


def names(folder="in"):
    return sorted(f"{folder}/{name}" for name in files(folder))


# Killed


def test_a_run_that_is_killed_ten_times_ends_as_one_that_is_not(run):
    album(PICTURES)
    assert run("in", "-o", "straight")[0] == 0
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
    assert run("in", "-o", "out", "--resume")[0] == 0
    assert files("out") == files("straight")  # so that nothing half-written is left, either
    assert done() == names()
    for line in lines():
        assert line["sha256"] == sha256_of(Path("out", line["output"]))


def test_what_a_killed_run_was_writing_is_removed_at_the_next_start(run):
    album(3)
    Path("out/1").mkdir(parents=True)
    Path("out/1/.01.0123abcd.part.jpg").write_bytes(b"half a picture")
    Path("out/1/.hidden").write_bytes(b"somebody's")
    assert run("in", "-o", "out", "--resume")[0] == 0
    assert set(files("out")) == {"0/00.png", "1/01.jpg", "2/02.tif", "1/.hidden"}


def test_a_torn_last_line_is_no_obstacle(run):
    album(6)
    assert run("in", "-o", "out")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.*g")}
    place = Path("out") / NAME
    place.write_bytes(place.read_bytes()[:-30])
    code, _, err = run("in", "-o", "out", "--resume")
    assert code == 0
    assert "5 done before, 1 left" in err
    assert done() == names()
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_photograph_is_done_again_and_the_others_are_not(run):
    album(4)
    assert run("in", "-o", "out")[0] == 0
    before = files("out")
    Path("in/1/01.jpg").unlink()
    photograph("in/1/01.jpg", level=77)
    assert run("in", "-o", "out", "--resume")[0] == 0
    after = files("out")
    assert {name for name in before if before[name] != after[name]} == {"1/01.jpg"}
    assert done().count("in/1/01.jpg") == 2
    assert len(done()) == 5
    assert run("in", "-o", "out", "--resume")[0] == 0
    assert len(done()) == 5


def test_several_named_photographs_resume_without_an_earlier_manifest(run):
    album(4)
    inputs = names()
    assert run(*inputs[:2], "-o", "out")[0] == 0
    assert not (Path("out") / NAME).exists()
    code, _, err = run(*inputs, "-o", "out", "--resume")
    assert code == 0
    assert err.count("has no record yet") == 2
    assert done() == inputs


def test_resuming_with_another_model_says_so(run):
    album(2)
    assert run("in", "-o", "out")[0] == 0
    place = Path("out") / NAME
    place.write_text(place.read_text().replace('"model": "', '"model": "old-'))
    code, _, err = run("in", "-o", "out", "--resume")
    assert code == 0
    assert "2 of these were made with another model" in err


def test_resuming_with_another_network_under_the_same_name_says_so(run):
    album(2)
    assert run("in", "-o", "out")[0] == 0
    place = Path("out") / NAME
    place.write_text(place.read_text().replace('"model_sha256": "', '"model_sha256": "00'))
    code, _, err = run("in", "-o", "out", "--resume")
    assert code == 0
    assert "2 of these were made with another model, or another version of it" in err
    assert "another model" not in run("in", "-o", "fresh")[2]


@pytest.mark.parametrize("arguments", [["a.png"], ["a.png", "-o", "b.png"], ["a.png", "-o", "-"]])
def test_resume_without_a_folder_needs_a_manifest(run, arguments):
    photograph("a.png")
    code, _, err = run(*arguments, "--resume")
    assert code == 2
    assert "--manifest" in err


# Interrupted


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_leaves_whole_pictures_only_and_resume_does_the_rest(run, times):
    album(24)
    assert run("in", "-o", "straight")[0] == 0
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
    assert run("in", "-o", "out", "--resume")[0] == 0
    assert files("out") == files("straight")
    assert done() == names()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_as_ctrl_c_does(run, number):
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
    assert run("in", "-o", "out", "--resume")[0] == 0
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


def test_two_runs_into_one_folder_leave_each_others_work_alone(run):
    """Each has a manifest of its own, and tidies up at its start."""
    album(24)
    process = start("in", "-o", "out", "--jobs", 1, "--manifest", "one.jsonl")
    wait_until(lambda: len(lines("one.jsonl")) >= 1, process)
    photograph("in2/other.png")
    assert run("in2", "-o", "out", "--manifest", "two.jsonl")[0] == 0
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert done("one.jsonl") == names()
    assert done("two.jsonl") == ["in2/other.png"]


def test_a_folder_that_is_removed_meanwhile_costs_what_was_in_it(run):
    album(12)
    process = start("in", "-o", "out", "--jobs", 1)
    wait_until(lambda: len(lines()) >= 2, process)
    shutil.rmtree("out", ignore_errors=True)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (0, 1)
    assert "was removed meanwhile, and was written anew" in err
    assert run("in", "-o", "out", "--resume")[0] == 0
    assert len(files("out")) == 12


def test_a_link_to_itself_is_said(run):
    album(1)
    Path("loop").symlink_to("loop")
    code, _, err = run("in", "-o", "loop/out")
    assert code == 2
    assert "loop/out" in err
    Path("in/loop.jpg").symlink_to("loop.jpg")
    assert run("in", "-o", "out")[0] == 0


def test_a_second_run_on_the_same_folder_is_kept_away(run):
    album(24)
    process = start("in", "-o", "out", "--jobs", 1)
    wait_until(lambda: len(lines()) >= 1, process)
    code, _, err = run("in", "-o", "out", "--resume")
    process.kill()
    process.communicate()
    assert code == 2
    assert "another run is working" in err


# Pages


@pytest.mark.parametrize(("options", "count"), [([], 1), (["--pages", "all"], 3)])
def test_all_pages_of_a_tiff_file_are_colorized_where_that_is_asked_for(run, options, count):
    corpus = Path(__file__).parents[1] / "corpus"
    Path("in").mkdir()
    for name in ("three-pages.tif", "rating.jpg"):
        shutil.copy(corpus / name, "in")
    code, _, err = run("in", "-o", "out", *options)
    assert code == 0
    assert picture.read("out/three-pages.tif").pages == count
    assert ("2 further pages were left out" in err) == (count == 1)
    for page in range(count):
        colored = picture.read("out/three-pages.tif", page=page)
        gray = picture.read(corpus / "three-pages.tif", page=page)
        lightness = [color.srgb_to_lightness(one.srgb()) for one in (colored, gray)]
        assert abs(lightness[0] - lightness[1]).mean() < 1


# Workers


def test_one_worker_and_several_give_the_same(run):
    album(9)
    assert run("in", "-o", "one", "--jobs", 1)[0] == 0
    assert run("in", "-o", "two", "-j", 2)[0] == 0
    assert files("one") == files("two")
    assert set(files("one")) == set(files("in"))
    assert done(f"one/{NAME}") == done(f"two/{NAME}") == names()


def test_the_manifest_says_what_was_done(run):
    photograph("in/a.png")
    Path("in/b.jpg").write_bytes(b"no picture")
    assert run("in", "-o", "out")[0] == 1
    good, bad = sorted(lines(), key=lambda line: line["input"])
    assert good["input"] == "in/a.png"
    assert good["output"] == "a.png"
    assert good["status"] == "done"
    assert good["sha256"] == sha256_of(Path("out/a.png"))
    assert good["seconds"] > 0
    assert good["model"]
    assert bad["status"] == "failed"
    assert "in/b.jpg" in bad["error"]


def test_the_manifest_may_be_elsewhere(run):
    album(3)
    assert run("in", "-o", "out", "--manifest", "notes/done.jsonl")[0] == 0
    assert not (Path("out") / NAME).exists()
    assert done("notes/done.jsonl") == names()
    assert run("in", "-o", "out", "--manifest", "notes/done.jsonl", "--resume")[0] == 0
    assert len(done("notes/done.jsonl")) == 3


def test_named_photographs_may_have_a_manifest(run):
    photograph("a.png")
    photograph("b.png")
    assert run("a.png", "--manifest", "done.jsonl")[0] == 0
    assert run("a.png", "b.png", "--manifest", "done.jsonl", "--resume")[0] == 0
    assert done("done.jsonl") == ["a.png", "b.png"]
    assert [line["output"] for line in lines("done.jsonl")] == ["a-color.png", "b-color.png"]


def test_a_photograph_is_not_taken_for_a_manifest(run):
    photograph("a.png")
    before = Path("a.png").read_bytes()
    code, _, err = run("a.png", "-o", "b.png", "--manifest", "a.png")
    assert code == 2
    assert "not a Photochrom manifest" in err
    assert Path("a.png").read_bytes() == before


# What is said


def test_failures_are_named_again_at_the_end(run):
    album(8)
    Path("in/0/00.png").write_bytes(b"no picture")
    code, out, err = run("in", "-o", "out")
    assert (code, out) == (1, "")
    end = err[err.index("1 of 8 failed") :]
    assert "in/0/00.png" in end
    assert err.count(" -> ") == 7
    Path("in/0/00.png").unlink()
    photograph("in/0/00.png")
    assert run("in", "-o", "out", "--resume")[0] == 0


def test_a_second_run_without_resume_refuses_and_names_the_ways(run):
    album(3)
    assert run("in", "-o", "out")[0] == 0
    before = files("out")
    code, _, err = run("in", "-o", "out")
    assert code == 1
    assert "3 of 3 failed" in err
    assert "3 results are there already: --resume" in err
    assert files("out") == before


def test_a_name_that_changes_for_another_is_said(run):
    photograph("in/a.png")
    Path("in/a.gif").write_bytes(Path("in/a.png").read_bytes())
    code, _, err = run("in", "-o", "out")
    assert code == 0
    assert "in/a.gif -> out/a.gif.png" in err
    assert "a.png is another photograph's" in err


# Dry runs


def test_a_dry_run_writes_nothing_and_says_all(run, tmp_path):
    album(6)
    assert run("in/1", "in/2", "-o", "out", "-n")[:2] == (
        0,
        "in/1/01.jpg -> out/01.jpg\nin/1/05.tif -> out/05.tif\nin/2/02.tif -> out/02.tif\n",
    )
    assert not Path("out").exists()
    assert run("in", "-o", "out")[0] == 0
    Path("out/0/00.png").unlink()
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    code, out, err = run("in", "-o", "out", "--dry-run", "--resume")
    assert code == 0
    assert "in/0/00.png -> out/0/00.png\n" in out
    assert "skip: in/1/01.jpg (done: out/1/01.jpg)\n" in out
    assert "1 to colorize, 5 done before, 0 refused" in err
    code, out, err = run("in", "-o", "out", "--dry-run")
    assert out.count("refuse: ") == 5
    assert "1 to colorize, 0 done before, 5 refused" in err
    after = {path: path.stat() for path in tmp_path.rglob("*")}
    assert after.keys() == before.keys()
    assert all(
        (after[path].st_mtime_ns, after[path].st_size) == (one.st_mtime_ns, one.st_size)
        for path, one in before.items()
    )


def test_a_dry_run_shows_names_that_are_not_utf_8(run):
    photograph("in/a.png")
    os.rename(b"in/a.png", b"in/\xff.png")  # noqa: PTH104
    code, out, _ = run("in", "-o", "out", "-n")
    assert code == 0
    assert out.startswith("in/\\udcff.png -> ")


# Lists and folders


def test_folders_in_folders_may_be_left_out(run):
    album(4)
    photograph("in/top.png")
    assert run("in", "-o", "out", "--no-recursive")[0] == 0
    assert set(files("out")) == {"top.png"}
    assert run("in", "-o", "all", "--recursive")[0] == 0
    assert len(files("all")) == 5


@pytest.mark.parametrize(
    ("separator", "options"), [("\n", []), ("\r\n", []), ("\0", ["-0"]), ("\0", ["--null"])]
)
def test_a_list_comes_from_stdin(separator, options):
    for name in ("x/a.png", "two words.png", "y/c.png"):
        photograph(name)
    listed = ["x/a.png", "", "two words.png", "y/c.png", ""]
    ran = subprocess.run(
        [sys.executable, "-c", COMMAND, "colorize", "--files-from", "-", "-o", "out", *options],
        input=separator.join(listed),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert set(files("out")) == {"a.png", "two words.png", "c.png"}
    assert len(done()) == 3


def test_a_list_may_be_a_file_and_joins_what_is_named(run):
    album(4)
    photograph("z.png")
    Path("list").write_text("in/1\nin/2\n")
    assert run("z.png", "--files-from", "list", "-o", "out")[0] == 0
    assert set(files("out")) == {"z.png", "01.jpg", "02.tif"}


def test_same_names_from_several_folders_keep_their_paths_with_parents(run):
    photograph("1901/a.png")
    photograph("1902/a.png")
    photograph("1902/more/b.png")
    Path("list").write_text("1901/a.png\n./1902/../1902/a.png\n1902/more\n")
    code, _, err = run("--files-from", "list", "-o", "out")
    assert code == 2
    assert "--parents" in err
    assert run("--files-from", "list", "-o", "out", "--parents")[0] == 0
    assert set(files("out")) == {"1901/a.png", "1902/a.png", "1902/more/b.png"}


def test_an_absolute_path_stays_below_the_output_folder(run, tmp_path):
    photograph("a.png")
    assert run(tmp_path / "a.png", "-o", "out", "--parents")[0] == 0
    (name,) = files("out")
    assert Path("/", name) == tmp_path / "a.png"


def test_an_empty_list_is_nothing_to_do(run):
    Path("list").write_text("\n\n")
    code, out, _ = run("--files-from", "list", "-o", "out")
    assert (code, out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--files-from", "missing"], "missing: cannot read the list"),
        (["-", "--files-from", "-"], "not both"),
        pytest.param(
            ["--files-from", "/dev/zero"],
            "/dev/zero: cannot read the list (it has 65,536 bytes",
            marks=pytest.mark.skipif(os.name == "nt", reason="it has no such device"),
        ),
        (["a.png", "--parents"], "-o"),
        (["a.png", "-o", "out", "--watch"], "a.png: --watch needs folders"),
        (["in", "--watch"], "in is a folder; name a folder"),
        (["in", "-o", "out", "--jobs", "0"], "--jobs"),
        (["empty", "-o", "out"], "empty: no pictures"),
        (["deep", "-o", "out", "--no-recursive"], "deep: no pictures"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(run, arguments, word):
    photograph("a.png")
    photograph("in/a.png")
    photograph("deep/er/a.png")
    Path("empty").mkdir()
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert word in err
    assert not Path("out").exists()


# Watching


def test_a_watch_colorizes_what_arrives_once_it_is_complete(run):
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
    assert run("in", "-o", "straight")[0] == 0
    assert files("out") == files("straight")


def test_a_watch_goes_on_where_an_earlier_run_ended(run):
    album(3)
    assert run("in", "-o", "out")[0] == 0
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
