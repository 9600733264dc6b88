"""A server on a free port of the loopback, in a thread of the tests' own process; and the page.

The page's tests run `photochrom serve` and a browser, once for all of them. STUDIO_MODEL=file.onnx
runs another model than the default. STUDIO_SHOTS=1 leaves screenshots in build/studio, for people
to look at.
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
from photochrom import Colorizer, color
from photochrom.pictures import picture

MODEL = os.environ.get("STUDIO_MODEL")
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "src" / "photochrom" / "samples"
SHOTS = ROOT / "build" / "studio" if os.environ.get("STUDIO_SHOTS") else None
SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"
PATIENCE_MS = 60_000
SHOWN = """(({ dataset, src } = document.querySelector(".images .after") ?? { dataset: {} }) =>
    dataset.painting ?? src)()"""
KEPT = """() => new Promise((resolve) => {
    const opening = indexedDB.open("photochrom", 1);
    opening.onsuccess = () => {
        const names = opening.result.objectStoreNames;
        if (!names.length) { opening.result.close(); resolve([]); return; }
        const all = opening.result.transaction("photographs").objectStore("photographs").getAll();
        all.onsuccess = () => {
            opening.result.close();
            resolve(all.result.map((one) => one.edits));
        };
    };
})"""
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


@pytest.fixture(scope="module")
def browser(playwright):
    """Chromium, headless."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
    yield browser
    browser.close()


@pytest.fixture
def whole_browser(playwright):
    """Chromium, headless, with all that it has where there are windows."""
    if WHOLE is None:
        pytest.skip("needs chromium, and not chromium-headless-shell alone")
    browser = playwright.chromium.launch(executable_path=WHOLE, args=SWITCHES)
    yield browser
    browser.close()


class Studio:
    """The page, in the words of these tests."""

    def __init__(self, page):
        self.page = page
        self.stage = page.locator("#stage")

    def choose(self, *files, opener="#open"):
        """Open files through the page's own file dialog."""
        with self.page.expect_file_chooser() as dialog:
            self.page.locator(opener).click()
        dialog.value.set_files([str(file) for file in files])

    def open(self, *files):
        self.choose(*files)
        self.painted()
        return self

    def painted(self):
        """Wait until what is shown is what was asked for."""
        self.page.wait_for_selector("#stage[data-state=painted]")
        self.page.wait_for_timeout(50)

    def changed(self, act):
        """Do something that repaints, and wait until that is shown."""
        before = self.shown()
        act()
        self.page.wait_for_function(
            f"before => {SHOWN} !== before "
            "&& document.querySelector('#stage').dataset.state === 'painted'",
            arg=before,
        )

    def kept(self):
        """The edits of the photographs that are kept for the next visit, as JSON."""
        return self.page.evaluate(KEPT)

    def until_kept(self, part):
        """Wait until edits are kept in which something stands."""
        for _ in range(PATIENCE_MS // 100):
            if any(part in edits for edits in self.kept()):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{part} is not kept: {self.kept()}")

    def shown(self):
        """Which painted picture is shown."""
        return self.page.evaluate(SHOWN)

    def place(self, x, y):
        """A place on the page, given in shares of the photograph's sides."""
        box = self.page.locator("#frame").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def lab(self, x, y, reach=0.012):
        """The mean L*a*b* of what the browser shows around a place, without what lies over it."""
        levels = self.page.evaluate(
            """([x, y, reach]) => {
                const image = document.querySelector(".images .after");
                const side = (name) => image[`natural${name}`] ?? image[name.toLowerCase()];
                const canvas = new OffscreenCanvas(side("Width"), side("Height"));
                const context = canvas.getContext("2d");
                context.drawImage(image, 0, 0);
                const wide = Math.max(1, Math.round(2 * reach * canvas.width));
                const left = Math.round((x - reach) * canvas.width);
                const top = Math.round(y * canvas.height - wide / 2);
                return [...context.getImageData(left, top, wide, wide).data];
            }""",
            [x, y, reach],
        )
        rgb = np.array(levels, dtype=np.uint8).reshape(-1, 4)[:, :3]
        return color.srgb_to_lab(rgb).mean(axis=0)

    def chroma(self):
        """How colorful the painted picture is, over a net of places."""
        places = [(x, y) for x in (0.2, 0.4, 0.6, 0.8) for y in (0.2, 0.4, 0.6, 0.8)]
        return float(np.mean([np.hypot(*self.lab(x, y)[1:]) for x, y in places]))

    def seen(self, x, y, side=14):
        """The mean L*a*b* of a screenshot around a place."""
        left, top = self.place(x, y)
        clip = {"x": left - side / 2, "y": top - side / 2, "width": side, "height": side}
        srgb = picture.read(self.page.screenshot(clip=clip)).srgb()
        return color.srgb_to_lab(srgb[..., :3]).reshape(-1, 3).mean(axis=0)

    def click(self, x, y):
        self.page.mouse.click(*self.place(x, y))

    def drag(self, *places):
        first, *others = places
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()

    def hint(self, x, y, written):
        """Give a place a color."""
        self.click(x, y)
        self.page.wait_for_selector(".likely-one")
        self.page.locator("#picker-hex").fill(written)
        self.changed(lambda: self.page.locator("#picker-hex").press("Enter"))
        self.page.locator("#picker-close").click()

    def download(self, button="#download"):
        with self.page.expect_download() as waiting:
            self.page.locator(button).click()
        return waiting.value

    def shot(self, name):
        """A picture for people to look at, where some are wanted."""
        if SHOTS is not None:
            SHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SHOTS / f"{name}.png")

    def assert_fits(self):
        """Nothing is wider than the window, and no control is cut off."""
        wide = self.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        cut = self.page.evaluate(
            """() => [...document.querySelectorAll(".bar, .tools, .tabs")].flatMap((part) => {
                const table = part.closest(".table");
                const room = table?.offsetWidth ? table : document.body;
                const { right } = room.getBoundingClientRect();
                return [...part.querySelectorAll("button, input")]
                    .filter((one) => one.getBoundingClientRect().right > right + 0.5)
                    .map((one) => one.id);
            })"""
        )
        assert cut == []


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
