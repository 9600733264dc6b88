"""Taking photographs home from the page, also when the server forgets them or stops meanwhile."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path

from photochrom.pictures import picture
from served import SAMPLES

MODEL = os.environ.get("STUDIO_MODEL")
SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"


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
