"""Photochrom Studio's server: the HTTP API, the page, metrics, and the gate before them.

`create_app` makes it; `serving.serve` runs it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Send

from photochrom.errors import PhotochromError
from photochrom.pictures import formats
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.cores import threads_each, usable_cores
from photochrom.studio import schemas
from photochrom.studio.access import Access
from photochrom.studio.answers import page, wants_page
from photochrom.studio.api import routes
from photochrom.studio.choice import Choice
from photochrom.studio.door import door
from photochrom.studio.film_api import film_routes
from photochrom.studio.films import Films
from photochrom.studio.gate import Gate, Scope
from photochrom.studio.installable import (
    FILM_PAGE,
    MANIFEST,
    WEB,
    WORKER,
    manifest,
    page_files,
    worker,
)
from photochrom.studio.limits import Limits
from photochrom.studio.problems import CONTENT_TYPE, Problem, problem_of
from photochrom.studio.relay import AllMetrics, Desk, Relay, is_relayed, metrics_of_others
from photochrom.studio.shelf import Shelf
from photochrom.studio.studio import Studio
from photochrom.version import __version__

TIDY_EVERY_S = 30.0
KEEP_ALIVE_S = 20
IN_MEMORY_BYTES = 1 << 40
"""Pictures that can't be streamed are decoded into memory below this size, else into files."""

GOODBYE_S = 5
"""So long answers that are on their way may take after Ctrl-C or SIGTERM."""


