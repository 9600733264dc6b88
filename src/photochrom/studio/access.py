"""Who may come in: by which name, from which page, with which token."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from photochrom.studio.problems import Problem

COOKIE = "photochrom-session"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MIN_TOKEN = 16
"""Shorter tokens could be guessed."""

_HOST = re.compile(
    r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_-]|\.(?=[a-z0-9_]))*)\.?(?::[0-9]{1,5})?",
    re.IGNORECASE | re.ASCII,
)


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

    def check(
        self, method: str, path: str, query: bytes, headers: dict[str, str], *, scheme: str
    ) -> None:
        """Let a request in, or raise.

        Parameters
        ----------
        headers : by lower-case name
        scheme : ``http`` or ``https``, as the visitor called it

        Raises
        ------
        Problem
            421: called by an unknown name; 403: sent by another site's page; 401: no token, or
            a wrong one; 303: the token came in the address, and goes into a cookie.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Problem(
                421,
                f"This server does not answer to the name '{host[:100]}'. Whoever started it can "
                "allow that name.",
                kind="host",
            )
        if method not in SAFE_METHODS:
            _check_same_origin(f"{scheme}://{host}", headers)
        if self.token and path != "/healthz":
            self._check_token(path, query, headers)

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = found["name"].lower().strip("[]")
        if name == "localhost" or name in self.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.any_address

    def _check_token(self, path: str, query: bytes, headers: dict[str, str]) -> None:
        offered = parse_qs(query.decode("latin-1")).get("token", [""])[0] if path == "/" else ""
        name = cookie_name(headers.get("host", ""))
        if offered and _same(offered.strip(), self.token):
            cookie_text = f"{name}={self._session}; HttpOnly; SameSite=Strict; Path=/"
            raise Problem(
                303,
                "Welcome; the token is now stored in a cookie.",
                headers={"Location": "/", "Set-Cookie": cookie_text},
            )
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
        if given and _same(given, self.token):
            return
        known = cookies(headers.get("cookie", ""), name)
        if any(_same(value, self._session) for value in known):
            return
        raise Problem(
            401,
            "This server requires a token: open /?token=..., or send it as "
            "'Authorization: Bearer ...'.",
            kind="wrong-token" if offered or given else "",
            headers={"WWW-Authenticate": "Bearer"},
        )


@dataclass
class Patience:
    """Slows wrong tokens down, those of all visitors together; right ones never wait."""

    each_s: float = 0.5
    """How long one guess keeps the next one waiting."""
    most_s: float = 5.0
    """Who would have to wait for longer is sent away."""
    _free_at: float = 0.0

    async def wait(self) -> None:
        """Wait until it is this guess's turn.

        Raises
        ------
        Problem
            429: there were too many.
        """
        now = time.monotonic()
        turn = max(now, self._free_at) + self.each_s
        if turn - now > self.most_s:
            raise Problem(
                429,
                "Too many wrong tokens. Check the token, and try again.",
                headers={"Retry-After": str(round(self.most_s))},
            )
        self._free_at = turn
        await asyncio.sleep(turn - now)


def cookie_name(host: str) -> str:
    """Cookies don't know ports: two servers on one host need two names."""
    port = host.rpartition("]")[2].partition(":")[2]
    return f"{COOKIE}-{port}" if port else COOKIE


def cookies(header: str, name: str) -> Iterator[str]:
    """The values of the cookies of one name, whatever others of this host look like."""
    for part in header.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            yield value.strip().strip('"')


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _check_same_origin(ours: str, headers: dict[str, str]) -> None:
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    foreign = origin is not None and origin.lower() != ours.lower()
    if foreign or site not in ("same-origin", "none"):
        raise Problem(403, "Requests from other sites are not allowed.", kind="cross-site")
