"""The page as an app: installable, kept for when the server is away, and up to date."""

import base64
import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest

from photochrom.studio import installable, server

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A copy of the page's files that may be changed."""
    folder = tmp_path / "web"
    shutil.copytree(installable.WEB, folder)
    for module in (installable, server):
        monkeypatch.setattr(module, "WEB", folder)
    return folder


def kept(page):
    """What the service worker keeps: paths, without their hashes."""
    return set(
        page.evaluate(
            """async () => {
                const found = [];
                for (const name of await caches.keys())
                    for (const { url } of await (await caches.open(name)).keys())
                        found.push(new URL(url).pathname.slice(1));
                return found;
            }"""
        )
    )


def test_the_worker_lists_the_pages_own_files_and_their_hashes(client):
    first, _, _ = client.get("/sw.js").text.partition("\n")
    site = json.loads(first.removeprefix("const SITE = ").removesuffix(";"))
    assert site["policy"] == ""
    assert "index.html" in site["files"]
    for name, expected in site["files"].items():
        assert name == "index.html" or name.startswith("static/")
        answer = client.get("/" if name == "index.html" else f"/{name}")
        digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
        assert expected == f"sha256-{digest}", name


def test_the_manifest_has_what_there_is(client):
    answer = client.get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert "share_target" not in manifest  # the worker keeps no photographs
    assert "image/tiff" in manifest["file_handlers"][0]["accept"]
    for icon in manifest["icons"]:
        assert client.get(f"/{icon['src']}").headers["content-type"] == icon["type"]


def test_it_can_be_installed(start, whole_browser):
    page = whole_browser.new_page()
    page.goto(str(start().base_url))
    page.evaluate("navigator.serviceWorker.ready")
    devtools = page.context.new_cdp_session(page)
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in errors} <= {"in-incognito"}  # as all contexts are
    assert devtools.send("Page.getAppManifest")["errors"] == []


def test_the_worker_keeps_no_photograph(start, visit):
    client = start()
    studio = visit(url=str(client.base_url))
    studio.page.evaluate("navigator.serviceWorker.ready")
    studio.open(SAMPLES / "flower.jpg")
    paths = kept(studio.page)
    assert "index.html" in paths
    assert all(path == "index.html" or path.startswith("static/") for path in paths)


def take_over(page, url, old):
    """Wait until a new version, instead of `old`, is all that is kept.

    It is waited for on a page that requests nothing. A request that comes while the old worker
    stops makes Chromium start it again, until it has rested for 30 s; or for 5 minutes under
    DevTools, which Playwright is.
    """
    page.goto(f"{url}/healthz")
    page.evaluate("navigator.serviceWorker.ready.then((one) => one.update())")
    deadline = time.monotonic() + 30
    while len(names := page.evaluate("caches.keys()")) != 1 or names == [old]:
        assert time.monotonic() < deadline, f"still {names}: no new version takes over"
        page.wait_for_timeout(50)


EDITION = "getComputedStyle(document.body).getPropertyValue('--edition').trim()"


def publish(web):
    """Another version of the page."""
    with (web / "base.css").open("a") as style:
        style.write("body { --edition: 2; }\n")


def test_a_new_version_comes_at_once_whatever_is_kept(visit, start, web):
    page = visit(url=str(start().base_url), expect_faults=True).page
    page.evaluate("navigator.serviceWorker.ready")
    publish(web)
    page.reload()
    assert page.evaluate(EDITION) == "2"


def test_it_opens_without_the_server_and_a_new_version_is_kept_at_once(visit, start, web):
    client = start()
    page = visit(url=str(client.base_url), expect_faults=True).page
    page.evaluate("navigator.serviceWorker.ready")
    [old] = page.evaluate("caches.keys()")
    publish(web)
    take_over(page, client.base_url, old)
    client.server.should_exit = True
    page.wait_for_function("() => fetch('healthz').then(() => false, () => true)")
    page.goto(str(client.base_url))
    page.locator("#offline").get_by_text("The server has stopped").wait_for()
    assert page.evaluate(EDITION) == "2"
