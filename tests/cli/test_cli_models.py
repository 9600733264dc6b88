"""`photochrom models` and other people's models in the other commands."""

import json
import tomllib

import numpy as np
import pytest

from photochrom.models import added
from photochrom.models.descriptor import KINDS
from photochrom.models.weights import shipped_models
from photochrom.pictures import picture
from standins import ddcolor, deoldify, photograph, zhang

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test starts in an empty folder, without added models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(added.VARIABLE, str(tmp_path / "kept"))
    return tmp_path


def test_a_model_is_added_listed_shown_checked_and_removed(run, here):
    ddcolor(here / "theirs.onnx")
    code, out, err = run("models", "add", "theirs.onnx", "--like", "ddcolor", "--name", "mine")
    assert (code, err) == (0, "")
    assert out.startswith("Added mine (0.0 MB, Apache-2.0) to ")
    assert "photochrom colorize old.jpg -m mine" in out
    for command in (["models"], ["models", "list"]):
        code, out, _ = run(*command)
        assert code == 0
        assert "added; like ddcolor" in out
        assert all(one.name in out for one in shipped_models())
    code, out, _ = run("models", "show", "mine")
    shown = [line.split(maxsplit=1) for line in out.splitlines()]
    assert code == 0
    assert ["takes", "a gray RGB picture, 256 x 256 pixels"] in shown
    assert ["can", "hints, locks, vividness, tone"] in shown
    assert out.count("can't      ") == 4
    code, out, _ = run("models", "check")
    assert (code, out) == (0, "ok: photochrom\nok: resnet18-gray\nok: mine\n")
    assert run("models", "remove", "mine") == (0, "Removed mine.\n", "")
    assert run("models", "check", "mine")[0] == 1


def test_what_ships_shows_what_it_can(run):
    code, out, _ = run("models", "show", "photochrom")
    assert code == 0
    assert "palette, reference, alternatives, confidence" in out
    assert "can't" not in out


def test_a_model_s_own_hint_inputs_are_shown(run, here):
    zhang(here / "theirs.onnx", side=None, name="L", hints=True)
    code, out, _ = run("models", "show", "theirs.onnx", "--like", "siggraph17")
    assert code == 0
    assert "\nhints      through inputs of its own\n" in out


def test_kinds_are_listed_with_where_files_are_from(run):
    code, out, _ = run("models", "kinds")
    assert code == 0
    for name, kind in KINDS.items():
        assert f"\n{name} " in out
        assert kind.descriptor.licence in out
    assert "export_onnx.py" in out


