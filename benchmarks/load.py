"""A load test of `photochrom serve --workers N`, and of one worker's death under load.

    python benchmarks/load.py [--workers 1 2] [--clients 12] [--requests 300]

For each number of workers, so many clients at once send requests: half of them 1-megapixel JPEGs
to `POST /v1/colorize`, the others visits: open a picture, paint its preview three times with other
options, close it. Each answer is compared with what one idle process gives. A client does what it
is told: where the server is busy (503), it asks again after `Retry-After`. With more than one
worker, the load is repeated while one of them is killed by SIGKILL; then clients also ask again
where a connection breaks, and open a picture again that is gone (404).

Printed are requests answered, wrong and failed, how often clients were told to wait, the rate,
times from the first byte sent to the last one received (waits included), and CPU time and memory of
all processes together.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyvips

import batch
from processes import command_of, cpu_s, family, resident_mb
from studio import Server, serving

PHOTOGRAPHS = 8
EDITS: tuple[dict[str, float], ...] = ({}, {"vividness": 1.4}, {"vividness": 0.7})
TRIES = 200
"""For one answer; then it counts as failed."""


def photographs() -> list[bytes]:
    """Gray JPEGs of one megapixel."""
    sample = pyvips.Image.thumbnail(str(batch.SAMPLE), 1152, height=868, size="force")
    gray = sample.colourspace("b-w").copy_memory()
    return [gray.wrap(x=97 * n, y=31 * n).jpegsave_buffer(Q=92) for n in range(PHOTOGRAPHS)]


def workers_of(server: Server) -> list[int]:
    """The processes that answer."""
    return [one for one in family(server.pid)[1:] if b"spawn_main" in command_of(one)]


@dataclass
class Load:
    """What clients have seen."""

    server: Server
    counts: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str) -> None:
        """One more of these."""
        with self.lock:
            self.counts[name] += 1


class Client:
    """One visitor: a connection and its cookies."""

    def __init__(self, load: Load) -> None:
        self.load, self.cookie = load, ""
        self.connection = self._connection()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.load.server.host, self.load.server.port, timeout=120)

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "image/jpeg") -> bytes:
        """The answer; LookupError where a picture is gone, RuntimeError where there is none."""
        headers = {"Content-Type": kind} | ({"Cookie": self.cookie} if self.cookie else {})
        for _ in range(TRIES):
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.load.count("broken")
                self.connection.close()
                self.connection = self._connection()
                time.sleep(0.1)
                continue
            if answer.status == 503:
                self.load.count("told to wait")
                time.sleep(float(answer.headers.get("Retry-After") or 1))
                continue
            if answer.status == 404:
                raise LookupError(path)
            if answer.status >= 400:
                raise RuntimeError(f"{answer.status}: {content[:200]!r}")
            if cookies := answer.headers.get_all("Set-Cookie"):
                self.cookie = "; ".join(one.partition(";")[0] for one in cookies)
            return content
        raise RuntimeError("no answer")

    def visit(self, data: bytes) -> list[bytes]:
        """Open a picture, paint it, close it; from the start where its process has died."""
        while True:
            try:
                place = f"/v1/pictures/{json.loads(self.ask('POST', '/v1/pictures', data))['id']}"
                painted = [
                    self.ask(
                        "POST", f"{place}/paint", json.dumps(edit).encode(), "application/json"
                    )
                    for edit in EDITS
                ]
                self.ask("DELETE", place)
            except LookupError:
                self.load.count("opened again")
            else:
                return painted


def expected(data: list[bytes]) -> list[list[bytes]]:
    """What one idle process answers: of each photograph, the result and the previews."""
    with serving(None) as server:
        client = Client(Load(server))
        return [[client.ask("POST", "/v1/colorize", one), *client.visit(one)] for one in data]


def run(
    load: Load, clients: int, requests: int, data: list[bytes], wanted: list[list[bytes]]
) -> None:
    """Send all requests; what comes of them is counted in `load`."""
    queue = iter(range(requests))

    def work(client: Client) -> None:
        while True:
            with load.lock:
                number = next(queue, None)
            if number is None:
                return
            at = number // 2 % len(data)
            begun = time.perf_counter()
            try:
                if number % 2:
                    right = client.visit(data[at]) == wanted[at][1:]
                else:
                    right = client.ask("POST", "/v1/colorize", data[at]) == wanted[at][0]
            except (LookupError, RuntimeError) as error:
                load.count("failed")
                print(f"  {error}", flush=True)
                continue
            load.count("answered" if right else "wrong")
            with load.lock:
                load.times.append(time.perf_counter() - begun)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, [Client(load) for _ in range(clients)]))


def used(server: Server) -> tuple[float, float]:
    """CPU seconds and megabytes of all processes now; those of a dead one are not in it."""
    pids = family(server.pid)
    return sum(map(cpu_s, pids)), sum(map(resident_mb, pids))


def measure(
    server: Server,
    name: str,
    given: argparse.Namespace,
    data: list[bytes],
    wanted: list[list[bytes]],
    *,
    kill: bool = False,
) -> bool:
    """Print what came of one load; whether each request had the right answer."""
    load = Load(server)
    begun, (cpu, _) = time.perf_counter(), used(server)

    def killer() -> None:
        while sum(load.counts[one] for one in ("answered", "wrong", "failed")) < given.requests / 3:
            time.sleep(0.05)
        os.kill(workers_of(server)[0], signal.SIGKILL)

    thread = threading.Thread(target=killer if kill else lambda: None)
    thread.start()
    run(load, given.clients, given.requests, data, wanted)
    thread.join()
    seconds, (after, memory) = time.perf_counter() - begun, used(server)
    counts = load.counts
    times = sorted(load.times) or [0.0]
    print(
        f"{name}: {counts['answered']} answered, {counts['wrong']} wrong, {counts['failed']} "
        f"failed; told to wait {counts['told to wait']}, broken {counts['broken']}, opened again "
        f"{counts['opened again']}\n"
        f"  {given.requests / seconds:.1f} requests/s; {times[len(times) // 2]:.2f} s median, "
        f"{times[len(times) * 95 // 100]:.2f} s at 95 %, {times[-1]:.2f} s at most; "
        + ("" if kill else f"{1000 * (after - cpu) / given.requests:.0f} ms CPU each; ")
        + f"{memory:.0f} MB",
        flush=True,
    )
    return counts["answered"] == given.requests


def main() -> None:
    """Load servers of each kind; the exit code is 1 where a request has no right answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--requests", type=int, default=300)
    given = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores; load {os.getloadavg()[0]:.1f}", flush=True)
    data = photographs()
    wanted = expected(data)
    right = True
    for count in given.workers:
        with serving(None, "--workers", str(count)) as server:
            right &= measure(server, f"{count} workers", given, data, wanted)
            if count > 1:
                name = f"{count} workers, one killed"
                right &= measure(server, name, given, data, wanted, kill=True)
                print(f"  workers now: {len(workers_of(server))}")
    raise SystemExit(not right)


if __name__ == "__main__":
    main()
