"""Hints that people can trust: what they take, what is kept, and colours with names."""

import json
from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer, color
from photochrom.runtime.edits import load_edits

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"

REGION = """() => {
    const canvas = document.querySelector("#region");
    if (canvas.hidden) return null;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return { width: canvas.width, height: canvas.height,
        mask: [...data.filter((_, at) => at % 4 === 3)] };
}"""


@pytest.fixture
def studio(visit):
    """The page with china.jpg open."""
    studio = visit().open(SAMPLES / "china.jpg")
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    return studio


def set_slider(page, selector, value):
    page.evaluate(
        """([selector, value]) => {
            const slider = document.querySelector(selector);
            slider.value = value;
            slider.dispatchEvent(new Event("input"));
            slider.dispatchEvent(new Event("change"));
        }""",
        [selector, value],
    )


def test_what_a_hint_would_take_lights_up_and_is_what_python_says(studio):
    asked = []
    studio.page.on("request", lambda request: asked.append(request.url))
    studio.page.mouse.move(*studio.place(0.8, 0.15))
    studio.page.wait_for_selector("#region:not([hidden])")
    shown = studio.page.evaluate(REGION)
    mask = np.array(shown["mask"]).reshape(shown["height"], shown["width"]) / 127.5
    prepared = Colorizer(threads=1).prepare(SAMPLES / "china.jpg")
    expected = prepared.region(0.8 * 640, 0.15 * 427)
    assert mask.shape == expected.shape
    assert np.abs(mask - expected).max() < 0.05
    studio.shot("region-1440-light")
    before = studio.page.evaluate("document.querySelector('#region').toDataURL()")
    studio.page.mouse.move(*studio.place(0.45, 0.7))  # without asking again
    studio.page.wait_for_function(
        "before => { const one = document.querySelector('#region'); return !one.hidden &&"
        " one.toDataURL() !== before; }",
        arg=before,
    )
    assert sum("/traits" in url for url in asked) == 1
    assert sum("/region" in url for url in asked) == 0


def test_a_hint_keeps_to_its_region_and_its_reach_can_be_changed(studio):
    sky, roof = (0.8, 0.6), (0.45, 0.75)
    before = studio.lab(*roof)
    studio.click(*sky)
    studio.page.wait_for_selector(".likely-one")
    words = studio.page.locator(".likely-one small").all_inner_texts()
    assert words[0] == "most likely"
    assert not any("%" in one for one in words)
    studio.page.locator("#region").wait_for()  # what it will take, from an answer of its own
    picker, frame = (studio.page.locator(one).bounding_box() for one in ("#picker", "#frame"))
    assert picker["x"] >= frame["x"] + frame["width"]  # it covers nothing of the photograph
    studio.shot("picker-1440-light")
    studio.changed(studio.page.get_by_role("button", name="Brick").click)
    assert np.hypot(*(studio.lab(*roof) - before)[1:]) < 4
    narrow = studio.chroma()
    studio.changed(lambda: set_slider(studio.page, "#reach", 100))
    assert studio.page.locator("#reach-value").inner_text() == "As far as the model decides"
    assert studio.chroma() != pytest.approx(narrow, abs=0.05)
    studio.page.keyboard.press("Escape")
    studio.page.locator("#download-more").click()
    path = studio.download("#download-hints").path()
    (hint,) = json.loads(Path(path).read_text())["hints"]
    assert "reach" not in hint


def test_what_is_no_color_is_answered_with_what_is_wanted(studio):
    studio.click(0.8, 0.65)
    studio.page.wait_for_selector(".likely-one")
    field, wanted = studio.page.locator("#picker-hex"), studio.page.locator("#hex-wanted")
    field.fill("blue")
    field.press("Enter")
    wanted.get_by_text("Write a color as #rrggbb").wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("#c03030")
    studio.changed(lambda: field.press("Enter"))
    assert wanted.is_hidden()
    assert field.get_attribute("aria-invalid") == "false"


