"""The docs tell today's truth: their examples run, their keys and files exist."""

import ast
import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
import typing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import pyvips
import typer
from numpy.typing import NDArray

import photochrom
from photochrom import errors as errors_module
from photochrom.cli.main import app
from photochrom.runtime.canvas import Canvas
from photochrom.runtime.recent import Recent
from photochrom.training.config import Recipe

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "src/photochrom/samples/flower.jpg"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def load_script(name):
    """A program of scripts/ as a module."""
    spec = spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load_script("reference")


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


def test_generated_parts_of_the_reference_are_current():
    """Options, routes, formats, names and errors; `python scripts/reference.py` writes them."""
    stale = [page.name for page, text in reference.pages() if page.read_text("utf-8") != text]
    assert stale == []


def test_every_command_and_every_public_name_has_its_place_in_the_reference():
    commands = typer.main.get_command(app).commands
    page = (ROOT / "docs/reference/command-line.md").read_text()
    wanted = {
        name
        for one, command in commands.items()
        for name in (one, *(f"{one} {inner}" for inner in getattr(command, "commands", ())))
    }
    assert set(re.findall(r"<!-- generated: command ([\w -]+) -->", page)) == wanted
    named = re.findall(r"^::: photochrom\..*\.(\w+)$", api_page(), re.MULTILINE)
    errors = {name for name in vars(errors_module) if name.endswith("Error")}
    assert set(named) | errors | {"__version__"} == set(photochrom.__all__)


def api_page():
    return (ROOT / "docs/reference/api.md").read_text()


# The language

BRITISH = re.compile(
    r"\w*(?:colour|grey|centre|neighbour|behaviour|favour|learnt)\w*", re.IGNORECASE
)

NOT_OURS = [
    r"Measuring colourfulness in natural images",  # a title
    r'colourspace|grey16|halign="centre"',  # libvips
    r"\bgrey_\w+|\bgrey(?= =| and frame)",  # identifiers
]

SPOKEN = [
    *PAGES,
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "src/photochrom").rglob("*.py")),
]


@pytest.mark.parametrize("file", SPOKEN, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_prose_and_messages_are_in_american_spelling(file):
    text = file.read_text("utf-8")
    for exception in NOT_OURS:
        text = re.sub(exception, "", text)
    assert BRITISH.findall(text) == []


# What readers can't find

HIDDEN = re.compile(r"field notes|\bissue \d+|\bthis session\b", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_nothing_is_named_that_readers_cannot_find(page):
    assert HIDDEN.findall(page.read_text("utf-8")) == []


# Messages

OF_OTHERS = {
    "`photochrom: command not found`",
    "No matching distribution found for onnxruntime, or for pyvips-binary",
    "can't be written (Access is denied), on Windows",
    "can't be read or written where a path has more than 259 characters, on Windows",
    "can't be written (No space left on device)",
    "Address already in use",
}
"""What the shell, pip or the system says."""


def texts_of_the_code():
    """All texts in the package, with ... for what is put into them."""
    for path in (ROOT / "src/photochrom").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (
                    one.value if isinstance(one, ast.Constant) else "..." for one in node.values
                )
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_troubleshooting_knows_messages_that_there_are():
    page = (ROOT / "docs/help/troubleshooting.md").read_text()
    rows = re.findall(r"^\| (.+?) \| .+ \|$", page, re.MULTILINE)
    assert len(rows) > 90
    texts = "\n".join(texts_of_the_code())
    unknown = [
        row
        for row in set(rows) - OF_OTHERS - {"message"}
        for part in re.split(r"\.\.\.| / ", row.strip("`"))
        if part.strip(" '()") not in texts
    ]
    assert unknown == []


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


def own_classes(annotation):
    """The classes of this package that a type names."""
    for one in typing.get_args(annotation):
        yield from own_classes(one)
    kind = typing.get_origin(annotation) or annotation
    if isinstance(kind, type) and kind.__module__.startswith("photochrom."):
        yield kind


def calls_of(found):
    """A public name's own call, and those of its methods and properties."""
    yield found
    for name, one in vars(found).items() if isinstance(found, type) else ():
        call = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
        if isinstance(call, types.FunctionType) and (name[0] != "_" or name == "__init__"):
            yield call


@pytest.mark.parametrize("name", [one for one in photochrom.__all__ if one[0] != "_"])
def test_what_a_public_call_takes_and_returns_is_public(name):
    public = {one: getattr(photochrom, one) for one in photochrom.__all__}
    for_types = {"np": np, "NDArray": NDArray, "Recent": Recent, "Canvas": Canvas}
    for call in calls_of(public[name]):
        known = vars(sys.modules[call.__module__]) | for_types | public
        for what, kind in typing.get_type_hints(call, known).items():
            secret = set(own_classes(kind)) - set(public.values())
            assert what[0] == "_" or not secret, f"{call.__qualname__}, {what}"


def test_every_error_is_public_and_one_kind_of_what_the_page_says():
    for name, base in re.findall(r"^\| `(\w+Error)` \| `(\w+)` \|", python_page(), re.MULTILINE):
        assert getattr(photochrom, name).__bases__[0] is getattr(photochrom, base)
    tree = errors_module.__doc__.split("A message")[0]
    drawn = set(re.findall(r"\b\w+Error\b", tree)) - {"ValueError"}
    assert drawn == {name for name in vars(errors_module) if name.endswith("Error")}


@pytest.mark.parametrize("path", sorted((ROOT / "docs/images").glob("*.svg")), ids=lambda p: p.name)
def test_pictures_of_the_terminal_show_no_folder_of_the_machine_that_took_them(path):
    absolute = re.findall(r"&#160;/[^<&]+", path.read_text(encoding="utf-8"))
    assert absolute == []
