"""Object stores on loopback for tests: moto's S3 server, and one that answers by formula."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest

from photochrom.pictures import picture, stores
from photochrom.pictures.stores import Address

BUCKET = "bucket"
PATIENCE_S = 120


def environment(port):
    """What points S3's users to a server on this machine."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "photochrom",
        "AWS_SECRET_ACCESS_KEY": "photochrom",
        "AWS_REGION": "us-east-1",
    }


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def moto():
    """moto's S3 server in a process of its own; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, **quiet)
    try:
        end = time.monotonic() + PATIENCE_S
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S):
                    break
            except urllib.error.URLError:
                assert server.poll() is None, "the server has ended"
                assert time.monotonic() < end, "the server never answered"
                time.sleep(0.1)
        yield port
    finally:
        server.kill()
        server.wait()


class Formula:
    """An S3 server that knows its keys by a formula, and keeps nothing but what is put.

    Parameters
    ----------
    prefixes : {prefix: how many}; keys are PREFIX/0000000.jpg and so on
    get : what answers a GET: (key) -> (status, headers, body, bytes to send of it)
    """

    def __init__(self, prefixes=None, get=None):
        self.prefixes, self.get = prefixes or {}, get
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.lost: set[str] | None = None
        """Keys whose first PUT was carried out and answered with 503; None: all are answered."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            do_HEAD = do_PUT = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler):
        parts = urlsplit(handler.path)
        key = unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.requests.append(f"{handler.command} {key or 'list'}")
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length) if length else b""
        if handler.command == "PUT":
            exists = key in self.objects and handler.headers.get("If-None-Match") == "*"
            if not exists:
                self.objects[key] = body
            if self.lost is not None and key not in self.lost:
                self.lost.add(key)
                return self.send(handler, 503, b"<Error><Code>SlowDown</Code></Error>")
            return self.send(handler, 412 if exists else 200, b"", ETag='"put"')
        if "list-type" in query:
            return self.send(handler, 200, self.listing(query))
        if self.get is not None:
            return self.get(handler, key)
        found = self.objects.get(key)
        return self.send(handler, 404 if found is None else 200, found or b"", ETag='"put"')

    def listing(self, query):
        prefix = query.get("prefix", "").rstrip("/")
        after = query.get("continuation-token", "")
        count = self.prefixes.get(prefix, 0)
        first = int(after) if after else 0
        last = min(count, first + 1000)
        put = [key for key in sorted(self.objects) if key.startswith(f"{prefix}/")]
        keys = [(key, len(self.objects[key])) for key in put] if first == 0 else []
        keys += [(f"{prefix}/{number:07}.jpg", 1000 + number % 97) for number in range(first, last)]
        rows = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"{size:x}"</ETag><Size>{size}</Size></Contents>'
            for key, size in keys
        )
        more = last < count
        token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            f"<KeyCount>{len(keys)}</KeyCount>{rows}</ListBucketResult>"
        ).encode()

    @staticmethod
    def send(handler, status, body, *, sent=None, **headers):
        """Answer; of the body only `sent` bytes, if that is given, and then hang up."""
        handler.send_response(status)
        headers = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", **headers}
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body if sent is None else body[:sent])
        if sent is not None:
            handler.close_connection = True


def use(monkeypatch, port):
    """Point this process's stores to a server on loopback."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment(port).items():
        monkeypatch.setenv(name, value)
    stores._store.cache_clear()


@pytest.fixture(scope="session")
def moto_port():
    """The port of moto's server, one for all tests."""
    pytest.importorskip("obstore")
    pytest.importorskip("moto")
    with moto() as port:
        yield port


@pytest.fixture
def s3(moto_port, monkeypatch):
    """The address of an empty place in a bucket, such as s3://bucket/1a2b."""
    use(monkeypatch, moto_port)
    yield f"s3://{BUCKET}/{os.urandom(4).hex()}"
    stores._store.cache_clear()


@pytest.fixture
def formula(monkeypatch):
    """(prefixes, get) -> a `Formula` that this process's stores talk to."""
    pytest.importorskip("obstore")
    begun = []

    def make(prefixes=None, get=None):
        begun.append(Formula(prefixes, get))
        use(monkeypatch, begun[-1].port)
        return begun[-1]

    yield make
    for server in begun:
        server.close()
    stores._store.cache_clear()


def photograph(level=0, format_="png", size=(24, 36)):
    """A gray photograph's bytes."""
    y, x = np.mgrid[: size[0], : size[1]]
    levels = ((3 * x + 2 * y + 5 * level) % 256).astype(np.uint8)
    return picture.from_array(levels).encode(format_)


@pytest.fixture
def album(s3):
    """(how many) -> the addresses of so many photographs below s3/in."""

    def make(count):
        places = []
        for number in range(count):
            format_ = ("png", "jpeg")[number % 2]
            place = Address.parse(f"{s3}/in/{number % 3} ä/{number:02}.{format_}")
            stores.put(place, photograph(number, format_), notes={})
            places.append(str(place))
        return places

    return make
