"""A server on a free port of the loopback, in a thread of the tests' own process."""

import contextlib
import socket
import threading
import time

import pytest

from photochrom import Colorizer


@contextlib.contextmanager
def running(colorizer, **settings):
    """Serve on a free port; yields an httpx.Client."""
    import httpx
    import uvicorn

    from photochrom.studio.server import create_app

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        port = listening.getsockname()[1]
        app = create_app(colorizer, **settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                client.app = app
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
    """A client of a server with the usual limits; its ``app`` is the server's."""
    with running(colorizer, workers=2) as one:
        yield one


@pytest.fixture
def start(colorizer):
    """Start a server with other settings; returns its client. It ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(colorizer, **settings))
