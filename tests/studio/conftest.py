"""A server on a free port of the loopback, in a thread of the tests' own process; and the page.

The page's tests run `photochrom serve` and a browser, once for all of them. STUDIO_MODEL=file.onnx
runs another model than the default.
"""

import contextlib
import functools
import http.server
import json
import os
import socket
import subprocess
import sysconfig
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from browsers import CHROMIUM, SWITCHES, WHOLE
from footage import looked_through, opened, textured, write
from pages import PATIENCE_MS, Studio
from photochrom import Colorizer

MODEL = os.environ.get("STUDIO_MODEL")
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "src" / "photochrom" / "samples"
SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"
DESK = {"width": 1440, "height": 900}


@contextlib.contextmanager
def running(colorizer, **settings):
    """Serve on a free port; yields an httpx.Client."""
    import httpx

    from photochrom.studio.limits import Limits
    from photochrom.studio.server import create_app, server_for

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        port = listening.getsockname()[1]
        app = create_app(colorizer, **settings)
        server = server_for(app, settings.get("limits") or Limits())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                client.app, client.server = app, server
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def colorizer():
    """The default model, one thread."""
    return Colorizer(threads=1)


@pytest.fixture(scope="session")
def client(colorizer):
    """A client of a server with the usual limits; its ``app`` and ``server`` are those that run."""
    with running(colorizer, workers=2) as one:
        yield one


@pytest.fixture
def start(colorizer):
    """Start a server with other settings; returns its client. It ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(colorizer, **settings))


class Server:
    """`photochrom serve` on a port of its own; can be stopped and started again."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self):
        model = ["--model", MODEL] if MODEL else []
        command = [str(SCRIPT), "serve", "--port", str(self.port), *model]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server ended at once"
            try:
                with urllib.request.urlopen(f"{self.url}healthz", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def new_server():
    """Start a `Server` of the test's own; it is stopped with the test."""
    with contextlib.ExitStack() as stack:

        def call():
            server = Server()
            stack.callback(server.stop)
            return server

        yield call


@pytest.fixture(scope="session")
def server():
    """A `Server` for all tests of the page."""
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def playwright():
    """Not for the session, as its loop runs in this thread."""
    driver = pytest.importorskip("playwright.sync_api")
    pytest.importorskip("fastapi")
    with driver.sync_playwright() as started:
        yield started


@contextlib.contextmanager
def launched(playwright, program, reason):
    """A browser, headless; a test is skipped for a reason where there is none."""
    if program is None:
        pytest.skip(reason)
    browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def browser(playwright):
    """Chromium, best without its windows."""
    with launched(playwright, CHROMIUM, "needs chromium") as one:
        yield one


@pytest.fixture
def whole_browser(playwright):
    """Chromium with all that it has where there are windows."""
    with launched(playwright, WHOLE, "needs chromium, not chromium-headless-shell alone") as one:
        yield one


@pytest.fixture
def visit(server, browser):
    """(viewport=..., ...) -> Studio on a fresh visit; asserts what holds on every page."""
    contexts, faults, requests = [], [], []

    def call(*, url=None, expect_faults=False, guided=False, script="", **options):
        context = browser.new_context(
            **{
                "viewport": DESK,
                "reduced_motion": "reduce",
                "accept_downloads": True,
                "service_workers": "allow" if url else "block",  # it fetches the page once more
                **options,
            }
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if not guided:
            context.add_init_script("localStorage.setItem('photochrom-guide', 'seen')")
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        if not expect_faults:
            page.on("console", lambda line: line.type == "error" and faults.append(line.text))
        page.goto(url or server.url)
        page.wait_for_selector(".print-gray")
        return Studio(page)

    yield call
    for context in contexts:
        context.close()
    assert not faults
    own = ("http://127.0.0.1:", "blob:http://127.0.0.1:", "data:")
    assert [url for url in requests if not url.startswith(own)] == []


@pytest.fixture
def broken(tmp_path):
    """A photograph that is cut short."""
    path = tmp_path / "broken.jpg"
    path.write_bytes((SAMPLES / "flower.jpg").read_bytes()[:300])
    return path


class Host:
    """A host of static files that adds no header; it can go away and come back."""

    def __init__(self, folder):
        self.folder, self.port = folder, 0
        self.start()

    def start(self):
        kind = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": _silent})
        handler = functools.partial(kind, directory=str(self.folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _silent(self, *_):
    """No log."""


@pytest.fixture
def host(tmp_path):
    from photochrom.studio import site

    one = Host(site.write_site(tmp_path / "site"))
    yield one
    one.stop()


@pytest.fixture
def hinting(colorizer):
    """The model, where it takes hints."""
    if not colorizer.contract.token_features:
        pytest.skip("the default model takes no hints")
    return colorizer


@pytest.fixture
def hinting_visit(server, visit):
    """`visit`, where the model of the page takes hints."""
    with urllib.request.urlopen(f"{server.url}v1/models") as answer:
        found = json.load(answer)
    if any("hints" in one["cannot"] for one in found["models"] if one["name"] == found["current"]):
        pytest.skip("the model takes no hints")
    return visit


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A film: two shots of 20 and 24 frames."""
    frames = np.concatenate([textured(1, 20), textured(2, 24)])
    return write(tmp_path_factory.mktemp("films") / "old film.mkv", frames)


@pytest.fixture
def film(client, clip):
    """An open film that has been looked through: its id."""
    id_ = opened(client, clip)
    looked_through(client, id_)
    yield id_
    client.delete(f"/v1/films/{id_}")
