"""Many machines on one: the pool, shards and a Ray cluster on one S3 server, and a million keys.

    python benchmarks/machines.py --pictures 200 --rounds 10

Needs the cloud and ray extras, and moto's server. Puts so many gray 1-megapixel JPEGs into a store
on loopback and colorizes them by the threads of one process, by two processes of one shard each,
and by two actors of a Ray cluster; in turn, and as often as there are rounds, so that other work on
the machine disturbs all of them. Rates count from the first fifth of the results to the last one by
the store's own times, so that start-up is left out; it is printed beside. CPU time is that of all
processes in the same span, Ray's own included; other work disturbs it less. Then a server that
knows its keys by a formula lists 1,000,000 of them with as many results and records, and `--resume`
finds the one that is left.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
import pyvips

import photochrom
from photochrom.batch import parts
from photochrom.batch.objects import Earlier, Plan, sort_out
from photochrom.pictures import stores
from photochrom.pictures.stores import Address
from processes import cpu_s, family

SAMPLE = Path(photochrom.__file__).parent / "samples" / "china.jpg"
WIDTH, HEIGHT = 1152, 868
COMMAND = "from photochrom.cli.main import main; main()"


def use(port: int) -> None:
    """Point S3's users in this process and its children to a server on loopback."""
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
    }


def start_moto() -> subprocess.Popen[bytes]:
    """moto's S3 server with a bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    request = urllib.request.Request(f"http://127.0.0.1:{port}/bucket", method="PUT")
    for _ in range(600):
        try:
            urllib.request.urlopen(request, timeout=30).close()
            break
        except OSError:
            time.sleep(0.1)
    use(port)
    return server


def fill(count: int) -> None:
    """Gray JPEGs, no two the same."""
    sample = pyvips.Image.thumbnail(str(SAMPLE), WIDTH, height=HEIGHT, size="force")
    gray = sample.colourspace("b-w").copy_memory()
    for number in range(count):
        data = gray.wrap(x=number % WIDTH, y=number // WIDTH).jpegsave_buffer(Q=92)
        stores.put(Address.parse(f"s3://bucket/in/{number:05}.jpg"), data, notes={})


class Clock:
    """The CPU seconds of processes and of all below them, asked for again and again."""

    def __init__(self, pids: list[int]) -> None:
        self._pids, self._used, self._over = pids, dict[int, float](), threading.Event()
        self.readings = [(time.time(), 0.0)]
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            for one in family(*self._pids):
                with suppress(OSError):
                    self._used[one] = cpu_s(one)
            self.readings.append((time.time(), sum(self._used.values())))

    def between(self, first: float, last: float) -> float:
        """End, and tell what was used in a span of time."""
        self._over.set()
        self._thread.join()
        inside = [used for at, used in self.readings if first <= at <= last]
        return inside[-1] - inside[0] if inside else 0.0


class Took(NamedTuple):
    """What the last four fifths of the results took."""

    seconds: float
    cpu_s: float


def run(name: str, count: int, options: list[list[str]]) -> Took:
    """Run one command for each set of options, at once; print and return what they took."""
    begun = time.time()
    command = [
        sys.executable,
        "-c",
        COMMAND,
        "colorize",
        "s3://bucket/in",
        "-o",
        "s3://bucket/out",
    ]
    running = [subprocess.Popen([*command, *more], stderr=subprocess.DEVNULL) for more in options]
    clock = Clock([process.pid for process in running])
    codes = [process.wait() for process in running]
    assert not any(codes), f"{name}: {codes}"
    store = stores._store("s3://bucket")
    found = [one for chunk in obstore.list(store, "out") for one in chunk]
    times = sorted(
        one["last_modified"].timestamp() for one in found if one["path"].endswith(".jpg")
    )
    assert len(times) == count, f"{len(times)} of {count} results"
    obstore.delete(store, [one["path"] for one in found])
    first, last, done = times[count // 5], times[-1], count - count // 5 - 1
    took = Took(max(1.0, last - first), clock.between(first, last))
    print(
        f"{name:<24} {done / took.seconds:6.2f} pictures/s, {took.cpu_s / done:.3f} CPU s each; "
        f"the first after {times[0] - begun:.0f} s",
        flush=True,
    )
    return took


def rates(count: int, rounds: int) -> None:
    """The three in turn; print their rates over all rounds, by the pool's."""
    ways: dict[str, list[list[str]]] = {
        "threads of one process": [[]],
        "two shards": [["--shard", f"{number}/2", "--jobs", "2"] for number in range(2)],
        "two actors of Ray": [["--ray", "local", "--actors", "2"]],
    }
    took: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, options in ways.items():
            took[name].append(run(name, count, options))
    seconds = [sum(one.seconds for one in each) for each in took.values()]
    cpu_s = [sum(one.cpu_s for one in each) for each in took.values()]
    for at, name in ((1, "shards"), (2, "Ray")):
        by_time, by_cpu = seconds[0] / seconds[at], cpu_s[0] / cpu_s[at]
        print(f"{name}: {by_time:.2f} of the pool by time, {by_cpu:.2f} by CPU time")


