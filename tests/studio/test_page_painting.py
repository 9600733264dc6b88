"""Previews that the page paints by itself, from what the server knows of the colors."""

import base64
from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer, Hint
from photochrom.pictures import picture

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"
HINT = (200, 120, "#3060c0")

LEVELS = """async () => {
    const image = document.querySelector(".images .after");
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.split(",")[1]);
        reader.readAsDataURL(new Blob([data]));
    });
}"""


@pytest.fixture
def hinted(visit):
    """(photograph, settings of the visit) -> the page with the photograph and a hint."""

    def call(photograph, **settings):
        studio = visit(**settings)
        if studio.page.locator("body.no-hints").count():
            pytest.skip("the model takes no hints")
        studio.open(photograph)
        studio.page.wait_for_selector(".images .before:not(.made-gray)")
        width, height = picture.read(photograph).size[::-1]
        x, y, written = HINT
        studio.hint(x / width, y / height, written)
        return studio

    return call


def levels_of(studio, height):
    levels = base64.b64decode(studio.page.evaluate(LEVELS))
    return np.frombuffer(levels, np.uint8).reshape(height, -1, 4)[..., :3]


def python_s(photograph):
    """What Python paints with the hint as the page has set it."""
    x, y, written = HINT
    hint = Hint.at(x, y, written, reach=1.0)
    return Colorizer(threads=1).prepare(photograph).paint(hints=[hint]).srgb().astype(int)


def test_a_hint_is_painted_by_the_page_as_python_paints_it(hinted):
    photograph = SAMPLES / "china.jpg"
    studio = hinted(photograph)
    studio.page.wait_for_selector("canvas.after")
    expected = python_s(photograph)
    off = np.abs(levels_of(studio, len(expected)).astype(int) - expected)
    assert off.mean() < 2.5  # the gray has come as JPEG
    assert np.quantile(off, 0.99) < 14


def test_a_border_stays_gray_where_the_page_paints(hinted, tmp_path):
    gray = picture.read(SAMPLES / "china.jpg").srgb()[:300, :400, 0]
    framed = np.full((360, 470), 245, np.uint8)
    framed[30:330, 40:440] = gray
    picture.from_array(framed).save(tmp_path / "framed.png")
    studio = hinted(tmp_path / "framed.png")
    studio.page.wait_for_selector("canvas.after")
    levels = levels_of(studio, 360).astype(int)
    assert np.ptp(levels[:24], axis=-1).max() <= 1
    assert np.ptp(levels[:, 448:], axis=-1).max() <= 1
    assert np.ptp(levels[60:300, 80:400], axis=-1).mean() > 10


def test_the_painting_is_there_after_another_photograph_was_seen(visit):
    studio = visit()
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.open(SAMPLES / "china.jpg", SAMPLES / "flower.jpg")
    studio.page.wait_for_function("() => document.querySelectorAll('.film.ready').length === 2")
    studio.hint(0.8, 0.15, "#2040d0")
    studio.hint(0.8, 0.2, "#2040d0")
    studio.page.wait_for_selector("canvas.after")
    blue = studio.lab(0.8, 0.15)
    for _ in range(2):
        studio.page.keyboard.press("Escape")
        studio.stage.press("]")
        studio.painted()
    assert np.abs(studio.lab(0.8, 0.15) - blue).max() < 3
    shown = studio.page.locator(".film-pick[aria-current] img")
    assert shown.evaluate("image => image.src") == studio.shown()


def test_the_server_paints_where_the_page_cannot(visit):
    studio = visit(expect_faults=True, service_workers="block")
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.page.route("**/previews.js", lambda route: route.abort())
    studio.page.reload()
    studio.page.wait_for_selector(".print-paper")
    studio.open(SAMPLES / "china.jpg")
    for y in (0.15, 0.3):
        studio.hint(0.8, y, "#2040d0")
        assert studio.page.locator("img.after").count() == 1
