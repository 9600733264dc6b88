"""Ways in: the start page, photographs without a command, help, exit codes, completion."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from photochrom.cli import help
from photochrom.cli.codes import ExitCode
from photochrom.cli.main import app
from photochrom.version import __version__

ROOT = Path(__file__).parents[2]
KNOWN = {"colorize", "models", "--help", "--version"}
PROGRAM = typer.main.get_command(app)


def run(*arguments, **environment):
    command = [sys.executable, "-m", "photochrom", *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    (tmp_path / "old.jpg").write_bytes(b"")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["old.jpg"], ["colorize", "old.jpg"]),
        (["gone.tif", "-o", "x.tif"], ["colorize", "gone.tif", "-o", "x.tif"]),
        (["album", "-o", "out"], ["colorize", "album", "-o", "out"]),
        (["s3://bucket/in", "-o", "out"], ["colorize", "s3://bucket/in", "-o", "out"]),
        (["-"], ["colorize", "-"]),
        (["-o", "new", "old.jpg"], ["colorize", "-o", "new", "old.jpg"]),
        (["colorize", "old.jpg"], ["colorize", "old.jpg"]),
        (["colorise", "old.jpg"], ["colorise", "old.jpg"]),
        (["--versoin"], ["--versoin"]),
        (["--help"], ["--help"]),
        (["models"], ["models"]),
        ([], []),
    ],
)
def test_photographs_need_no_command_before_them(words, expected):
    assert help.expanded(words, known=KNOWN.__contains__) == expected


def test_a_file_of_a_commands_name_is_the_command():
    Path("models").write_bytes(b"")
    assert help.expanded(["models"], known=KNOWN.__contains__) == ["models"]


def test_alone_it_says_what_to_type_next():
    ran = run()
    assert ran.returncode == ExitCode.DONE
    assert f"Photochrom {__version__}" in ran.stdout
    for line in ("photochrom photo.jpg", "photochrom serve --open", "photochrom --help"):
        assert line in ran.stdout
    assert ran.stderr == ""


def test_a_photograph_alone_is_colorized():
    sample = next((ROOT / "src/photochrom/samples").glob("*.jpg"))
    Path("photo.jpg").write_bytes(sample.read_bytes())
    ran = run("photo.jpg")
    assert ran.returncode == ExitCode.DONE, ran.stderr
    assert Path("photo-color.jpg").stat().st_size > 1000


@pytest.mark.parametrize("command", sorted(help.GROUPS))
def test_every_option_is_in_one_group(command):
    grouped = [name for names in help.GROUPS[command].values() for name in names]
    assert len(grouped) == len(set(grouped))
    options = {one.name for one in PROGRAM.commands[command].params if one.opts[0].startswith("-")}
    assert set(grouped) == options


def test_every_command_is_in_one_group():
    grouped = [name for names in help.COMMANDS.values() for name in names]
    assert sorted(grouped) == sorted(PROGRAM.commands)


@pytest.mark.parametrize("words", [(), ("models",)])
def test_what_a_command_does_is_said_to_the_end_at_80_columns(words, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    listed = run(*words, "--help")[1].partition("Show this message")[2]
    assert listed.count(".\n") >= 6
    assert "..." not in listed


def test_help_has_groups_and_examples_that_can_be_typed():
    text = PROGRAM.commands["colorize"].get_help(
        typer.Context(PROGRAM.commands["colorize"], info_name="photochrom colorize")
    )
    headings = re.findall(r"^(\S[^\n]*):$", text, re.MULTILINE)
    assert headings == ["Arguments", *help.GROUPS["colorize"], "Options", "Examples"]
    for command, examples in help.EXAMPLES.items():
        for words, _ in examples:
            program, name, *rest = words.split()
            assert (program, name) == ("photochrom", command)
            PROGRAM.commands[command].make_context(command, rest, resilient_parsing=True)


@pytest.mark.parametrize("command", sorted(PROGRAM.commands))
def test_the_help_shows_words_for_values_as_the_reference_does(command, run):
    text = run(command, "--help")[1]
    assert re.findall(r"<(?:float|int|list|path|str)\b", text) == []
    page = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    section = page.partition(f"## photochrom {command}\n")[2].partition("\n## ")[0]
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+ [A-Z]+)(?: |$)", text, re.MULTILINE)
    assert all(option in section for option in options), options


def test_exit_codes_are_those_of_the_reference():
    page = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE))
    assert rows == {str(int(code)): code.meaning for code in ExitCode}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell):
    words = {"COMP_WORDS": "photochrom col", "COMP_CWORD": "1"}
    words |= {"_TYPER_COMPLETE_ARGS": "photochrom col", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    code = "import sys; sys.argv = ['photochrom']; from photochrom.cli.start import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **words, "_PHOTOCHROM_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "colorize" in ran.stdout, ran.stderr
    assert "models" not in ran.stdout
