"""Who may come in, and the serve command."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pyvips

from photochrom.cli import main as cli
from photochrom.errors import JobError
from photochrom.studio.access import COOKIE, Access, Patience
from photochrom.studio.problems import Problem
from photochrom.studio.serving import Place

WITHOUT_FASTAPI = """
import sys
for name in ("fastapi", "uvicorn", "prometheus_client", "python_multipart"):
    sys.modules[name] = None
from photochrom.cli.main import main
main()
"""


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the serve command in this process -> (exit code, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["photochrom", "serve", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr().err

    return call


TOKEN = "a+b&c=d%20e/f-16"


STRACE = ("strace", "-f", "--seccomp-bpf", "-qq")


def may_trace():
    """Whether strace is there, and lets us trace."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run([*STRACE, "-o", os.devnull, "true"], check=False, capture_output=True)
    return tried.returncode == 0


def refusal(access, *, method="GET", path="/", query=b"", host="localhost:8000", **headers):
    """The status with which a request is refused; None where it comes in."""
    scheme = headers.pop("scheme", "http")
    sent = {"host": host, **{name.replace("_", "-"): text for name, text in headers.items()}}
    try:
        access.check(method, path, query, sent, scheme=scheme)
    except Problem as problem:
        return problem.status
    return None


# Names


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("localhost", None),
        ("LOCALHOST:8000", None),
        ("localhost.:8000", None),
        ("127.0.0.1:1", None),
        ("127.1.2.3", None),
        ("[::1]:8000", None),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:8000", 421),
        ("192.168.1.5:8000", 421),
        ("[::2]", 421),
        ("[::1", 421),
        ("", 421),
        ("localhost, evil.example", 421),
        ("user@evil.example", 421),
        ("evil.example@localhost", 421),
        ("localhost/evil.example", 421),
        ("localhost:8000/x", 421),
        ("localhost:", 421),
        ("localhost:port", 421),
        ("localhost:123456", 421),
        ("local host", 421),
        ("localhost\t", 421),
        ("localhost..", 421),
        (".localhost", 421),
        ("127.0.0.1%00", 421),
        ("::1", 421),
        ("[::1%lo]", 421),
        ("loc\u0430lhost", 421),
    ],
)
def test_only_the_loopbacks_names_are_ours(host, refused):
    assert refusal(Place().access(), host=host) == refused


def test_names_that_are_bound_or_allowed_are_ours():
    place = Place(host="studio.lan", insecure=True, other_names=("Other.Lan",))
    access = place.access()
    assert refusal(access, host="studio.lan:8000") is None
    assert refusal(access, host="other.lan") is None
    assert refusal(access, host="192.168.1.5") == 421


def test_a_server_on_all_addresses_goes_by_each():
    access = Place(host="0.0.0.0", insecure=True).access()
    assert refusal(access, host="192.168.1.5:8000") is None
    assert refusal(access, host=f"{socket.gethostname()}:8000") is None
    assert refusal(access, host="evil.example") == 421


def test_two_host_headers_do_not_pass(client):
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 4")


