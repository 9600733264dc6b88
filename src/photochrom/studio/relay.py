"""Between several processes behind one port: a request reaches the one that holds its picture.

Every worker takes connections from the common port, and from a door of its own, a Unix socket in a
folder that only this user may enter. A picture's id begins with its worker's number; requests for
it that come to another worker are handed on through the door, byte by byte. So that all pictures
of a visitor lie at one worker, and may be references for one another, a cookie says which. What
needs no picture is shared out in turn.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from photochrom.studio.access import cookie_name, cookies
from photochrom.studio.gate import App, Message, Receive, Scope, Send, headers_of
from photochrom.studio.problems import Problem, busy

_CHUNK = 65_536
_NOT_HANDED_ON = {b"connection", b"keep-alive", b"upgrade", b"expect", b"origin", b"sec-fetch-site"}
"""Of one connection only; or looked at already, by the first worker's gate."""

_NOT_HANDED_BACK = {b"connection", b"keep-alive", b"transfer-encoding", b"date"}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The place of one worker among all."""

    number: int
    count: int
    folder: Path
    """Where their doors are."""

    def door(self, number: int) -> str:
        """The Unix socket of a worker."""
        return str(self.folder / f"{number}.sock")

    def open_door(self, backlog: int) -> socket.socket:
        """Take the door of our own; one that a worker before us has left is taken away."""
        place = Path(self.door(self.number))
        place.unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(place))
        door.listen(backlog)
        return door

    def id(self, own: str) -> str:
        """A picture's id, with the number of the worker that holds it."""
        return f"{self.number}.{own}"

    def holder(self, id_: str) -> int | None:
        """The worker that an id names; None where it names none."""
        text, dot, _ = id_.partition(".")
        return self._valid(text) if dot else None

    def chosen(self, headers: Mapping[str, str]) -> int | None:
        """The worker that a visitor's cookie names; None where there is none."""
        found = cookies(headers.get("cookie", ""), _cookie(headers))
        return next((n for text in found if (n := self._valid(text)) is not None), None)

    def _valid(self, text: str) -> int | None:
        right = text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < self.count
        return int(text) if right else None


def _cookie(headers: Mapping[str, str]) -> str:
    return f"{cookie_name(headers.get('host', ''))}-worker"


def is_relayed(scope: Scope) -> bool:
    """Whether another worker has handed this on: Unix sockets have no port."""
    server = scope.get("server")
    return server is None or server[1] is None


class Relay:
    """Middleware behind the gate: does a request here, or hands it on.

    Parameters
    ----------
    app : what does it
    desk : who we are
    """

    def __init__(self, app: App, *, desk: Desk) -> None:
        self._app, self._desk = app, desk
        self._turns = itertools.cycle(range(desk.count))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_relayed(scope):
            await self._app(scope, receive, send)
            return
        desk, headers = self._desk, headers_of(scope)
        method, path = scope["method"], scope["path"]
        number: int | None = desk.number
        if path == "/v1/colorize":
            number = next(self._turns)
        elif path.startswith(("/v1/pictures/", "/v1/films/")):
            number = desk.holder(path.split("/")[3])
        elif path == "/" or (method, path) == ("POST", "/v1/pictures"):
            number = desk.chosen(headers)
            if number is None:
                number = secrets.randbelow(desk.count)
                send = _with_cookie(send, f"{_cookie(headers)}={number}")
        if path == "/" or number is None or number == desk.number:
            await self._app(scope, receive, send)
        else:
            await _hand_on(desk.door(number), scope, receive, send)


def _with_cookie(send: Send, cookie: str) -> Send:
    text = f"{cookie}; HttpOnly; SameSite=Strict; Path=/".encode()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"set-cookie", text)]}
        await send(message)

    return sending


async def _hand_on(door: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Let another worker answer.

    Raises
    ------
    Problem
        503: it isn't there; and what `receive` raises.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(door)
    except OSError:
        raise busy("A part of the server is just being started again.") from None
    wire = h11.Connection(h11.CLIENT)
    tasks = []
    try:
        writer.write(wire.send(_request(scope)) or b"")
        tasks = [
            asyncio.create_task(_bring(wire, writer, receive)),
            asyncio.create_task(_fetch(wire, reader, send)),
        ]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()


def _request(scope: Scope) -> h11.Request:
    query = scope["query_string"]
    kept = [pair for pair in scope["headers"] if pair[0].lower() not in _NOT_HANDED_ON]
    return h11.Request(
        method=scope["method"].encode(),
        target=scope["raw_path"] + (b"?" + query if query else b""),
        headers=[*kept, (b"connection", b"close")],
    )


async def _bring(wire: h11.Connection, writer: asyncio.StreamWriter, receive: Receive) -> None:
    """Hand on the request's body; returns when the client has gone."""
    more = True
    while (message := await receive())["type"] != "http.disconnect":
        if not more:
            continue
        more = message.get("more_body", False)
        with suppress(OSError, h11.LocalProtocolError):  # answered already, and closed
            if message.get("body"):
                writer.write(wire.send(h11.Data(data=message["body"])) or b"")
            if not more:
                writer.write(wire.send(h11.EndOfMessage()) or b"")
            await writer.drain()


async def _fetch(wire: h11.Connection, reader: asyncio.StreamReader, send: Send) -> None:
    """Hand back the answer."""
    begun = False
    while True:
        event = await _next_event(wire, reader)
        if isinstance(event, h11.Response):
            headers = [pair for pair in event.headers if pair[0] not in _NOT_HANDED_BACK]
            start = {"type": "http.response.start", "status": event.status_code}
            await send({**start, "headers": headers})
            begun = True
        elif isinstance(event, h11.Data):
            body = {"type": "http.response.body", "body": bytes(event.data)}
            await send({**body, "more_body": True})
        elif isinstance(event, h11.EndOfMessage):
            await send({"type": "http.response.body", "body": b""})
            return
        elif isinstance(event, h11.ConnectionClosed):
            if begun:
                raise ConnectionError("a worker has ended in the middle of an answer")
            raise busy("A part of the server is just being started again.")


async def _next_event(wire: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while True:
        try:
            event = wire.next_event()
            if event is not h11.NEED_DATA:
                return event
            wire.receive_data(await reader.read(_CHUNK))
        except (OSError, h11.RemoteProtocolError):
            return h11.ConnectionClosed()


class AllMetrics:
    """The metrics of all workers, each with a label that says whose; collects like a registry."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        families: dict[str, Metric] = {}
        for number, text in self._texts.items():
            for found in text_string_to_metric_families(text):
                family = families.setdefault(
                    found.name, Metric(found.name, found.documentation, found.type)
                )
                for one in found.samples:
                    family.add_sample(one.name, {**one.labels, "worker": str(number)}, one.value)
        yield from families.values()


async def metrics_of_others(desk: Desk, scope: Scope) -> dict[int, str]:
    """The metrics of the other workers, as text by number; of those that answer.

    Parameters
    ----------
    scope : of the request for metrics
    """

    async def ask(number: int) -> str:
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            parts.append(message.get("body", b""))

        waiting = iter([{"type": "http.request", "body": b""}])

        async def receive() -> Message:
            if message := next(waiting, None):
                return message
            return await asyncio.get_running_loop().create_future()

        try:
            await _hand_on(desk.door(number), scope, receive, keep)
        except (Problem, ConnectionError):
            return ""
        return b"".join(parts).decode()

    others = [number for number in range(desk.count) if number != desk.number]
    texts = await asyncio.gather(*map(ask, others))
    return dict(zip(others, texts, strict=True))
