"""`photochrom.batch.plan`: which photographs there are, and where each result goes."""

import os
from io import BytesIO
from pathlib import Path

import pytest

from photochrom.batch.plan import each_alternative, left_out, plan, read_list
from photochrom.errors import (
    DataError,
    JobError,
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test starts in an empty folder, so that paths are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def routes(inputs, output=None):
    """{source: target} as text, `-` for the standard streams."""
    return {
        str(job.source or "-"): "-" if job.target is None else job.target.as_posix()
        for job in plan(inputs, output)
    }


# One photograph


def test_a_result_lies_beside_its_photograph_by_default():
    assert routes(["old.jpg"]) == {"old.jpg": "old-color.jpg"}
    assert routes(["a/b/old.tar.PNG"]) == {"a/b/old.tar.PNG": "a/b/old.tar-color.PNG"}


def test_several_results_lie_beside_their_photographs_by_default():
    assert routes(["x/a.jpg", "y/a.jpg"]) == {
        "x/a.jpg": "x/a-color.jpg",
        "y/a.jpg": "y/a-color.jpg",
    }


@pytest.mark.parametrize("suffix", [".gif", ".heic", ".bmp", ".xyz", ""])
def test_formats_that_cannot_be_written_become_png(suffix):
    assert routes([f"old{suffix}"]) == {f"old{suffix}": "old-color.png"}
    assert routes([f"old{suffix}"], "out/") == {f"old{suffix}": "out/old.png"}


@pytest.mark.parametrize("target", ["new.jpg", "new.PNG", "some/where/new.webp", "new.avif"])
def test_a_file_named_for_one_photograph_is_its_target(target):
    assert routes(["old.jpg"], target) == {"old.jpg": target}
    assert routes(["-"], target) == {"-": target}


@pytest.mark.parametrize("output", ["out", f"out{os.sep}", "deep/er/out"])
def test_a_name_without_a_suffix_is_a_folder(output):
    assert routes(["x/old.jpg"], output) == {"x/old.jpg": f"{output.rstrip(os.sep)}/old.jpg"}
    assert routes(["-"], output) == {"-": f"{output.rstrip(os.sep)}/stdin.png"}


def test_a_folder_that_is_there_is_a_folder_whatever_its_name():
    Path("out.jpg").mkdir()
    assert routes(["old.png"], "out.jpg") == {"old.png": "out.jpg/old.png"}
    assert routes(["old.png"], "new.jpg/") == {"old.png": "new.jpg/old.png"}


@pytest.mark.parametrize("output", ["new.gif", "new.heic", "new.bmp", "new.txt", "new.v2"])
@pytest.mark.parametrize("source", ["old.jpg", "-"])
def test_a_target_that_cannot_be_written_is_refused_with_the_known_formats(source, output):
    with pytest.raises(JobError, match=r"not a picture format that can be written.*\.jpg.*\.png"):
        plan([source], output)


# Several photographs, and folders


def test_several_photographs_go_into_a_folder_in_their_order():
    jobs = plan(["b.jpg", "x/a.png", "-", "c.gif"], "out")
    targets = [job.target.as_posix() for job in jobs]
    assert targets == ["out/b.jpg", "out/a.png", "out/stdin.png", "out/c.png"]


@pytest.mark.parametrize("inputs", [["b.jpg", "x/a.png"], ["in"]])
def test_no_folder_is_made_with_the_name_of_a_picture(inputs):
    touch("in/a.jpg")
    with pytest.raises(JobError, match=r"new\.JPG names one picture, .* end it with"):
        plan(inputs, "new.JPG")
    assert all(job.target.parent == Path("new.JPG") for job in plan(inputs, "new.JPG/"))
    Path("there").touch()
    with pytest.raises(JobError, match="there is a file"):
        plan(inputs, "there")
    Path("new.JPG").mkdir()
    assert all(job.target.parent == Path("new.JPG") for job in plan(inputs, "new.JPG"))


def test_below_a_folder_names_and_relative_paths_are_kept():
    touch("in/a.jpg", "in/deep/er/b.PNG", "in/deep/c.gif", "in/.hidden.jpg", "in/notes.txt")
    assert routes(["in"], "out") == {
        "in/a.jpg": "out/a.jpg",
        "in/deep/er/b.PNG": "out/deep/er/b.PNG",
        "in/deep/c.gif": "out/deep/c.png",
    }


def test_files_and_folders_mix_in_the_order_of_the_inputs():
    touch("in/a.jpg", "in/b.jpg", "z.jpg")
    jobs = plan(["z.jpg", "in", "y.png"], "out")
    assert [job.source.as_posix() for job in jobs] == ["z.jpg", "in/a.jpg", "in/b.jpg", "y.png"]


def test_of_two_files_that_would_become_one_png_the_png_keeps_its_name():
    touch("in/a.GIF", "in/a.gif", "in/a.png", "in/b.gif", "in/c/b.png")
    assert routes(["in"], "out") == {
        "in/a.GIF": "out/a.GIF.png",
        "in/a.gif": "out/a.gif.png",
        "in/a.png": "out/a.png",
        "in/b.gif": "out/b.png",
        "in/c/b.png": "out/c/b.png",
    }


def test_of_two_files_without_a_format_of_their_own_both_are_kept():
    touch("in/a.GIF", "in/a.gif")
    assert routes(["in"], "out") == {"in/a.GIF": "out/a.png", "in/a.gif": "out/a.gif.png"}


@pytest.mark.parametrize("output", ["in/colored", "in/deep/er", "./in/../in/colored"])
def test_results_inside_the_folder_are_not_colorized_again(output):
    touch("in/a.jpg", "in/deep/b.jpg")
    first = routes(["in"], output)
    assert set(first) == {"in/a.jpg", "in/deep/b.jpg"}
    touch(*first.values())
    assert routes(["in"], output) == first


@pytest.mark.parametrize("output", [".", "years"])
def test_the_folder_above_may_take_the_results(output):
    touch("years/1901/a.jpg")
    assert set(routes(["years/1901"], output)) == {"years/1901/a.jpg"}


def test_a_folder_may_become_the_place_of_its_converted_files():
    touch("in/a.gif")
    assert routes(["in"], "in") == {"in/a.gif": "in/a.png"}


# What doesn't fit


@pytest.mark.parametrize("output", [None, "-"])
@pytest.mark.parametrize("others", [[], ["b.jpg"], ["-"]])
def test_a_folder_needs_a_folder_for_its_results(output, others):
    touch("in/a.jpg")
    with pytest.raises(JobError, match="in is a folder; name a folder"):
        plan(["in", *others], output)


def test_a_folder_without_pictures_is_a_data_error():
    touch("in/notes.txt")
    with pytest.raises(DataError, match="no pictures"):
        plan(["in"], "out")


def test_two_results_of_one_name_are_refused():
    with pytest.raises(
        JobError, match=r"x/a\.jpg and y/a\.jpg would both be written to out/a\.jpg"
    ):
        plan(["x/a.jpg", "y/a.jpg"], "out")


def test_same_names_from_two_folders_are_refused():
    touch("x/deep/a.jpg", "y/deep/a.jpg")
    with pytest.raises(JobError, match=r"x/deep/a\.jpg and y/deep/a\.jpg would both"):
        plan(["x", "y"], "out")


def test_a_photograph_named_twice_is_refused():
    with pytest.raises(JobError, match="would both be written"):
        plan(["a.jpg", "./a.jpg"], None)


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        (["in/a.jpg"], "in/a.jpg"),
        (["in/a.jpg"], "./in/../in/a.jpg"),
        (["in/a.jpg"], "in"),
        (["in/a.jpg", "b.jpg"], "in"),
        (["in"], "in"),
        (["in"], "link"),
        (["link/a.jpg"], "in/a.jpg"),
    ],
)
def test_nothing_is_written_over_itself(inputs, output):
    touch("in/a.jpg")
    Path("link").symlink_to("in", target_is_directory=True)
    with pytest.raises(JobError, match="overwrite itself"):
        plan(inputs, output)


