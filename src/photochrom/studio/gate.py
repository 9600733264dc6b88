"""The gate before the server's routes: who may come in, how much may be brought, what is noted.

Plain ASGI, so that it sees every request and answer, byte by byte.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeAlias

from photochrom.studio.access import Access, Patience
from photochrom.studio.answers import HEADERS, headers_for, page, too_slow, wants_page
from photochrom.studio.limits import CROWDED, Limits
from photochrom.studio.problems import CLIENT_GONE, Problem, busy, failed

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Observe: TypeAlias = Callable[[Scope, int, float], None]

UPLOADS = {"/v1/colorize", "/v1/pictures"}
FILMS = "/v1/films"
_FILM_PICTURES = re.compile(r"/v1/films/[^/]+/pictures")
DISCARD_S = 3.0
DISCARD_IDLE_S = 0.5
"""So long is read on from an upload that was refused: many clients look for the answer only
when they have sent all. Less long if nothing comes."""

_AT_ONCE = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE}
"""Answered without waiting for the rest of the body."""

_log = logging.getLogger(__name__)


class Gate:
    """Middleware around everything.

    Parameters
    ----------
    app : what lies behind
    access : who may come in
    limits : how much may be brought, and how long that may take
    observe : is told (scope, status, seconds) of every request
    """

    def __init__(self, app: App, *, access: Access, limits: Limits, observe: Observe) -> None:
        self._app, self._access, self._limits, self._observe = app, access, limits, observe
        self._hall, self._patience = _Hall(), Patience()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        headers = headers_of(scope)
        visit = _Visit(scope["path"], receive, send, body=self._body_of(scope, headers))
        visit.by_person = wants_page(headers)
        try:
            await self._check(scope, headers)
            await self._app(scope, visit.receive, visit.send)
            if visit.problem:
                raise visit.problem
        except Problem as problem:
            await visit.answer(problem)
        except asyncio.CancelledError:  # the server ends, and this has taken too long
            await visit.answer(busy("The server is about to end.", retry_after_s=10))
        except Exception:
            if not visit.problem:
                _log.exception("%s %s has failed", scope["method"], scope["path"])
            await visit.answer(visit.problem or failed())
        finally:
            visit.body.leave()
            self._observe(scope, visit.status, time.perf_counter() - begun)

    async def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        """Let a request in, or raise the problem that keeps it out."""
        path = scope["path"]
        if scope.get("state", {}).get(CROWDED) and path != "/healthz":
            raise busy("There are too many connections at the moment; try again later.")
        if headers.get("upgrade", "").lower() == "websocket":
            raise Problem(400, "This server supports HTTP only, not WebSocket.")
        try:
            self._access.check(
                scope["method"], path, scope["query_string"], headers, scheme=scope["scheme"]
            )
        except Problem as problem:
            if problem.kind == "wrong-token":
                await self._patience.wait()
            raise

    def _body_of(self, scope: Scope, headers: dict[str, str]) -> _Body:
        path, limits = scope["path"], self._limits
        length = headers.get("content-length", "")
        told = int(length) if length.isdecimal() and len(length) < 20 else 0
        if path == FILMS:  # a film goes to the disk as it comes, and takes no memory
            limits, hall = replace(limits, upload_s=limits.film_upload_s), _Hall()
            limits = replace(limits, uploading_bytes=limits.film_bytes)
            body = _Body(limits, hall, most=limits.film_bytes, told=told)
        else:
            brings_picture = path in UPLOADS or _FILM_PICTURES.fullmatch(path) is not None
            most = limits.upload_bytes if brings_picture else limits.body_bytes
            body = _Body(limits, self._hall, most=most, told=told)
        body.expected = told > 0 or "transfer-encoding" in headers
        return body


def headers_of(scope: Scope) -> dict[str, str]:
    """A request's headers, by lower-case name.

    Those that come twice go into one line, so that no two hosts pass.
    """
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        glue = "; " if key == "cookie" else ", "
        headers[key] = f"{headers[key]}{glue}{text}" if key in headers else text
    return headers


@dataclass
class _Hall:
    """The bytes that all requests together hold at the moment."""

    size: int = 0


class _Body:
    """Counts and times what comes in with a request."""

    expected = False
    """Whether the request's head announces a body."""

    def __init__(self, limits: Limits, hall: _Hall, *, most: int, told: int) -> None:
        self._limits, self._hall, self._most, self._told = limits, hall, most, told
        self._begun = time.monotonic()
        self._until = self._begun + limits.upload_s
        self._size = 0

    async def next(self, receive: Receive) -> Message:
        """The next message.

        Raises
        ------
        Problem
            413: the body is too large; 408: too slow; 503: all bodies are too large together.
        """
        if self._told > self._most:
            raise self._too_large()
        left = self._until - time.monotonic()
        try:
            message = await asyncio.wait_for(receive(), min(self._limits.idle_s, left))
        except TimeoutError:
            raise too_slow("The upload has come too slowly, or not at all.") from None
        brought = len(message.get("body", b""))
        self._size += brought
        if self._is_dripping():
            raise too_slow("The upload is too slow.")
        self._hall.size += brought
        if self._size > self._most:
            raise self._too_large()
        if self._hall.size > self._limits.uploading_bytes:
            raise busy("There are too many uploads at the moment; try again later.")
        return message

    def _is_dripping(self) -> bool:
        gone = time.monotonic() - self._begun
        slow = self._size < self._limits.upload_bytes_per_s * gone
        return gone > self._limits.idle_s and slow

    def leave(self) -> None:
        """Give back the place that the bytes took."""
        self._hall.size -= self._size
        self._size = 0

    def _too_large(self) -> Problem:
        return Problem(
            413, f"More than the limit of {self._most:,} bytes was sent.", kind="too-large"
        )