def test_a_path_is_shown_and_checked_without_being_added(run, here):
    zhang(here / "theirs.onnx")
    assert run("models", "check", "theirs.onnx", "--like", "eccv16")[:2] == (0, "ok: theirs.onnx\n")
    assert "BSD-2-Clause" in run("models", "show", "theirs.onnx", "--like", "eccv16")[1]
    code, out, _ = run("models", "check", "theirs.onnx")
    assert (code, out[:20]) == (1, "wrong: theirs.onnx: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["theirs.onnx"], "Known kinds: ddcolor, .*Or name a kind with --like"),
        (["gone.onnx", "--like", "ddcolor"], "gone.onnx: the file does not exist"),
        (["theirs.onnx", "--like", "eccv16"], r"like eccv16\) wants"),
        (["theirs.onnx", "--like", "ddcolor", "--name", "photochrom"], "another name with --name"),
    ],
)
def test_what_can_t_be_added_is_said_with_what_to_do(arguments, message, run, here):
    ddcolor(here / "theirs.onnx")
    code, out, err = run("models", "add", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("photochrom: ")
    assert pytest.importorskip("re").search(message, err)


def test_a_replaced_model_needs_force(run, here):
    ddcolor(here / "a.onnx")
    zhang(here / "b.onnx")
    assert run("models", "add", "a.onnx", "--like", "ddcolor", "--name", "mine")[0] == 0
    again = ["models", "add", "b.onnx", "--like", "eccv16", "--name", "mine"]
    code, _, err = run(*again)
    assert code == 2
    assert "--force" in err
    assert run(*again, "--force")[0] == 0
    note = tomllib.loads((here / "kept" / "mine.toml").read_text())
    assert (note["like"], len(note["sha256"])) == ("eccv16", 64)


def test_a_damaged_model_is_said_by_check_and_by_colorize(run, here):
    ddcolor(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "ddcolor")
    picture.from_array(photograph(64)).save("old.png")
    zhang(here / "kept" / "theirs.onnx")
    code, out, _ = run("models", "check")
    assert code == 1
    assert "wrong: theirs: The file of the model 'theirs' has changed since it was added." in out
    code, _, err = run("colorize", "old.png", "-m", "theirs")
    assert code == 2
    assert "photochrom models add FILE --name NAME --force" in err


def test_colorize_takes_names_and_kinds(run, here):
    deoldify(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "deoldify", "--name", "mine")
    picture.from_array(photograph(90)).save("old.png")
    assert run("colorize", "old.png", "-m", "mine", "-o", "a.png")[0] == 0
    path = ["-m", "theirs.onnx", "--like", "deoldify"]
    assert run("colorize", "old.png", *path, "-o", "b.png")[0] == 0
    one, other = (picture.read(here / name).srgb() for name in ("a.png", "b.png"))
    np.testing.assert_array_equal(one, other)
    assert np.ptp(one.astype(int), axis=-1).max() > 10
    asked = {
        "palette": "#aa3322",
        "reference": "b.png",
        "alternatives": "2",
        "confidence": "map.png",
    }
    for name, value in asked.items():  # before any work
        code, _, err = run("colorize", "old.png", "-m", "mine", f"--{name}", value, "-o", "c.png")
        assert code == 2
        assert (
            f"'mine' answers with colors, not with a distribution, and can't do this: {name}."
            in err
        )
    code, _, err = run("colorize", "old.png", "-m", "theirs.onnx", "-o", "c.png")
    assert code == 2
    assert "name a kind with --like" in err


def test_a_batch_s_shards_take_a_name(run, here):
    ddcolor(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "ddcolor", "--name", "mine")
    (here / "old").mkdir()
    for number in range(3):
        picture.from_array(photograph(40 + number)).save(here / "old" / f"{number}.png")
    for shard in ("0/2", "1/2"):
        code, _, _ = run("colorize", "old", "-m", "mine", "-o", "new", "--shard", shard, "-j", "2")
        assert code == 0
    assert sorted(one.name for one in (here / "new").glob("*.png")) == ["0.png", "1.png", "2.png"]
    digest = added.find_added("mine").sha256
    notes = "".join(one.read_text() for one in (here / "new").glob("*.jsonl"))
    assert notes.count(digest) >= 3


def test_browsers_run_no_model_of_another_maker(run, here):
    ddcolor(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "ddcolor", "--name", "mine")
    code, _, err = run("export", "mine", "--web", "site")
    assert code == 2
    assert "in browsers only Photochrom's own run" in err
    assert not (here / "site").exists()


def test_objects_take_a_name(run, here, monkeypatch):
    pytest.importorskip("obstore")
    ddcolor(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "ddcolor", "--name", "mine")
    (here / "old").mkdir()
    picture.from_array(photograph(40)).save(here / "old" / "one.png")
    code, _, err = run("colorize", f"file://{here}/old/", "-m", "mine", "-o", f"file://{here}/new/")
    assert code == 0, err
    assert (here / "new" / "one.png").is_file()


def test_edits_are_painted_with_their_model_and_resumed_without_a_word(run, here):
    ddcolor(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "ddcolor")
    note = tomllib.loads((here / "kept" / "theirs.toml").read_text())
    (here / "in").mkdir()
    for name in ("a", "b", "c"):
        picture.from_array(photograph(64)).save(f"in/{name}.png")
    models = {"a": note["sha256"], "b": "0" * 64}
    for name, sha256 in models.items():
        edits = {"photochrom": "edits", "version": 1, "model": {"name": "theirs", "sha256": sha256}}
        (here / "in" / f"{name}.png.edits.json").write_text(json.dumps(edits))
    command = ["colorize", "in", "-o", "out", "--edits", "in", "-j", "1"]
    code, _, err = run(*command)
    assert code == 0
    assert err.count("made with another file of the model 'theirs'") == 1
    lines = (here / "out" / "photochrom-manifest.jsonl").read_text().splitlines()
    found = {one["output"]: one["model"] for one in map(json.loads, lines)}
    assert found == {"a.png": "theirs", "b.png": "theirs", "c.png": "photochrom"}
    code, _, err = run(*command, "--resume")
    assert code == 0
    assert "3 done before" in err
    assert "another model" not in err
    code, out, _ = run(*command, "-m", "resnet18-gray", "--force", "--json")
    assert code == 0
    assert out.count("and 'resnet18-gray' painted") == 2
    run("models", "remove", "theirs")
    code, _, err = run(*command, "--force")
    assert code == 1
    assert "in/a.png: its edits were made with the model 'theirs', which is not here" in err
    assert "Add it. Or choose a model for all with -m." in err
