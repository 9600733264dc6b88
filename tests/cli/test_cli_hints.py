"""`photochrom colorize`: the options that steer the colors; with a model that takes hints."""

import json
from pathlib import Path

import numpy as np
import pytest

from photochrom import color
from photochrom.color.text import parse_color
from photochrom.pictures import picture
from photochrom.runtime.hints import Hint, entries_of
from photochrom.runtime.palette import palette_of
from photochrom.runtime.prepared import Prepared

pytestmark = pytest.mark.train  # the model is made by torch


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test starts in a folder with one smooth gray photograph."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:60, :80]
    levels = 128 + 45 * np.cos(x / 13) + 40 * np.cos(y / 11)
    picture.from_array(np.rint(levels).astype(np.uint8)).save("old.png")
    return tmp_path


@pytest.fixture
def run(run):
    """Run the command in this process -> (exit code, stderr)."""
    return lambda *arguments: run(*arguments)[::2]


@pytest.fixture
def colorize(run, hint_model):
    """Colorize old.png into a file; its pixels."""

    def call(target, *options):
        code, err = run("colorize", "old.png", "-o", target, "-m", hint_model, *options)
        assert code == 0, err
        return picture.read(target).srgb()

    return call


@pytest.fixture
def usual(colorize):
    return colorize("usual.png")


def ab_at(srgb, x, y):
    return color.srgb_to_lab(srgb)[y, x, 1:]


def files():
    return sorted(path.name for path in Path().iterdir())


# Hints


def test_a_hint_gives_its_place_its_color(colorize, usual):
    for name in ("#aa5555", "#55aa66"):
        found = ab_at(colorize(f"{name[1:]}.png", "--hint", f"20,30={name}"), 20, 30)
        goal = np.array(parse_color(name))
        assert np.hypot(*(found - goal)) < 8 < np.hypot(*(ab_at(usual, 20, 30) - goal))


def test_hints_from_a_file_lie_below_those_of_the_command_line(colorize):
    red, green = Hint.at(20, 30, "#aa5555"), Hint.at(60, 30, "#55aa66")
    Path("hints.json").write_text(json.dumps(entries_of([red, green])))
    from_file = colorize("file.png", "--hints", "hints.json")
    written = colorize("line.png", "--hint", "20,30=#aa5555", "--hint", "60,30=#55aa66")
    assert np.abs(from_file.astype(int) - written).max() <= 2  # a file rounds colors
    over = colorize("over.png", "--hints", "hints.json", "--hint", "20,30,3=#5566aa")
    assert np.hypot(*(ab_at(over, 20, 30) - parse_color("#5566aa"))) < 8
    assert np.hypot(*(ab_at(over, 60, 30) - green.ab)) < 8


# Palette, reference, vividness


def test_a_palette_may_be_named_or_shown(colorize, usual, smooth_srgb):
    shown = picture.from_array(smooth_srgb(40, 60))
    shown.save("flag.png")
    by_picture = colorize("picture.png", "--palette", "flag.png")
    by_name = colorize("name.png", "--palette", ",".join(palette_of(shown)))
    np.testing.assert_array_equal(by_picture, by_name)
    assert np.abs(by_name.astype(int) - usual).max() > 5


def test_a_reference_changes_the_colors(colorize, usual, smooth_srgb):
    picture.from_array(smooth_srgb(40, 60)).save("other.png")
    led = colorize("led.png", "--reference", "other.png")
    assert np.abs(led.astype(int) - usual).max() > 1


def test_vividness_goes_from_calm_to_vivid(colorize, usual):
    found = [colorize(f"{v}.png", "--vividness", v) for v in (0, 1, 2)]
    np.testing.assert_array_equal(found[1], usual)
    calm, middle, vivid = (color.colorfulness(srgb) for srgb in found)
    assert calm + 0.5 < middle < vivid - 0.2


# Alternatives and confidence


def test_alternatives_are_numbered_and_differ(run, hint_model):
    code, err = run("colorize", "old.png", "-m", hint_model, "--alternatives", 3)
    assert code == 0, err
    assert files() == ["old-color-1.png", "old-color-2.png", "old-color-3.png", "old.png"]
    first, second, third = (picture.read(f"old-color-{n}.png").srgb() for n in (1, 2, 3))
    for one, other in ((first, second), (first, third), (second, third)):
        assert np.abs(one.astype(int) - other).max() > 10


def test_alternatives_may_have_a_name_and_a_seed(run, hint_model):
    for name, seed in (("one", 1), ("again", 1)):
        arguments = ("-m", hint_model, "-o", f"{name}.png", "--alternatives", 1, "--seed", seed)
        assert run("colorize", "old.png", *arguments)[0] == 0
    assert Path("one-1.png").read_bytes() == Path("again-1.png").read_bytes()


def test_more_alternatives_than_there_are_give_those_that_there_are(run, hint_model, monkeypatch):
    find = Prepared.alternatives
    monkeypatch.setattr(Prepared, "alternatives", lambda self, *a, **b: find(self, *a, **b)[:1])
    code, err = run("colorize", "old.png", "-o", "out/", "-m", hint_model, "--alternatives", 3)
    assert code == 0, err
    assert [path.name for path in Path("out").iterdir()] == ["old-1.png"]
    assert "skipped: old.png: there is 1 alternative, not 3." in err


