"""The page in other languages, from right to left, and the first visit's guide."""

import re
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"


def words(studio):
    """All that is read on the page, but for what others wrote, in English and marked so."""
    found = studio.page.evaluate(
        """() => [...document.querySelectorAll(
            "*:not(#announce, :not(html)[lang=en])"
        )].flatMap((one) => [
            one.getAttribute("aria-label"), one.getAttribute("title"), one.getAttribute("alt"),
            ...[...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data),
        ]).filter((text) => text?.trim())"""
    )
    return set(found)


def test_the_browsers_language_is_spoken_and_another_can_be_chosen(visit):
    studio = visit(locale="de-CH").open(SAMPLES / "flower.jpg")
    root = studio.page.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("dir")) == ("de", "ltr")
    german = words(studio)
    assert "Lebendigkeit" in german
    assert studio.page.locator("#tool-hint").get_attribute("aria-label") == "Farbe"
    studio.hint(0.4, 0.5, "#cc2244")
    studio.page.locator("#help").click()
    studio.page.locator("#help-sheet .languages").select_option("ar")
    studio.page.keyboard.press("Escape")
    studio.page.wait_for_selector("html[lang=ar][dir=rtl]")
    arabic = words(studio)
    same = {text for text in german & arabic if " " in text.strip() and re.search(r"[a-z]", text)}
    assert {text for text in same if not re.search("photochrom|Photochrom", text)} == set()
    assert studio.page.locator(".marker").count() == 1  # nothing is lost on the way
    assert not studio.page.locator("#undo").is_disabled()
    panel, stage = (studio.page.locator(one).bounding_box() for one in ("#panel", "#stage"))
    assert panel["x"] < stage["x"]  # mirrored
    studio.assert_fits()
    studio.until_kept("cc2244")
    studio.page.reload()
    studio.painted()
    assert root.get_attribute("lang") == "ar"  # it is remembered


@pytest.mark.parametrize("width", [1440, 1024, 390, 320])
@pytest.mark.parametrize("locale", ["de", "ja", "ar"])
@pytest.mark.slow
def test_every_language_fits_every_width(visit, locale, width):
    studio = visit(locale=locale, viewport={"width": width, "height": 800})
    studio.assert_fits()
    studio.shot(f"welcome-{width}-{locale}")
    studio.open(SAMPLES / "chelsea.jpg").assert_fits()
    studio.shot(f"painted-{width}-{locale}")


CUT = """(selector) => [...document.querySelectorAll(selector)].filter((one) => {
    const [inner, outer] = [one, one.parentElement].map((part) => part.getBoundingClientRect());
    const isPast = inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5;
    return one.scrollWidth > one.clientWidth || isPast;
}).map((one) => one.textContent)"""


def test_no_words_are_cut_at_320_px(visit):
    studio = visit(viewport={"width": 320, "height": 640})
    page = studio.page
    choice = page.locator("#welcome .languages")
    languages = choice.locator("option").evaluate_all("all => all.map((one) => one.value)")
    assert len(languages) == 7
    for language in languages:
        choice.select_option(language)
        assert page.evaluate(CUT, ".print-title") == [], language
    studio.open(SAMPLES / "chelsea.jpg")
    page.locator("#tabs [data-tab=alternatives]").click()
    page.wait_for_selector(".alternative small")
    choice = page.locator("#help-sheet .languages")
    for language in languages:
        page.locator("#help").click()
        choice.select_option(language)
        page.keyboard.press("Escape")
        assert page.evaluate(CUT, ".alternative small") == [], language
        for opener in ("#download-more", "#job", "#models-open"):
            page.locator(opener).click()
            assert page.evaluate(CUT, "dialog[open] button") == [], (language, opener)
            page.keyboard.press("Escape")


def test_a_refusal_is_said_in_the_pages_language(visit, broken):
    studio = visit(locale="fr", expect_faults=True)
    studio.choose(broken)
    failed = studio.page.locator("#failed")
    failed.get_by_text("ne peut pas être ouvert").wait_for()
    assert failed.locator("[lang=en]").inner_text()  # what the server says, as it says it


def test_the_first_visit_is_guided_to_a_hint_of_its_own(visit):
    studio = visit(guided=True)
    studio.page.get_by_role("button", name="An astronaut").click()
    studio.painted()
    guide = studio.page.locator("#guide")
    guide.get_by_text("Step 1 of 3").wait_for()
    studio.shot("guide-1440")
    guide.get_by_role("button", name="Next").click()
    guide.get_by_role("button", name="Next").click()
    guide.get_by_text("click the face").wait_for()
    studio.hint(0.45, 0.25, "#c98a6b")
    guide.get_by_text("your first hint").wait_for()
    guide.get_by_role("button", name="Close").click()
    assert guide.is_hidden()
    studio.until_kept("c98a6b")
    studio.page.reload()
    studio.painted()
    assert guide.is_hidden()  # once is enough


def test_the_guide_leaves_the_photograph_its_place_on_a_phone(visit):
    """The panel, the guide and the picker together would leave it no pixel."""
    size = {"width": 320, "height": 640}
    studio = visit(guided=True, viewport=size, has_touch=True, is_mobile=True)
    studio.open(SAMPLES / "flower.jpg", SAMPLES / "china.jpg")
    studio.page.locator("#guide").get_by_text("Step 1 of 3").wait_for()
    studio.shot("guide-320")
    assert studio.page.locator("#stage").bounding_box()["height"] > 140
    studio.page.touchscreen.tap(*studio.place(0.85, 0.3))
    studio.page.locator("#picker").wait_for()
    studio.shot("guide-picker-320")
    assert studio.page.locator("#stage").bounding_box()["height"] > 120
    studio.page.locator("#picker-close").tap()
    studio.page.locator("#guide-skip").tap()
    assert studio.page.locator(".panel").is_visible()
