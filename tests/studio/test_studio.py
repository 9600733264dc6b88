"""Photochrom Studio as people use it: a real server, a real browser, a mouse and keys.

Needs Playwright and Chromium; without them the module is skipped. Screenshots go to
build/studio, to be looked at. STUDIO_MODEL=file.onnx tests with another model than the default.
"""

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer, color
from photochrom.pictures import picture

MODEL = os.environ.get("STUDIO_MODEL")
SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"
SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"

needs_hints = pytest.mark.skipif(
    not Colorizer(MODEL).contract.token_features, reason="the model takes no hints"
)


def difference(one, other):
    """How far two colours lie apart, in ab units."""
    return float(np.hypot(*(one - other)[1:]))


# Opening


def test_a_first_visit_offers_samples_that_open_in_colour(visit):
    studio = visit()
    studio.page.wait_for_selector(".print-color.developed >> nth=2")
    studio.shot("welcome-1440-light")
    studio.page.get_by_role("button", name="A flower").click()
    studio.painted()
    assert studio.chroma() > 5
    assert "flower" in studio.page.locator("#title").inner_text()
    studio.shot("painted-1440-light")


def test_several_files_stand_in_a_filmstrip(visit):
    studio = visit(color_scheme="dark").open(SAMPLES / "china.jpg", SAMPLES / "chelsea.jpg")
    studio.page.wait_for_selector(".film.ready >> nth=1")
    first = studio.shown()
    studio.page.get_by_role("button", name="chelsea.jpg", exact=True).click()
    studio.painted()
    assert studio.shown() != first
    studio.shot("several-1440-dark")
    studio.page.get_by_role("button", name="Close chelsea.jpg").click()
    studio.painted()
    assert studio.shown() == first


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_files_come_in_by_drop_and_paste(visit, way):
    studio = visit()
    content = list((SAMPLES / "flower.jpg").read_bytes())
    studio.page.evaluate(
        """([way, content]) => {
            const carried = new DataTransfer();
            const type = "image/jpeg";
            carried.items.add(new File([new Uint8Array(content)], "rose.jpg", { type }));
            const event = way === "drop"
                ? new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: carried, bubbles: true });
            document.body.dispatchEvent(event);
        }""",
        [way, content],
    )
    studio.painted()
    assert "rose.jpg" in studio.page.locator("#title").inner_text()


def test_a_broken_file_is_refused_and_does_not_stop_the_others(visit, broken):
    studio = visit(expect_faults=True)
    studio.choose(broken)
    studio.page.wait_for_selector("#stage[data-state=failed]")
    failure = studio.page.get_by_role("alert").filter(has_text="broken.jpg can’t be opened")
    said = failure.inner_text()
    assert "rows could be decoded" in said
    assert "allow_damaged" not in said  # in people's words
    studio.shot("broken-1440-light")
    studio.choose(SAMPLES / "flower.jpg", broken, opener="#failed .primary")
    studio.painted()
    assert studio.chroma() > 5
    studio.page.locator("#messages [role=alert]").filter(has_text="broken.jpg").wait_for()


# Looking


