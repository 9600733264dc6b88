"""`photochrom` on the command line, through its public door: arguments, streams, exit codes."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from photochrom import __version__, color, errors
from photochrom.cli import help as helping
from photochrom.cli import remote
from photochrom.errors import PhotochromError
from photochrom.models.weights import shipped_models
from photochrom.pictures import picture

COMMANDS = (
    "colorize",
    "compare",
    "video",
    "models",
    "serve",
    "doctor",
    "train",
    "export",
    "evaluate",
)
SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"
WITHOUT_TORCH = """
import sys
for name in ("torch", "torchvision", "torchmetrics", "timm", "lightning_fabric", "onnx"):
    sys.modules[name] = None
from photochrom.cli.main import main
main()
"""


pytestmark = pytest.mark.usefixtures("here")


def photograph(name, size=(24, 36), level=0):
    """A gray photograph in a file, and its pixels."""
    y, x = np.mgrid[: size[0], : size[1]]
    levels = ((3 * x + 2 * y + level) % 256).astype(np.uint8)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    picture.from_array(levels).save(name)
    return levels


def is_colored(name, levels):
    """Whether a file is a color picture of that size and lightness."""
    srgb = picture.read(name).srgb()
    before = color.srgb_to_lightness(np.repeat(levels[..., None], 3, axis=-1))
    same = srgb.shape[:2] == levels.shape
    return (
        same
        and np.abs(color.srgb_to_lightness(srgb) - before).mean() < 0.3
        and color.colorfulness(srgb) > 0.2
    )


# Colorizing


def test_one_photograph_gets_the_name_asked_for(run):
    levels = photograph("old.png")
    code, out, err = run("colorize", "old.png", "-o", "new.png")
    assert (code, out) == (0, "")
    assert "old.png -> new.png (36 x 24)" in err
    assert is_colored("new.png", levels)


def test_the_default_name_is_name_color(run):
    levels = photograph("old.png")
    assert run("colorize", "old.png")[0] == 0
    assert is_colored("old-color.png", levels)
    assert sorted(path.name for path in Path().iterdir()) == ["old-color.png", "old.png"]


def test_several_photographs_go_into_a_folder(run):
    first, second = photograph("a.png"), photograph("b.png", level=50)
    code, _, err = run("colorize", "a.png", "b.png", "-o", "out")
    assert code == 0
    assert is_colored("out/a.png", first)
    assert is_colored("out/b.png", second)
    assert "a.png -> out/a.png" in err
    assert "b.png -> out/b.png" in err


def test_a_folder_keeps_its_relative_paths(run):
    shallow, deep = photograph("in/a.png"), photograph("in/x/y/b.png")
    assert run("colorize", "in", "-o", "out")[0] == 0
    assert is_colored("out/a.png", shallow)
    assert is_colored("out/x/y/b.png", deep)
    files = {path.name for path in Path("out").rglob("*") if path.is_file()}
    assert files == {"a.png", "b.png", "photochrom-manifest.jsonl"}


def test_the_model_may_be_named(run):
    photograph("old.png")
    model = shipped_models()[0]
    assert run("colorize", "old.png", "-o", "named.png", "-m", model.name)[0] == 0
    assert run("colorize", "old.png", "-o", "path.png", "--model", model.path)[0] == 0
    assert Path("named.png").read_bytes() == Path("path.png").read_bytes()


def test_quality_is_passed_on(run):
    photograph("old.png", size=(100, 150))
    for quality in (5, 95):
        assert run("colorize", "old.png", "-o", f"{quality}.jpg", "--quality", quality)[0] == 0
    assert Path("5.jpg").stat().st_size < Path("95.jpg").stat().st_size


def test_a_pipe_goes_through_stdin_and_stdout():
    levels = photograph("old.png")
    ran = subprocess.run(
        [SCRIPT, "colorize", "-"],
        input=Path("old.png").read_bytes(),
        capture_output=True,
        check=True,
    )
    Path("new.png").write_bytes(ran.stdout)
    assert ran.stdout.startswith(b"\x89PNG")
    assert is_colored("new.png", levels)
    assert b"stdin -> stdout (36 x 24)" in ran.stderr


def test_a_file_goes_to_stdout_in_its_own_format():
    photograph("old.jpg")
    ran = subprocess.run(
        [SCRIPT, "colorize", "old.jpg", "-o", "-"], capture_output=True, check=True
    )
    assert picture.read(ran.stdout).format == "jpeg"
    assert picture.read(ran.stdout).size == (24, 36)


def test_a_picture_does_not_go_to_a_terminal(run, monkeypatch):
    photograph("old.png")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, err = run("colorize", "old.png", "-o", "-")
    assert (code, out) == (2, "")
    assert "terminal" in err


# What is there already


def test_nothing_is_overwritten(run):
    photograph("old.png")
    Path("new.png").write_bytes(b"precious")
    code, _, err = run("colorize", "old.png", "-o", "new.png")
    assert code == 1
    assert "new.png: the file already exists" in err
    assert Path("new.png").read_bytes() == b"precious"


def test_a_second_run_changes_nothing(run):
    photograph("in/a.png")
    assert run("colorize", "in", "-o", "in/out")[0] == 0
    before = {path: path.read_bytes() for path in Path("in").rglob("*.png")}
    assert run("colorize", "in", "-o", "in/out")[0] == 1
    assert {path: path.read_bytes() for path in Path("in").rglob("*.png")} == before


def test_force_replaces(run):
    levels = photograph("old.png")
    Path("new.png").write_bytes(b"not so precious")
    assert run("colorize", "old.png", "-o", "new.png", "--force")[0] == 0
    assert is_colored("new.png", levels)


def test_a_photograph_is_not_written_over_itself_even_with_force(run):
    photograph("old.png")
    before = Path("old.png").read_bytes()
    code, _, err = run("colorize", "old.png", "-o", "old.png", "--force")
    assert code == 2
    assert "overwrite itself" in err
    assert Path("old.png").read_bytes() == before


# Exit codes


def test_one_broken_file_does_not_stop_the_others(run):
    first, last = photograph("a.png"), photograph("c.png", level=9)
    Path("b.png").write_bytes(b"no picture")
    code, out, err = run("colorize", "a.png", "b.png", "c.png", "-o", "out")
    assert (code, out) == (1, "")
    assert is_colored("out/a.png", first)
    assert is_colored("out/c.png", last)
    assert not Path("out/b.png").exists()
    assert "failed: b.png" in err
    assert "1 of 3 failed" in err


def test_a_missing_file_is_named(run):
    code, _, err = run("colorize", "missing.png")
    assert code == 1
    assert "missing.png: can't be read" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["colorize"], "IN"),
        (["colorize", "old.png", "--nonsense"], "--nonsense"),
        (["colorize", "old.png", "--quality", "0"], "--quality"),
        (["colorize", "old.png", "--quality", "best"], "--quality"),
        (["colorise", "old.png"], "colorise"),
        (["export", "best.ckpt"], "-o OUT.onnx"),
        (["evaluate", "resnet18-gray"], "--data"),
        (["colorize", "folder"], "folder is a folder; name a folder"),
        (["colorize", "old.png", "-o", "new.xyz"], ".xyz"),
        (["colorize", "old.png", "-m", "nonsense"], "'nonsense' is neither"),
        (["colorize", "old.png", "-m", "old.png"], "old.png: this is not a complete ONNX model"),
        (["colorize", "empty", "-o", "out"], "empty: no pictures"),
        (["train", "missing.toml"], "missing.toml"),
        (["train", "broken.toml"], "broken.toml: this is not valid TOML"),
        (["evaluate", "nonsense", "--data", "folder"], "'nonsense' is neither"),
        (["evaluate", "old.png", "--data", "folder"], "not a complete ONNX model"),
    ],
)
def test_wrong_usage_and_input_exit_with_2_and_say_why(run, arguments, word):
    photograph("old.png")
    photograph("folder/a.png")
    Path("empty").mkdir()
    Path("broken.toml").write_text("= nonsense")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert word in err
    assert not list(Path().rglob("*color*"))


def test_an_unknown_recipe_key_exits_with_2_and_the_nearest_key(run):
    Path("mine.toml").write_text("[optim]\nlearning = 1e-3\n")
    code, _, err = run("train", "mine.toml")
    assert code == 2
    assert "unknown key 'optim.learning'; the nearest known one is 'optim." in err
    Path("mine.toml").write_text("")
    code, _, err = run("train", "mine.toml", "--set", "optim.lrr=1")
    assert code == 2
    assert "'optim.lrr'; the nearest known one is 'optim.lr'" in err


def photochrom_errors():
    kinds = {PhotochromError}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, PhotochromError):
            kinds.add(kind)
    return sorted(kinds, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", photochrom_errors())
def test_every_error_of_ours_is_a_message_and_exit_code_2(kind, run, monkeypatch):
    def fail(_):
        raise kind("what was found, what was wanted, what to do")

    monkeypatch.setattr(remote, "status", fail)
    expected = "photochrom: what was found, what was wanted, what to do\n"
    assert run("status", "out") == (2, "", expected)


def test_an_error_of_another_kind_is_not_hidden(run, monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr(remote, "status", fail)
    with pytest.raises(ZeroDivisionError):
        run("status", "out")


def test_an_interrupt_is_no_traceback(run, monkeypatch):
    def interrupt(_, known):
        raise KeyboardInterrupt

    monkeypatch.setattr(helping, "expanded", interrupt)
    code, _, err = run("status", "out")
    assert code == 130
    assert "stopped" in err


def test_an_error_reaches_the_shell_without_a_traceback():
    ran = subprocess.run(
        [SCRIPT, "colorize", "a.jpg", "-m", "nonsense"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("photochrom: 'nonsense' is neither")
    assert ran.stderr.count("\n") == 1


# The other commands


def test_models_lists_name_size_domain_and_licence(run):
    code, out, _ = run("models")
    assert code == 0
    for model in shipped_models():
        assert model.name in out
        assert f"{model.size_bytes / 1e6:.1f} MB" in out
        assert model.licence in out
    assert out.count("(default)") == 1


def test_version(run):
    assert run("--version") == (0, f"photochrom {__version__}\n", "")


def test_help_lists_all_commands(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in COMMANDS:
        assert f" {command} " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, run):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"photochrom {command}" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "mine.toml"],
        ["export", "best.ckpt", "-o", "model.onnx"],
        ["evaluate", shipped_models()[0].name, "--data", "folder"],
        ["evaluate", shipped_models()[0].name, "--data", "flowers102:test"],
    ],
)
def test_without_the_train_extra_it_is_named(arguments):
    photograph("folder/a.png")
    photograph("folder/b.png")
    Path("mine.toml").write_text("")
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments],
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith("photochrom: ")
    assert "pip install 'photochrom[train]'" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


def test_colorize_does_not_need_the_train_extra():
    levels = photograph("old.png")
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, "colorize", "old.png"], check=True)
    assert is_colored("old-color.png", levels)


def test_what_needs_too_much_memory_fails_and_the_others_do_not(run, black_webp):
    photograph("album/a.png")
    Path("album/b.webp").write_bytes(black_webp(9000))
    code, _, err = run("colorize", "album", "-o", "out", "--max-memory-mb", 200)
    assert code == 1
    assert "b.webp: this takes about" in err
    assert "at most 200 MB may be used" in " ".join(err.split())
    assert "--max-memory-mb" in err
    assert [one.name for one in Path("out").glob("*.*g")] == ["a.png"]
