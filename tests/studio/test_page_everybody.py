"""The page for everybody: on phones and wide screens, with names, focus and contrast."""

import numpy as np
import pytest

from photochrom import color
from served import PHONE, SAMPLES

# Everywhere, for everybody


TOO_SMALL = """() => [...document.querySelectorAll(
    "button, summary, select, a[href]:not(.skip)"
)].filter((one) => one.checkVisibility()).filter((one) => {
    const { width, height } = one.getBoundingClientRect();
    return Math.min(width, height) < 43.5;
}).map((one) => one.outerHTML.slice(0, 80))"""
"""What a finger of 44 CSS pixels does not fit on."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(visit, broken, scheme):
    studio = visit(
        viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True, expect_faults=True
    )
    studio.page.wait_for_selector(".print-color.developed >> nth=2")
    studio.assert_fits()
    assert studio.page.evaluate(TOO_SMALL) == []
    studio.shot(f"welcome-390-{scheme}")
    studio.page.get_by_role("button", name="A flower").tap()
    studio.painted()
    studio.assert_fits()
    for tab in studio.page.locator("#tabs button:visible").all():
        tab.tap()
        studio.assert_fits()
        assert studio.page.evaluate(TOO_SMALL) == []
        studio.shot(f"{tab.get_attribute('data-tab')}-390-{scheme}")
    if studio.page.locator("body.no-hints").count() == 0:
        studio.page.touchscreen.tap(*studio.place(0.6, 0.5))
        studio.page.wait_for_selector(".likely-one")
        studio.assert_fits()
        studio.shot(f"picker-390-{scheme}")
        studio.changed(studio.page.locator("#picker-likely button").last.tap)
        studio.page.locator("#picker-close").tap()
    studio.choose(broken, opener="#open-more")
    studio.page.wait_for_selector("#stage[data-state=failed]")
    studio.assert_fits()
    studio.shot(f"broken-390-{scheme}")


def test_it_fits_every_width(visit):
    studio = visit().open(SAMPLES / "china.jpg")
    for width in (320, 360, 480, 759, 760, 820, 1024, 1280, 2560):
        studio.page.set_viewport_size({"width": width, "height": 720})
        studio.page.wait_for_timeout(60)
        studio.assert_fits()


def test_every_control_has_a_name_and_a_visible_focus(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    nameless = studio.page.evaluate(
        """() => [...document.querySelectorAll("button, input, [role=slider], img")]
            .filter((one) => !one.closest("[aria-hidden=true]"))
            .filter((one) => !(one.getAttribute("aria-label") || one.hasAttribute("alt")
                || one.textContent.trim() || one.closest("label")?.textContent.trim()
                || document.getElementById(one.getAttribute("aria-labelledby"))))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    outlines = []
    for _ in range(14):
        studio.page.keyboard.press("Tab")
        outlines.append(
            studio.page.evaluate(
                "document.activeElement === document.body ? null"
                " : getComputedStyle(document.activeElement).outlineStyle"
            )
        )
    assert len(outlines) - outlines.count(None) > 8
    assert set(outlines) <= {None, "solid"}


CONTRASTS = (
    ("--ink", "--paper", 7),
    ("--ink", "--raised", 7),
    ("--ink", "--table", 7),
    ("--ink-soft", "--paper", 4.5),
    ("--ink-soft", "--raised", 4.5),
    ("--accent", "--paper", 4.5),
    ("--accent", "--table", 3),
    ("--on-accent", "--accent", 4.5),
    ("--line-strong", "--paper", 3),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrasts_are_enough_in_light_and_dark(visit, scheme):
    page = visit(color_scheme=scheme).page
    names = sorted({name for pair in CONTRASTS for name in pair[:2]})
    values = page.evaluate(
        "names => names.map(name => getComputedStyle(document.documentElement)"
        ".getPropertyValue(name).trim())",
        names,
    )
    light = {}
    for name, value in zip(names, values, strict=True):
        rgb = np.array(list(bytes.fromhex(value.removeprefix("#"))), dtype=np.uint8)
        light[name] = float(color.luminance(color.srgb_to_linear(rgb)))
    for ink, ground, least in CONTRASTS:
        low, high = sorted((light[ink], light[ground]))
        assert (high + 0.05) / (low + 0.05) >= least, (ink, ground)
    page.locator("#theme").click()
    assert page.locator("#theme").get_attribute("aria-pressed") == str(scheme == "light").lower()
    page.reload()
    theme = page.evaluate("document.documentElement.dataset.theme")
    assert theme == ("dark" if scheme == "light" else "light")  # it is remembered


# By keys


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.className")


def tab_to(page, wanted, most=60):
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"Tab does not reach {wanted}; it stands on {focused(page)}")


def test_the_keyboard_alone_does_it_all(hinting_visit):
    studio = hinting_visit()
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
