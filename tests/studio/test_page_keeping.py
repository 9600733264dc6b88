"""Work that is kept: over a reload, in steps and snapshots, until it is closed or forgotten."""

from pathlib import Path

import numpy as np
import pytest

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"


def test_a_reload_loses_nothing_until_everything_is_forgotten(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.hint(0.6, 0.5, "#7a3fb0")
    wanted = studio.lab(0.6, 0.5)
    studio.until_kept("7a3fb0")
    studio.page.reload()
    studio.page.wait_for_selector(".marker")
    studio.painted()
    assert np.abs(studio.lab(0.6, 0.5) - wanted).max() < 1
    assert "flower.jpg" in studio.page.locator("#title").inner_text()
    studio.page.locator("#forget").click()
    studio.page.wait_for_selector("body[data-scene=welcome]")
    assert studio.kept() == []
    studio.page.reload()
    studio.page.wait_for_selector(".print-paper")
    assert studio.page.locator(".film").count() == 0


def test_a_reload_comes_back_to_the_photograph_that_was_worked_on_last(visit):
    studio = visit().open(SAMPLES / "flower.jpg", SAMPLES / "chelsea.jpg", SAMPLES / "china.jpg")
    films = studio.page.locator(".film-pick")
    for at, name in ((1, "chelsea.jpg"), (2, "china.jpg"), (0, "flower.jpg")):
        films.nth(at).click()
        studio.painted()
        studio.page.locator("#warmth").fill(f"0.{at + 2}")
        studio.until_kept(f"0.{at + 2}")
        assert name in studio.page.locator("#title").inner_text()
    films.nth(1).click()  # seen last, but changed earlier
    studio.page.reload()
    studio.painted()
    assert "chelsea.jpg" in studio.page.locator("#title").inner_text()


def test_a_second_tab_leaves_the_first_ones_work_alone(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    studio.page.locator("#warmth").fill("0.3")
    studio.until_kept('"warmth":0.3')
    other = studio.page.context.new_page()
    other.goto(studio.page.url)
    other.get_by_text("open in another tab").wait_for()
    assert other.locator("body[data-scene=welcome]").count() == 1
    other.close()
    studio.page.reload()
    studio.painted()
    assert studio.page.locator("#warmth").input_value() == "0.3"


def test_nothing_is_kept_against_the_choice_and_the_last_photograph_can_be_closed(visit):
    studio = visit().open(SAMPLES / "chelsea.jpg")
    studio.page.locator("#keep").uncheck()
    studio.page.wait_for_timeout(2000)
    assert studio.kept() == []
    studio.page.locator("#vividness").fill("1.5")
    with studio.page.expect_event("dialog") as asked:
        studio.page.once("dialog", lambda dialog: dialog.dismiss())
        studio.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"  # the page asks before work is lost
    studio.page.get_by_role("button", name="Close this photograph").click()
    studio.page.wait_for_selector("body[data-scene=welcome]")
    assert studio.page.locator("#welcome").is_visible()


def test_steps_can_be_walked_and_snapshots_come_back(visit):
    studio = visit().open(SAMPLES / "flower.jpg")
    page = studio.page
    page.locator("#history summary").click()
    warm = page.locator("#warmth")
    warm.focus()
    studio.changed(lambda: page.keyboard.press("End"))
    page.locator("#snapshot").click()
    page.locator("#tint").focus()
    studio.changed(lambda: page.keyboard.press("Home"))
    assert page.locator("#steps button").all_inner_texts() == ["As it was opened", "Warmth", "Tint"]
    studio.changed(page.locator("#steps button").first.click)
    assert warm.input_value() == "0"
    studio.changed(page.get_by_role("button", name="Snapshot 1").click)
    assert (warm.input_value(), page.locator("#tint").input_value()) == ("1", "0")
    studio.shot("steps-1440-light")
