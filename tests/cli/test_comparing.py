"""`photochrom compare`: a sheet of several models' results, and figures."""

import pytest

from photochrom.models import added
from photochrom.pictures import picture
from standins import ddcolor, deoldify, photograph

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with a photograph, and no added models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(added.VARIABLE, str(tmp_path / "kept"))
    picture.from_array(photograph(64)).save("old.png")
    return tmp_path


def test_all_models_that_there_are_stand_on_the_sheet(run, here):
    ddcolor(here / "theirs.onnx")
    run("models", "add", "theirs.onnx", "--like", "ddcolor", "--name", "mine")
    code, out, err = run("compare", "old.png", "-o", "sheet.png", "--height", "64")
    assert (code, err) == (0, "")
    names = [line.split()[0] for line in out.splitlines()[1:4]]
    assert names == ["photochrom", "resnet18-gray", "mine"]
    assert "truth" not in out
    assert picture.read("sheet.png").width > 4 * 64
    code, _, err = run("compare", "old.png", "-o", "sheet.png")
    assert code == 2
    assert "--force" in err


def test_files_of_one_name_are_told_apart(run, here):
    for folder in ("a", "b"):
        (here / folder).mkdir()
        deoldify(here / folder / "same.onnx")
    files = ["-m", "a/same.onnx", "-m", "b/same.onnx", "--like", "deoldify"]
    code, out, _ = run("compare", "old.png", *files, "-m", "photochrom", "-o", "sheet.jpg")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()[1:4]]
    assert names == ["a/same.onnx", "b/same.onnx", "photochrom"]


def test_color_photographs_are_measured_and_broken_ones_named(run, here, smooth_srgb):
    (here / "folder").mkdir()
    picture.from_array(smooth_srgb(50, 60)).save(here / "folder" / "color.png")
    (here / "folder" / "broken.png").write_bytes(b"nothing")
    code, out, err = run("compare", "folder", "-m", "resnet18-gray", "-o", "sheet.jpg", "--costs")
    assert code == 1
    assert "failed: " in err
    assert "broken.png" in err
    assert "truth" in out
    assert "GMAC" in out
    assert "1 photographs, 1 models" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old.png", "-m", "nonsense"], "'nonsense' is neither"),
        (["old.png", "old.png", "--hints", "hints.json"], "--hints works with one photograph"),
        (["."] * 101, "takes at most 100"),
        (["old.png", "--like", "ddcolor"], "All of these models describe themselves"),
    ],
)
def test_wrong_orders_are_refused(arguments, message, run):
    code, out, err = run("compare", *arguments, "-o", "sheet.jpg")
    assert (code, out) == (2, "")
    assert message in err