def test_a_map_of_confidence_has_the_photograph_s_size(colorize, usual):
    painted = colorize("new.png", "--confidence", "map.png")
    np.testing.assert_array_equal(painted, usual)
    shown = picture.read("map.png").srgb()
    assert shown.shape == painted.shape
    assert np.ptp(shown.astype(int), axis=-1).max() == 0
    assert np.ptp(shown) > 10


# What is refused, before any work


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hint", "20,30"], "'20,30' is not a hint; write it as X,Y=#RRGGBB, such as 120,340="),
        (["--hint", "20,30=red"], "'red' is not a color; write it as #rrggbb or #rgb"),
        (["--hint", "20,30,0=#c22"], "a radius above 0"),
        (["--hints", "gone.json"], "gone.json: the hints can't be read"),
        (["--hints", "old.png"], "old.png: the hints can't be read"),
        (["--palette", "red,#c22"], "'red' is not a color"),
        (["--palette", "gone.jpg"], "'gone.jpg' is not a color"),
        (["--palette", ","], "at least one color"),
        (["--reference", "gone.jpg"], "gone.jpg"),
        (["--vividness", "2.5"], "Invalid value for '--vividness'"),
        (["--alternatives", "9"], "Invalid value for '--alternatives'"),
        (["--alternatives", "2", "-o", "-"], "Choose another output with -o"),
        (
            ["--alternatives", "2", "--confidence", "map.png"],
            "can't be combined with --alternatives",
        ),
    ],
)
def test_what_can_not_be_understood_is_refused(options, message, run, hint_model):
    code, err = run("colorize", "old.png", "-m", hint_model, *options)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert files() == ["old.png"]


@pytest.mark.parametrize(
    "options",
    [["--hint", "20,30=#c22"], ["--hints", "hints.json"], ["--confidence", "map.png"]],
    ids=lambda options: options[0],
)
def test_what_is_for_one_photograph_is_refused_for_several(options, run, hint_model):
    Path("album").mkdir()
    Path("hints.json").write_text("[]")
    for name in ("a.png", "b.png"):
        Path("album", name).write_bytes(Path("old.png").read_bytes())
    for inputs in (["album"], ["album/a.png", "album/b.png"]):
        code, err = run("colorize", *inputs, "-o", "out", "-m", hint_model, *options)
        assert code == 2
        assert f"{options[0]} works with a single photograph; 2 were given" in err
    assert not Path("out").exists()


def test_a_hint_outside_the_photograph_says_how_large_that_is(run, hint_model):
    code, err = run("colorize", "old.png", "-m", hint_model, "--hint", "81,30=#c22")
    assert code == 1
    assert "(81, 30) lies outside the picture, which is 80 x 60 pixels" in err
    assert files() == ["old.png"]


def test_a_map_is_never_written_over_the_photograph(run, hint_model):
    before = Path("old.png").read_bytes()
    arguments = ("-o", "new.png", "-m", hint_model, "--confidence", "old.png", "--force")
    code, err = run("colorize", "old.png", *arguments)
    assert code == 1
    assert "Choose another place" in err
    assert Path("old.png").read_bytes() == before
    assert files() == ["old.png"]


def test_force_replaces_a_map_though_its_result_is_new(colorize):
    Path("map.png").write_bytes(b"old")
    painted = colorize("new.png", "--confidence", "map.png", "--force")
    assert picture.read("map.png").srgb().shape == painted.shape


# Export


def test_keys_of_the_recipe_can_be_set_when_a_model_is_exported(run, hint_checkpoint, monkeypatch):
    from photochrom.training import export

    asked = []

    def exported(checkpoint, out, *, name, changes, force):
        asked.append((checkpoint, changes, force))
        out.write_bytes(b"model")
        return 0.001

    monkeypatch.setattr(export, "export", exported)
    sets = ("--set", "model.temperature=0.3", "--set", "model.domain=cats")
    assert run("export", hint_checkpoint, "-o", "model.onnx", *sets)[0] == 0
    assert run("export", hint_checkpoint, "-o", "model.onnx", "--force")[0] == 0
    changed = ["model.temperature=0.3", "model.domain=cats"]
    assert asked == [(hint_checkpoint, changed, False), (hint_checkpoint, [], True)]
    monkeypatch.undo()


def test_a_key_that_is_not_there_is_named_when_a_model_is_exported(run, hint_checkpoint):
    arguments = ("-o", "model.onnx", "--set", "model.temprature=0.3")
    code, err = run("export", hint_checkpoint, *arguments)
    assert code == 2
    assert "the nearest known one is 'model.temperature'" in err


def test_checkpoints_are_mixed_by_the_shares_after_their_names(run, hint_checkpoint, tmp_path):
    out = tmp_path / "mixed.ckpt"
    code, told = run("mix", f"{hint_checkpoint}=3", hint_checkpoint, "-o", out)
    assert (code, told, out.exists()) == (0, "", True)
    assert run("mix", hint_checkpoint, "-o", out)[0] == 2
    assert run("mix", hint_checkpoint, "-o", out, "--force")[0] == 0
    for wrong in ("a.ckpt=much", "a.ckpt=0", "a.ckpt=-1", "a.ckpt=inf", "a.ckpt="):
        code, told = run("mix", wrong, "-o", tmp_path / "other.ckpt")
        assert code == 2
        assert "the share must be a number above 0" in told
