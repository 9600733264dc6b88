"""The page for films: open one, give it hints, a painted frame, a reference and a cut, color it."""

import json
from pathlib import Path

import numpy as np
import pytest

from photochrom import color
from photochrom.pictures import picture

av = pytest.importorskip("av")

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"
PHONE = {"width": 320, "height": 640}
PAINTED = """() => {
    const image = document.querySelector("#film-image img");
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(canvas.width / 2 - 6, canvas.height / 2 - 6, 12, 12).data];
}"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two shots of 16 and 20 frames: pans over samples, 120 x 200."""
    path = tmp_path_factory.mktemp("film") / "holiday.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 120, 200, "yuv420p"
        for name, count in (("flower", 16), ("china", 20)):
            levels = picture.read(SAMPLES / f"{name}.jpg").srgb(size=(200, 320))[..., 1]
            for at in range(count):
                part = np.ascontiguousarray(levels[at : at + 120, at : at + 200])
                frame = av.VideoFrame.from_ndarray(part, format="gray")
                container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


def opened(studio, clip):
    """Open a film on the page for films, and wait until its two shots are found."""
    studio.page.locator("#films-link").click()
    studio.choose(clip)
    shown(studio)
    studio.page.wait_for_selector("#looking", state="hidden")
    assert studio.page.locator("#shots .shot").count() == 2


def closed(studio):
    studio.page.locator("#close").click()
    surely = studio.page.locator("#close-surely")
    if surely.is_visible():  # there is something to lose
        surely.click()
    studio.page.wait_for_selector("body[data-scene=welcome]")


@pytest.fixture
def film(visit, clip):
    """The page for films, with a film open and its two shots found."""
    studio = visit()
    opened(studio, clip)
    yield studio
    if studio.page.locator("#close").is_visible():
        closed(studio)


def shown(studio):
    studio.page.wait_for_selector("#film-image img")
    studio.page.wait_for_selector("#stage[aria-busy=true]", state="detached")


def center(studio):
    """The mean L*a*b* in the middle of the frame that is shown."""
    rgb = np.array(studio.page.evaluate(PAINTED), np.uint8).reshape(-1, 4)[:, :3]
    return color.srgb_to_lab(rgb).mean(axis=0)


def middle(studio, selector):
    """Where the middle of an element is on the page."""
    box = studio.page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def changed(studio, act):
    """Do something that changes the frame, and wait for the new one."""
    before = studio.page.locator("#film-image img").get_attribute("src")
    act()
    studio.page.wait_for_function(
        "before => document.querySelector('#film-image img').src !== before", arg=before
    )
    shown(studio)


def typed(studio, written):
    studio.page.locator("#picker-hex").fill(written)
    studio.page.locator("#picker-hex").press("Enter")