class _Visit:
    """One request on its way in, and the answer on its way out."""

    def __init__(self, path: str, receive: Receive, send: Send, *, body: _Body) -> None:
        self._path, self._receive, self._send = path, receive, send
        self.body = body
        self.problem: Problem | None = None
        """What is wrong with the body; it is the answer, whatever the app makes of it."""
        self.by_person = False
        """Whether somebody looks at the answer in a browser."""
        self.status = CLIENT_GONE
        self._whole = self._answered = False

    async def receive(self) -> Message:
        """The app's way to the body."""
        if self._whole:
            return await self._receive()
        try:
            message = await self.body.next(self._receive)
        except Problem as problem:
            self.problem = problem
            raise
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The app's way out; adds the headers that every answer has."""
        if self.problem and not self._answered:
            return
        if message["type"] == "http.response.start":
            self._answered = True
            self.status = message["status"]
            given = {name.lower() for name, _ in message.get("headers", ())}
            extra = [
                (n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in given
            ]
            if b"cache-control" not in given:
                caching = b"no-store" if self._path.startswith("/v1/") else b"no-cache"
                extra.append((b"cache-control", caching))
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await self._send(message)

    async def answer(self, problem: Problem) -> None:
        """Send a problem, unless an answer is on its way already."""
        if self._answered:
            return
        if problem.status not in _AT_ONCE:
            await self._discard()
        self.problem = None
        body = page(problem.detail).encode() if self.by_person else problem.body(self._path)
        headers = headers_for(problem, body)
        if self.by_person:
            headers["content-type"] = "text/html; charset=utf-8"
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await self.send(
            {"type": "http.response.start", "status": problem.status, "headers": encoded}
        )
        await self.send({"type": "http.response.body", "body": body})

    async def _discard(self) -> None:
        """Read on for a while, and throw it away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_S):
                while self.body.expected and not self._whole:
                    message = await asyncio.wait_for(self._receive(), DISCARD_IDLE_S)
                    self._whole = not message.get("more_body", False)
