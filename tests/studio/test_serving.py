"""Who may come in, and the serve command."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from functools import partial

import pytest
import pyvips

from photochrom.cli import main as cli
from photochrom.errors import JobError
from photochrom.studio.serving import Place
from served import TOKEN

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


STRACE = ("strace", "-f", "--seccomp-bpf", "-qq")


def may_trace():
    """Whether strace is there, and lets us trace."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run([*STRACE, "-o", os.devnull, "true"], check=False, capture_output=True)
    return tried.returncode == 0


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
    tried = re.compile(r'/\w{8}", O_RDWR\|O_CREAT\|O_EXCL')  # by Python: may it write there?
    made = [one for one in made if not tried.search(one)]
    assert bool(made) is not in_memory
