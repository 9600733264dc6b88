"""The core journey in Firefox: with the Studio's server, and without any."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import pyvips

from photochrom import color
from photochrom.studio import site

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
NODE = shutil.which("node")
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "src" / "photochrom" / "samples"

pytestmark = pytest.mark.skipif(
    FIREFOX is None or NODE is None or not (ROOT / "node_modules" / "puppeteer-core").is_dir(),
    reason="needs Firefox, and Node.js with npm ci",
)


needs_runtime = pytest.mark.skipif(
    not (site.RUNTIME / "ort-wasm-simd-threaded.wasm").is_file(), reason="needs make web"
)


def started(name, url, folder):
    """The words and the surroundings of one of the scripts."""
    script = Path(__file__).parent / "web" / name
    command = [NODE, script, FIREFOX, url, SAMPLES / "chelsea.jpg", folder]
    return command, {**os.environ, "HOME": str(folder.parent)}  # Firefox wants its user's own


def travel(url, folder):
    """Go the whole way; what was seen."""
    command, home = started("firefox.mjs", url, folder)
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=home
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def check(seen, folder):
    """What holds with each engine."""
    assert seen["faults"] == []
    assert seen["foreign"] == []
    colored, hinted, undone = (
        color.srgb_to_lab(np.float32([[seen[name]]]) / 255)[0, 0, 1:]
        for name in ("colored", "hinted", "undone")
    )
    assert hinted[1] < colored[1] - 20  # much bluer
    assert np.abs(undone - colored).max() < 1
    assert seen["reach"] == "A small part of the object"
    assert seen["files"] == ["chelsea-color.jpg"]
    saved = pyvips.Image.new_from_file(str(folder / "chelsea-color.jpg"))
    assert (saved.width, saved.height, saved.bands) == (451, 300, 3)


def test_with_the_server(server, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    check(travel(server.url, folder), folder)


@pytest.mark.slow
@needs_runtime
def test_without_a_server(host, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    check(travel(host.url, folder), folder)


@pytest.mark.slow
@needs_runtime
def test_on_a_phone_without_a_network_and_after_an_update(host, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    command, home = started("firefox_site.mjs", host.url, folder)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=home, **pipes) as running:

        def next_part():
            line = running.stdout.readline()
            assert line, "it ended early"
            seen = json.loads(line)
            assert seen["faults"] == []
            assert seen["foreign"] == []
            return seen

        def go_on():
            running.stdin.write("\n")
            running.stdin.flush()

        first = next_part()
        assert not first["isolated"]  # the host can't
        assert "photochrom" in first["model"]
        host.stop()
        go_on()
        offline = next_part()
        assert offline["isolated"]
        assert offline["wide"] <= 0
        assert np.ptp(offline["colored"]) > 5  # it is no gray
        site.write_site(host.folder, model="resnet18-gray", force=True)
        host.start()
        go_on()
        next_part()
        go_on()
        assert running.wait(60) == 0