def test_a_film_is_hinted_cut_colored_found_again_and_downloaded(film, clip, tmp_path):
    page = film.page
    assert page.locator("#frames .film").count() == 8
    before = center(film)
    page.locator("#film-frame").click()
    page.wait_for_selector(".likely-one")
    assert page.locator("#cross.shown").count() == 1  # the spot
    film.shot("film-picker-1440-light")
    changed(film, lambda: typed(film, "#2244cc"))
    page.keyboard.press("Escape")
    assert center(film)[2] < before[2] - 8
    assert page.locator(".marker").count() == 1
    assert middle(film, ".marker") == pytest.approx(middle(film, "#film-frame"), abs=1)
    assert page.locator("#cross.shown").count() == 0
    assert page.locator("#known li").count() == 1
    assert page.locator("#shots .known").count() == 1
    assert "with hints" in page.locator("#shots .film-pick").first.get_attribute("aria-label")
    assert page.locator("#shots img").first.get_attribute("src").startswith("data:")  # as hinted
    film.shot("film-1440-light")

    page.locator("#frames .film-pick").nth(2).click()
    page.wait_for_function("() => document.querySelector('#frame-time').textContent !== '0:00.00'")
    page.wait_for_selector(".marker", state="detached")
    page.locator("#frame-on").click()
    page.locator("#cut").click()
    page.wait_for_selector("#shots .shot >> nth=2")
    page.locator("#join").click()
    page.wait_for_selector("#shots .shot >> nth=2", state="detached")
    page.keyboard.press("Control+z")
    page.wait_for_selector("#shots .shot >> nth=2")

    film.choose(SAMPLES / "china.jpg", opener="#add-reference")
    page.wait_for_selector("#references li")
    page.locator(".shots-field").fill("2-3")
    page.locator(".shots-field").press("Enter")
    page.locator("#shots .film-pick").last.click()
    shown(film)
    film.choose(SAMPLES / "flower.jpg", opener="#add-painted")
    page.wait_for_selector("#known img")
    page.locator("#messages").get_by_text("has no color").wait_for()
    film.assert_fits()

    page.locator("#film-format").select_option("ffv1")
    assert "--hints holiday.hints.json" in page.locator("#film-command").inner_text()
    page.locator("#render").click()
    page.wait_for_selector("#render-stop:visible, #film-download:visible")
    address = page.url
    page.locator(".brand a").click()  # leave, and come back
    page.wait_for_selector(".print-paper")
    page.goto(address)
    page.wait_for_selector("#film-download:visible")
    assert page.locator("#shots .shot").count() == 3
    command = page.locator("#film-command").inner_text()
    assert "holiday-color.mkv --hints holiday.hints.json --codec ffv1" in command
    state = page.locator("#render-state")
    assert "latest changes" not in state.inner_text()
    page.locator("#known button[aria-label^=Remove]").first.click()
    state.filter(has_text="latest changes").wait_for()
    page.keyboard.press("Control+z")
    page.wait_for_function(
        "() => !document.querySelector('#render-state').textContent.includes('latest')"
    )
    result = film.download("#film-download")
    assert result.suggested_filename == "holiday-color.mkv"
    result.save_as(tmp_path / "film.mkv")
    with av.open(str(tmp_path / "film.mkv")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 36
    hints = film.download("#save-hints")
    assert hints.suggested_filename == "holiday.hints.zip"
    film.shot("film-done-1440-light")
    hints.save_as(tmp_path / "holiday.hints.zip")

    page.locator("#close").click()
    film.shot("film-close-1440-light")
    page.keyboard.press("Escape")
    closed(film)
    film.choose(clip)  # another day
    shown(film)
    page.wait_for_selector("#looking", state="hidden")
    assert page.locator("#film-format").input_value() == "h264"
    film.choose(tmp_path / "holiday.hints.zip", opener="#hints-open")
    page.wait_for_selector("#shots .shot >> nth=2")
    page.wait_for_selector("#references img")
    page.wait_for_selector(".marker")
    page.locator("#shots .film-pick").last.click()
    page.wait_for_selector("#known img")


def test_films_can_be_colored_by_keyboard_at_320_px_and_in_other_languages(film):
    page = film.page
    page.set_viewport_size(PHONE)
    film.assert_fits()
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#cross.shown", state="attached")
    page.keyboard.press("Enter")
    page.wait_for_selector(".likely-one")
    film.shot("film-picker-320-light")
    changed(film, lambda: typed(film, "#cc2244"))
    page.keyboard.press("Escape")
    page.locator(".marker").focus()
    film.shot("film-320-light")
    page.keyboard.press("Delete")
    page.wait_for_selector(".marker", state="detached")
    page.locator("#stage").focus()
    page.keyboard.press("]")
    page.wait_for_function("() => document.querySelector('#frame-time').textContent !== '0:00.00'")
    page.locator("#shots [tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_selector("#shots .shot:first-child [aria-current][tabindex='0']")
    page.locator("#help").click()
    page.locator("#help-sheet .languages").select_option("ar")
    page.keyboard.press("Escape")
    page.wait_for_selector("html[lang=ar][dir=rtl]")
    film.assert_fits()
    page.emulate_media(forced_colors="active")
    film.shot("film-320-ar-forced")


def test_what_is_no_film_is_refused_and_the_photographs_page_says_where_films_go(visit, tmp_path):
    studio = visit(expect_faults=True)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    studio.choose(broken)
    studio.page.locator("#messages").get_by_role("link", name="Open a film").click()
    studio.choose(broken)
    said = studio.page.locator("#messages [role=alert]")
    said.filter(has_text="broken.mp4").filter(has_text="can't be read as a film").wait_for()
    assert studio.page.locator("body[data-scene=welcome]").count() == 1
    studio.shot("films-welcome-1440-light")


def test_files_of_hints_are_taken_once_they_are_understood(visit, clip, tmp_path):
    studio = visit(expect_faults=True)
    opened(studio, clip)
    said = studio.page.locator("#messages [role=alert]")
    path = tmp_path / "some.hints.json"
    for content, reason in (
        ("{", "it is not JSON"),
        (json.dumps({"hints": 5}), "valid list"),
        (json.dumps({"cuts": None}), "valid dictionary"),
        (json.dumps({"hints": [{"time": 0, "picture": "away.png"}]}), "away.png"),
    ):
        path.write_text(content)
        studio.choose(path, opener="#hints-open")
        said.filter(has_text=reason).last.wait_for()
    hint = {"x": 100, "y": 60, "color": "#2244cc"}
    path.write_text(json.dumps({"version": 1, "hints": [{"frame": 0, "hints": [hint]}]}))
    changed(studio, lambda: studio.choose(path, opener="#hints-open"))
    assert studio.page.locator(".marker").count() == 1
    studio.page.keyboard.press("Control+z")
    studio.page.wait_for_selector(".marker", state="detached")

    studio.page.route("**/glimpse", lambda route: route.fulfill(status=500, json={"detail": "No."}))
    studio.page.keyboard.press(".")
    failed = studio.page.locator("#failed:visible")
    failed.wait_for()
    over = failed.evaluate("one => getComputedStyle(one).backgroundColor")
    assert over != "rgba(0, 0, 0, 0)"  # it lies on the frame
    assert studio.page.locator("#frame-time").inner_text() == "0:00.04"
    studio.page.unroute("**/glimpse")
    failed.get_by_role("button").press("Enter")
    studio.page.wait_for_selector("#failed", state="hidden")
    shown(studio)
    closed(studio)


def test_progress_disturbs_nobody_and_a_film_closed_elsewhere_is_missed(visit, clip):
    studio = visit(expect_faults=True)
    opened(studio, clip)
    page = studio.page
    shots = page.locator(".shots-field")
    studio.choose(SAMPLES / "china.jpg", opener="#add-reference")
    shots.wait_for()
    page.locator("#film-frame").click()
    page.wait_for_selector(".likely-one")
    changed(studio, lambda: typed(studio, "#2244cc"))
    page.keyboard.press("Escape")
    address = f"**/v1/films/{page.url.partition('#')[2]}"
    with page.expect_response(f"{address}/rendering") as began:
        page.locator("#render").click()
    running = {**began.value.json(), "state": "running", "frames": 0, "shot": 0}

    def answer(route):
        route.fulfill(json={**route.fetch().json(), "rendering": running})

    def polls():
        for _ in range(2):
            with page.expect_response(address):
                pass

    for path in (address, f"{address}/hints"):
        page.route(path, answer)
    page.locator("#render-state").filter(has_text="being colored").wait_for()
    x, y = middle(studio, ".marker")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y, steps=4)
    polls()
    changed(studio, page.mouse.up)
    assert middle(studio, ".marker") == pytest.approx((x + 90, y), abs=2)
    shots.fill("1-")
    polls()
    assert shots.input_value() == "1-"
    for path in (address, f"{address}/hints"):
        page.unroute(path)
    assert page.request.delete(address.replace("**/", studio.page.url.partition("film.")[0])).ok
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # somebody comes back
    page.wait_for_selector("body[data-scene=welcome]")
    said = page.locator("#messages [role=alert]")
    said.filter(has_text="Open it again").wait_for()
    page.goto(page.url + address.replace("**/v1/films/", "#"))
    page.reload()
    said.filter(has_text="Open it again").wait_for()


def test_a_server_without_the_extra_says_why(visit):
    studio = visit()
    reason = "Films need the video extra on the server"
    facts = {"offered": False, "reason": reason, "upload_bytes": 1, "containers": {}}
    studio.page.route("**/v1/films", lambda route: route.fulfill(body=json.dumps(facts)))
    studio.page.locator("#films-link").click()
    studio.page.locator("#films-limit").filter(has_text=reason).wait_for()
    assert studio.page.locator("#open").is_disabled()
