"""`photochrom.studio.site`: a folder of files that is all of the Studio."""

import base64
import hashlib
import json
import re

import pytest

from photochrom.errors import MissingExtraError, ModelNotFoundError, OutputExistsError
from photochrom.runtime.options import DEFAULTS
from photochrom.studio import held, samples, site
from photochrom.studio.installable import WEB


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Stands in for the runtime for browsers, which a checkout lacks."""
    folder = tmp_path / "ort"
    folder.mkdir()
    pin = json.loads((site.RUNTIME / "runtime.json").read_text())
    (folder / "runtime.json").write_text(json.dumps(pin))
    for name in [*pin["files"], "LICENSE", "ThirdPartyNotices.txt"]:
        (folder / name).write_text(name)
    monkeypatch.setattr(site, "RUNTIME", folder)
    return folder


def listed(folder):
    first = (folder / "sw.js").read_text().partition("\n")[0]
    return json.loads(first.removeprefix("const SITE = ").removesuffix(";"))


def test_the_worker_knows_every_file_and_its_hash(runtime, tmp_path):
    folder = site.write_site(tmp_path / "site")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    known = listed(folder)["files"]
    assert there == {*known, "sw.js"}
    for name, expected in known.items():
        digest = hashlib.sha256((folder / name).read_bytes()).digest()
        assert expected == f"sha256-{base64.b64encode(digest).decode()}"


def test_the_page_is_the_servers_with_another_engine_and_a_policy(runtime, tmp_path):
    folder = site.write_site(tmp_path / "site")
    page = (folder / "index.html").read_text()
    assert 'data-engine="local"' in page
    assert f'content="{site.POLICY}"' in page
    for name in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert (folder / name).is_file(), name
    for path in WEB.rglob("*.js"):
        if path.name != "sw.js" and path.parent.name != "film":  # only a server colors films
            served = folder / "static" / path.relative_to(WEB)
            assert served.read_bytes() == path.read_bytes()
    assert page.count('class="print-paper"') == len(samples.TITLES)  # their place is kept
    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', page)
    assert len(preloaded) == len(set(preloaded))
    needed = {"static/session.js", "static/local/remote.js", "static/words/en.js"}
    assert needed <= set(preloaded)
    assert "static/local/worker.js" not in preloaded  # a worker's, not the page's
    manifest = json.loads((folder / "manifest.webmanifest").read_text())
    for icon in manifest["icons"]:
        assert (folder / icon["src"]).is_file()
    about = json.loads((folder / "engine" / "site.json").read_text())
    reads = {one["media_type"]: one["suffixes"] for one in about["reads"]}
    assert reads["image/jpeg"][0] == ".jpg"
    assert manifest["file_handlers"][0]["accept"] == reads
    assert about["quality"] == DEFAULTS.quality


def test_another_model_gives_another_version_and_nothing_stays_behind(runtime, tmp_path):
    folder = site.write_site(tmp_path / "site")
    first = listed(folder)["version"]
    (folder / "mine.txt").write_text("of somebody else")
    (folder / "static" / "gone.js").write_text("of an earlier version")
    worker = (folder / "sw.js").read_text()
    earlier = worker.replace('"files": {', '"files": {"static/gone.js": "", "../../x": "", ', 1)
    (folder / "sw.js").write_text(earlier)
    (tmp_path.parent / "x").write_text("elsewhere")
    site.write_site(folder, model="resnet18-gray", force=True)
    assert listed(folder)["version"] != first
    assert not (folder / "static" / "gone.js").exists()
    assert (folder / "mine.txt").exists()
    assert (tmp_path.parent / "x").exists()
    engine = json.loads((folder / "engine" / "site.json").read_text())
    assert engine["contract"]["name"] == "resnet18-gray"
    site.write_site(folder, force=True)
    assert listed(folder)["version"] == first


def test_a_folder_with_files_is_left_alone(runtime, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    with pytest.raises(OutputExistsError, match="not empty"):
        site.write_site(tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text() == "mine"


def test_a_missing_runtime_and_an_unknown_model_are_said(runtime, tmp_path):
    with pytest.raises(ModelNotFoundError):
        site.write_site(tmp_path / "site", model="nobody")
    (runtime / "LICENSE").unlink()
    with pytest.raises(MissingExtraError, match="make web"):
        site.write_site(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_previews_without_a_server_are_as_the_server_s():
    code = (WEB / "local" / "pixels.js").read_text(encoding="utf-8")
    found = dict(re.findall(r"export const (PREVIEW_\w+) = ([\d.]+);", code))
    assert int(found["PREVIEW_PX"]) == held.PREVIEW_PX
    assert float(found["PREVIEW_QUALITY"]) == held.PREVIEW_QUALITY / 100
