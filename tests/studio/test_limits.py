"""The limits of the server: bytes, pixels, memory, time, and who waits."""

import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from photochrom.errors import JobError, StoppedError
from photochrom.pictures import footprint, picture, stopping
from photochrom.studio.held import Held
from photochrom.studio.limits import Limits
from served import is_problem, metric, opened, photograph, until

# Limits


def test_too_many_bytes_are_413_before_they_are_all_there(start):
    client = start(limits=Limits(upload_bytes=10_000, body_bytes=1_000))
    for path in ("/v1/colorize", "/v1/pictures"):
        is_problem(client.post(path, content=b"x" * 10_001), 413, "10,000 bytes")
    chunks = (b"x" * 1000 for _ in range(20))
    is_problem(client.post("/v1/pictures", content=chunks), 413)
    assert opened(client, photograph())["id"]
    order = {"palette": ["#112233"] * 200}
    is_problem(client.post("/v1/pictures/any/paint", json=order), 413)
    length = "Content-Length: 99999999999999999999999"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(f"POST /v1/pictures HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 4")


def test_too_many_pixels_are_422_by_the_header(start):
    client = start(limits=Limits(pixels=1_000_000))
    data = bytearray(photograph(10, 10, format_="png"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    for path in ("/v1/colorize", "/v1/pictures"):
        is_problem(client.post(path, content=bytes(data)), 422, "limit of 1,000,000 pixels")


def test_what_needs_too_much_memory_is_413_and_says_so(start, black_webp):
    client = start(limits=Limits(work_bytes=300_000_000))
    data = picture.from_array(np.zeros((9000, 10), np.uint8)).encode("png")
    assert client.post("/v1/colorize", content=data).status_code == 200
    huge = black_webp(9000)
    for path in ("/v1/colorize", "/v1/pictures"):
        problem = is_problem(client.post(path, content=huge), 413, "can raise the limit")
        assert problem["type"] == "urn:photochrom:problem:memory"
        assert "300 MB" in problem["detail"]
    held = opened(client, photograph(3000, 3000))
    url = f"/v1/pictures/{held['id']}/paint"
    is_problem(client.post(url, json={"size": "full", "format": "avif"}), 413, "memory")
    assert client.post(url, json={"size": "full", "format": "jpeg"}).status_code == 200
    assert client.app.state.studio.budget.taken == 0


def test_work_waits_for_memory(start, monkeypatch):
    client = start(limits=Limits(work_bytes=2 * footprint.EACH_BYTES), workers=4)
    held, together, lock = opened(client), [0], threading.Lock()
    budget = client.app.state.studio.budget

    def slow(self):
        with lock:
            together.append(budget.taken // footprint.EACH_BYTES)
        time.sleep(0.2)
        return b""

    monkeypatch.setattr(Held, "original", slow)
    url = f"/v1/pictures/{held['id']}/original"
    with ThreadPoolExecutor(6) as pool:
        statuses = [one.status_code for one in pool.map(lambda _: client.get(url), range(6))]
    assert statuses == 6 * [200]
    assert max(together) == 2
    assert budget.taken == budget.waiting == 0


def test_who_leaves_the_queue_for_memory_takes_none(start, monkeypatch):
    client = start(limits=Limits(work_bytes=footprint.EACH_BYTES * 3 // 2), workers=2)
    held, going = opened(client), threading.Event()
    monkeypatch.setattr(Held, "original", lambda self: going.wait(20) and b"")
    budget = client.app.state.studio.budget
    url = f"/v1/pictures/{held['id']}/original"
    first = threading.Thread(target=client.get, args=(url,))
    first.start()
    until(lambda: budget.taken)
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: budget.waiting == 1)
    going.set()
    first.join()
    until(lambda: budget.taken == 0)
    assert client.get(url).status_code == 200


def test_limits_stay_within_a_budget():
    for total in (1_000_000_000, 4_000_000_000, 64_000_000_000):
        limits = Limits.within(total)
        together = limits.work_bytes + limits.picture_bytes + 2 * limits.uploading_bytes
        assert together < total
        assert limits.upload_bytes <= limits.uploading_bytes
    assert Limits.within().work_bytes > 0
    with pytest.raises(JobError, match="too little for the server"):
        Limits.within(500_000_000)


def test_a_full_queue_is_503_and_says_when_to_come_back(start, monkeypatch):
    client = start(limits=Limits(waiting=1), workers=1)
    held = opened(client)
    going, begun = threading.Event(), threading.Event()

    def wait(self):
        begun.set()
        going.wait(20)
        return b""

    monkeypatch.setattr(Held, "original", wait)
    url = f"/v1/pictures/{held['id']}/original"
    threads = [threading.Thread(target=client.get, args=(url,)) for _ in range(2)]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    until(lambda: metric(client, "queue_depth") == 1)
    full = client.get(url)
    is_problem(full, 503, "server is busy")
    assert int(full.headers["retry-after"]) >= 1
    assert client.get("/healthz").status_code == 200
    going.set()
    for thread in threads:
        thread.join()
    assert metric(client, "queue_depth") == 0
    assert client.get(url).status_code == 200


def test_work_that_takes_too_long_is_503(start, monkeypatch):
    client = start(limits=Limits(work_s=0.1), workers=1)
    held = opened(start(workers=1))  # another server's: unknown here
    is_problem(client.get(f"/v1/pictures/{held['id']}/original"), 404)
    monkeypatch.setattr("photochrom.studio.api.hold", lambda *_, **__: time.sleep(0.5))
    is_problem(client.post("/v1/pictures", content=photograph()), 503, "too long")


def test_work_ends_with_its_time_or_its_client(start, monkeypatch):
    client = start(workers=1)
    studio, ended = client.app.state.studio, []

    def work(self):
        while True:
            try:
                stopping.check()
            except StoppedError:
                ended.append(self)
                raise
            time.sleep(0.01)

    monkeypatch.setattr(Held, "original", work)
    held = opened(client)
    studio.limits = Limits(work_s=0.3)
    url = f"/v1/pictures/{held['id']}/original"
    is_problem(client.get(url), 503, "too long")
    until(lambda: len(ended) == 1)
    studio.limits = Limits()
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: studio.budget.taken)
    until(lambda: len(ended) == 2 and studio.budget.taken == 0)


def test_a_client_that_goes_away_frees_its_place(start, monkeypatch):
    client = start(limits=Limits(waiting=4), workers=1)
    held = opened(client)
    going, done = threading.Event(), []
    monkeypatch.setattr(Held, "original", lambda self: going.wait(20) and b"")
    monkeypatch.setattr(Held, "paint", lambda *_, **__: done.append(1) or b"")
    url = f"/v1/pictures/{held['id']}"
    first = threading.Thread(target=client.get, args=(f"{url}/original",))
    first.start()
    studio = client.app.state.studio
    until(lambda: studio.workshop._taken == 1)
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        head = f"POST {url}/paint HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        raw.sendall(f"{head}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        until(lambda: studio.workshop.depth == 1)
    until(lambda: studio.workshop.depth == 0)
    going.set()
    first.join()
    assert not done
    text = client.get("/metrics").text
    assert 'route="/v1/pictures/{id}/paint",status="499"' in text


def test_slow_uploads_end_with_408_and_starve_nobody(start):
    client = start(limits=Limits(idle_s=1.0), workers=1)
    place = (client.base_url.host, client.base_url.port)
    slow = [socket.create_connection(place) for _ in range(40)]
    for one in slow:
        one.sendall(
            b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nx"
        )
    assert client.post("/v1/colorize", content=photograph()).status_code == 200
    assert client.get("/healthz").status_code == 200
    for one in slow:
        with one:
            one.settimeout(20)
            assert one.recv(100).startswith(b"HTTP/1.1 408 ")
    assert client.post("/v1/colorize", content=photograph()).status_code == 200


def test_uploads_that_drip_end_in_time(start):
    client = start(limits=Limits(upload_s=0.5))
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.settimeout(20)
        raw.sendall(b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n")
        for _ in range(8):
            raw.sendall(b"x")
            time.sleep(0.1)
        assert raw.recv(100).startswith(b"HTTP/1.1 408 ")


def test_all_uploads_together_are_bounded(start):
    client = start(limits=Limits(uploading_bytes=50_000))
    place = (client.base_url.host, client.base_url.port)
    with socket.create_connection(place) as raw:
        head = b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
        raw.sendall(head + b"x" * 45_000)
        time.sleep(0.3)
        busy = client.post("/v1/colorize", content=b"x" * 10_000)
        is_problem(busy, 503, "too many uploads")
        assert "retry-after" in busy.headers
    until(lambda: client.post("/v1/colorize", content=photograph()).status_code == 200)


def test_nothing_is_written_to_disk(client, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1500)).astype(np.uint8)
    data = picture.from_array(noise).encode("png")
    assert len(data) > 1_500_000
    answer = client.post("/v1/pictures", files={"file": (str(tmp_path / "x.png"), data)})
    assert answer.status_code == 201
    assert answer.json()["name"] == "x.png"
    assert not list(tmp_path.iterdir())
    client.delete(f"/v1/pictures/{answer.json()['id']}")
