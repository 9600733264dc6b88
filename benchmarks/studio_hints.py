"""How long it takes to place a hint and see it, in a browser: this page beside an earlier one.

    python benchmarks/studio_hints.py --before PATH --photograph a.jpg
    python benchmarks/studio_hints.py --photograph a.jpg --hints 199

PATH is a checkout of an earlier commit (`git worktree add PATH COMMIT`); each page runs on the
server and the model of its own checkout. Without it, the first hint stands beside one more that
comes after `--hints` others. Rounds alternate between the two, so that both see the same machine.
Needs Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import FilePayload, Page, sync_playwright

ROOT = Path(__file__).parents[1]

PLACE = """([color]) => new Promise((resolve) => {
    const shown = () => {
        const after = document.querySelector(".images .after");
        return after.dataset.painting ?? after.src;
    };
    const before = shown();
    const hex = document.querySelector("#picker-hex");
    const began = performance.now();
    const look = () => {
        if (shown() !== before) resolve(performance.now() - began);
        else requestAnimationFrame(look);
    };
    hex.value = color;
    hex.dispatchEvent(new Event("change", { bubbles: true }));
    requestAnimationFrame(look);
})"""


@contextlib.contextmanager
def served(checkout: Path) -> Iterator[str]:
    """The address of a checkout's Studio."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    code = "from importlib.metadata import EntryPoint; EntryPoint('', ENTRY, '').load()()"
    entry = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["scripts"]
    code = code.replace("ENTRY", repr(entry["photochrom"]))
    command = [sys.executable, "-c", code, "serve", "--port", str(port)]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


def opened(page: Page, url: str, photograph: Path, hints: int) -> None:
    """Open a photograph that has so many hints already."""
    page.goto(url)
    page.wait_for_selector(".print-color.developed >> nth=2")
    with page.expect_file_chooser() as dialog:
        page.locator("#open").click()
    dialog.value.set_files(str(photograph))
    page.wait_for_selector("#stage[data-state=painted]")
    page.wait_for_timeout(3000)  # its alternatives, too
    if hints:
        size = page.evaluate("document.querySelector('#title-size').textContent")
        width, height = (int(part) for part in size.split("×"))
        entries = [
            {
                "x": width * (i % 20 + 0.5) / 20,
                "y": height * (i // 20 + 0.5) / 11,
                "color": "#a06040",
            }
            for i in range(hints)
        ]
        text = str({"hints": entries}).replace("'", '"')
        with page.expect_file_chooser() as dialog:
            page.locator("#hints-open").click()
        dialog.value.set_files(
            FilePayload(name="a.json", mimeType="application/json", buffer=text.encode())
        )
        page.wait_for_selector(".marker")
        page.wait_for_selector("#stage[data-state=painted]")


def placed(page: Page, number: int) -> float:
    """Place a hint of a color; the milliseconds until it is seen."""
    box = page.locator("#frame").bounding_box()
    assert box is not None
    x = box["x"] + box["width"] * (0.55 + 0.035 * (number % 10))
    page.mouse.click(x, box["y"] + box["height"] * (0.3 + 0.03 * (number % 7)))
    page.wait_for_selector(".likely-one")
    took: float = page.evaluate(PLACE, [f"#{(number * 37) % 200 + 40:02x}6080"])
    page.wait_for_selector("#stage[data-state=painted]")
    page.locator("#picker-close").click()
    page.keyboard.press("Control+z")
    page.wait_for_timeout(300)
    return took


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--before", type=Path, help="checkout of the earlier page")
    parser.add_argument("--photograph", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--hints", type=int, default=0, help="hints that are there already")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        served(given.before or ROOT) as before,
        served(ROOT) as after,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        ) as browser,
    ):
        pages = []
        for url, hints in ((before, given.hints if given.before else 0), (after, given.hints)):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(120_000)
            pages.append(context.new_page())
            opened(pages[-1], url, given.photograph, hints)
        times: list[list[float]] = [[], []]
        for number in range(given.rounds + 2):
            for page, own in zip(pages, times, strict=True):
                page.bring_to_front()
                own.append(placed(page, number))
    medians = [statistics.median(own[2:]) for own in times]
    there = f"{given.photograph.name}, {given.hints} hints there"
    one, other = ("before", "now") if given.before else ("for the first", "for one more")
    ratio = medians[1] / medians[0]
    print(f"{there}: {medians[0]:.0f} ms {one}, {medians[1]:.0f} ms {other}, {ratio:.2f} of it")


if __name__ == "__main__":
    main()
