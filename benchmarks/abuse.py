"""What it costs the server when somebody means no good: connections, memory, processor.

    python benchmarks/abuse.py [--only connections|memory|processor]

Starts `photochrom serve` in a process of its own, asks it over the loopback, and prints:

- connections: how long others wait while 512 connections say nothing, and when those are closed.
- memory: the server's peak with two pictures at a time that are small files and huge pictures,
  beside its budget (`--memory-mb`).
- processor: CPU seconds of requests whose cost a client chooses, beside the usual request of the
  same pixels; and how long `/healthz` takes meanwhile.

Everything is bounded: some minutes, and the memory of the budget. Connections to others than the
loopback are impossible.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import numpy as np
import pyvips

import batch
import studio
from bombs import AVIF_SIDE, black_avif, black_webp, interlaced_png, progressive_jpeg
from photochrom.pictures import footprint

PARTS = ("connections", "memory", "processor")
SILENT = 512
SIDE = 15_800
MOST = 10**9
MEGAPIXEL = (1000, 1000)
ROUNDS = 3
PALETTE = [f"#{level:02x}{255 - level:02x}80" for level in range(64)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--memory-mb", type=int, default=7000)
    arguments = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores; load {os.getloadavg()[0]:.1f}")
    for part in PARTS:
        if arguments.only not in (None, part):
            continue
        print(f"\n{part}")
        if part == "memory":
            memory(arguments.memory_mb)
        else:
            {"connections": connections, "processor": processor}[part]()


# Connections


def connections() -> None:
    """How others fare while connections say nothing."""
    with studio.serving(None) as server, ExitStack() as stack:
        place = server.host, server.port
        begun = time.monotonic()
        silent = [stack.enter_context(socket.create_connection(place)) for _ in range(SILENT)]
        answers: dict[str, list[float]] = {"/healthz": [], "/v1/samples": []}
        failed = 0
        while time.monotonic() - begun < 15:
            for path, seconds in answers.items():
                asked = time.perf_counter()
                status = get(server, path)
                seconds.append(time.perf_counter() - asked)
                failed += status != 200
            time.sleep(0.2)
        for path, seconds in answers.items():
            longest = 1000 * max(seconds)
            print(f"{path:<36} {len(seconds):5d} answers {longest:7.0f} ms at most")
        print(f"other answers than 200 {failed:19d}")
        silent[-1].settimeout(5)
        first = silent[-1].recv(100).split(b"\r\n")[0].decode()
        print(f"a silent connection is told            {first}")


def get(server: studio.Server, path: str) -> int:
    """The status of a request over a connection of its own."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", path)
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


HUGE: dict[str, Callable[[int], bytes]] = {
    "lossless WebP": black_webp,
    "interlaced 16-bit PNG": interlaced_png,
    "progressive JPEG": progressive_jpeg,
    "AVIF": black_avif,
}


def memory(budget_mb: int) -> None:
    """The server's peak with two at a time."""
    files = {name: make(SIDE) for name, make in HUGE.items()}
    print(
        f"{SIDE} x {SIDE} pixels (AVIF: {AVIF_SIDE} x {AVIF_SIDE}), two at a time; "
        f"a budget of {budget_mb} MB"
    )
    for name, data in files.items():
        reckoned = footprint.of(data, max_pixels=MOST).writing("jpeg", kept=True) / 1e6
        with studio.serving(None, "--max-memory-mb", str(budget_mb)) as server:

            def ask(_: int, server: studio.Server = server, data: bytes = data) -> str:
                return outcome(server, "/v1/colorize?format=jpeg", data)

            begun = time.perf_counter()
            with ThreadPoolExecutor(2) as clients:
                answers = ", ".join(clients.map(ask, range(2)))
            seconds = time.perf_counter() - begun
            print(
                f"{name:<24} {len(data):9,d} bytes {reckoned:7.0f} MB reckoned each "
                f"{server.peak_mb():7.0f} MB peak {seconds:5.1f} s: {answers}"
            )
    with studio.serving(None, "--max-memory-mb", str(budget_mb)) as server:
        jobs = [data for data in files.values() for _ in range(2)]
        with ThreadPoolExecutor(len(jobs)) as clients:
            answers = ", ".join(
                clients.map(lambda data: outcome(server, "/v1/colorize?format=jpeg", data), jobs)
            )
        print(f"all of them, twice, at once: {server.peak_mb():.0f} MB peak: {answers}")


def outcome(server: studio.Server, path: str, data: bytes) -> str:
    """What is answered: a status, and a problem's words."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=300)
    connection.request("POST", path, data, {"Content-Type": "application/octet-stream"})
    answer = connection.getresponse()
    content = answer.read()
    said = "" if answer.status == 200 else f" ({json.loads(content)['detail'][:90]})"
    return f"{answer.status}{said}"


# Processor


def strokes(count: int, points: int, radius_px: float, seed: int = 0) -> list[dict[str, object]]:
    """Scribbles over a picture of a megapixel."""
    rng = np.random.default_rng(seed)
    height, width = MEGAPIXEL
    return [
        {
            "points": (rng.uniform(0, 1, (points, 2)) * [width, height]).round(1).tolist(),
            "color": "#c03040",
            "radius_px": radius_px,
        }
        for _ in range(count)
    ]


def scribble(points: int, radius_px: float) -> list[dict[str, object]]:
    """One stroke as a hand draws it: from side to side, downwards, in small steps."""
    turns = np.linspace(0, 12 * np.pi, points)
    height, width = MEGAPIXEL
    across, down = (0.5 + 0.4 * np.sin(turns)) * width, np.linspace(0.1, 0.9, points) * height
    path = np.stack([across, down], axis=1).round(1).tolist()
    return [{"points": path, "color": "#c03040", "radius_px": radius_px}]


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """A picture's file with an XMP packet, as TIFF, which holds any size."""
    image = pyvips.Image.new_from_buffer(data, "").copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", packet)
    written: bytes = image.tiffsave_buffer(compression="deflate")
    return written


