"""Connections that say nothing, too little, too slowly, or no HTTP."""

import contextlib
import json
import socket
import threading
import time

import pytest

from photochrom.studio.limits import Limits

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@contextlib.contextmanager
def connections(client, count, said=b""):
    """So many connections, each of which has said this much."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connected(client, said)) for _ in range(count)]


def connected(client, said=b""):
    one = socket.create_connection((client.base_url.host, client.base_url.port), timeout=20)
    one.sendall(said)
    return one


def answer_of(one):
    """(status, headers, problem) of what the server says before it closes a connection."""
    data = b""
    while chunk := one.recv(65536):
        data += chunk
    if not data:
        return None
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, json.loads(body)


def health_of(one):
    """Whether an answer to `HEAD` comes, which may be in pieces."""
    data = b""
    while chunk := one.recv(65536):
        data += chunk
        if data.endswith(b"}"):
            break
    return data.startswith(b"HTTP/1.1 200 ")


def is_like_all_others(answer, status):
    """A problem with the headers that every answer has."""
    assert answer is not None
    found, headers, problem = answer
    assert found == problem["status"] == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert int(headers["content-length"]) == len(json.dumps(problem, ensure_ascii=False))
    return headers


@pytest.mark.parametrize("said", [b"", b"GET /", HEAD])
def test_a_head_has_a_deadline(start, said):
    client = start(limits=Limits(head_s=0.3))
    with connected(client, said) as one:
        headers = is_like_all_others(answer_of(one), 408)
    assert int(headers["retry-after"]) >= 1
    assert headers["connection"] == "close"


def test_dripping_does_not_prolong_it(start):
    client = start(limits=Limits(head_s=0.4))
    with connected(client) as one:
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - begun < 5:
                one.sendall(b"G")
                time.sleep(0.05)
        assert time.monotonic() - begun < 4


def test_a_second_request_has_a_deadline_of_its_own(start):
    client = start(limits=Limits(head_s=1.0))
    with connected(client, HEAD + b"\r\n") as one:
        assert health_of(one)
        time.sleep(1.5)  # nothing has begun, so that nothing is late
        one.sendall(HEAD + b"\r\n")
        assert health_of(one)
        one.sendall(b"GET /")
        is_like_all_others(answer_of(one), 408)


def test_work_is_not_under_the_heads_deadline(start, monkeypatch):
    client = start(limits=Limits(head_s=0.2), workers=1)
    monkeypatch.setattr("photochrom.studio.api._models", lambda _: time.sleep(0.8) or MODELS)
    assert client.get("/v1/models").status_code == 200


MODELS = {"models": [], "current": "none", "reads": [], "writes": [], "clips": False}


def test_the_silent_make_room(start):
    client = start(limits=Limits(connections=8, connections_each=8, head_s=60))
    with connections(client, 12, b"GET /v1/") as silent:
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/samples").status_code == 200
        headers = is_like_all_others(answer_of(silent[0]), 408)
        assert "retry-after" in headers


def test_one_address_cannot_take_all(start):
    client = start(limits=Limits(connections=100, connections_each=4, head_s=60))
    with connections(client, 10):
        assert client.get("/v1/samples").status_code == 200
        until(lambda: len(doors(client)) <= 5)


def doors(client):
    return client.server.server_state.connections


def test_when_all_are_at_work_others_are_told_so_but_health_is(start, monkeypatch):
    client = start(limits=Limits(connections=6, connections_each=6, waiting=50), workers=1)
    going = threading.Event()
    monkeypatch.setattr("photochrom.studio.api._models", lambda _: going.wait(20) and MODELS)
    asked = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connections(client, 6, asked) as at_work:
        until(lambda: len(doors(client)) >= 6 and len(client.server.server_state.tasks) == 6)
        with connected(client, asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as one:
            headers = is_like_all_others(answer_of(one), 503)
        assert "retry-after" in headers
        with connected(client, HEAD + b"\r\n") as one:
            assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
        going.set()
        for one in at_work:
            assert one.recv(100).startswith(b"HTTP/1.1 200 ")


def test_beyond_the_spare_ones_the_answer_comes_at_once(start, monkeypatch):
    client = start(
        limits=Limits(connections=2, connections_each=2, spare_connections=0, waiting=50), workers=1
    )
    going = threading.Event()
    monkeypatch.setattr("photochrom.studio.api._models", lambda _: going.wait(20) and MODELS)
    asked = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connections(client, 2, asked):
        until(lambda: len(client.server.server_state.tasks) == 2)
        with connected(client) as last:
            headers = is_like_all_others(answer_of(last), 503)
        going.set()
    assert "retry-after" in headers


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000,
        b"POST /v1/pictures HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_is_no_http_is_told_so(client, said, caplog):
    with connected(client, said) as one:
        is_like_all_others(answer_of(one), 400)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("size", "words"), [(1, b"HTTP/1.1 400 "), (80, b"HTTP/1.1 422 ")])
def test_a_body_in_crumbs_is_refused(client, size, words, caplog):
    chunks = 3000 * (f"{size:x}\r\n".encode() + size * b"x" + b"\r\n") + b"0\r\n\r\n"
    head = b"POST /v1/colorize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(client, head + chunks) as one:
        assert one.recv(65536).startswith(words)
    assert "Traceback" not in caplog.text


def test_a_websocket_gets_a_plain_answer(client, caplog):
    upgrade = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost: localhost\r\n\r\n"
    )
    with connected(client, f"GET / HTTP/1.1\r\n{upgrade}".encode()) as one:
        one.shutdown(socket.SHUT_WR)
        data = one.recv(65536)
    assert data.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in data
    assert b"content-security-policy" in data
    assert caplog.text == ""


def test_an_answer_that_nobody_fetches_is_dropped(start):
    client = start(limits=Limits(idle_s=0.3))
    asked = b"GET /v1/samples/china HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        one.connect((client.base_url.host, client.base_url.port))
        one.sendall(400 * asked)
        until(lambda: len(doors(client)) >= 1)
        until(lambda: not doors(client))


def test_work_that_outlasts_the_server_is_503(start, monkeypatch, caplog):
    monkeypatch.setattr("photochrom.studio.server.GOODBYE_S", 0.2)
    client = start(workers=1)
    going = threading.Event()
    monkeypatch.setattr("photochrom.studio.api._models", lambda _: going.wait(20) and MODELS)
    asked = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(client, asked) as one:
        until(lambda: client.server.server_state.tasks)
        client.server.should_exit = True  # what SIGTERM and Ctrl-C do
        headers = is_like_all_others(answer_of(one), 503)
        going.set()
    assert int(headers["retry-after"]) >= 1
    assert "Traceback" not in caplog.text
