"""`photochrom colorize` over many photographs: pages, workers, lists, and what is said."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from albums import COMMAND, album, done, files, lines, names, photograph
from photochrom import color
from photochrom.batch.manifest import NAME, sha256_of
from photochrom.pictures import picture

pytestmark = pytest.mark.usefixtures("here")


# Pages


@pytest.mark.parametrize(("options", "count"), [([], 1), (["--pages", "all"], 3)])
def test_all_pages_of_a_tiff_file_are_colorized_where_that_is_asked_for(colorize, options, count):
    corpus = Path(__file__).parents[1] / "corpus"
    Path("in").mkdir()
    for name in ("three-pages.tif", "rating.jpg"):
        shutil.copy(corpus / name, "in")
    code, _, err = colorize("in", "-o", "out", *options)
    assert code == 0
    assert picture.read("out/three-pages.tif").pages == count
    assert ("2 further pages were left out" in err) == (count == 1)
    for page in range(count):
        colored = picture.read("out/three-pages.tif", page=page)
        gray = picture.read(corpus / "three-pages.tif", page=page)
        lightness = [color.srgb_to_lightness(one.srgb()) for one in (colored, gray)]
        assert abs(lightness[0] - lightness[1]).mean() < 1


# Workers


def test_one_worker_and_several_give_the_same(colorize):
    album(9)
    assert colorize("in", "-o", "one", "--jobs", 1)[0] == 0
    assert colorize("in", "-o", "two", "-j", 2)[0] == 0
    assert files("one") == files("two")
    assert set(files("one")) == set(files("in"))
    assert done(f"one/{NAME}") == done(f"two/{NAME}") == names()


def test_the_manifest_says_what_was_done(colorize):
    photograph("in/a.png")
    Path("in/b.jpg").write_bytes(b"no picture")
    assert colorize("in", "-o", "out")[0] == 1
    good, bad = sorted(lines(), key=lambda line: line["input"])
    assert good["input"] == "in/a.png"
    assert good["output"] == "a.png"
    assert good["status"] == "done"
    assert good["sha256"] == sha256_of(Path("out/a.png"))
    assert good["seconds"] > 0
    assert good["model"]
    assert bad["status"] == "failed"
    assert "in/b.jpg" in bad["error"]


def test_the_manifest_may_be_elsewhere(colorize):
    album(3)
    assert colorize("in", "-o", "out", "--manifest", "notes/done.jsonl")[0] == 0
    assert not (Path("out") / NAME).exists()
    assert done("notes/done.jsonl") == names()
    assert colorize("in", "-o", "out", "--manifest", "notes/done.jsonl", "--resume")[0] == 0
    assert len(done("notes/done.jsonl")) == 3


def test_named_photographs_may_have_a_manifest(colorize):
    photograph("a.png")
    photograph("b.png")
    assert colorize("a.png", "--manifest", "done.jsonl")[0] == 0
    assert colorize("a.png", "b.png", "--manifest", "done.jsonl", "--resume")[0] == 0
    assert done("done.jsonl") == ["a.png", "b.png"]
    assert [line["output"] for line in lines("done.jsonl")] == ["a-color.png", "b-color.png"]


def test_a_photograph_is_not_taken_for_a_manifest(colorize):
    photograph("a.png")
    before = Path("a.png").read_bytes()
    code, _, err = colorize("a.png", "-o", "b.png", "--manifest", "a.png")
    assert code == 2
    assert "not a Photochrom manifest" in err
    assert Path("a.png").read_bytes() == before


# What is said


def test_failures_are_named_again_at_the_end(colorize):
    album(8)
    Path("in/0/00.png").write_bytes(b"no picture")
    code, out, err = colorize("in", "-o", "out")
    assert (code, out) == (1, "")
    end = err[err.index("1 of 8 failed") :]
    assert "in/0/00.png" in end
    assert err.count(" -> ") == 7
    Path("in/0/00.png").unlink()
    photograph("in/0/00.png")
    assert colorize("in", "-o", "out", "--resume")[0] == 0


def test_a_second_run_without_resume_refuses_and_names_the_ways(colorize):
    album(3)
    assert colorize("in", "-o", "out")[0] == 0
    before = files("out")
    code, _, err = colorize("in", "-o", "out")
    assert code == 1
    assert "3 of 3 failed" in err
    assert "3 results are there already: --resume" in err
    assert files("out") == before


def test_a_name_that_changes_for_another_is_said(colorize):
    photograph("in/a.png")
    Path("in/a.gif").write_bytes(Path("in/a.png").read_bytes())
    code, _, err = colorize("in", "-o", "out")
    assert code == 0
    assert "in/a.gif -> out/a.gif.png" in err
    assert "a.png is another photograph's" in err


# Dry runs


def test_a_dry_run_writes_nothing_and_says_all(colorize, tmp_path):
    album(6)
    assert colorize("in/1", "in/2", "-o", "out", "-n")[:2] == (
        0,
        "in/1/01.jpg -> out/01.jpg\nin/1/05.tif -> out/05.tif\nin/2/02.tif -> out/02.tif\n",
    )
    assert not Path("out").exists()
    assert colorize("in", "-o", "out")[0] == 0
    Path("out/0/00.png").unlink()
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    code, out, err = colorize("in", "-o", "out", "--dry-run", "--resume")
    assert code == 0
    assert "in/0/00.png -> out/0/00.png\n" in out
    assert "skip: in/1/01.jpg (done: out/1/01.jpg)\n" in out
    assert "1 to colorize, 5 done before, 0 refused" in err
    code, out, err = colorize("in", "-o", "out", "--dry-run")
    assert out.count("refuse: ") == 5
    assert "1 to colorize, 0 done before, 5 refused" in err
    after = {path: path.stat() for path in tmp_path.rglob("*")}
    assert after.keys() == before.keys()
    assert all(
        (after[path].st_mtime_ns, after[path].st_size) == (one.st_mtime_ns, one.st_size)
        for path, one in before.items()
    )


def test_a_dry_run_shows_names_that_are_not_utf_8(colorize):
    photograph("in/a.png")
    os.rename(b"in/a.png", b"in/\xff.png")  # noqa: PTH104
    code, out, _ = colorize("in", "-o", "out", "-n")
    assert code == 0
    assert out.startswith("in/\\udcff.png -> ")


# Lists and folders


def test_folders_in_folders_may_be_left_out(colorize):
    album(4)
    photograph("in/top.png")
    assert colorize("in", "-o", "out", "--no-recursive")[0] == 0
    assert set(files("out")) == {"top.png"}
    assert colorize("in", "-o", "all", "--recursive")[0] == 0
    assert len(files("all")) == 5


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own")
def test_linked_folders_are_named_in_a_line_and_not_followed(colorize):
    photograph("in/a.png")
    photograph("other/b.png")
    for name in "wxyz":
        Path(f"in/{name}").symlink_to("../other")
    Path("other/loop").symlink_to("../in")
    said = "Linked folders are not followed: in/w, in/x, in/y and 1 more. Name them as inputs"
    for options in ([], ["--dry-run"]):
        code, _, err = colorize("in", "-o", "out", *options)
        assert code == 0
        assert said in " ".join(err.split())
        assert set(files("out")) == {"a.png"}
    assert "Linked" not in colorize("in", "-o", "flat", "--no-recursive")[2]


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


def test_a_list_may_be_a_file_and_joins_what_is_named(colorize):
    album(4)
    photograph("z.png")
    Path("list").write_text("in/1\nin/2\n")
    assert colorize("z.png", "--files-from", "list", "-o", "out")[0] == 0
    assert set(files("out")) == {"z.png", "01.jpg", "02.tif"}


def test_same_names_from_several_folders_keep_their_paths_with_parents(colorize):
    photograph("1901/a.png")
    photograph("1902/a.png")
    photograph("1902/more/b.png")
    Path("list").write_text("1901/a.png\n./1902/../1902/a.png\n1902/more\n")
    code, _, err = colorize("--files-from", "list", "-o", "out")
    assert code == 2
    assert "--parents" in err
    assert colorize("--files-from", "list", "-o", "out", "--parents")[0] == 0
    assert set(files("out")) == {"1901/a.png", "1902/a.png", "1902/more/b.png"}


def test_an_absolute_path_stays_below_the_output_folder(colorize, tmp_path):
    photograph("a.png")
    assert colorize(tmp_path / "a.png", "-o", "out", "--parents")[0] == 0
    (name,) = files("out")
    assert Path("/", name) == tmp_path / "a.png"


def test_an_empty_list_is_nothing_to_do(colorize):
    Path("list").write_text("\n\n")
    code, out, _ = colorize("--files-from", "list", "-o", "out")
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
def test_wrong_usage_exits_with_2_and_says_why(colorize, arguments, word):
    photograph("a.png")
    photograph("in/a.png")
    photograph("deep/er/a.png")
    Path("empty").mkdir()
    code, out, err = colorize(*arguments)
    assert (code, out) == (2, "")
    assert word in err
    assert not Path("out").exists()


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own")
def test_a_link_that_leads_nowhere_fails_and_stops_nothing(colorize):
    album(2)
    Path("in/lost.jpg").symlink_to("gone.jpg")
    for options in (["-o", "out"], ["-o", "out", "--resume"]):
        code, _, err = colorize("in", *options)
        assert code == 1
        assert "failed: in/lost.jpg: the link leads to gone.jpg, which isn't there." in err
    assert set(files("out")) == set(files("in"))
    assert "lost.jpg" in colorize("in", "-o", "new", "-n")[2]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
def test_names_do_not_steer_the_terminal(colorize, run):
    name = "\x1b[31mred\x9b2J\nfailed: x.jpg"
    Path("in").mkdir()
    Path("in", name).write_bytes(b"no picture")
    said = "in/\\x1b[31mred\\x9b2J\\nfailed: x.jpg"
    out = [*colorize("in", "-o", "out")[1:], colorize("in", "-o", "new", "-n")[1]]
    out += [run("status", "out")[1], colorize("in", "-o", f"in/{name}/")[2]]
    assert not any("\x1b" in text or "\x9b" in text for text in out)
    assert said in out[1]
    assert said in out[2]


def test_edits_that_do_not_fit_name_their_photograph_and_stop_nothing(colorize):
    album(3)
    Path("edits").mkdir()
    edits = {"photochrom": "edits", "version": 1, "hints": [{"x": 999, "y": 1, "color": "#c22"}]}
    wrong = sorted(files("in"))[0]
    Path(f"edits/{Path(wrong).name}.edits.json").write_text(json.dumps(edits))
    code, _, err = colorize("in", "-o", "out", "--edits", "edits")
    assert code == 1
    assert f"failed: in/{wrong}: (999, 1) lies outside the picture" in err.replace("\\", "/")
    assert len(files("out")) == 2


def test_a_folder_without_edits_of_these_photographs_is_named(colorize):
    album(2)
    Path("edits").mkdir()
    code, _, err = colorize("in", "-o", "out", "--edits", "edits")
    assert code == 0
    assert (
        "None of these photographs has edits in edits; expected files such as 00.png.edits" in err
    )