def xmp_packet(size: int) -> bytes:
    """A packet of so many bytes, full of the smallest elements."""
    begin = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="'
        b'http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="">'
    )
    end = b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    return begin + (size - len(begin) - len(end)) // 4 * b"<a/>" + end


def with_resources(data: bytes, count: int) -> bytes:
    """A picture's file with so many of Photoshop's resources, each of them empty."""
    image = pyvips.Image.new_from_buffer(data, "").copy()
    block = count * (b"8BIM" + struct.pack(">HHI", 1, 0, 0))
    image.set_type(pyvips.GValue.blob_type, "photoshop-data", block)
    written: bytes = image.tiffsave_buffer(compression="deflate")
    return written


def processor() -> None:
    """CPU time of what a client may ask for."""
    large = pyvips.Image.thumbnail(
        str(batch.SAMPLE), MEGAPIXEL[1], height=MEGAPIXEL[0], size="force"
    )
    data = large.colourspace("b-w").copy_memory().jpegsave_buffer(Q=92)
    with studio.serving(None, "-j", "2") as server:
        place = server.open(data)

        def paint(**order: object) -> None:
            server.order(f"{place}/paint", **order)

        def colorize(data: bytes, query: str = "") -> None:
            server.ask("POST", f"/v1/colorize{query}", data)

        hint = {"x": 500, "y": 500, "color": "#c03040"}
        edits: dict[str, Callable[[], object]] = {
            "an edit: one hint": lambda: paint(hints=[hint]),
            "one stroke, 4,000 points, r = 500": lambda: paint(hints=strokes(1, 4000, 500)),
            "one stroke, 4,000 points, r = 5": lambda: paint(hints=strokes(1, 4000, 5)),
            "200 strokes of 20 points, r = 500": lambda: paint(hints=strokes(200, 20, 500)),
            "200 strokes of 20 points, r = 5": lambda: paint(hints=strokes(200, 20, 5)),
            "a scribble of 1,000 points, r = 40": lambda: paint(hints=scribble(1000, 40)),
            "200 points": lambda: paint(hints=strokes(200, 1, 5)),
            "a palette of 64": lambda: paint(
                palette=[f"#{n:02x}{255 - n:02x}80" for n in range(64)]
            ),
            "eight alternatives": lambda: server.order(f"{place}/alternatives", count=8),
        }
        compare(server, edits)
        packed = with_xmp(data, xmp_packet(4_000_000))
        small = with_xmp(data, xmp_packet(150_000))
        resources = with_resources(data, 1_000_000)
        requests: dict[str, Callable[[], object]] = {
            "colorize": lambda: colorize(data),
            "to PNG": lambda: colorize(data, "?format=png"),
            "to TIFF": lambda: colorize(data, "?format=tiff"),
            "to WebP": lambda: colorize(data, "?format=webp"),
            "to lossless WebP": lambda: colorize(data, "?format=webp&lossless=true"),
            "to AVIF": lambda: colorize(data, "?format=avif"),
            "to AVIF of quality 100": lambda: colorize(data, "?format=avif&quality=100"),
            "to lossless AVIF": lambda: colorize(data, "?format=avif&lossless=true"),
            "XMP of 4 MB": lambda: colorize(packed),
            "XMP of 150 kB": lambda: colorize(small),
            "a million image resources": lambda: colorize(resources),
            "the eighth alternative": lambda: colorize(data, "?alternative=2"),
        }
        compare(server, requests)
        grains = np.random.default_rng(0).integers(0, 256, MEGAPIXEL, dtype=np.uint8)
        noise = pyvips.Image.new_from_array(grains).pngsave_buffer()
        queries = {
            "noise: colorize": "",
            "noise, to PNG": "?format=png",
            "noise, to WebP": "?format=webp",
            "noise, to lossless WebP": "?format=webp&lossless=true",
            "noise, to AVIF": "?format=avif",
            "noise, to AVIF of quality 100": "?format=avif&quality=100",
            "noise, to lossless AVIF": "?format=avif&lossless=true",
        }
        compare(server, {name: partial(colorize, noise, query) for name, query in queries.items()})


def compare(server: studio.Server, requests: dict[str, Callable[[], object]]) -> None:
    """Print each request's CPU time beside the first one's, and the wait for `/healthz`."""
    usual = 0.0
    for name, call in requests.items():
        call_or_refusal(call)
        rounds = []
        with Watch(server) as watch:
            for _ in range(ROUNDS):
                before = server.cpu_s()
                refused = call_or_refusal(call)
                rounds.append(server.cpu_s() - before)
        spent = min(rounds)
        usual = usual or max(spent, 0.01)
        print(
            f"{name:<36} {1000 * spent:7.0f} ms CPU {spent / usual:6.1f} times the usual; "
            f"/healthz {1000 * watch.longest_s:5.0f} ms {refused}"
        )


def call_or_refusal(call: Callable[[], object]) -> str:
    """Ask; why it was refused, if it was."""
    try:
        call()
    except AssertionError as error:
        found = re.search(r'"detail": "([^"]*)', str(error))
        return f"(refused: {found[1][:80] if found else error})"
    return ""


class Watch:
    """Asks for health again and again."""

    def __init__(self, server: studio.Server) -> None:
        self._server, self._over = server, threading.Event()
        self.longest_s = 0.0
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            begun = time.perf_counter()
            get(self._server, "/healthz")
            self.longest_s = max(self.longest_s, time.perf_counter() - begun)


# Footprints


if __name__ == "__main__":
    main()