def test_a_kept_place_stays_and_can_be_let_go(studio):
    studio.page.locator("#tool-keep").click()
    studio.changed(lambda: studio.drag(studio.place(0.7, 0.55), studio.place(0.9, 0.55)))
    before = studio.lab(0.8, 0.55)
    assert "Kept" in studio.page.locator("#hint-list").inner_text()
    studio.page.locator("#tool-hint").click()
    studio.click(0.8, 0.65)
    studio.page.wait_for_selector(".likely-one")
    set_slider(studio.page, "#reach", 100)
    studio.page.locator("#picker-hex").fill("#c03030")
    studio.changed(lambda: studio.page.locator("#picker-hex").press("Enter"))
    studio.page.locator("#picker-close").click()
    kept = np.hypot(*(studio.lab(0.8, 0.55) - before)[1:])
    assert kept < 1
    studio.shot("kept-1440-light")
    studio.changed(studio.page.get_by_role("button", name="Delete the kept place").click)
    assert np.hypot(*(studio.lab(0.8, 0.55) - before)[1:]) > kept + 0.2


def test_the_eyedropper_takes_a_colour_from_the_photograph(studio):
    studio.click(0.8, 0.62)
    studio.page.wait_for_selector(".likely-one")
    studio.page.locator("#eyedropper").click()
    wanted = studio.lab(0.1, 0.62, reach=0.004)
    studio.changed(lambda: studio.click(0.1, 0.62))
    taken = studio.page.locator("#picker-hex").input_value()
    rgb = np.array(list(bytes.fromhex(taken[1:])), dtype=np.uint8)
    assert np.hypot(*(color.srgb_to_lab(rgb) - wanted)[1:]) < 6
    assert studio.page.locator(".marker").count() == 1


def test_the_eyedropper_takes_colors_from_other_pictures_with_keys_too(studio):
    page, taken = studio.page, []
    studio.choose(SAMPLES / "flower.jpg", opener="#open-more")
    page.wait_for_function(
        "() => document.querySelector('#title-name').textContent === 'flower.jpg'"
    )
    studio.painted()
    studio.changed(
        lambda: studio.choose(SAMPLES / "originals" / "mountains.jpg", opener=".reference-empty")
    )
    studio.click(0.7, 0.5)
    page.wait_for_selector(".likely-one")
    film, reference = page.locator(".film-pick >> nth=0"), page.locator(".reference-print")

    def by_key(one, *keys):
        one.focus()
        for key in (*keys, "Enter"):
            page.keyboard.press(key)

    for take in (
        lambda: film.click(position={"x": 8, "y": 8}),
        lambda: reference.click(position={"x": 20, "y": 50}),
        lambda: by_key(film),
        lambda: by_key(reference),
        lambda: by_key(studio.stage, "ArrowLeft", "ArrowLeft"),
    ):
        by_key(page.locator("#eyedropper"))
        studio.changed(take)
        taken.append(page.locator("#picker-hex").input_value())
    assert len(set(taken)) == len(taken)
    assert page.locator(".marker").count() == 1
    assert page.locator("#title-name").inner_text() == "flower.jpg"
    assert page.locator("#eyedropper").get_attribute("aria-pressed") == "false"


def test_tone_is_for_the_whole_picture_and_keys_find_uncertain_places(studio):
    colorful = studio.chroma()
    studio.changed(lambda: set_slider(studio.page, "#strength", 0))
    assert studio.chroma() < 2 < colorful
    studio.changed(lambda: studio.page.keyboard.press("Control+z"))
    yellow = studio.lab(0.5, 0.3)[2]
    studio.changed(lambda: set_slider(studio.page, "#warmth", 1))
    assert studio.lab(0.5, 0.3)[2] > yellow + 2
    studio.page.keyboard.press("u")
    studio.page.wait_for_selector("#next-uncertain:not([hidden])")
    studio.page.keyboard.press("n")
    studio.page.wait_for_selector("#cross.shown", state="attached")
    studio.shot("confidence-1440-light")
    studio.page.keyboard.press("Enter")
    studio.page.wait_for_selector(".likely-one")


