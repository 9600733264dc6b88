"""Looking at a photograph and coloring it as people do: a real server and browser, a mouse, keys.

Needs Playwright and Chromium, as all tests of the page do; without them they are skipped.
"""

import json

import numpy as np
import pytest

from photochrom import color
from photochrom.pictures import picture
from served import SAMPLES


def difference(one, other):
    """How far two colors lie apart, in ab units."""
    return float(np.hypot(*(one - other)[1:]))


# Looking


def test_the_divider_lies_between_before_and_after(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    knob = studio.page.get_by_role("slider", name="Divider")
    left, right = (0.4, 0.6), (0.6, 0.6)
    assert np.hypot(*studio.seen(*left)[1:]) < 2  # the original is gray
    assert np.hypot(*studio.seen(*right)[1:]) > 5
    box = knob.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    studio.drag(middle, studio.place(0.25, 0.5))
    assert abs(int(knob.get_attribute("aria-valuenow")) - 25) <= 2
    assert np.hypot(*studio.seen(*left)[1:]) > 5
    knob.press("End")
    assert knob.get_attribute("aria-valuenow") == "100"
    assert np.hypot(*studio.seen(*right)[1:]) < 2
    knob.press("ArrowLeft")
    assert knob.get_attribute("aria-valuenow") == "95"
    studio.page.locator("#compare").click()
    assert not knob.is_visible()
    assert np.hypot(*studio.seen(*left)[1:]) > 5


def test_zoom_reaches_single_pixels_and_returns(visit, tmp_path):
    large = tmp_path / "large.jpg"
    levels = picture.read(SAMPLES / "china.jpg").srgb()[..., 0]
    levels = np.rint(255 * levels).astype(np.uint8) if levels.dtype.kind == "f" else levels
    picture.from_array(np.kron(levels, np.ones((4, 4), np.uint8))).save(large)
    studio = visit().open(large)
    level = studio.page.locator("#zoom-level")
    assert level.inner_text() == "Fit"
    preview = studio.shown()
    studio.stage.press("1")
    assert level.inner_text() == "100%"
    studio.page.wait_for_function(
        "before => document.querySelector('.images .after').src !== before", arg=preview
    )
    wide = studio.page.evaluate("document.querySelector('.images .after').naturalWidth")
    assert wide == 4 * levels.shape[1]  # the preview has given way to the full size
    box = studio.page.locator("#frame").bounding_box()
    studio.page.locator("#tool-hand").click()
    studio.drag((500, 400), (430, 380))
    assert studio.page.locator("#frame").bounding_box()["x"] == pytest.approx(box["x"] - 70, abs=2)
    studio.stage.press("0")
    assert level.inner_text() == "Fit"
    studio.page.mouse.move(*studio.place(0.5, 0.5))
    studio.page.mouse.wheel(0, -300)
    assert level.inner_text() != "Fit"


# Changing


def test_a_hint_colors_its_spot_and_not_what_is_far(hinting_visit):
    studio = hinting_visit().open(SAMPLES / "flower.jpg")
    spot, far = (0.65, 0.68), (0.9, 0.1)  # a petal, and leaves in the background
    spot_before, far_before = studio.lab(*spot), studio.lab(*far)
    studio.hint(*spot, "#d070a0")
    wanted = color.srgb_to_lab(np.array([0xD0, 0x70, 0xA0], dtype=np.uint8))
    assert difference(studio.lab(*spot, reach=0.004), wanted) < 8  # as a preview JPEG shows it
    assert difference(studio.lab(*spot), spot_before) > 15
    assert difference(studio.lab(*far), far_before) < 6
    studio.shot("hint-1440-light")
    studio.changed(lambda: studio.page.keyboard.press("Control+z"))
    assert difference(studio.lab(*spot), spot_before) < 1
    assert studio.page.locator(".marker").count() == 0
    studio.changed(lambda: studio.page.locator("#redo").click())
    assert difference(studio.lab(*spot), spot_before) > 15


def test_hints_are_strokes_too_and_can_be_moved_and_deleted(hinting_visit):
    studio = hinting_visit(color_scheme="dark").open(SAMPLES / "flower.jpg")
    studio.drag(*(studio.place(0.55 + 0.03 * step, 0.55) for step in range(5)))
    studio.page.wait_for_selector(".likely-one")
    colors = studio.page.locator("#picker-likely button")
    assert 1 <= colors.count() <= 5
    assert "most likely" in colors.first.get_attribute("aria-label")
    studio.shot("picker-1440-dark")
    studio.changed(colors.last.click)
    studio.page.keyboard.press("Escape")
    assert "stroke" in studio.page.locator("#hint-list").inner_text()
    marker = studio.page.locator(".marker")
    box = marker.bounding_box()
    here = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    studio.changed(lambda: studio.drag(here, (here[0] - 90, here[1] + 20)))
    assert marker.bounding_box()["x"] == pytest.approx(box["x"] - 90, abs=6)
    studio.shot("hints-1440-dark")
    studio.changed(lambda: studio.page.keyboard.press("Control+z"))  # the whole drag is one step
    assert marker.bounding_box()["x"] == pytest.approx(box["x"], abs=1)
    delete = studio.page.get_by_role("button", name="Delete the")
    studio.changed(delete.click)
    assert marker.count() == 0


def test_vividness_goes_from_calm_to_vivid(hinting_visit):
    studio = hinting_visit().open(SAMPLES / "flower.jpg")
    slider = studio.page.get_by_role("slider", name="Vividness")
    natural = studio.chroma()
    studio.changed(lambda: slider.press("Home"))
    calm = studio.chroma()
    studio.changed(lambda: slider.press("End"))
    assert calm < natural < studio.chroma()
    assert slider.get_attribute("aria-valuetext").startswith("Very vivid")
    studio.changed(lambda: studio.page.locator("#reset").click())
    assert slider.input_value() == "1"


def test_repaints_follow_one_another_and_the_latest_wins(hinting_visit):
    studio = hinting_visit().open(SAMPLES / "flower.jpg")
    studio.page.locator("button.alternative").first.wait_for()  # which are painted beside it
    asked, under_way, most = [], set(), 0

    def begins(request):
        nonlocal most
        if request.url.endswith(("/paint", "/coefficients")):
            asked.append(json.loads(request.post_data)["vividness"])
            under_way.add(request)
            most = max(most, len(under_way))

    def ends(request):
        under_way.discard(request)

    studio.page.on("request", begins)
    studio.page.on("requestfinished", ends)
    studio.changed(
        lambda: studio.page.evaluate(
            """async () => {
                const slider = document.querySelector("#vividness");
                for (let step = 0; step <= 40; step += 1) {
                    slider.value = step / 20;
                    slider.dispatchEvent(new Event("input"));
                    await new Promise((done) => { setTimeout(done, 5); });
                }
            }"""
        )
    )
    assert most == 1
    assert len(asked) < 41
    assert asked[-1] == 2
    studio.page.locator("#undo").click()  # the slider's whole way is one step
    assert studio.page.locator("#vividness").input_value() == "1"


def test_an_alternative_can_be_taken_and_worked_on(hinting_visit):
    studio = hinting_visit().open(SAMPLES / "flower.jpg")
    alternatives = studio.page.locator("button.alternative:not([data-alternative='0'])")
    alternatives.first.wait_for()
    assert alternatives.count() >= 2
    before = studio.lab(0.5, 0.45)
    moves = []
    for number in range(alternatives.count()):
        studio.changed(alternatives.nth(number).click)
        assert alternatives.nth(number).get_attribute("aria-pressed") == "true"
        moves.append(difference(studio.lab(0.5, 0.45), before))
    assert max(moves) > 8
    assert "Alternative" in studio.page.locator("#hint-list").inner_text()
    studio.shot("alternative-1440-light")
    own = studio.page.locator(".marker:not(.of-alternative)")
    studio.hint(0.12, 0.2, "#3366cc")
    assert own.count() == 1
    studio.changed(lambda: studio.page.get_by_role("button", name="Delete alternative").click())
    assert studio.page.locator(".marker").count() == 1


def test_a_palette_and_a_reference_steer_the_colors(hinting_visit):
    studio = hinting_visit().open(SAMPLES / "flower.jpg")
    studio.changed(lambda: studio.page.get_by_role("button", name="Coast").click())
    assert studio.page.locator("#palette button").count() > 3
    studio.changed(lambda: studio.page.locator("#palette-clear").click())
    original = SAMPLES / "originals" / "china.jpg"
    studio.changed(lambda: studio.choose(original, opener="#palette-presets button >> nth=3"))
    assert studio.page.locator("#palette button").count() > 2
    studio.changed(lambda: studio.page.locator("#palette-clear").click())
    studio.changed(lambda: studio.choose(original, opener="#reference button"))
    assert "china.jpg" in studio.page.locator("#reference").inner_text()
    studio.shot("reference-1440-light")
    studio.changed(lambda: studio.page.locator("#reference-clear").click())
    studio.choose(SAMPLES / "chelsea.jpg", opener="#reference button")  # it is gray itself
    studio.page.wait_for_selector("#messages [role=alert]")
    assert "china.jpg" not in studio.page.locator("#reference").inner_text()


def test_it_can_be_seen_where_the_colors_are_uncertain(hinting_visit):
    studio = hinting_visit().open(SAMPLES / "flower.jpg")
    studio.page.get_by_role("button", name="Confidence").click()
    studio.page.wait_for_function(
        """() => {
            const map = document.querySelector("#confidence-map");
            const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
            return data.some((value, at) => at % 4 === 3 && value > 100);
        }"""
    )
    assert studio.page.locator("#tag-after").inner_text() == "Warm: low confidence"
    studio.shot("confidence-1440-light")
