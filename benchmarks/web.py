"""What the Studio without a server takes, beside Python on one thread.

    python benchmarks/web.py [--picture PHOTOGRAPH]

Prints CPU times (Node runs the browser's engine, one thread; V8 compiles the network's code once
more during the first twenty photographs, of which only the very first is told), the bytes that a
first visit loads when its host compresses with brotli, and, where Chromium and Playwright are
installed, the time and the memory of a photograph of 12 megapixels from the file to the download.
Needs `make web`.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyvips

import photochrom
from photochrom import Colorizer, Hint
from photochrom.models.weights import find_model
from photochrom.pictures import picture
from photochrom.runtime.prepared import small_size
from photochrom.studio.site import write_site

SAMPLE = Path(photochrom.__file__).parent / "samples" / "china.jpg"
ENGINE = Path(__file__).parent / "web_engine.mjs"


def cpu_ms(call: Callable[[int], object], rounds: int = 7) -> float:
    """The median CPU time of a call, after one that isn't counted."""
    times = []
    for number in range(rounds + 1):
        before = time.process_time()
        call(number)
        if number:
            times.append(1000 * (time.process_time() - before))
    return statistics.median(times)


def in_python(path: Path) -> dict[str, float]:
    """The same two steps with the library."""
    colorizer = Colorizer(threads=1)
    gray = picture.from_array(picture.read(path).srgb())
    height, width = gray.size
    prepared = colorizer.prepare(gray)
    return {
        "automatic": cpu_ms(lambda _: colorizer.prepare(gray).ab()),
        # Another place each time: the library remembers what it has painted.
        "hint": cpu_ms(
            lambda number: prepared.ab(hints=[Hint.at(width / 2 + number, height / 2, "#2244cc")])
        ),
    }


def in_node(site: Path, path: Path, folder: Path) -> dict[str, Any]:
    """What `web_engine.mjs` measures."""
    source = picture.read(path)
    size = small_size(source.size, Colorizer(threads=1).contract.short_side_px)
    small = folder / "small.raw"
    small.write_bytes(np.ascontiguousarray(source.srgb(size=size)).tobytes())
    command = ["node", str(ENGINE), str(site), str(small), *map(str, size)]
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a folder on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def in_chromium(site: Path, photograph: Path) -> None:
    """Open and download 12 megapixels; print the times and the page's peak memory."""
    from playwright.sync_api import sync_playwright

    switches = ["--no-sandbox", "--headless", "--disable-gpu"]
    with served(site) as url, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=switches)
        page = browser.new_context(accept_downloads=True).new_page()
        page.set_default_timeout(180_000)
        page.goto(url)
        page.wait_for_selector(".print-color >> nth=2")
        begun = time.perf_counter()
        with page.expect_file_chooser() as dialog:
            page.locator("#open").click()
        dialog.value.set_files([str(photograph)])
        page.wait_for_selector("#stage[data-state=painted]")
        opened = time.perf_counter()
        with page.expect_download() as waiting:
            page.locator("#download").click()
        waiting.value.path()
        saved = time.perf_counter()
        print(f"12 megapixels in Chromium: opened in {opened - begun:.1f} s")
        print(f"12 megapixels in Chromium: saved in {saved - opened:.1f} s")
        print(f"peak memory of the page's process: {_peak_mb():.0f} MB")
        browser.close()


def _peak_mb() -> float:
    """The largest peak of resident memory among Chromium's renderers."""
    peaks = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_bytes()
            if b"--type=renderer" in command:
                line = next(one for one in status.read_text().splitlines() if "VmHWM" in one)
                peaks.append(int(line.split()[1]) / 1000)
        except (OSError, StopIteration):
            continue
    return max(peaks)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--picture", type=Path, default=SAMPLE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = write_site(folder / "site")
        found, beside = in_node(site, options.picture, folder), in_python(options.picture)
        for key, words in (("automatic", "a photograph"), ("hint", "a changed hint")):
            ratio = found[key] / beside[key]
            print(f"{words}: {found[key]:.0f} ms CPU, Python {beside[key]:.0f}: {ratio:.1f}x")
        print(f"the first photograph, while V8 compiles the network: {found['first']:.0f} ms CPU")
        print(f"12 megapixels painted: {found['painted']:.0f} ms CPU")
        total, model = sum(found["bytes"].values()), find_model(None).stat().st_size
        sizes = ", ".join(f"{one} {size / 1e6:.2f}" for one, size in found["bytes"].items())
        print(f"first visit, brotli: {total / 1e6:.2f} MB ({sizes})")
        print(f"the model's file: {model / 1e6:.2f} MB")
        if shutil.which("chromium"):
            large = folder / "large.jpg"
            image = pyvips.Image.thumbnail(str(options.picture), 4000, height=3000, size="force")
            image.jpegsave(str(large), Q=92)
            in_chromium(site, large)


if __name__ == "__main__":
    main()
