"""What Photochrom Studio's server gives: the first paint, an edit, and requests a second.

    python benchmarks/studio.py [--model FILE]

Starts `photochrom serve` in a process of its own and asks it over the loopback:

- first paint: a 12-megapixel gray JPEG is opened, and its preview painted; from the first byte
  sent to the last one received. In parts, too.
- edit: the preview is painted anew with another hint (where the model takes hints).
- rate: 1-megapixel JPEGs through `POST /v1/colorize`, several clients at once, beside what the
  batch engine makes of the same files (`benchmarks/batch.py`), in turn.

CPU time is the server's own, all threads; other work on the machine disturbs it less. The part
that needs a browser is `benchmarks/studio_page.py`.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import urlsplit

import pyvips

import batch
import processes

COMMAND = Path(sys.executable).with_name("photochrom")
RUNS = 9
CLIENTS = 6
RATE_RUNS = 3


class Server:
    """A running server."""

    def __init__(self, pid: int, address: str) -> None:
        parts = urlsplit(address)
        self.pid, self._place = pid, parts.netloc
        self.host, self.port = parts.hostname or "", parts.port or 80
        self._own = local()

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "image/jpeg") -> bytes:
        """The answer to one request, over a connection that each thread keeps."""
        headers = {"Content-Type": kind}
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(self._place)
        connection: http.client.HTTPConnection = self._own.connection
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
        except ConnectionError:  # it was left alone for too long
            connection.close()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
        content = answer.read()
        assert answer.status < 400, content[:500]
        return content

    def order(self, path: str, **order: Any) -> bytes:
        """The answer to a JSON body."""
        return self.ask("POST", path, json.dumps(order).encode(), "application/json")

    def open(self, data: bytes) -> str:
        """Open a picture; its address."""
        return f"/v1/pictures/{json.loads(self.ask('POST', '/v1/pictures', data))['id']}"

    def cpu_s(self) -> float:
        """CPU seconds so far, all threads."""
        return processes.cpu_s(self.pid)

    def peak_mb(self) -> float:
        """The most memory so far."""
        status = Path(f"/proc/{self.pid}/status").read_text().split()
        return int(status[status.index("VmHWM:") + 1]) * 1024 / 1e6

    def resident_mb(self) -> float:
        """Memory now."""
        return processes.resident_mb(self.pid)


@contextmanager
def serving(model: str | None, *options: str) -> Iterator[Server]:
    """Start a server on a free port, and end it."""
    named = ["--model", model] if model else []
    command = [str(COMMAND), "serve", "--port", "0", *named, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        try:
            yield Server(process.pid, address)
        finally:
            process.terminate()


def show(server: Server, name: str, call: Callable[[], object], runs: int = RUNS) -> None:
    """Print the median milliseconds of a call, and the server's CPU time."""
    call()
    times, cpu = [], server.cpu_s()
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - begun))
    each = 1000 * (server.cpu_s() - cpu) / runs
    median, least = statistics.median(times), min(times)
    print(f"{name:<36} {median:7.0f} ms median {least:7.0f} least {each:7.0f} ms CPU")


def first_paint(server: Server) -> None:
    """Time a large photograph's way to its first colors, and edits of it."""
    large = pyvips.Image.thumbnail(str(batch.SAMPLE), 4000, height=3000, size="force")
    data = large.copy_memory().jpegsave_buffer(Q=92)
    print(f"12 megapixels, JPEG of {len(data) / 1e6:.1f} MB")
    show(server, "open and paint the preview", lambda: server.order(f"{server.open(data)}/paint"))
    show(server, "  open", lambda: server.open(data))
    place = server.open(data)
    show(server, "  paint the preview", lambda: server.order(f"{place}/paint"))
    show(server, "  paint at full size", lambda: server.order(f"{place}/paint", size="full"), 3)
    models = json.loads(server.ask("GET", "/v1/models"))
    if any(one["takes_hints"] for one in models["models"] if one["name"] == models["current"]):
        xs = itertools.cycle(range(500, 3500, 70))

        def edit() -> None:
            hint = {"x": next(xs), "y": 1500, "color": "#c03040"}
            server.order(f"{place}/paint", hints=[hint])

        show(server, "  paint with another hint", edit)
        show(server, "  other vividness", lambda: server.order(f"{place}/paint", vividness=1.5))
        show(server, "  four alternatives", lambda: server.order(f"{place}/alternatives"), 3)


def rates(server: Server, folder: Path, out: Path) -> None:
    """Pictures a second, by the server and by the batch engine."""
    photographs = [path.read_bytes() for path in sorted(folder.iterdir())]

    def colorize(data: bytes) -> None:
        server.ask("POST", "/v1/colorize", data)

    best: dict[str, float] = {}
    cpu: dict[str, list[float]] = {"server": [], "batch engine": []}
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(colorize, photographs[:CLIENTS]))
        for _ in range(RATE_RUNS):
            begun, before = time.perf_counter(), server.cpu_s()
            list(clients.map(colorize, photographs))
            seconds = time.perf_counter() - begun
            cpu["server"].append((server.cpu_s() - before) / len(photographs))
            best["server"] = max(best.get("server", 0), len(photographs) / seconds)
            rate, cpu_s = batch.measure(folder, out, places=[os.sched_getaffinity(0)])
            cpu["batch engine"].append(cpu_s)
            best["batch engine"] = max(best.get("batch engine", 0), rate)
    print(f"1 megapixel, {CLIENTS} clients, best of {RATE_RUNS} runs")
    for name, rate in best.items():
        print(f"{name:<36} {rate:7.1f} /s {1000 * min(cpu[name]):20.0f} ms CPU a picture")
    print(f"server / batch engine                {best['server'] / best['batch engine']:7.2f}")
    print(f"the server's memory                  {server.resident_mb():7.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="for the first paint and edits; the default one otherwise")
    arguments = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores; load {os.getloadavg()[0]:.1f}")
    with serving(arguments.model) as server:
        first_paint(server)
    with tempfile.TemporaryDirectory() as name, serving(None) as server:
        folder, out = Path(name) / "gray", Path(name) / "out"
        batch.make_folder(folder)
        rates(server, folder, out)


if __name__ == "__main__":
    main()
