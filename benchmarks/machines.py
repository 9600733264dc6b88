"""Many machines on one: the pool, shards and a Ray cluster on one S3 server, and a million keys.

    python benchmarks/machines.py --pictures 2000

Needs the cloud and ray extras, and moto's server. Puts so many gray 1-megapixel JPEGs into a store
on loopback and colorizes them by the threads of one process, by two processes of one shard each,
and by two actors of a Ray cluster. Rates count from the first result to the last by the store's own
times, so that start-up is left out; it is printed beside. Then a server that knows its keys by a
formula lists 1,000,000 of them with as many results and records, and `--resume` finds the one that
is left.
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
import pyvips

import photochrom
from photochrom.batch import parts
from photochrom.batch.objects import Earlier, Plan, sort_out
from photochrom.pictures import stores
from photochrom.pictures.stores import Address

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


def rate(name: str, out: str, count: int, options: list[list[str]]) -> float:
    """Run one command for each set of options, at once; print and return pictures a second."""
    begun = time.time()
    command = [
        sys.executable,
        "-c",
        COMMAND,
        "colorize",
        "s3://bucket/in",
        "-o",
        f"s3://bucket/{out}",
    ]
    running = [subprocess.Popen([*command, *more], stderr=subprocess.DEVNULL) for more in options]
    codes = [process.wait() for process in running]
    assert not any(codes), f"{name}: {codes}"
    times = sorted(
        one["last_modified"].timestamp()
        for chunk in obstore.list(stores._store("s3://bucket"), out)
        for one in chunk
        if one["path"].endswith(".jpg")
    )
    assert len(times) == count, f"{len(times)} of {count} results"
    found = (count - 1) / max(1.0, times[-1] - times[0])
    print(
        f"{name:<24} {found:6.2f} pictures/s; the first after {times[0] - begun:.0f} s", flush=True
    )
    return found


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
    parser.add_argument("--pictures", type=int, default=2000)
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
            count = given.pictures
            pool = rate("threads of one process", "pool", count, [[]])
            two = [["--shard", f"{number}/2", "--jobs", "2"] for number in range(2)]
            shards = rate("two shards", "shards", count, two)
            ray = rate("two actors of Ray", "ray", count, [["--ray", "local", "--actors", "2"]])
            print(f"shards {shards / pool:.2f}, Ray {ray / pool:.2f} of the pool")
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
