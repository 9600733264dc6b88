"""The gate before the server's routes: who may come in, how much may be brought, what is noted.

Plain ASGI, so that it sees every request and answer, byte by byte.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from photochrom.studio.problems import CLIENT_GONE, CONTENT_TYPE, Problem, busy
from photochrom.studio.workshop import Limits

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Observe: TypeAlias = Callable[[Scope, int, float], None]

COOKIE = "photochrom-session"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
UPLOADS = {"/v1/colorize", "/v1/pictures"}
DISCARD_S = 3.0
DISCARD_IDLE_S = 0.5
"""So long is read on from an upload that was refused: many clients look for the answer only
when they have sent all. Less long if nothing comes."""

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every answer."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may come in.

    ``hosts`` are the names that the server may be called by, beside those of the loopback;
    with ``any_address`` every IP address is one, too (it listens on all; a page from elsewhere
    can't pretend to be an address).
    """

    hosts: frozenset[str] = frozenset()
    any_address: bool = False
    token: str = ""
    """What must be known to come in; nothing if empty."""
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """What the cookie holds in the token's place; of this process only."""

    def check(self, method: str, path: str, query: bytes, headers: dict[str, str]) -> None:
        """Let a request in, or raise.

        Raises
        ------
        Problem
            421: called by an unknown name; 403: sent by another site's page; 401: no token;
            303: the token came in the address, and goes into a cookie.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Problem(
                421,
                f"This server does not go by the name '{host[:100]}'. If it should, start it with "
                "--allow-host.",
                kind="host",
            )
        if method not in SAFE_METHODS:
            _check_same_origin(host, headers)
        if self.token and path != "/healthz":
            self._check_token(path, query, headers)

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host)
        if name == "localhost" or name in self.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.any_address

    def _check_token(self, path: str, query: bytes, headers: dict[str, str]) -> None:
        offered = parse_qs(query.decode("latin-1")).get("token", [""])[0] if path == "/" else ""
        if offered and _same(offered, self.token):
            cookie_text = f"{COOKIE}={self._session}; HttpOnly; SameSite=Strict; Path=/"
            raise Problem(
                303,
                "Welcome; the token is in a cookie now.",
                headers={"Location": "/", "Set-Cookie": cookie_text},
            )
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), self.token):
            return
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        if cookie is not None and _same(cookie.value, self._session):
            return
        raise Problem(
            401,
            "This server wants its token: open /?token=..., or send it as "
            "'Authorization: Bearer ...'.",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _name_of(host: str) -> str:
    """The host name or address of a Host header, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _headers_of(scope: Scope) -> dict[str, str]:
    """By lower-case name; those that come twice in one line, so that no two hosts pass."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        glue = "; " if key == "cookie" else ", "
        headers[key] = f"{headers[key]}{glue}{text}" if key in headers else text
    return headers


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _check_same_origin(host: str, headers: dict[str, str]) -> None:
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2].lower() != host.lower()
    if foreign or site not in ("same-origin", "none"):
        raise Problem(403, "Pages of other sites may not ask for this.", kind="cross-site")


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
        self._hall = _Hall()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        headers = _headers_of(scope)
        visit = _Visit(scope["path"], receive, send, body=self._body_of(scope, headers))
        try:
            self._access.check(scope["method"], scope["path"], scope["query_string"], headers)
            await self._app(scope, visit.receive, visit.send)
            if visit.problem:
                raise visit.problem
        except Problem as problem:
            await visit.answer(problem)
        except Exception:
            if not visit.problem:
                _log.exception("%s %s has failed", scope["method"], scope["path"])
            failed = Problem(500, "The server has failed at this; its log says how.")
            await visit.answer(visit.problem or failed)
        finally:
            visit.body.leave()
            self._observe(scope, visit.status, time.perf_counter() - begun)

    def _body_of(self, scope: Scope, headers: dict[str, str]) -> _Body:
        brings_picture = scope["path"] in UPLOADS
        most = self._limits.upload_bytes if brings_picture else self._limits.body_bytes
        length = headers.get("content-length", "")
        told = int(length) if length.isdecimal() and len(length) < 20 else 0
        body = _Body(self._limits, self._hall, most=most, told=told)
        body.expected = told > 0 or "transfer-encoding" in headers
        return body


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
        self._until = time.monotonic() + limits.upload_s
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
            raise Problem(408, "The upload has come too slowly, or not at all.") from None
        brought = len(message.get("body", b""))
        self._size += brought
        self._hall.size += brought
        if self._size > self._most:
            raise self._too_large()
        if self._hall.size > self._limits.uploading_bytes:
            raise busy("There are too many uploads at the moment; send it again in a while.")
        return message

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
        if problem.status != HTTPStatus.REQUEST_TIMEOUT:
            await self._discard()
        self.problem = None
        headers = {
            "content-type": CONTENT_TYPE,
            "cache-control": "no-store",
            **{name.lower(): value for name, value in problem.headers.items()},
        }
        body = problem.body(self._path)
        headers["content-length"] = str(len(body))
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
