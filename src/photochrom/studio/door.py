"""Connections: how many, from whom, and how long they may say nothing.

uvicorn has a deadline for idle connections between two requests and none for a request's head,
and at its limit it shuts everybody out. This protocol adds the deadlines; and when there are too
many connections, the one that has been silent for longest makes room for the newcomer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from photochrom.studio.answers import raw, too_slow
from photochrom.studio.limits import CROWDED, Limits
from photochrom.studio.problems import Problem, busy

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_BYTES = 65_536
"""Of a request's head: other servers of this host may have set many cookies."""

FLUSH_S = 2.0
"""How long a closed connection may take to fetch its last words."""

PIECES, PIECE_BYTES = 1000, 64
"""A body of more pieces must have at least this many bytes in each, on average: each costs time."""


class _Reader(h11.Connection):
    """Refuses bodies in crumbs, which would keep the server busy for a few bytes."""

    _pieces = _size = 0

    def next_event(self) -> Any:
        """What comes next; errors as for protocol errors."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._pieces = self._size = 0
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._size += len(event.data)
            if self._pieces > PIECES and self._size < PIECE_BYTES * self._pieces:
                raise h11.RemoteProtocolError("The body comes in pieces that are too small.")
        return event


class Door(H11Protocol):
    """One connection; `door` makes the class for given limits."""

    limits = Limits()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn = _Reader(h11.SERVER, HEAD_BYTES)
        self.silent_since: float | None = None
        """Since when a request's head is awaited; None while a request is at work."""
        self._crowded = self._left = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for a newcomer, or tell it that there is none."""
        super().connection_made(transport)
        limits, others = self.limits, self._others()
        peers = [one for one in others if one._address == self._address]
        if len(peers) >= limits.connections_each:
            _leave_longest_silent(peers)
        elif len(others) >= limits.connections:
            _leave_longest_silent(others)
        self._crowded = self._is_one_too_many()
        if self._crowded and len(others) >= limits.connections + limits.spare_connections:
            self.refuse(busy("There are too many connections; come back in a while."))
            return
        self.silent_since = self.loop.time()
        self._start_head_timer()

    @property
    def has_asked(self) -> bool:
        """Whether a request has come already."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget its timers."""
        self.silent_since = None
        for timer in (self._head_timer, self._reading_timer):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, under the head's deadline."""
        if self._left or self.transport.is_closing():
            return
        self._start_head_timer()
        super().data_received(data)
        self._look()

    def handle_events(self) -> None:
        """Say with each request whether its connection is one too many."""
        self._crowded = self._crowded and self._is_one_too_many()
        self.app_state = {**self.app_state, CROWDED: self._crowded}
        super().handle_events()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def refuse(self, problem: Problem) -> None:
        """Answer in place of the app, and close."""
        if not (self._at_work and self.cycle.response_started):
            self.transport.write(raw(problem))
        if self._at_work:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._close()

    def send_400_response(self, msg: str) -> None:
        """What isn't HTTP gets the same kind of answer as all else."""
        self.refuse(Problem(400, "This is not a valid HTTP request."))

    def timeout_keep_alive_handler(self) -> None:
        """An idle connection goes."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(FLUSH_S, self.transport.abort)

    def pause_writing(self) -> None:
        """The client doesn't fetch its answer; not for ever."""
        super().pause_writing()
        self._unread = self.transport.get_write_buffer_size()
        self._reading_timer = self.loop.call_later(self.limits.idle_s, self._check_reading)

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        if self._reading_timer:
            self._reading_timer.cancel()

    def _unsupported_upgrade_warning(self) -> None:
        """The gate answers websockets; other upgrades may be ignored (RFC 9110, 7.8)."""

    @property
    def _at_work(self) -> bool:
        return self.has_asked and not self.cycle.response_complete

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _others(self) -> list[Door]:
        doors = (one for one in self.connections if isinstance(one, Door))
        return [one for one in doors if one is not self and not one._left]

    def _is_one_too_many(self) -> bool:
        others, limits = self._others(), self.limits
        peers = sum(one._address == self._address for one in others)
        return peers >= limits.connections_each or len(others) >= limits.connections

    def _look(self) -> None:
        """Whether a request is at work or the next one's head is awaited."""
        if self._at_work or self._left or self.transport.is_closing():
            self.silent_since = None
            self._stop_head_timer()
        elif self.silent_since is None:
            self.silent_since = self.loop.time()
        if (
            not self._at_work
            and self.conn.their_state is h11.IDLE
            and not self.conn.trailing_data[0]
        ):
            self._stop_head_timer()  # between two requests; uvicorn has a deadline for that

    def _start_head_timer(self) -> None:
        if not self._at_work and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_s, self._too_slow)

    def _stop_head_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        if not (self._left or self.transport.is_closing()):
            self.refuse(too_slow("The request's head has not come in time."))

    def _check_reading(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= self._unread:
            self.transport.abort()
        else:
            self._unread = left
            self._reading_timer = self.loop.call_later(self.limits.idle_s, self._check_reading)

    def _close(self) -> None:
        """Close, but give the client time to read first: unread data would reset the connection."""
        self._left = True
        self.silent_since = None
        self._stop_head_timer()
        crowded = (
            len(self.connections) > self.limits.connections + 2 * self.limits.spare_connections
        )
        if self.transport.can_write_eof() and not crowded:
            self.transport.write_eof()
        else:
            self.transport.close()
        self.loop.call_later(FLUSH_S, self.transport.abort)


def _leave_longest_silent(doors: list[Door]) -> None:
    """Send away the connection that has been silent for longest, if there is one."""
    silent = [one for one in doors if one.silent_since is not None]
    if not silent:
        return
    first = min(silent, key=lambda one: one.silent_since or 0.0)
    if first.has_asked:  # idle between two requests
        first.timeout_keep_alive_handler()
    else:
        first.refuse(too_slow("Others need this connection, which has said nothing for long."))


def door(limits: Limits) -> type[Door]:
    """The protocol, for uvicorn's ``http``.

    Parameters
    ----------
    limits : how many connections, and how long they may take
    """
    return type("Door", (Door,), {"limits": limits})
