"""What every answer has: headers that keep browsers in bounds, and problems in one form."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from photochrom.studio.problems import CONTENT_TYPE, Problem

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
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


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether somebody looks at the answer in a browser; programs get a problem's JSON."""
    return "text/html" in headers.get("accept", "")


def page(words: str, *, leads_in: bool = False) -> str:
    """What people see in place of a page.

    Parameters
    ----------
    words : what is wrong
    leads_in : whether a link leads to the Studio
    """
    link = '<p class="lead"><a class="text" href="/">Open Photochrom Studio</a></p>\n'
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Photochrom Studio</title>
<link rel="stylesheet" href="/static/base.css">
<link rel="stylesheet" href="/static/studio.css">
<script src="/static/theme.js"></script>
<body data-scene="welcome">
<main><section class="welcome"><div class="welcome-words">
<h2>{escape(words)}</h2>
{link if leads_in else ""}</div></section></main>
"""


def headers_for(problem: Problem, body: bytes) -> dict[str, str]:
    """The headers of a problem that is answered outside the app, by lower-case name.

    Parameters
    ----------
    body : the answer's body
    """
    return {
        **HEADERS,
        "content-type": CONTENT_TYPE,
        "cache-control": "no-store",
        **{name.lower(): value for name, value in problem.headers.items()},
        "content-length": str(len(body)),
    }


def raw(problem: Problem) -> bytes:
    """A problem as the whole of an HTTP/1.1 answer, after which the connection is closed."""
    body = problem.body("")
    headers = headers_for(problem, body) | {"connection": "close"}
    first = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def too_slow(detail: str) -> Problem:
    """The answer to a request that hasn't come in time."""
    return Problem(HTTPStatus.REQUEST_TIMEOUT, detail, headers={"Retry-After": "1"})