class Formula(BaseHTTPRequestHandler):
    """Lists ``in/`` and ``out/`` by formula; a part of the manifest holds 10,000 records."""

    protocol_version = "HTTP/1.1"
    keys = 1_000_000

    def do_GET(self) -> None:
        """Answer a list, or with a part."""
        parts_ = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts_.query).items()}
        if "list-type" in query:
            self._answer(self._list(query).encode())
        else:
            first = int(unquote(parts_.path).rpartition("-")[2].removesuffix(".jsonl")) * 10_000
            self._answer("".join(map(self._line, range(first, first + 10_000))).encode())

    def _list(self, query: dict[str, str]) -> str:
        prefix = query["prefix"].rstrip("/")
        first = int(query.get("continuation-token", 0))
        if prefix.endswith(parts.NAME):
            names = [
                f"20260101T000000Z-0123456789ab-{n:06}.jsonl" for n in range(self.keys // 10_000)
            ]
            last, more = 0, False
        else:
            count = self.keys - (prefix == "out")
            last = min(count, first + 1000)
            more = last < count
            names = [f"{number:07}.jpg" for number in range(first, last)]
        rows = "".join(
            f"<Contents><Key>{prefix}/{name}</Key><LastModified>2026-01-01T00:00:00.000Z"
            f'</LastModified><ETag>"{name}"</ETag><Size>300000</Size></Contents>'
            for name in names
        )
        token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}"
            "</ListBucketResult>"
        )

    @staticmethod
    def _line(number: int) -> str:
        name = f"{number:07}.jpg"
        stamps = "".join(
            f', "{side}_bytes": 300000, "{side}_e_tag": "\\"{name}\\""'
            for side in ("input", "output")
        )
        return (
            f'{{"input": "s3://bucket/in/{name}", "output": "{name}", "status": "done"{stamps}}}\n'
        )

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", '"part"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def resume_very_many() -> None:
    """What is left of `Formula.keys`, with the time and the memory that it takes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun, cpu = time.monotonic(), time.process_time()
    plan = Plan(inputs=["s3://bucket/in"], output="s3://bucket/out")
    left = [
        task
        for task in sort_out(plan, Earlier(plan, resume=True), resume=True, force=False)
        if task.step != "skip"
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{time.monotonic() - begun:.1f} s ({time.process_time() - cpu:.1f} s CPU); peak "
        f"{peak:.0f} MB, {before:.0f} of it before; left: {[task.key for task in left]}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", choices=["rates", "keys", "resume"])
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    if given.only == "resume":
        resume_very_many()
        return
    if given.only != "keys":
        server = start_moto()
        try:
            fill(given.pictures)
            rates(given.pictures, given.rounds)
        finally:
            server.kill()
            server.wait()
    if given.only != "rates":
        formula = ThreadingHTTPServer(("127.0.0.1", 0), Formula)
        use(formula.server_address[1])
        threading.Thread(target=formula.serve_forever, daemon=True).start()
        subprocess.run([sys.executable, __file__, "--only", "resume"], check=True)
        formula.shutdown()


if __name__ == "__main__":
    main()