def test_a_lasso_has_its_own_tone_and_goes_to_the_command_line(studio):
    page = studio.page
    bush, sky = (0.7, 0.86), (0.8, 0.55)
    before = [studio.lab(*place) for place in (bush, sky)]
    page.get_by_role("button", name="New lasso").click()
    corners = [(0.58, 0.75), (0.85, 0.75), (0.85, 0.97), (0.58, 0.97)]
    studio.drag(*(studio.place(*corner) for corner in corners))
    page.wait_for_selector("#tone-for [aria-pressed=true]:has-text('Lasso 1')")
    studio.changed(lambda: set_slider(page, "#warmth", -1))
    studio.shot("lasso-1440-light")
    assert studio.lab(*bush)[2] < before[0][2] - 8
    assert np.hypot(*(studio.lab(*sky) - before[1])[1:]) < 1
    page.get_by_role("button", name="Whole picture").click()
    assert page.locator("#warmth").input_value() == "0"
    page.locator("#download-more").click()
    assert "--edits" in page.locator("#command").inner_text()
    edits = load_edits(Path(studio.download("#download-hints").path()))
    page.keyboard.press("Escape")
    painted = Colorizer(threads=1).prepare(SAMPLES / "china.jpg").paint(lassos=edits.look.lassos)
    lab = color.srgb_to_lab(painted.srgb())[362:372, 443:453].mean(axis=(0, 1))
    assert np.hypot(*(studio.lab(*bush) - lab)[1:]) < 4
    page.get_by_role("button", name="Lasso 1").click()
    studio.changed(page.locator("#lasso-delete").click)
    assert np.hypot(*(studio.lab(*bush) - before[0])[1:]) < 3  # which came as a JPEG