def test_rebound_names_are_refused_by_the_server(client):
    answer = client.get("/v1/models", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Whoever started it can allow that name" in answer.json()["detail"]
    assert "content-security-policy" in answer.headers


# Pages of other sites


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, None),
        ({"origin": "http://localhost:8000"}, None),
        ({"origin": "https://localhost:8000"}, 403),
        ({"origin": "https://localhost:8000", "scheme": "https"}, None),  # a proxy ends TLS
        ({"origin": "http://localhost:8000", "scheme": "https"}, 403),
        ({"origin": "ftp://localhost:8000"}, 403),
        ({"origin": "HTTP://LOCALHOST:8000"}, None),
        ({"origin": "http://localhost:8000", "sec_fetch_site": "same-origin"}, None),
        ({"sec_fetch_site": "none"}, None),
        ({"origin": "http://localhost:9000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://localhost:8000/x"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_other_sites_cannot_change_anything(method, headers, refused):
    assert refusal(Access(), method=method, path="/v1/pictures", **headers) == refused
    assert refusal(Access(), method="GET", **headers) is None


def test_a_cross_site_post_is_refused_by_the_server(client):
    answer = client.post("/v1/pictures", content=b"x", headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert answer.json()["title"] == "Forbidden"


# The token


def test_a_token_is_wanted_of_everybody(start):
    client = start(access=Access(token="gehe im"))
    for path in ("/", "/v1/models", "/metrics", "/openapi.json", "/static/index.html"):
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == 200
    assert client.get("/v1/models?token=gehe+im").status_code == 401
    for wrong in ("Bearer", "Bearer geheim", "Basic gehe im", "Bearer gehe im x"):
        assert client.get("/v1/models", headers={"authorization": wrong}).status_code == 401
    right = {"authorization": "Bearer gehe im"}
    assert client.get("/v1/models", headers=right).status_code == 200


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(start, monkeypatch):
    few = partial(Patience, each_s=0.4, most_s=1.0)
    monkeypatch.setattr("photochrom.studio.gate.Patience", few)
    client = start(access=Access(token=TOKEN))
    guess, right = ({"authorization": f"Bearer {one}"} for one in ("wrong", TOKEN))
    with ThreadPoolExecutor(6) as pool:
        guesses = [
            pool.submit(client.get, "/v1/models", headers=guess),
            *(pool.submit(client.get, f"/?token={number}") for number in range(5)),
        ]
        assert client.get("/v1/models", headers=right).status_code == 200
        answers = [one.result() for one in guesses]
    assert sorted({one.status_code for one in answers}) == [401, 429]
    refused = next(one for one in answers if one.status_code == 429)
    assert "retry-after" in refused.headers


def test_who_says_nothing_is_not_slowed_down():
    with pytest.raises(Problem) as refused:
        Access(token=TOKEN).check("GET", "/", b"", {"host": "localhost"}, scheme="http")
    assert refused.value.kind == ""


def test_the_first_visit_brings_a_cookie(start):
    client = start(access=Access(token="geheim"))
    assert client.get("/?token=wrong").status_code == 401
    assert not client.cookies
    answer = client.get("/?token=geheim")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    name = f"{COOKIE}-{client.base_url.port}"
    assert cookie.startswith(f"{name}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "geheim" not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/v1/models").status_code == 200
    client.cookies.clear()
    for wrong in (f"{name}=geheim", f"{name}=", f"{name}=x; {name}=y", 'a="; b'):
        assert client.get("/v1/models", headers={"cookie": wrong}).status_code == 401
    right = cookie.partition(";")[0]
    for others in ('a="x; {}', "{}; b=[{{}}", "a b; {}", "=; ;;{}", "{}; " + "c=" + "d" * 30_000):
        sent = {"cookie": others.format(right)}
        assert client.get("/v1/models", headers=sent).status_code == 200, others


def test_two_servers_on_one_host_have_cookies_of_their_own(start):
    one, other = (start(access=Access(token="geheim")) for _ in range(2))
    jar = httpx.Cookies()
    for client in (one, other):
        client.get("/?token=geheim")
        jar.update(client.cookies)
    assert len(jar) == 2
    one.cookies = other.cookies = jar
    assert {client.get("/v1/models").status_code for client in (one, other)} == {200}


def test_a_cookie_of_another_process_does_not_open():
    one, other = Access(token="t"), Access(token="t")
    cookie = f"{COOKIE}-8000={one._session}"
    assert refusal(one, cookie=cookie) is None
    assert refusal(other, cookie=cookie) == 401


def test_the_printed_link_leads_in(start):
    from photochrom.studio.serving import link

    client = start(access=Access(token=TOKEN))
    address = link(f"http://127.0.0.1:{client.base_url.port}", TOKEN)
    assert parse_qs(urlsplit(address).query) == {"token": [TOKEN]}
    assert client.get(address).status_code == 303


# The command


def test_other_machines_need_a_token_or_a_word():
    for host in ("0.0.0.0", "::", "192.168.1.5", "studio.lan"):
        with pytest.raises(JobError, match="open to other machines"):
            Place(host=host).access()
        assert Place(host=host, token=f" {TOKEN}\n").access().token == TOKEN
        assert Place(host=host, insecure=True).access().token == ""
    for host in ("127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9"):
        assert not Place(host=host).access().any_address


@pytest.mark.parametrize("token", ["t", "x" * 15, f" {'x' * 15} "])
def test_a_token_that_could_be_guessed_is_refused(token):
    with pytest.raises(JobError, match="could be guessed"):
        Place(token=token).access()


def test_a_host_without_a_token_is_exit_code_2(run, monkeypatch):
    monkeypatch.delenv("PHOTOCHROM_TOKEN", raising=False)
    code, err = run("--host", "0.0.0.0")
    assert code == 2
    assert "--insecure" in err


def test_a_port_that_is_taken_is_exit_code_2(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, err = run("--port", port)
    assert code == 2
    assert f"127.0.0.1:{port} can't be used" in err
    assert "--port" in err


def test_a_host_of_others_is_exit_code_2(run):
    code, err = run("--host", "192.0.2.1", "--insecure")
    assert code == 2
    assert "192.0.2.1:8000 can't be used" in err


def test_without_the_extra_it_is_exit_code_2():
    command = [sys.executable, "-c", WITHOUT_FASTAPI, "serve", "--port", "0"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "pip install 'photochrom[serve]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_it_serves_until_ctrl_c():
    command = [sys.executable, "-c", "from photochrom.cli.main import main; main()", "serve"]
    environment = {**os.environ, "PHOTOCHROM_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        first = server.stdout.readline()
        assert first.startswith("Photochrom Studio: http://127.0.0.1:")
        assert TOKEN not in first  # it may go to a log
        address = first.split()[-1]
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
            assert json.load(answer)["status"] == "ok"
        headers = {"authorization": f"Bearer {TOKEN}"}
        asked = urllib.request.Request(f"{address}/v1/models", headers=headers)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert json.load(answer)["models"]
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=60)
    assert server.returncode == 0
    assert "has stopped" in out
    assert err == ""


IMPATIENT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from photochrom.cli.main import main
from photochrom.studio import server
server.GOODBYE_S = 1
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_during_work_answers_503_without_a_traceback(number, tmp_path):
    """An upload that stands still is at work for longer than the server waits; so is an encoder."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started these tests has the signal ignored")
    noise = pyvips.Image.gaussnoise(1500, 1500, mean=128, sigma=50).cast("uchar")
    large = noise.pngsave_buffer(compression=1)
    command = [sys.executable, "-c", IMPATIENT, "serve", "--port", "0", "-j", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as server, ExitStack() as stack:
        place = "127.0.0.1", int(server.stdout.readline().rpartition(":")[2])
        asked = (
            ("/v1/pictures", b"begins", 100_000),
            ("/v1/colorize?format=avif&lossless=true", large, len(large)),
            ("/v1/colorize?format=avif&lossless=true", large, len(large)),
        )
        connections = [
            stack.enter_context(socket.create_connection(place, timeout=60)) for _ in asked
        ]
        for one, (path, body, length) in zip(connections, asked, strict=True):
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}"
            one.sendall(head.encode() + b"\r\n\r\n" + body)
        time.sleep(1)
        server.send_signal(number)
        answers = [b"".join(iter(partial(one.recv, 65536), b"")) for one in connections]
        _, err = server.communicate(timeout=60)
    assert "Traceback" not in err
    assert server.returncode in (0, -signal.SIGTERM)
    assert {answer[:13] for answer in answers} <= {b"HTTP/1.1 503 ", b"HTTP/1.1 200 "}
    assert answers[0].startswith(b"HTTP/1.1 503 ")
    assert b"application/problem+json" in answers[0]
    assert b"retry-after: " in answers[0]


# What is kept where


@pytest.mark.slow
@pytest.mark.parametrize("in_memory", [True, False])
def test_uploads_are_not_decoded_to_files(tmp_path, in_memory):
    """libvips does that from 100 MB on with what it can't stream, unless it is told not to."""
    if not may_trace():
        pytest.skip("strace is not there, or may not trace")
    code = "from photochrom.cli.main import main; main()"
    command = [*STRACE, "-e", "trace=openat,open,creat", "-o", str(tmp_path / "calls")]
    command += [sys.executable, "-c", code, "serve", "--port", "0", "--max-memory-mb", "4000"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    if not in_memory:  # so that this test can fail
        environment["VIPS_DISC_THRESHOLD"] = "100m"
    turned = pyvips.Image.black(6000, 6000, bands=3).copy(interpretation="srgb")
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    data = turned.jpegsave_buffer()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        address = server.stdout.readline().split()[-1]
        asked = urllib.request.Request(f"{address}/v1/pictures", data=data)
        with urllib.request.urlopen(asked, timeout=120) as answer:
            assert answer.status == 201
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=60)
    calls = (tmp_path / "calls").read_text().splitlines()
    made = [one for one in calls if str(tmp_path) in one and ("O_CREAT" in one or "TMPFILE" in one)]
    assert bool(made) is not in_memory
