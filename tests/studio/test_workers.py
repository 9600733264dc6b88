"""Several processes behind one port: every request reaches the one that holds its picture."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

pytest.importorskip("fastapi")
from photochrom.pictures import picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.studio.choice import Choice
from photochrom.studio.relay import AllMetrics, Desk
from photochrom.studio.studio import Studio

TOKEN = "a token of some length"
PATIENCE_S = 120


def test_ids_and_cookies_name_their_worker(tmp_path):
    desk = Desk(number=1, count=3, folder=tmp_path)
    assert desk.id("abc") == "1.abc"
    assert [desk.holder(one) for one in ("0.a", "2.a.b", "3.a", "a", "-1.a", ".a", "².a")] == [
        *(0, 2),
        *[None] * 5,
    ]
    cookie = "photochrom-session-80-worker"
    assert desk.chosen({"host": "localhost:80", "cookie": f"x=1; {cookie}=2"}) == 2
    assert desk.chosen({"host": "localhost:80", "cookie": f"{cookie}=9"}) is None
    assert desk.chosen({"host": "localhost:81", "cookie": f"{cookie}=2"}) is None


def test_metrics_of_all_workers_are_told_apart():
    from prometheus_client import CollectorRegistry, Counter, generate_latest

    registry = CollectorRegistry()
    Counter("seen", "Seen.", ["kind"], registry=registry).labels("a").inc(3)
    text = generate_latest(registry).decode()
    found = generate_latest(AllMetrics({0: text, 1: text})).decode()
    assert found.count("# HELP seen_total") == 1
    assert 'seen_total{kind="a",worker="1"} 3.0' in found


def test_a_reference_at_another_worker_is_refused_with_words(colorizer, tmp_path):
    from photochrom.studio.limits import Limits
    from photochrom.studio.problems import Problem

    studio = Studio(
        Choice(colorizer, Colorizer),
        limits=Limits.within(),
        workers=1,
        desk=Desk(number=0, count=2, folder=tmp_path),
    )
    try:
        with pytest.raises(Problem, match="Send the cookies") as refused:
            studio.reference("1.abc")
        assert refused.value.status == 409
        with pytest.raises(Problem, match="No open picture"):
            studio.reference("0.abc")
    finally:
        studio.workshop.close()


@contextlib.contextmanager
def serving(*options):
    """`photochrom serve`; yields its process and address."""
    command = [sys.executable, "-c", "from photochrom.cli.main import main; main()", "serve"]
    environment = {**os.environ, "PHOTOCHROM_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--port", "0", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            first = server.stdout.readline()
            assert first.startswith("Photochrom Studio: "), first + server.stderr.read()
            yield server, first.split()[-1]
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=PATIENCE_S)


def visitor(address):
    return httpx.Client(
        base_url=address, headers={"authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE_S
    )


def photograph(number=0):
    y, x = np.mgrid[:48, :64]
    levels = ((3 * x + 2 * y + 9 * number) % 256).astype(np.uint8)
    return picture.from_array(levels).encode("jpeg")


def opened(client, number=0):
    answer = client.post("/v1/pictures", content=photograph(number))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def children(process):
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    spawned = b"multiprocessing.spawn"
    return [int(one) for one in found if spawned in Path(f"/proc/{one}/cmdline").read_bytes()]


def wait_for_the_dead_ones_pictures_to_be_gone(address, ids):
    """And for another worker in its place."""
    deadline, found = time.monotonic() + PATIENCE_S, set()
    while found != {200, 404}:
        assert time.monotonic() < deadline
        assert found <= {200, 404, 503}
        time.sleep(0.2)
        with visitor(address) as one, contextlib.suppress(httpx.TransportError):
            found = {one.get(f"/v1/pictures/{id_}/original").status_code for id_ in ids}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes by /proc")
def test_two_workers_serve_one_port():
    """Pictures without cookies, references with them, a form, metrics, a killed worker, the end."""
    with serving("--workers", "2", "--max-memory-mb", "2500") as (server, address):
        ids = []
        for number in range(30):  # by chance at both
            with visitor(address) as one:
                ids.append(opened(one, number))
            if {id_[0] for id_ in ids} == {"0", "1"}:
                break
        assert {id_[0] for id_ in ids} == {"0", "1"}
        with visitor(address) as one, ThreadPoolExecutor(4) as pool:
            paint = lambda id_: one.post(f"/v1/pictures/{id_}/paint", json={"size": "full"})  # noqa: E731
            painted = list(pool.map(paint, ids * 2))
            assert [answer.status_code for answer in painted] == [200] * len(painted)
            assert all("content-security-policy" in answer.headers for answer in painted)
            assert all(answer.headers["date"].count(",") == 1 for answer in painted)
            whole = one.post("/v1/colorize", files={"file": ("a.jpg", photograph())})
            same = one.post("/v1/colorize", content=photograph())
            assert whole.status_code == same.status_code == 200
            assert bool(whole.content == same.content)
            broken = one.post("/v1/colorize", content=b"nothing")
            again = one.post("/v1/colorize", content=b"nothing")
            assert broken.status_code == again.status_code == 422
            mine = [opened(one, number) for number in range(4)]
            assert len({id_[0] for id_ in mine}) == 1
            order = {"size": "preview", "reference": mine[1]}
            assert one.post(f"/v1/pictures/{mine[0]}/paint", json=order).status_code == 200
            other = next(id_ for id_ in ids if id_[0] != mine[0][0])
            refused = one.post(f"/v1/pictures/{mine[0]}/paint", json={**order, "reference": other})
            assert refused.status_code == 409
            assert refused.json()["type"].endswith("other-worker")
            metrics = one.get("/metrics").text
            assert 'photochrom_pictures{worker="0"}' in metrics
            assert 'photochrom_pictures{worker="1"}' in metrics
            assert one.get("/v1/pictures/1.none/original").status_code == 404
            assert one.delete(f"/v1/pictures/{mine[3]}").status_code == 204
            os.kill(children(server)[0], signal.SIGKILL)
        wait_for_the_dead_ones_pictures_to_be_gone(address, ids)
        with httpx.Client(base_url=address) as stranger:
            assert stranger.get(f"/v1/pictures/{ids[0]}/original").status_code == 401
            assert stranger.get("/healthz").json()["status"] == "ok"
        page = httpx.get(f"{address}/", headers={"authorization": f"Bearer {TOKEN}"})
        assert "-worker=" in page.headers["set-cookie"]
        started = children(server)
        assert len(started) == 2
    assert server.returncode == 0
    assert not any(Path(f"/proc/{one}").exists() for one in started)


def test_a_film_is_reached_through_every_worker(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray"
        for number in range(4):
            levels = np.full((48, 64), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(levels, format="gray")))
        container.mux(stream.encode())
    with serving("--workers", "2", "--max-memory-mb", "2500") as (_, address):
        with visitor(address) as one:
            answer = one.post("/v1/films?name=film.mkv", content=path.read_bytes())
        assert answer.status_code == 201, answer.text
        id_ = answer.json()["id"]
        found = set()
        for _ in range(12):  # each over a connection of its own, which either may accept
            with visitor(address) as other:
                found.add(other.get(f"/v1/films/{id_}").status_code)
        assert found == {200}


def test_a_model_that_is_not_there_is_said_once():
    command = [sys.executable, "-c", "from photochrom.cli.main import main; main()", "serve"]
    ran = subprocess.run(
        [*command, "--port", "0", "--workers", "2", "--model", "none.onnx"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.count("none.onnx") == 1
