"""The docs site: it builds strictly, and loads nothing from other hosts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from browsers import CHROMIUM

ROOT = Path(__file__).parent.parent

# What makes a browser fetch: not links that a person may follow.
FETCHING = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon))[^>]*?"""
    r"""\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(\s*["']?((?:https?:)?//[^)"']+)|@import\s+["']((?:https?:)?//[^"']+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    pytest.importorskip("zensical")
    pytest.importorskip("mkdocstrings")
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / "src").symlink_to(ROOT / "src")
    shutil.copy(ROOT / "zensical.toml", folder)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build/site"


PAGES = {path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.md")}


def test_every_page_is_built(site):
    assert {page for page in PAGES if not (site / page.with_suffix(".html")).is_file()} == set()
    assert "Colorizer" in (site / "reference/api.html").read_text("utf-8")


def test_every_page_can_be_reached_from_the_navigation():
    named = set(re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text("utf-8")))
    assert named == {page.as_posix() for page in PAGES}


def test_nothing_is_loaded_from_another_host(site):
    found = {
        f"{path.relative_to(site)}: {next(filter(None, match))}"
        for path in site.rglob("*")
        if path.suffix in {".html", ".css", ".svg"}
        for match in FETCHING.findall(path.read_text("utf-8"))
    }
    assert found == set()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_asks_no_other_host(site):
    playwright = pytest.importorskip("playwright.sync_api")
    asked = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("http**/*", lambda route: (asked.append(route.request.url), route.abort()))
        page.goto((site / "index.html").as_uri())
        page.wait_for_timeout(500)
        page.locator(".compare input").first.fill("20")
        moved = "one => one.style.getPropertyValue('--edge')"
        edge = page.locator(".compare").first.evaluate(moved)
        browser.close()
    assert edge == "20%"
    assert asked == []
