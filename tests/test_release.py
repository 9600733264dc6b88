"""Version, changelog, citation and tag say the same; recipes of packagers, too; workflows hold."""

import hashlib
import importlib.util
import re
import tomllib
import zipfile
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
packagers = script(".ci/packagers.py")
dist_check = script("scripts/dist_check.py")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_version_changelog_and_citation_agree():
    assert release.version() == photochrom.__version__
    wrong = release.faults(*map(text, release.NAMES), wanted=photochrom.__version__)
    assert wrong == []


def test_each_version_has_release_notes():
    versions = re.findall(r"^## \[(\d.+?)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert re.findall(r"^## (.+)$", text("docs/help/release-notes.md"), re.MULTILINE) == versions


LOG = """# Changelog

## [0.3.0] - 2027-01-31

### Added

- Something.

## [0.2.0] - 2026-11-26

[0.3.0]: https://example.org/0.3.0
"""
NOTES = "# Release notes\n\n## 0.3.0\n\n## 0.2.0\n"
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
    found = release.faults(changelog, CITATION, NOTES, wanted="0.3.0", tag=tag)
    assert (said is None and not found) or any(said in one for one in found)


def test_another_version_of_the_citation_is_said():
    found = release.faults(LOG, CITATION.replace("0.3.0", "0.2.0"), NOTES, wanted="0.3.0")
    assert found == ["CITATION.cff has another version"]


def test_missing_release_notes_are_said():
    found = release.faults(LOG, CITATION, NOTES.replace("## 0.3.0\n", ""), wanted="0.3.0")
    assert found == ["the newest release notes are of 0.2.0"]


def test_notes_are_of_one_version():
    assert release.notes(LOG, "0.3.0") == "### Added\n\n- Something."
    assert len(release.notes(text("CHANGELOG.md"), photochrom.__version__)) > 1000


@pytest.mark.parametrize(
    "place", ["packaging/conda-forge/recipe.yaml", "packaging/homebrew/photochrom.rb"]
)
def test_packagers_recipes_are_of_this_version(place):
    named = re.findall(r'(?:\n  version: "|/photochrom-)(\d+\.\d+\.\d+)', text(place))
    assert named == [photochrom.__version__]


def test_packagers_recipes_get_the_hash_of_the_sdist(tmp_path):
    sdist = tmp_path / f"photochrom-{photochrom.__version__}.tar.gz"
    sdist.write_bytes(b"an sdist")
    digest = hashlib.sha256(b"an sdist").hexdigest()
    written = packagers.write(tmp_path, tmp_path / "out")
    assert [path.name for path in written] == ["recipe.yaml", "photochrom.rb"]
    for path, recipe in zip(written, packagers.RECIPES, strict=True):
        before, after = recipe.read_text("utf-8"), path.read_text("utf-8")
        assert after.count(digest) == 1
        assert after.replace(digest, "0" * 64) == before


def test_packagers_recipes_of_another_version_are_refused(tmp_path):
    (tmp_path / "photochrom-9.9.9.tar.gz").write_bytes(b"")
    with pytest.raises(SystemExit, match="the recipes are of"):
        packagers.write(tmp_path, tmp_path / "out")


def test_a_wheel_without_the_runtime_for_browsers_is_refused(tmp_path):
    wheel = tmp_path / f"photochrom-{photochrom.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in dist_check.WANTED:
            archive.writestr(name, "")
    with pytest.raises(SystemExit, match=r"lacks .*\.wasm, .*browser_runtime\.py"):
        dist_check.look_into(wheel)


def test_a_release_makes_everything_of_what_was_tried():
    jobs = re.split(r"\n  (?=\w+:\n)", text(".github/workflows/release.yml"))
    (image,) = (job for job in jobs if job.startswith("image:\n"))
    assert "name: dist\n          path: dist\n" in image  # where the Dockerfile looks for a wheel
    assert "dist/*.whl" in text("Dockerfile")
    assert "!dist/*.whl" in text(".dockerignore")
    build = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]
    assert build["artifacts"] == ["src/photochrom/studio/ort/*"]  # in the sdist, too
    tried = text("Makefile").partition("\ndist-check: ")[2].partition("\n\n")[0]
    assert tried.startswith("$(RUNTIME) $(DIST) ")  # libraries, whose licenses go along
    assert tried.index("browser_runtime.py") < tried.index("dist_check.py")


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/guides/without-a-server.md"])
def test_the_web_app_is_one_click_away_where_the_release_puts_it(page):
    site, pages = (
        text(".github/workflows/release.yml").partition(f"\n  {job}:\n")[2].partition("\n\n")[0]
        for job in ("site", "pages")
    )
    assert "name: web\n          path: build/site/app\n" in site
    assert site.endswith("        with:\n          path: build/site")  # of what is uploaded
    assert "needs: [site, " in pages
    project = tomllib.loads(text("pyproject.toml"))["project"]
    owner, name = project["urls"]["Changelog"].split("/")[3:5]
    assert f"(https://{owner}.github.io/{name}/app/)" in text(page)


def test_the_conda_recipe_wants_what_the_package_wants():
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
