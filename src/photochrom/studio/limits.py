"""How much the server takes upon itself."""

from __future__ import annotations

from dataclasses import dataclass

CROWDED = "photochrom.crowded"
"""In a request's state: there are too many connections, and its own is one of those too many."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much the server takes upon itself."""

    upload_bytes: int = 200_000_000
    pixels: int = 250_000_000
    body_bytes: int = 1_000_000
    """Of requests that bring no picture."""
    uploading_bytes: int = 1_000_000_000
    """Of all requests that are on their way in or being worked on."""
    pictures: int = 64
    picture_bytes: int = 1_000_000_000
    """Of all open pictures together."""
    picture_age_s: float = 3600.0
    """After so long without use a picture is forgotten."""
    waiting: int = 32
    """Requests that may wait for a thread."""
    work_s: float = 120.0
    """How long a request may wait and be worked on."""
    head_s: float = 10.0
    """How long a request's head may take, from the first moment of the connection on."""
    idle_s: float = 20.0
    """How long an upload may stand still, and an answer may wait to be read."""
    upload_s: float = 600.0
    """How long an upload may take in all."""
    upload_bytes_per_s: int = 1000
    """How fast it must come, on average, once `idle_s` is over."""
    connections: int = 512
    """Open at a time."""
    connections_each: int = 128
    """Of them, from one address."""
    spare_connections: int = 32
    """Beyond `connections`; they are told to come back, but for those who ask for health."""
