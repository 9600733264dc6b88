"""`photochrom.batch.resume`: what is left to do, whatever happened before."""

import os
import shutil
from pathlib import Path

import pytest

from photochrom.batch import pool
from photochrom.batch.jobs import Made
from photochrom.batch.manifest import NAME, Manifest
from photochrom.batch.plan import plan
from photochrom.batch.resume import is_whole, remove_left, sort_out
from photochrom.errors import OutputExistsError
from photochrom.pictures import picture, writing

PLACE = Path("out") / NAME
NAMES = ("a.png", "b.png", "deep/c.png")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, gray_picture):
    """Every test starts with a folder of three photographs."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        gray_picture.save(Path("in", name))
    return tmp_path


def invert(job, *, force):
    """Stands in for a model."""
    result = picture.from_array(255 - picture.read(job.source).srgb())
    job.target.parent.mkdir(parents=True, exist_ok=True)
    result.save(job.target, force=force)
    return Made(*result.size)


def carry_out(*, resume=True, force=False, work=invert):
    """Run what is left -> {name: step or error} of all photographs."""
    with Manifest(PLACE) as manifest:
        tasks = list(sort_out(plan(["in"], "out"), manifest=manifest, resume=resume, force=force))
        steps = {task.job.target.relative_to("out").as_posix(): task.step for task in tasks}
        left = [task for task in tasks if task.step not in ("skip", "keep")]
        for outcome in pool.run(left, work, workers=2, manifest=manifest):
            if outcome.error is not None:
                name = outcome.task.job.target.relative_to("out").as_posix()
                steps[name] = type(outcome.error)
    return steps


def replace_input(name="a.png"):
    """Another photograph under the same name."""
    pixels = picture.read(Path("in", name)).srgb()[::-1, ::2]
    picture.from_array(pixels).save(Path("in", name), force=True)


def is_inverse(name):
    return (
        picture.read(Path("out", name)).srgb() == 255 - picture.read(Path("in", name)).srgb()
    ).all()


def done_lines(name):
    return sum(
        f'"output": "{name}", "status": "done"' in line for line in PLACE.read_text().splitlines()
    )


def touch_later(path, seconds=10):
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))


def steps(default, **others):
    """{name: step}; the others by their stems."""
    return {name: others.get(Path(name).stem, default) for name in NAMES}


# Done is done


def test_the_first_run_makes_all_and_the_second_nothing():
    assert carry_out() == steps("make")
    before = PLACE.read_bytes()
    assert carry_out() == steps("skip")
    assert PLACE.read_bytes() == before
    assert all(is_inverse(name) for name in NAMES)


def test_what_was_added_is_made():
    carry_out()
    shutil.copy("in/a.png", "in/z.png")
    assert carry_out() == {**steps("skip"), "z.png": "make"}


def test_a_result_that_is_gone_is_made_again():
    carry_out()
    Path("out/b.png").unlink()
    assert carry_out() == steps("skip", b="make")
    assert is_inverse("b.png")


def test_the_manifest_moves_with_its_results_and_is_found_from_another_folder(monkeypatch):
    carry_out()
    Path("album").mkdir()
    Path("out").rename("album/out")
    Path("in").rename("album/in")
    monkeypatch.chdir("album")
    assert carry_out() == steps("skip")


def test_a_copy_of_the_results_is_recognized_by_its_hashes():
    carry_out()
    shutil.copytree("out", "copy", copy_function=shutil.copyfile)
    shutil.rmtree("out")
    Path("copy").rename("out")
    touch_later(Path("out/a.png"))
    assert carry_out() == steps("skip")


def test_without_resume_nothing_that_is_there_is_touched():
    carry_out()
    before = Path("out/a.png").stat().st_mtime_ns
    assert carry_out(resume=False) == steps(OutputExistsError)
    assert Path("out/a.png").stat().st_mtime_ns == before
    assert carry_out() == steps("skip")  # refusals don't undo what is done


def test_force_alone_makes_all_again():
    carry_out()
    assert carry_out(resume=False, force=True) == steps("replace")
    assert carry_out(force=True) == steps("skip")


def test_what_failed_is_tried_again():
    whole = Path("in/a.png").read_bytes()
    Path("in/a.png").write_bytes(whole[:-50])
    assert carry_out()["a.png"] not in ("make", "skip")
    assert carry_out()["a.png"] not in ("make", "skip")
    Path("in/a.png").write_bytes(whole)
    assert carry_out() == steps("skip", a="make")
    assert is_inverse("a.png")


# Killed between a result and its line


def test_a_result_without_a_line_is_adopted_and_not_made_again():
    carry_out()
    PLACE.unlink()
    before = {name: Path("out", name).stat().st_mtime_ns for name in NAMES}

    def work(job, *, force):
        raise AssertionError("made again")

    assert carry_out(work=work) == steps("adopt")
    assert {name: Path("out", name).stat().st_mtime_ns for name in NAMES} == before
    assert [done_lines(name) for name in NAMES] == [1, 1, 1]
    assert carry_out() == steps("skip")


def test_another_picture_in_the_place_of_a_result_is_refused(color_picture):
    Path("out").mkdir()
    picture.from_array(color_picture.srgb()[:7, :9]).save("out/a.png")
    before = Path("out/a.png").read_bytes()
    assert carry_out() == steps("make", a=OutputExistsError)
    assert Path("out/a.png").read_bytes() == before
    assert carry_out(force=True) == steps("skip", a="replace")


@pytest.mark.parametrize("kept", [0, 30, -40])
def test_half_a_picture_in_the_place_of_a_result_is_refused(kept):
    carry_out()
    PLACE.unlink()
    Path("out/a.png").write_bytes(Path("out/a.png").read_bytes()[:kept])
    assert carry_out() == steps("adopt", a=OutputExistsError)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_run_that_was_killed_while_replacing_goes_on(replaced):
    carry_out()
    replace_input()

    def killed(job, *, force):
        if replaced:
            invert(job, force=force)
        raise ZeroDivisionError  # nothing is written down after it

    with pytest.raises(ZeroDivisionError):
        carry_out(work=killed)
    assert carry_out() == steps("skip", a="adopt" if replaced else "replace")
    assert is_inverse("a.png")
    assert carry_out() == steps("skip")


def test_what_was_changed_after_such_a_kill_is_not_replaced(color_picture):
    carry_out()
    replace_input()

    def killed(job, *, force):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        carry_out(work=killed)
    color_picture.save("out/a.png", force=True)
    replace_input()
    before = Path("out/a.png").read_bytes()
    assert carry_out() == steps("skip", a=OutputExistsError)
    assert Path("out/a.png").read_bytes() == before
    assert carry_out(force=True) == steps("skip", a="replace")


def test_a_replacement_that_fails_leaves_the_earlier_result():
    carry_out()
    whole, before = Path("in/a.png").read_bytes(), Path("out/a.png").read_bytes()
    stamp = Path("in/a.png").stat()
    Path("in/a.png").write_bytes(whole[:-50])
    assert carry_out()["a.png"] not in ("replace", "skip")
    assert Path("out/a.png").read_bytes() == before
    Path("in/a.png").write_bytes(whole)
    os.utime("in/a.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert carry_out() == steps("skip")


def test_a_forced_run_that_was_killed_goes_on_with_resume():
    Path("out").mkdir()
    shutil.copy("in/a.png", "out/a.png")

    def killed(job, *, force):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        carry_out(resume=False, force=True, work=killed)
    assert carry_out()["a.png"] == "replace"
    assert is_inverse("a.png")


# Files that change


def test_a_photograph_that_has_changed_is_done_again():
    carry_out()
    replace_input()
    assert carry_out() == steps("skip", a="replace")
    assert is_inverse("a.png")
    assert carry_out() == steps("skip")


def test_a_photograph_of_the_same_size_but_another_time_is_done_again():
    carry_out()
    touch_later(Path("in/a.png"))
    assert carry_out() == steps("skip", a="replace")


def test_a_result_that_somebody_has_retouched_stays(color_picture):
    carry_out()
    color_picture.save("out/a.png", force=True)
    before = Path("out/a.png").read_bytes()
    assert carry_out() == steps("skip", a="keep")
    assert Path("out/a.png").read_bytes() == before
    assert carry_out(force=True) == steps("skip", a="replace")
    assert is_inverse("a.png")


def test_a_result_that_is_broken_is_made_again():
    carry_out()
    Path("out/a.png").write_bytes(Path("out/a.png").read_bytes()[:-40])
    assert carry_out() == steps("skip", a="replace")
    assert is_inverse("a.png")


def test_where_both_have_changed_nobody_is_robbed(color_picture):
    carry_out()
    color_picture.save("out/a.png", force=True)
    replace_input()
    before = Path("out/a.png").read_bytes()
    assert carry_out() == steps("skip", a=OutputExistsError)
    assert Path("out/a.png").read_bytes() == before
    assert carry_out(force=True) == steps("skip", a="replace")
    assert is_inverse("a.png")


def test_when_a_name_goes_to_another_photograph_both_are_right(gray_picture):
    Path("in/a.png").rename("in/a.gif")  # a PNG by its content; written as a.png
    assert carry_out() == steps("make")
    picture.from_array(gray_picture.srgb()[::-1]).save("in/a.png")
    assert carry_out() == {**steps("skip", a="replace"), "a.gif.png": "make"}
    assert is_inverse("a.png")
    expected = 255 - picture.read("in/a.gif").srgb()
    assert (picture.read("out/a.gif.png").srgb() == expected).all()


# Looking


def test_sorting_out_writes_nothing(tmp_path):
    carry_out()
    Path("out/a.png").unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    jobs = plan(["in"], "out")
    list(sort_out(jobs, manifest=Manifest(PLACE, write=False), resume=True, force=False))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_every_task_that_is_not_plain_has_a_reason():
    carry_out()
    replace_input()
    jobs = plan(["in"], "out")
    manifest = Manifest(PLACE, write=False)
    reasons = [task.reason for task in sort_out(jobs, manifest=manifest, resume=True, force=False)]
    assert reasons == ["in/a.png has changed", "done: out/b.png", "done: out/deep/c.png"]


@pytest.mark.parametrize("kept", [0, 8, 40, -20])
def test_half_a_picture_is_not_whole(kept):
    assert is_whole(Path("in/a.png"))
    Path("half.png").write_bytes(Path("in/a.png").read_bytes()[:kept])
    assert not is_whole(Path("half.png"))
    assert not is_whole(Path("missing.png"))


# What a killed run leaves


def test_only_our_own_temporary_files_are_removed():
    ours = [".a.0123abcd.part.png", ".b.89abcdef.part.jpg", "deep/.c.00000000.part.tif"]
    others = [".a.part.png", "a.0123abcd.part.png", ".a.0123abcd.part", "x/.a.0123abcd.part.png"]
    for name in [*ours, *others]:
        Path("out", name).parent.mkdir(parents=True, exist_ok=True)
        Path("out", name).touch()
    targets = [Path("out", name) for name in NAMES]
    assert remove_left(targets[:1], of_others=False) == [Path("out", ours[0])]
    assert set(remove_left(targets)) == {Path("out", name) for name in ours[1:]}
    assert all(Path("out", name).exists() for name in others)
    assert remove_left([Path("missing/a.png")]) == []


def test_what_another_process_is_writing_stays(gray_picture):
    """It holds a lock on its temporary file."""
    Path("out").mkdir()
    with writing.temporary(Path("out/a.png")) as unfinished:
        assert remove_left([Path("out/a.png")]) == []
        assert unfinished.exists()
        writing.abandon()
        assert not unfinished.exists()


def test_the_names_are_those_under_which_a_picture_is_saved(gray_picture, monkeypatch):
    def killed(self, *, missing_ok):
        raise KeyboardInterrupt

    Path("out").mkdir()
    targets = [Path("out/a.png"), Path("out") / f"{'scan ' * 20}.jpg"]
    for target in targets:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", killed)
            with pytest.raises(KeyboardInterrupt):
                gray_picture.save(target)
    assert len(list(Path("out").iterdir())) == 4
    remove_left(targets)
    assert set(Path("out").iterdir()) == set(targets)
