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


def travel(url, folder):
    """Go the whole way; what was seen."""
    script = Path(__file__).parent / "web" / "firefox.mjs"
    command = [NODE, script, FIREFOX, url, SAMPLES / "chelsea.jpg", folder]
    home = {**os.environ, "HOME": str(folder.parent)}  # Firefox wants one that is its user's
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
    assert seen["reach"] == "A small part of it"
    assert seen["files"] == ["chelsea-color.jpg"]
    saved = pyvips.Image.new_from_file(str(folder / "chelsea-color.jpg"))
    assert (saved.width, saved.height, saved.bands) == (451, 300, 3)


def test_with_the_server(server, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    check(travel(server.url, folder), folder)


@pytest.mark.slow
@pytest.mark.skipif(
    not (site.RUNTIME / "ort-wasm-simd-threaded.wasm").is_file(), reason="needs make web"
)
def test_without_a_server(host, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    check(travel(host.url, folder), folder)