def test_the_divider_lies_between_before_and_after(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    knob = studio.page.get_by_role("slider", name="Divider")
    left, right = (0.4, 0.6), (0.6, 0.6)
    assert np.hypot(*studio.seen(*left)[1:]) < 2  # the original is grey
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


@needs_hints
def test_a_hint_colours_its_spot_and_not_what_is_far(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
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


@needs_hints
def test_hints_are_strokes_too_and_can_be_moved_and_deleted(visit):
    studio = visit(color_scheme="dark").open(SAMPLES / "flower.jpg")
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


@needs_hints
def test_vividness_goes_from_calm_to_vivid(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    slider = studio.page.get_by_role("slider", name="Vividness")
    natural = studio.chroma()
    studio.changed(lambda: slider.press("Home"))
    calm = studio.chroma()
    studio.changed(lambda: slider.press("End"))
    assert calm < natural < studio.chroma()
    assert slider.get_attribute("aria-valuetext").startswith("Very vivid")
    studio.changed(lambda: studio.page.locator("#reset").click())
    assert slider.input_value() == "1"


@needs_hints
def test_repaints_follow_one_another_and_the_latest_wins(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
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


@needs_hints
def test_another_version_can_be_taken_and_worked_on(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
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


@needs_hints
def test_a_palette_and_a_reference_steer_the_colours(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
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
    studio.choose(SAMPLES / "chelsea.jpg", opener="#reference button")  # it is grey itself
    studio.page.wait_for_selector("#messages [role=alert]")
    assert "china.jpg" not in studio.page.locator("#reference").inner_text()


@needs_hints
def test_it_can_be_seen_where_the_colors_are_uncertain(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
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


# Taking home


def test_the_download_is_the_command_lines_file_byte_for_byte(visit, tmp_path):
    studio = visit().open(SAMPLES / "flower.jpg")
    hints = []
    if studio.page.locator("body.no-hints").count() == 0:
        studio.hint(0.6, 0.5, "#7a3fb0")
        studio.hint(0.1, 0.1, "#335522")
        studio.page.locator("#download-more").click()
        command = studio.page.locator("#command").inner_text()
        assert command.startswith("photochrom colorize flower.jpg --hints flower.hints.json")
        studio.shot("download-1440-light")
        saved = studio.download("#download-hints")
        saved.save_as(tmp_path / saved.suggested_filename)
        assert saved.suggested_filename == "flower.hints.json"
        assert len(json.loads((tmp_path / "flower.hints.json").read_text())["hints"]) == 2
        studio.page.keyboard.press("Escape")
        hints = ["--hints", tmp_path / "flower.hints.json"]
    got = studio.download()
    assert got.suggested_filename.endswith(".jpg")
    model = ["--model", MODEL] if MODEL else []
    out = tmp_path / "out.jpg"
    subprocess.run(
        [SCRIPT, "colorize", SAMPLES / "flower.jpg", "-o", out, *hints, *model],
        check=True,
        capture_output=True,
    )
    same = Path(got.path()).read_bytes() == out.read_bytes()  # pytest would compare for minutes
    assert same
    if hints:  # and the hints can be taken up again
        studio.changed(lambda: studio.page.locator("#reset").click())
        studio.changed(lambda: studio.choose(hints[1], opener="#hints-open"))
        assert studio.page.locator(".marker").count() == 2


def test_another_format_can_be_had(visit):
    studio = visit().open(SAMPLES / "chelsea.jpg")
    studio.page.locator("#download-more").click()
    studio.page.get_by_role("radio", name="PNG").check()
    got = studio.download("#download-as")
    assert got.suggested_filename.endswith(".png")
    assert picture.read(Path(got.path())).size == picture.read(SAMPLES / "chelsea.jpg").size


# When things go wrong


def test_a_forgotten_picture_is_sent_again_without_a_word(visit):
    studio = visit(expect_faults=True)
    with studio.page.expect_response("**/v1/pictures") as answer:
        studio.choose(SAMPLES / "flower.jpg")
    studio.painted()
    id_ = answer.value.json()["id"]
    studio.page.evaluate("id => fetch(`/v1/pictures/${id}`, { method: 'DELETE' })", id_)
    got = studio.download()
    assert picture.read(Path(got.path())).size == picture.read(SAMPLES / "flower.jpg").size
    assert studio.page.locator("#messages [role=alert]").count() == 0


def test_a_server_that_stops_is_said_and_waited_for(visit, new_server):
    server = new_server()
    studio = visit(url=server.url, expect_faults=True).open(SAMPLES / "flower.jpg")
    server.stop()
    studio.choose(SAMPLES / "china.jpg", opener="#open-more")
    studio.page.wait_for_selector("#offline:not([hidden])")
    assert "stopped" in studio.page.locator("#offline").inner_text()
    studio.page.wait_for_selector(".images .before")
    studio.shot("stopped-1440-light")
    server.start()
    studio.page.wait_for_selector("#offline[hidden]", state="attached")
    studio.painted()
    assert "china.jpg" in studio.page.locator("#title").inner_text()
    assert studio.chroma() > 3
    studio.page.get_by_role("button", name="flower.jpg", exact=True).click()
    studio.painted()  # the new server has never seen it
    assert Path(studio.download().path()).stat().st_size > 1000


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.className")


def tab_to(page, wanted, most=60):
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"Tab does not reach {wanted}; it stands on {focused(page)}")


@needs_hints
def test_the_keyboard_alone_does_it_all(visit):
    studio = visit()
    page = studio.page
    tab_to(page, ".print")
    page.keyboard.press("Enter")
    studio.painted()
    tab_to(page, "#stage")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_selector(".likely-one")
    page.wait_for_function("document.activeElement.matches('#picker-likely button')")
    studio.shot("keyboard-1440-light")
    page.keyboard.press("Tab")
    studio.changed(lambda: page.keyboard.press("Enter"))
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.matches('.marker')")
    box = page.locator(".marker").bounding_box()
    studio.changed(lambda: page.keyboard.press("ArrowDown"))
    assert page.locator(".marker").bounding_box()["y"] > box["y"] + 5
    studio.changed(lambda: page.keyboard.press("Delete"))
    assert page.locator(".marker").count() == 0
    tab_to(page, "#vividness")
    studio.changed(lambda: page.keyboard.press("ArrowRight"))
    for _ in range(2):
        studio.changed(lambda: page.keyboard.press("Control+z"))
    assert page.locator(".marker").count() == 1
