"""The page's models: chosen, compared, grayed out, and removed while the Studio runs."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer
from photochrom.batch.edited import Edited
from photochrom.batch.jobs import Job
from photochrom.models import added, adding
from standins import ddcolor, zhang

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"

pytestmark = pytest.mark.train


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder of added models, with two."""
    monkeypatch.setenv(added.VARIABLE, str(tmp_path / "kept"))
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    adding.add(zhang(tmp_path / "gone.onnx"), like="eccv16")
    (tmp_path / "kept" / "gone.onnx").unlink()
    return tmp_path / "kept"


def test_another_model_paints_says_what_it_can_t_and_may_be_removed(visit, new_server, kept):
    studio = visit(url=new_server().url, expect_faults=True).open(SAMPLES / "flower.jpg")
    page = studio.page
    studio.changed(page.locator("#palette-presets button").first.click)
    palette = studio.lab(0.5, 0.5)

    page.locator("#models-open").click()
    cards = page.locator(".model-card")
    assert cards.locator("strong").all_inner_texts() == [
        "photochrom",
        "resnet18-gray",
        "gone",
        "mine",
    ]
    assert cards.nth(0).get_attribute("aria-pressed") == "true"
    assert cards.nth(2).is_disabled()
    assert "Its file is gone" in cards.nth(2).inner_text()
    assert "palette, reference, alternatives" in cards.nth(3).inner_text()

    page.locator("#models-compare").click()
    page.wait_for_function("() => document.querySelectorAll('.model-card canvas').length === 3")
    page.wait_for_selector("#models-compare:not(:disabled)")
    studio.shot("models-1440-light")

    studio.changed(cards.nth(3).click)
    page.keyboard.press("Escape")
    assert page.locator("#model").inner_text() == "Model mine, on this machine"
    assert np.abs(studio.lab(0.5, 0.5) - palette).max() > 5  # it can't keep to a palette
    for section in ("palette", "reference", "alternatives"):
        part = page.locator(f'[data-section="{section}"]')
        assert "returns colors" in part.locator(".reason").inner_text()
    assert page.locator("#palette-presets").evaluate("one => one.inert") is True
    assert page.locator("#confidence").is_disabled()
    studio.shot("model-1440-light")
    before = studio.lab(0.6, 0.5)
    studio.click(0.6, 0.5)  # hints work with every model, though it can't say what is likely
    page.locator("#picker-hex").fill("#2040c0")
    studio.changed(lambda: page.locator("#picker-hex").press("Enter"))
    page.locator("#picker-close").click()
    assert studio.lab(0.6, 0.5)[2] < before[2] - 10
    page.locator("#download-more").click()
    assert " -m mine " in page.locator("#command").inner_text()
    page.keyboard.press("Escape")

    studio.until_kept("2040c0")
    page.reload()
    page.wait_for_selector(".marker")
    studio.painted()
    page.wait_for_function("() => document.querySelector('#model').textContent.includes('mine')")

    adding.remove("mine")
    page.locator("#warmth").focus()
    page.keyboard.press("End")
    page.wait_for_selector(".message")
    assert "There is no model 'mine' here any more" in page.locator(".message").first.inner_text()
    page.wait_for_function(
        "() => document.querySelector('#model').textContent.includes('photochrom')"
    )
    studio.painted()
    assert page.locator(".cannot").count() == 0
    assert page.locator("#confidence").is_enabled()


def test_the_menu_fits_on_a_phone(new_server, visit, kept):
    phone = {"width": 390, "height": 844}
    studio = visit(url=new_server().url, viewport=phone).open(SAMPLES / "flower.jpg")
    studio.page.locator("#models-open").click()
    studio.page.locator(".model-card").nth(3).click()
    studio.page.wait_for_function(
        "() => document.querySelector('#model').textContent.includes('mine')"
    )
    studio.shot("models-390-light")
    studio.page.keyboard.press("Escape")
    studio.painted()
    studio.assert_fits()


def project(studio, folder):
    """Save the open project."""
    page = studio.page
    page.locator("#job").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the project").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    page.keyboard.press("Escape")
    return path


def test_a_project_and_its_edits_know_their_model(new_server, visit, kept, tmp_path):
    server = new_server()
    studio = visit(url=server.url).open(SAMPLES / "flower.jpg")
    page = studio.page
    studio.changed(page.locator("#palette-presets button").first.click)
    page.locator("#models-open").click()
    studio.changed(page.locator(".model-card").nth(3).click)
    page.keyboard.press("Escape")
    painted = studio.lab(0.5, 0.5)
    saved = project(studio, tmp_path)
    page.locator("#job").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download all as ZIP").click()
    waiting.value.save_as(tmp_path / "all.zip")
    sha256 = added.find_added("mine").sha256
    edits = {}
    for path, name in ((saved, "photographs/"), (tmp_path / "all.zip", "")):
        with zipfile.ZipFile(path) as archive:
            edits[name] = json.loads(archive.read(f"{name}flower.jpg.edits.json"))
            archive.extractall(tmp_path / "all")
        assert edits[name]["model"] == {"name": "mine", "sha256": sha256}
    assert len(edits["photographs/"]["palette"]) > 1
    assert edits[""]["palette"] == []  # what was painted: the model can't follow one
    job = Job(source=SAMPLES / "flower.jpg", target=tmp_path / "flower.jpg")
    job.run(None, edits=Edited(tmp_path / "all", Colorizer("resnet18-gray"), Colorizer))
    one, other = (tmp_path / name for name in ("flower.jpg", "all/flower-color.jpg"))
    same = one.read_bytes() == other.read_bytes()
    assert same

    again = visit(url=server.url)
    again.choose(saved)
    again.painted()
    assert again.page.locator("#model").inner_text() == "Model mine, on this machine"
    assert np.abs(again.lab(0.5, 0.5) - painted).max() < 1
    assert again.page.locator("#messages [role=alert]").count() == 0

    adding.add(zhang(tmp_path / "new.onnx"), like="eccv16", name="mine", replace=True)
    again = visit(url=server.url)
    again.choose(saved)
    again.page.locator("[role=alert]").filter(has_text="is another file than the one").wait_for()
    again.painted()
    assert "mine" in again.page.locator("#model").inner_text()

    adding.remove("mine")
    again = visit(url=server.url)
    again.choose(saved)
    alert = again.page.locator("[role=alert]").filter(has_text="model mine, which isn’t here")
    alert.wait_for()
    again.painted()
    again.shot("model-absent-1440-light")
    assert "photochrom is now the model" in alert.inner_text()
    assert "photochrom" in again.page.locator("#model").inner_text()
