"""The page for everyone: focus, announcements, zoom, small screens, forced colors."""

from pathlib import Path

import numpy as np
import pytest

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"

FOCUSED = """(one = document.activeElement) =>
    one === document.body ? "" : one.id || one.className || one.tagName"""


@pytest.fixture
def studio(visit):
    """The page with two photographs open."""
    studio = visit()
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    return studio.open(SAMPLES / "china.jpg", SAMPLES / "flower.jpg")


def said(studio, words):
    studio.page.wait_for_function(
        "words => document.querySelector('#announce').textContent.includes(words)", arg=words
    )


def focused(studio):
    """What has the focus once the page has come to rest."""
    studio.page.wait_for_timeout(150)
    return studio.page.evaluate(f"({FOCUSED})()")


def press(studio, selector):
    studio.page.locator(selector).focus()
    studio.page.keyboard.press("Enter")


def test_the_focus_never_falls_out_of_the_page(studio):
    page = studio.page
    assert focused(studio) == "stage"  # where the button that opened it is hidden
    page.keyboard.press("Enter")
    page.wait_for_selector(".likely-one")
    page.keyboard.press("Enter")
    said(studio, "Done: hint.")
    page.keyboard.press("Escape")
    assert focused(studio) == "marker"
    studio.changed(lambda: page.keyboard.press("ArrowRight"))
    said(studio, "hint moved")
    page.keyboard.press("Delete")
    said(studio, "Hint deleted")
    assert focused(studio) == "stage"
    for _ in range(3):
        press(studio, "#undo")
    assert focused(studio) == "stage"  # nothing is left to undo
    press(studio, "#redo")
    press(studio, "#hint-list .quiet")
    page.locator(":is(.hint-list, .sections) :focus").wait_for()
    press(studio, "button.alternative >> nth=1")
    said(studio, "Done: alternative 1.")
    press(studio, "#palette-presets button >> nth=0")
    press(studio, "#palette-clear")
    assert focused(studio) != ""
    press(studio, ".film-remove >> nth=1")
    assert focused(studio) == "stage"
    press(studio, "#close")
    assert focused(studio) == "open"


@pytest.mark.parametrize("size", [(320, 256), (320, 640)])
def test_the_photograph_is_seen_and_every_tool_is_reached(size, visit):
    width, height = size
    studio = visit(viewport={"width": width, "height": height}).open(SAMPLES / "china.jpg")
    studio.assert_fits()
    box = studio.page.locator("#frame").bounding_box()
    assert 0 <= box["y"] < box["y"] + box["height"] <= height
    assert box["height"] > 80
    tabs = studio.page.locator("#tabs button")
    for place in range(tabs.count()):
        tabs.nth(place).click()
        section = tabs.nth(place).get_attribute("data-tab")
        for one in studio.page.locator(f"[data-section={section}] :is(button, .slider)").all():
            if one.is_visible():
                one.scroll_into_view_if_needed()
                part = one.bounding_box()
                assert part["x"] >= -0.5
                assert part["x"] + part["width"] <= width + 0.5
                assert -0.5 <= part["y"] < height
    for name in ("tool-hint", "confidence", "download", "help", "theme", "job"):
        one = studio.page.locator(f"#{name}")
        one.scroll_into_view_if_needed()
        assert one.is_visible()


def test_words_of_twice_the_size_fit(visit):
    studio = visit()
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.page.evaluate("document.documentElement.style.fontSize = '32px'")
    studio.open(SAMPLES / "china.jpg").assert_fits()
    studio.click(0.8, 0.2)
    studio.page.wait_for_selector(".likely-one")
    cut = studio.page.evaluate(
        """() => [...document.querySelectorAll(
            ".thing, .tool, .plain, .primary, .chip, .choice span, .channel span, .hex, .likely"
        )].filter((one) => one.checkVisibility()).filter(
            ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
                scrollWidth > clientWidth || scrollHeight > clientHeight
        ).map((one) => `${one.id} ${one.className} ${one.textContent}`)"""
    )
    assert cut == []
    bar, button = (
        studio.page.locator(one).bounding_box()["height"] for one in (".bar", "#download")
    )
    assert button < bar
    studio.shot("words-of-twice-the-size-1440")


def test_forced_colors_leave_what_shows_a_color(visit):
    studio = visit(forced_colors="active")
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.open(SAMPLES / "china.jpg")
    studio.click(0.7, 0.2)
    studio.page.wait_for_selector(".likely-one")
    colors = studio.page.evaluate(
        "() => [...document.querySelectorAll('.things button')]"
        ".map((one) => getComputedStyle(one).backgroundColor)"
    )
    assert len(set(colors)) > 4
    studio.shot("forced-1440")
    studio.page.locator(".things button").nth(3).click()
    studio.painted()
    assert studio.page.locator(".things button[aria-pressed=true]").count() == 1
    for pressed in (".things button", "#tone-for button", "#tool-hint"):
        outline = studio.page.locator(f"{pressed}[aria-pressed=true]").evaluate(
            "one => getComputedStyle(one).outlineStyle"
        )
        assert outline == "solid", pressed
    assert np.ptp(studio.seen(0.7, 0.2)) > 1
