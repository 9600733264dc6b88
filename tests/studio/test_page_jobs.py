"""Many photographs, one job: carried looks, one ZIP, projects, before and after."""

import json
import subprocess
import sysconfig
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import pyvips

from photochrom.pictures import picture

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"
SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"


@pytest.fixture
def studio(visit):
    """The page with two photographs open, the first of them warmer and hinted."""
    studio = visit()
    studio.choose(SAMPLES / "flower.jpg", SAMPLES / "chelsea.jpg")
    studio.page.wait_for_selector(".film.ready >> nth=1")
    studio.painted()
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.hint(0.6, 0.5, "#7a3fb0")
    studio.page.locator("#warmth").focus()
    studio.changed(lambda: studio.page.keyboard.press("End"))
    return studio


def job(studio, name):
    """Press a button of the sheet for all photographs."""
    studio.page.locator("#job").click()
    studio.page.get_by_role("button", name=name).click()


def saved(studio, name, folder):
    with studio.page.expect_download() as waiting:
        job(studio, name)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    studio.page.keyboard.press("Escape")
    return path


def test_one_zip_has_all_and_its_edits_give_the_same_pixels(studio, tmp_path):
    with zipfile.ZipFile(saved(studio, "Download all as ZIP", tmp_path)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        archive.extractall(tmp_path / "all")
    assert names == [
        "flower-color.jpg",
        "flower.jpg.edits.json",
        "chelsea-color.jpg",
        "chelsea.jpg.edits.json",
    ]
    edits = json.loads((tmp_path / "all" / "flower.jpg.edits.json").read_text())
    assert edits["warmth"] == 1
    assert len(edits["hints"]) == 1
    command = [SCRIPT, "colorize", SAMPLES / "flower.jpg", SAMPLES / "chelsea.jpg"]
    command += ["-o", f"{tmp_path / 'again'}/", "--edits", tmp_path / "all"]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("flower", "chelsea"):
        again = (tmp_path / "again" / f"{name}.jpg").read_bytes()
        assert (tmp_path / "all" / f"{name}-color.jpg").read_bytes() == again


def test_what_still_waits_to_be_read_is_saved_too(visit, tmp_path):
    studio = visit()
    names = [f"{number:02}.jpg" for number in range(12)]
    for name in names:
        (tmp_path / name).write_bytes((SAMPLES / "flower.jpg").read_bytes())
    studio.choose(*(tmp_path / name for name in names))
    studio.page.wait_for_selector(".film.ready")
    waiting = studio.page.locator(".film:not(.ready)").count()
    with zipfile.ZipFile(saved(studio, "Save the project", tmp_path)) as archive:
        assert json.loads(archive.read("photochrom.json"))["photographs"] == names
    assert waiting > 0


def test_a_project_opens_everything_again(studio, tmp_path, visit):
    studio.shot("job-1440-light")
    project = saved(studio, "Save the project", tmp_path)
    assert project.name == "flower.photochrom.zip"
    wanted = studio.lab(0.6, 0.5)
    again = visit()
    again.choose(project)
    again.page.wait_for_selector(".film.ready >> nth=1")
    again.painted()
    assert again.page.locator(".marker").count() == 1
    assert again.page.locator("#warmth").input_value() == "1"
    assert np.abs(again.lab(0.6, 0.5) - wanted).max() < 1
    other = tmp_path / "other.zip"
    other.write_bytes(b"PK no project")
    again.choose(other, opener="#open-more")
    again.page.locator("#messages [role=alert]").filter(
        has_text="not a Photochrom project"
    ).wait_for()


def test_a_look_goes_over_to_the_others_and_keys_go_from_one_to_the_next(studio):
    job(studio, "The look")
    studio.page.wait_for_selector("#job-sheet:not([open])", state="attached")
    studio.page.keyboard.press("]")
    studio.painted()
    assert "chelsea.jpg" in studio.page.locator("#title").inner_text()
    assert studio.page.locator("#warmth").input_value() == "1"
    assert studio.page.locator(".marker").count() == 0  # hints are no look
    studio.changed(lambda: studio.page.keyboard.press("Control+z"))
    assert studio.page.locator("#warmth").input_value() == "0"
    studio.page.keyboard.press("[")
    studio.painted()
    assert "flower.jpg" in studio.page.locator("#title").inner_text()


def test_before_and_after_can_be_shared(studio, tmp_path):
    beside = picture.read(saved(studio, "Side by side", tmp_path)).srgb().astype(float)
    height, width = picture.read(SAMPLES / "flower.jpg").size
    assert beside.shape[:2] == (height, 2 * width + 12)
    left, right = beside[:, :width], beside[:, -width:]
    assert np.abs(left - left[..., :1]).mean() < 2 < np.abs(right - right[..., :1]).mean()
    animation = pyvips.Image.new_from_file(saved(studio, "Animation (WebP)", tmp_path), n=-1)
    assert (animation.width, animation.get("page-height")) == (width, height)
    frames = animation.numpy()[..., :3].reshape(-1, height, width, 3)
    chroma = [np.ptp(frame.astype(float), axis=-1).mean() for frame in frames]
    assert len(chroma) == 32
    assert chroma[0] < 3 < chroma[16] / 2
    assert max(chroma) == pytest.approx(chroma[16], rel=0.1)
    if find_spec("av"):
        film = saved(studio, "Film (MP4)", tmp_path)
        assert film.name == "flower-before-after.mp4"
        assert film.read_bytes()[4:8] == b"ftyp"
    page = saved(studio, "Page with a slider", tmp_path).read_text()
    assert page.count("data:image/") == 2
    assert "http" not in page.replace("http-equiv", "")


def test_the_colors_as_a_layer_give_the_painted_photograph_over_the_gray_one(studio, tmp_path):
    def downloaded(button):
        studio.page.locator("#download-more").click()
        studio.page.locator("#formats input[value=png]").check(force=True)
        with studio.page.expect_download() as waiting:
            studio.page.locator(button).click()
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
        return pyvips.Image.new_from_file(tmp_path / waiting.value.suggested_filename).numpy()

    painted = downloaded("#download-as").astype(float)
    layer = downloaded("#download-layer").astype(float)
    assert (tmp_path / "flower-colors.png").exists()
    gray = picture.read(SAMPLES / "flower.jpg").srgb().astype(float)
    cover = layer[..., 3:] / 255
    off = np.abs(gray * (1 - cover) + layer[..., :3] * cover - painted)
    assert off.mean() < 1
    assert np.quantile(off, 0.999) <= 6
    assert cover.mean() < 0.95  # the rest is left to the photograph