class _Metrics:
    """What Prometheus is told."""

    def __init__(self, studio: Studio) -> None:
        self.registry, self._desk = CollectorRegistry(), studio.desk
        self._requests = Counter(
            "photochrom_requests",
            "Requests.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "photochrom_request_seconds",
            "From a request's head to the end of its answer.",
            ["route"],
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        for name, text, value in (
            ("pictures", "Open pictures.", lambda: len(studio.shelf)),
            ("films", "Open films.", lambda: len(studio.films)),
            ("picture_bytes", "Their size in memory.", lambda: studio.shelf.size_bytes),
            (
                "work_bytes",
                "Memory set aside for work.",
                lambda: studio.budget.taken,
            ),
            ("memory_queue", "Requests that wait for memory.", lambda: studio.budget.waiting),
            ("queue_depth", "Requests that wait for a thread.", lambda: studio.workshop.depth),
        ):
            Gauge(f"photochrom_{name}", text, registry=self.registry).set_function(value)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Note one request."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    async def text(self, request: Request) -> Response:
        """All of it; of all workers, where there are several."""
        text = generate_latest(self.registry)
        if self._desk is not None and not is_relayed(request.scope):
            texts = await metrics_of_others(self._desk, request.scope)
            texts[self._desk.number] = text.decode()
            text = generate_latest(cast(CollectorRegistry, AllMetrics(texts)))
        return Response(text, media_type="text/plain; version=0.0.4")


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class _Compressed:
    """Compresses the page's files and tables of numbers; pictures are compressed already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._zipped = app, GZipMiddleware(app, minimum_size=1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        text = path == "/" or path.startswith("/static/") or path.endswith("/traits")
        await (self._zipped if text else self._app)(scope, receive, send)


class _App(FastAPI):
    """Adds to the description what all routes refer to."""

    def openapi(self) -> dict[str, Any]:
        description = super().openapi()
        schema = schemas.ProblemAnswer.model_json_schema()
        description["components"]["schemas"].setdefault("ProblemAnswer", schema)
        return description


def create_app(
    colorizer: Colorizer,
    *,
    limits: Limits | None = None,
    access: Access | None = None,
    workers: int | None = None,
    device: str = "cpu",
    desk: Desk | None = None,
) -> FastAPI:
    """The server, ready to be run by uvicorn.

    Parameters
    ----------
    colorizer : the model; opened with `cores.threads_each` threads for this many workers
    limits : how much the server takes upon itself; `Limits.within` half of the memory by default
    access : who may come in; by default, whoever calls it by a loopback name
    workers : threads; one for each core by default
    device : where other models that visitors choose run; as for `Colorizer`
    desk : the place among other processes that serve the same port; see `relay`
    """
    workers = workers or usable_cores()
    open_ = partial(Colorizer, threads=threads_each(workers), device=device)
    os.environ.setdefault("VIPS_DISC_THRESHOLD", str(IN_MEMORY_BYTES))  # libvips reads it once
    studio = Studio(
        Choice(colorizer, open_), limits=limits or Limits.within(), workers=workers, desk=desk
    )
    metrics = _Metrics(studio)

    app = _App(
        title="Photochrom Studio",
        summary="Colorizes black-and-white photographs on this machine.",
        version=__version__,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.studio = studio
    app.include_router(routes)
    app.include_router(film_routes)
    app.add_api_route("/metrics", metrics.text, include_in_schema=False)
    app.add_api_route("/", _page, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(f"/{FILM_PAGE}", _film_page, include_in_schema=False)
    app.add_api_route(f"/{WORKER}", _worker, include_in_schema=False)
    app.add_api_route(f"/{MANIFEST}", _manifest, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=WEB, check_dir=False), name="static")
    app.add_middleware(_Compressed)
    if desk is not None:
        app.add_middleware(Relay, desk=desk)
    app.add_middleware(
        Gate,
        access=access or Access(),
        limits=studio.limits,
        observe=metrics.observe,
    )
    for kind, answer in _HANDLERS.items():
        app.add_exception_handler(kind, answer)
    return app


def server_for(app: FastAPI, limits: Limits) -> uvicorn.Server:
    """The ASGI server for the app: uvicorn, with deadlines for connections.

    Parameters
    ----------
    app : from `create_app`
    limits : the same that it has
    """
    config = uvicorn.Config(
        app,
        http=door(limits),
        log_level=logging.ERROR,  # what clients do wrong is theirs to know
        access_log=False,  # an address may hold the token
        server_header=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GOODBYE_S,
    )
    return uvicorn.Server(config)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Tidy up while the server runs, and let go of everything at its end."""
    studio: Studio = app.state.studio
    tidying = asyncio.create_task(_tidy(studio.shelf, studio.films))
    try:
        yield
    finally:
        tidying.cancel()
        with suppress(asyncio.CancelledError):
            await tidying
        studio.workshop.close()
        studio.shelf.clear()
        await asyncio.to_thread(studio.films.clear)


async def _page() -> Response:
    index = WEB / "index.html"
    if not index.is_file():
        raise Problem(404, "The page is not part of this installation; the API is under /v1.")
    return FileResponse(index, media_type="text/html; charset=utf-8")


async def _film_page() -> Response:
    return FileResponse(WEB / FILM_PAGE, media_type="text/html; charset=utf-8")


async def _worker() -> Response:
    """The service worker: the page opens without the server, and waits for it."""
    files = await asyncio.to_thread(page_files)
    files["index.html"] = (WEB / "index.html").read_bytes()
    return Response(worker(files), media_type="text/javascript", headers=_UNKEPT)


async def _manifest() -> Response:
    return Response(
        manifest(formats.TABLE, shares=False),
        media_type="application/manifest+json",
        headers=_UNKEPT,
    )


_UNKEPT = {"Cache-Control": "no-cache"}


async def _tidy(shelf: Shelf, films: Films) -> None:
    """Forget old pictures and films, again and again."""
    while True:
        await asyncio.sleep(TIDY_EVERY_S)
        shelf.tidy()
        await asyncio.to_thread(films.tidy)


Handler = Callable[[Request, Exception], Awaitable[Response]]


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return Response(
        error.body(request.scope["path"]),
        status_code=error.status,
        media_type=CONTENT_TYPE,
        headers=error.headers,
    )


async def _on_library_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PhotochromError)
    return await _on_problem(request, problem_of(error))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | ValidationError)
    errors = error.errors()
    found = [
        {"loc": [str(part) for part in one["loc"]], "msg": str(_own(one) or one["msg"])}
        for one in errors
    ]
    words = "; ".join(f"{'.'.join(one['loc'])}: {one['msg']}" for one in found[:5])
    problem = Problem(422, words, kind="invalid", errors=found)
    if own := next(filter(None, map(_own, errors)), None):
        known = problem_of(own)
        problem.kind, problem.title = known.kind, known.title
    return await _on_problem(request, problem)


def _own(found: Mapping[str, Any]) -> PhotochromError | None:
    """The library's error behind one of pydantic's, such as that of a hint."""
    own = found.get("ctx", {}).get("error")
    return own if isinstance(own, PhotochromError) else None


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and wants_page(request.headers):
        words = "There is no page at this address"
        return HTMLResponse(page(words, leads_in=True), 404, headers=_UNKEPT)
    problem = Problem(error.status_code, str(error.detail), headers=error.headers)
    return await _on_problem(request, problem)


_HANDLERS: dict[type[Exception], Handler] = {
    Problem: _on_problem,
    PhotochromError: _on_library_error,
    RequestValidationError: _on_invalid,
    ValidationError: _on_invalid,
    HTTPException: _on_http_error,
}
