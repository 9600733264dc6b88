"""Version, changelog, citation and tag say the same; recipes of packagers, too; workflows hold."""

import importlib.util
import re
from pathlib import Path

import pytest

import photochrom

ROOT = Path(__file__).parent.parent


def script(place):
    spec = importlib.util.spec_from_file_location(Path(place).stem, ROOT / place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = script(".ci/release.py")
dist_check = script("scripts/dist_check.py")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_version_changelog_and_citation_agree():
    assert release.version() == photochrom.__version__
    wrong = release.faults(
        text("CHANGELOG.md"), text("CITATION.cff"), wanted=photochrom.__version__
    )
    assert wrong == []


LOG = """# Changelog

## [0.3.0] - 2027-01-31

### Added

- Something.

## [0.2.0] - 2026-11-26

[0.3.0]: https://example.org/0.3.0
"""
CITATION = "title: x\nversion: 0.3.0\ndate-released: 2027-01-31\n"


@pytest.mark.parametrize(
    ("before", "after", "tag", "said"),
    [
        ("", "", "v0.3.0", None),
        ("", "", "v0.3.1", "the tag is v0.3.1"),
        ("", "", "0.3.0", "the tag is 0.3.0"),
        ("## [0.3.0] - 2027-01-31\n", "", "", "newest version is 0.2.0"),
        (" - 2027-01-31", "", "", "no date"),
        ("[0.3.0]: https://example.org/0.3.0\n", "", "", "links [0.3.0] nowhere"),
        ("- 2027-01-31", "- 2027-02-01", "", "another date"),
        ("# Changelog\n", "# Changelog\n\n## [Unreleased]\n", "v0.3.0", "unreleased changes"),
        ("# Changelog\n", "# Changelog\n\n## [Unreleased]\n", "", None),
    ],
)
def test_what_differs_is_said(before, after, tag, said):
    changelog = LOG.replace(before, after, 1) if before else LOG
    found = release.faults(changelog, CITATION, wanted="0.3.0", tag=tag)
    assert (said is None and not found) or any(said in one for one in found)


def test_another_version_of_the_citation_is_said():
    found = release.faults(LOG, CITATION.replace("0.3.0", "0.2.0"), wanted="0.3.0")
    assert found == ["CITATION.cff has another version"]


def test_notes_are_of_one_version():
    assert release.notes(LOG, "0.3.0") == "### Added\n\n- Something."
    assert len(release.notes(text("CHANGELOG.md"), photochrom.__version__)) > 1000


@pytest.mark.parametrize(
    "place", ["packaging/conda-forge/recipe.yaml", "packaging/homebrew/photochrom.rb"]
)
def test_packagers_recipes_are_of_this_version(place):
    named = re.findall(r'(?:\n  version: "|/photochrom-)(\d+\.\d+\.\d+)', text(place))
    assert named == [photochrom.__version__]


def test_the_conda_recipe_wants_what_the_package_wants():
    import tomllib

    project = tomllib.loads(text("pyproject.toml"))["project"]
    recipe = text("packaging/conda-forge/recipe.yaml")
    for requirement in project["dependencies"]:
        name, _, least = requirement.partition(">=")
        conda = {"pyvips-binary": "libvips"}.get(name, name)
        assert f"- {conda} >={least}\n" in recipe, requirement
    start = project["scripts"]["photochrom"]
    assert f"- photochrom = {start}\n" in recipe


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("photochrom/cli/main.py", True),
        ("photochrom/weights/photochrom.onnx", True),
        ("photochrom/studio/ort/ort-wasm-simd-threaded.wasm", True),
        ("photochrom-0.2.0.dist-info/METADATA", True),
        ("photochrom/__pycache__/main.cpython-311.pyc", False),
        ("photochrom/weights/photochrom.ckpt", False),
        ("photochrom/.DS_Store", False),
        ("tests/test_release.py", False),
    ],
)
def test_what_may_be_in_a_wheel(name, allowed):
    assert bool(dist_check.ALLOWED.fullmatch(name)) is allowed


def test_ways_into_the_wheel_are_looked_at():
    files = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*")}
    assert set(dist_check.WANTED) <= files