def test_a_lasso_is_drawn_by_keys(studio):
    page = studio.page
    page.get_by_role("button", name="New lasso").click()
    for key in ("Enter", "ArrowRight", "ArrowRight", "Enter", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    studio.changed(lambda: page.keyboard.press("Enter"))  # where the last corner lies
    page.wait_for_selector("#tone-for [aria-pressed=true]:has-text('Lasso 1')")
    assert page.locator(".marker").count() == 0


def test_hints_are_selected_moved_and_deleted_together(studio):
    page = studio.page
    for x, y in ((0.2, 0.3), (0.3, 0.4), (0.8, 0.6)):
        studio.hint(x, y, "#c03030")
    places = lambda: [one.bounding_box() for one in page.locator(".marker").all()]  # noqa: E731
    before = places()
    page.keyboard.down("Shift")
    studio.drag(studio.place(0.1, 0.2), studio.place(0.4, 0.5))
    page.keyboard.up("Shift")
    page.wait_for_selector(".marker.grouped >> nth=1")
    assert page.locator(".marker.grouped").count() == 2
    page.wait_for_function("() => document.querySelector('#announce').textContent.includes('2')")
    assert "selected" in page.locator(".marker").first.get_attribute("aria-label")
    studio.shot("group-1440-light")
    box = before[0]
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    studio.changed(lambda: studio.drag(middle, (middle[0] + 40, middle[1] + 30)))
    after = places()
    moved = [(b["x"] - a["x"], b["y"] - a["y"]) for a, b in zip(before, after, strict=True)]
    assert np.allclose(moved, [(40, 30), (40, 30), (0, 0)], atol=1.5)
    page.locator(".marker").nth(2).focus()
    page.keyboard.press("Shift+Enter")
    assert page.locator(".marker.grouped").count() == 3
    page.keyboard.press("Escape")
    assert page.locator(".marker.grouped").count() == 0
    page.keyboard.press("Control+a")
    studio.changed(lambda: page.keyboard.press("Delete"))
    assert page.locator(".marker").count() == 0
    studio.changed(lambda: page.keyboard.press("Control+z"))
    assert page.locator(".marker").count() == 3


class Finger:
    """Touches on a page, as a phone sends them."""

    def __init__(self, page):
        self.page = page
        self.wire = page.context.new_cdp_session(page)

    def _send(self, kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        self.wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def hold(self, place, until, to=None):
        """Rest on a place until something is there, and drag from there."""
        self._send("touchStart", place)
        self.page.wait_for_selector(until)
        for share in np.linspace(0, 1, 5) if to else ():
            self._send("touchMove", tuple(np.add(place, share * np.subtract(to, place))))
        self._send("touchEnd")


def test_hints_are_selected_with_a_finger(visit):
    studio = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = studio.open(SAMPLES / "china.jpg").page
    if page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    for x, y in ((0.2, 0.3), (0.5, 0.3), (0.8, 0.8)):
        studio.hint(x, y, "#c03030")
    finger, grouped = Finger(page), page.locator(".marker.grouped")
    bar = page.locator("#selection")
    assert bar.is_hidden()
    finger.hold(studio.place(0.2, 0.3), ".marker.grouped")
    assert bar.inner_text().split()[0] == "1"
    assert page.locator("#picker").is_hidden()
    page.touchscreen.tap(*studio.place(0.5, 0.3))  # adds
    assert grouped.count() == 2
    studio.assert_fits()
    studio.shot("selection-390-light")
    page.touchscreen.tap(*studio.place(0.2, 0.3))  # takes away
    assert [one.get_attribute("aria-label").startswith("Hint 2") for one in grouped.all()] == [True]
    page.touchscreen.tap(*studio.place(0.5, 0.8))  # ends it, and places no hint
    assert bar.is_hidden()
    assert page.locator(".marker").count() == 3
    assert page.locator("#picker").is_hidden()
    finger.hold(studio.place(0.65, 0.5), "#strokes .outline", to=studio.place(0.1, 0.15))
    assert grouped.count() == 2
    studio.changed(lambda: page.locator("#selection-delete").tap())
    assert page.locator(".marker").count() == 1
    assert bar.is_hidden()
    page.locator(".marker").tap()  # opens it, as nothing is selected
    page.wait_for_selector("#picker:not([hidden])")


def test_all_hints_are_selected_from_their_list(studio):
    page = studio.page
    for x in (0.3, 0.6):
        studio.hint(x, 0.5, "#306090")
    page.locator("#select-all").click()
    assert page.locator(".marker.grouped").count() == 2
    page.locator("#selection-done").click()
    assert page.locator(".marker.grouped").count() == 0
    assert page.locator(".marker").count() == 2
    assert page.evaluate("document.activeElement.id") == "stage"


def test_a_selection_has_room_and_keys_of_its_own(studio):
    page, bar = studio.page, studio.page.locator("#selection")
    for x in (0.3, 0.6):
        studio.hint(x, 0.9, "#306090")
    for width, height in ((320, 640), (320, 256), (390, 844), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#tool-keep").focus()
        page.keyboard.press("Control+a")
        assert bar.is_visible()
        frame, box = page.locator("#frame").bounding_box(), bar.bounding_box()
        assert frame["y"] + frame["height"] <= box["y"]
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height + 0.5
        count = page.locator("#selection-count")
        assert count.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert page.locator("#tool-keep").is_hidden()
        page.wait_for_function("() => document.activeElement !== document.body")
        studio.shot(f"selection-{width}x{height}")
        page.keyboard.press("Escape")
        assert bar.is_hidden()
    page.keyboard.down("Shift")
    studio.drag(studio.place(0.2, 0.8), studio.place(0.7, 0.95))
    page.keyboard.up("Shift")
    assert page.locator(".marker.grouped").count() == 2
    studio.changed(lambda: page.keyboard.press("Delete"))
    assert page.locator(".marker").count() == 0


def test_the_way_to_the_next_uncertain_place_hides_nothing_on_a_phone(studio):
    page = studio.page
    for width, height in ((390, 844), (320, 640), (320, 256)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#confidence").click()
        page.wait_for_selector("#next-uncertain:not([hidden])")
        frame = page.locator("#frame").bounding_box()
        box = page.locator("#next-uncertain").bounding_box()
        assert frame["y"] + frame["height"] <= box["y"]
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        tools = page.locator(".tools button:visible").evaluate_all(
            "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.id)"
        )
        assert tools == []
        page.locator("#confidence").click()
