"""The docs tell today's truth: their examples run, their keys and files exist."""

import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
import pyvips

import photochrom
from photochrom import errors as errors_module
from photochrom.training.config import Recipe

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "src/photochrom/samples/flower.jpg"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def with_blocks(language):
    return [
        pytest.param(page, id=page.relative_to(ROOT).as_posix())
        for page in PAGES
        if blocks(page, language)
    ]


def write_film(path):
    """A gray film of a second, panning over the sample."""
    av = pytest.importorskip("av")
    levels = pyvips.Image.thumbnail(str(SAMPLE), 200).colourspace("b-w").numpy().squeeze()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for at in range(25):
            window = np.ascontiguousarray(levels[at : at + 96, at : at + 160])
            frame = av.VideoFrame.from_ndarray(window, format="gray")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder as the docs speak of it: old.jpg, other.jpg in color, old.mp4, and an album."""
    shutil.copy(SAMPLE, tmp_path / "old.jpg")
    shutil.copy(SAMPLE.parent / "originals" / "flower.jpg", tmp_path / "other.jpg")
    write_film(tmp_path / "old.mp4")
    (tmp_path / "album").mkdir()
    shutil.copy(SAMPLE, tmp_path / "album" / "one.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", with_blocks("python"))
def test_python_examples_run(page, desk):
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})


@pytest.mark.parametrize("page", with_blocks("sh"))
def test_shell_examples_run(page, desk):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            ran = subprocess.run(
                line,
                shell=True,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, f"{line}\n{ran.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_recipes_named_exist(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for recipe in re.findall(r"recipes/[\w.-]+\.toml", text):
        assert (ROOT / recipe).exists(), recipe


def test_commands_named_exist():
    known = subprocess.run(
        [Path(sys.executable).with_name("photochrom"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for page in PAGES:
        for line in re.findall(r"^photochrom (.+)$", page.read_text(), re.MULTILINE):
            command = shlex.split(line)[0]
            assert command in known, f"{page}: {line}"


def test_recipe_reference_names_every_key_and_default():
    text = (ROOT / "docs/reference/recipes.md").read_text()
    for name, hint in typing.get_type_hints(Recipe).items():
        if not dataclasses.is_dataclass(hint):
            continue
        section = text.split(f"## [{name}]")[1].split("\n## ")[0]
        for field in dataclasses.fields(hint):
            made = field.default_factory
            default = field.default if made is dataclasses.MISSING else made()
            assert f"| `{field.name}` | `{default!r}` |" in section, f"{name}.{field.name}"


@pytest.mark.parametrize(
    "command",
    ["colorize", "status", "video", "models", "serve", "train", "mix", "export", "evaluate"],
)
def test_command_reference_names_every_option(command):
    photochrom = Path(sys.executable).with_name("photochrom")
    ran = subprocess.run(
        [photochrom, command, "--help"], capture_output=True, text=True, check=True
    )
    text = (ROOT / "docs/reference/command-line.md").read_text()
    section = text.split(f"## photochrom {command}")[1].split("\n## ")[0]
    listed = re.findall(r"^ +(?:-\w, )?--([\w-]+)(?: / --(no-[\w-]+))?", ran.stdout, re.MULTILINE)
    for option, negation in listed:
        named = f"`--{option}`" in section or f"`--{negation}`" in section
        assert named or option == "help", option
    for option in re.findall(r"`--([\w-]+)`", section):
        assert f"--{option}" in ran.stdout, option


# The public names


def python_page():
    return (ROOT / "docs/reference/python.md").read_text()


def test_the_python_page_names_all_that_is_public_and_nothing_else():
    code = " ".join(re.findall(r"`([^`\n]+)`", python_page()))
    named = {word for word in re.findall(r"\w+", code) if word in photochrom.__all__}
    assert named == set(photochrom.__all__)
    errors = {
        name for name in re.findall(r"\b[A-Z]\w+Error\b", python_page()) if name != "ValueError"
    }
    assert errors == {name for name in vars(errors_module) if name.endswith("Error")}


def test_every_error_is_public_and_one_kind_of_what_the_page_says():
    for name, base in re.findall(r"^\| `(\w+Error)` \| `(\w+)` \|", python_page(), re.MULTILINE):
        assert getattr(photochrom, name).__bases__[0] is getattr(photochrom, base)
    tree = errors_module.__doc__.split("A message")[0]
    drawn = set(re.findall(r"\b\w+Error\b", tree)) - {"ValueError"}
    assert drawn == {name for name in vars(errors_module) if name.endswith("Error")}
