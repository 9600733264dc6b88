"""What the page costs: from a change of a hint to the new picture on the screen, in a browser.

    python benchmarks/studio_page.py                     # some seconds
    python benchmarks/studio_page.py --model file.onnx

A hint stands on a 12-megapixel photograph and is moved by the arrow keys, one step after the
other has been shown. Timed in the page, from the key to the frame after the new picture has
been put in its place. The bar of issue 5 is 120 ms, median, on 2 cores.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pyvips
from playwright.sync_api import Page, sync_playwright

import photochrom

SAMPLE = Path(photochrom.__file__).parent / "samples" / "flower.jpg"
COMMAND = Path(sys.executable).with_name("photochrom")
SWITCHES = ["--no-sandbox", "--headless", "--disable-gpu", "--no-first-run"]
SIZES = ((640, 427), (4000, 3000))
EDITS = 30

MOVE = """
() => new Promise((resolve) => {
    const marker = document.querySelector(".marker");
    const images = document.querySelector("#images");
    const began = performance.now();
    const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - began));
    });
    watch.observe(images, { childList: true });
    marker.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
})
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer.")


def measure(page: Page, url: str, photograph: Path) -> tuple[float, list[float]]:
    """Milliseconds from the file to its colors, and of each change of a hint."""
    page.goto(url)
    page.wait_for_selector(".print-color.developed >> nth=2")
    with page.expect_file_chooser() as dialog:
        page.locator("#open").click()
    started = time.perf_counter()
    dialog.value.set_files(str(photograph))
    page.wait_for_selector("#stage[data-state=painted]")
    first = 1000 * (time.perf_counter() - started)
    page.locator("button.alternative, button.version").first.wait_for()
    box = page.locator("#frame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    page.locator("#picker-likely button").last.click()
    page.locator("#picker-close").click()
    page.wait_for_selector("#stage[data-state=painted]")
    times = []
    for _ in range(EDITS + 2):
        times.append(float(page.evaluate(MOVE)))
        page.wait_for_selector("#stage[data-state=painted]")
    return first, times[2:]


def main() -> None:
    """Start a server and a browser, and print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="a name or a file; the default model otherwise")
    model = parser.parse_args().model
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not here; Debian has it as the package chromium.")
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    chosen = ["--model", model] if model else []
    server = subprocess.Popen([COMMAND, "serve", "--port", str(port), *chosen])
    try:
        wait_for(url)
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
            browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            for width, height in SIZES:
                photograph = Path(folder) / f"{width}x{height}.jpg"
                image = pyvips.Image.thumbnail(str(SAMPLE), width, height=height, size="force")
                image.jpegsave(str(photograph), Q=92)
                first, times = measure(page, url, photograph)
                print(
                    f"{width} x {height}: in color after {first:.0f} ms; a hint's change is seen "
                    f"after {statistics.median(times):.0f} ms (median of {len(times)}, "
                    f"{min(times):.0f} to {max(times):.0f})"
                )
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