# The standard streams


def test_stdin_goes_to_stdout_by_default():
    assert routes(["-"]) == {"-": "-"}
    assert routes(["-"], "-") == {"-": "-"}


def test_a_file_may_go_to_stdout():
    assert routes(["old.jpg"], "-") == {"old.jpg": "-"}


def test_stdin_beside_a_file_goes_to_stdout_by_default():
    assert routes(["-", "old.jpg"]) == {"-": "-", "old.jpg": "old-color.jpg"}


@pytest.mark.parametrize("inputs", [["a.jpg", "b.jpg"], ["-", "a.jpg"]])
def test_stdout_takes_one_photograph(inputs):
    with pytest.raises(JobError, match="Standard output can hold one photograph"):
        plan(inputs, "-")


@pytest.mark.parametrize("output", [None, "-", "out"])
def test_stdin_may_be_named_once(output):
    with pytest.raises(JobError, match=r"Standard input \(-\) is named more than once"):
        plan(["-", "-"], output)


# Alternatives


def test_each_alternative_has_its_number_in_its_name():
    jobs = each_alternative(plan(["a.jpg", "x/b.gif"], "out"), 2)
    assert [(str(job.source), job.target.as_posix(), job.alternative) for job in jobs] == [
        ("a.jpg", "out/a-1.jpg", 1),
        ("a.jpg", "out/a-2.jpg", 2),
        ("x/b.gif", "out/b-1.png", 1),
        ("x/b.gif", "out/b-2.png", 2),
    ]


def test_several_results_do_not_go_to_stdout():
    with pytest.raises(JobError, match="name a file or a folder"):
        each_alternative(plan(["-"], None), 2)


def test_no_alternative_is_written_over_a_photograph():
    with pytest.raises(JobError, match="overwrite itself"):
        each_alternative(plan(["x/a-1.jpg"], "x/a.jpg"), 2)


# What is left out


@pytest.fixture
def mixed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["photos/a.jpg", "photos/b.bmp", "photos/in/c.BMP", "photos/in/notes", "photos/.d.bmp"]
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


@pytest.mark.parametrize(
    ("recursive", "said"),
    [
        (True, "Skipped 3 files that are not pictures: 2 .bmp, 1 without a suffix."),
        (False, "Skipped 1 file that is not a picture: 1 .bmp."),
    ],
)
def test_what_a_folder_leaves_out_is_counted(mixed, recursive, said):
    assert left_out(["photos"], "out", recursive=recursive) == said


def test_results_and_named_files_are_not_left_out(mixed):
    assert left_out(["photos/b.bmp"], "out") == ""
    assert left_out(["photos"], "photos/in").startswith("Skipped 1 file that is not a picture")


@pytest.mark.parametrize(("inputs", "output"), [([""], "out"), (["a.jpg", ""], None), (["a"], "")])
def test_an_empty_name_is_no_folder(inputs, output):
    touch("a.jpg")
    with pytest.raises(JobError, match="is empty"):
        plan(inputs, output)


def test_a_list_may_begin_with_a_byte_order_mark():
    assert read_list(BytesIO(b"\xef\xbb\xbfa.jpg\r\nb.jpg\r\n")) == ["a.jpg", "b.jpg"]
