"""What the Studio without a server takes, beside Python on one thread.

    python benchmarks/web.py [--picture PHOTOGRAPH]

Prints CPU times (Node runs the browser's engine, one thread; V8 compiles the network's code once
more during the first twenty photographs, of which only the very first is told), the bytes that a
first visit loads when its host compresses with brotli, and, where Chromium is installed, the time
and the memory of a photograph of 12 megapixels from the file to the download.
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

import chromium
import photochrom
import processes
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


def until_quiet(pid: int) -> None:
    """Wait until a process has computed next to nothing for three seconds."""
    quiet, before = 0, processes.cpu_s(pid)
    while quiet < 3:
        time.sleep(1)
        now = processes.cpu_s(pid)
        quiet, before = quiet + 1 if now - before < 0.06 else 0, now


def in_chromium(site: Path, photograph: Path, folder: Path) -> None:
    """Open and download 12 megapixels; print the times and the peak memory.

    The download begins when the page's process is done with what follows the first photograph: V8
    compiles the network's code once more, and the service worker stores files. The CPU time is that
    of this process.

    That is the largest memory that the page's own process had since the page was there, with its
    workers and its service worker: its proportional set size, in which what several processes
    share (Chromium's own program, above all) is divided among them; and all that is resident.
    """
    with served(site) as url, chromium.chromium() as browser:
        browser.go(url)
        browser.until("document.querySelectorAll('.print-color').length > 2")
        pid, begun = browser.renderer(), time.perf_counter()
        peak = processes.Peak(pid)
        browser.choose("#open", "#file", photograph)
        browser.until("document.querySelector('#stage').dataset.state === 'painted'")
        print(f"12 megapixels in Chromium: opened in {time.perf_counter() - begun:.1f} s")
        until_quiet(pid)
        opened, cpu = time.perf_counter(), processes.cpu_s(pid)
        browser.download("#download", folder)
        seconds, cpu = time.perf_counter() - opened, processes.cpu_s(pid) - cpu
        print(f"12 megapixels in Chromium: saved in {seconds:.1f} s, {cpu:.2f} s CPU")
        print(f"peak memory of the page's process: {peak.end():.0f} MB proportional")
        print(f"the same, all that is resident: {processes.resident_peak_mb(pid):.0f} MB")


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
            (folder / "saved").mkdir()
            in_chromium(site, large, folder / "saved")


if __name__ == "__main__":
    main()
