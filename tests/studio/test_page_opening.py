"""Opening photographs on the page: what goes wrong with one never stops the others."""

import base64
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from photochrom.pictures import picture

SAMPLES = Path(__file__).parents[2] / "src" / "photochrom" / "samples"

DROP = """([names, content]) => {
    const carried = new DataTransfer();
    for (const [at, name] of names.entries()) {
        const bytes = Uint8Array.from(atob(content[at]), (one) => one.charCodeAt(0));
        carried.items.add(new File([bytes], name));
    }
    const options = { dataTransfer: carried, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new DragEvent("drop", options));
}"""


def titles(studio):
    """The names of the open photographs, in order."""
    return [one.get_attribute("aria-label") for one in studio.page.locator(".film-pick").all()]


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
    content = base64.b64encode((SAMPLES / "flower.jpg").read_bytes()).decode()
    studio.page.evaluate(
        """([way, content]) => {
            const carried = new DataTransfer();
            const type = "image/jpeg";
            const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
            carried.items.add(new File([bytes], "rose.jpg", { type }));
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


def test_a_file_that_is_gone_fails_alone(visit, tmp_path):
    studio = visit(expect_faults=True)
    doomed = tmp_path / "doomed.jpg"
    shutil.copy(SAMPLES / "china.jpg", doomed)

    def delete_and_go_on(route):
        doomed.unlink(missing_ok=True)
        route.continue_()

    studio.page.wait_for_load_state("networkidle")  # the samples have come up in color
    studio.page.route("**/v1/pictures", delete_and_go_on)
    studio.choose(SAMPLES / "flower.jpg", doomed, SAMPLES / "chelsea.jpg")
    studio.page.wait_for_selector(".film.failed")
    studio.page.wait_for_selector(".film.ready >> nth=1")
    assert titles(studio) == ["flower.jpg", "doomed.jpg, can’t be read", "chelsea.jpg"]
    summary = studio.page.locator("#messages [role=alert]")
    assert "2 opened, 1 not" in summary.inner_text()
    assert "deleted" in summary.inner_text()
    assert studio.page.locator("#offline").is_hidden()
    summary.get_by_role("button", name="Dismiss").click()
    assert summary.count() == 0


def test_a_dropped_folder_is_walked_in_order(visit, tmp_path):
    album = tmp_path / "Album"
    (album / "inner").mkdir(parents=True)
    for name in ("b10.jpg", "b9.jpg", "inner/a.jpg", ".hidden.jpg"):
        shutil.copy(SAMPLES / "chelsea.jpg", album / name)
    (album / "notes.txt").write_text("no photograph")
    studio = visit()
    session = studio.page.context.new_cdp_session(studio.page)
    data = {"items": [], "files": [str(album)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 200, "y": 300, "data": data}
        session.send("Input.dispatchDragEvent", event)
    studio.page.locator("#messages").get_by_text("3 files found.").wait_for()
    studio.page.wait_for_selector(".film.ready >> nth=2")
    assert titles(studio) == ["b9.jpg", "b10.jpg", "a.jpg"]


def test_several_broken_files_are_summed_up_and_a_cut_one_opens_as_far_as_it_goes(visit, tmp_path):
    content = (SAMPLES / "flower.jpg").read_bytes()
    for name, data in (("cut.jpg", content[:14000]), ("empty.jpg", b""), ("text.jpg", b"no")):
        (tmp_path / name).write_bytes(data)
    studio = visit(expect_faults=True)
    broken = [tmp_path / name for name in ("cut.jpg", "empty.jpg", "text.jpg")]
    studio.choose(*broken, SAMPLES / "flower.jpg")
    studio.painted()
    assert "flower.jpg" in studio.page.locator("#title").inner_text()  # the first good one
    summary = studio.page.locator("#messages [role=alert]")
    summary.wait_for()
    assert "1 opened, 3 not" in summary.inner_text()
    assert summary.locator("li").count() == 3
    assert "form field" not in summary.inner_text()
    assert "--allow" not in summary.inner_text()
    summary.get_by_role("button", name="Dismiss").click()
    studio.page.get_by_role("button", name="cut.jpg").first.click()
    studio.page.get_by_role("button", name="Open what can be decoded").click()
    studio.painted()
    assert "cut.jpg" in studio.page.locator("#title").inner_text()
    messages = studio.page.locator("#messages").inner_text()
    assert "damaged" in messages
    assert "opened" not in messages  # the summary was read, and comes once


@pytest.mark.parametrize("kind", ["outside", "no place", "empty", "no json"])
def test_a_file_of_hints_is_taken_whole_or_not_at_all(visit, tmp_path, kind):
    good = {"x": 300, "y": 200, "color": "#cc2244"}
    bad = {
        "outside": [good, {"x": 9000, "y": 1, "color": "#cc2244"}],
        "no place": [good, {"color": "#cc2244"}],
        "empty": [],
        "no json": None,
    }[kind]
    hints = tmp_path / "bad.json"
    hints.write_text("{" if bad is None else json.dumps({"hints": bad}))
    studio = visit().open(SAMPLES / "flower.jpg")
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    studio.choose(hints, opener="#hints-open")
    studio.page.locator("#messages [role=alert]").filter(has_text="bad.json").wait_for()
    assert studio.page.locator(".marker").count() == 0
    assert studio.page.locator("#undo").is_disabled()
    studio.hint(0.6, 0.5, "#7a3fb0")  # painting goes on
    assert studio.page.locator(".marker").count() == 1


def test_hints_find_the_photograph_of_their_name(visit, tmp_path):
    hints = tmp_path / "chelsea.hints.json"
    hints.write_text(json.dumps([{"x": 300, "y": 200, "color": "#cc2244"}]))
    studio = visit()
    studio.choose(SAMPLES / "flower.jpg", hints, SAMPLES / "chelsea.jpg")
    studio.page.wait_for_selector(".film.ready >> nth=1")
    if studio.page.locator("body.no-hints").count():
        pytest.skip("the model takes no hints")
    assert studio.page.locator(".marker").count() == 0
    studio.page.get_by_role("button", name="chelsea.jpg", exact=True).click()
    studio.painted()
    assert studio.page.locator(".marker").count() == 1


def test_long_names_push_nothing_off_the_screen(visit, tmp_path):
    long = tmp_path / f"{'a' * 251}.jpg"
    shutil.copy(SAMPLES / "chelsea.jpg", long)
    studio = visit().open(long)
    for width in (1440, 1024, 800, 390, 320):
        studio.page.set_viewport_size({"width": width, "height": 800})
        studio.page.wait_for_timeout(60)
        studio.assert_fits()
        for part in ("#download", "#panel"):
            box = studio.page.locator(part).bounding_box()
            assert box["x"] >= 0, (part, width)
            assert box["x"] + box["width"] <= width + 1, (part, width)
    studio.shot("long-name-320-light")


def test_what_the_server_reads_is_offered_and_the_browser_helps_with_more(visit):
    studio = visit(expect_faults=True)
    with studio.page.expect_file_chooser():
        studio.page.locator("#open").click()
    offered = studio.page.locator("#file").get_attribute("accept").split(",")
    assert {".tif", "image/jpeg"} <= set(offered)
    assert not {"image/*", ".bmp"} & set(offered)
    gray = picture.read(SAMPLES / "chelsea.jpg").srgb()[..., 0]
    content = bitmap(np.rint(255 * gray) if gray.dtype.kind == "f" else gray)
    studio.page.evaluate(DROP, [["old.bmp"], [base64.b64encode(content).decode()]])
    studio.painted()
    assert "your browser" in studio.page.locator("#messages").inner_text()
    assert picture.read(Path(studio.download().path())).size == gray.shape


def bitmap(gray):
    """A BMP file of 24 bits a pixel."""
    height, width = gray.shape
    rows = np.repeat(gray[::-1, :, None].astype(np.uint8), 3, axis=2).reshape(height, -1)
    body = np.pad(rows, ((0, 0), (0, -3 * width % 4))).tobytes()
    header = np.array([54, 40, width, height], "<u4").tobytes()
    header += np.array([1, 24], "<u2").tobytes() + np.zeros(6, "<u4").tobytes()
    return b"BM" + np.array([54 + len(body), 0], "<u4").tobytes() + header + body


def test_a_slow_line_shows_how_much_has_been_sent(visit, tmp_path):
    large = tmp_path / "large.png"
    rng = np.random.default_rng(0)
    picture.from_array(rng.integers(0, 256, (700, 1000), np.uint8)).save(large)
    studio = visit()
    session = studio.page.context.new_cdp_session(studio.page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    session.send("Network.emulateNetworkConditions", slow)
    studio.choose(large)
    studio.page.locator("#busy-text").filter(has_text="Sending").wait_for()
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    studio.painted()
