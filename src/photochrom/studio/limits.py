"""How much the server takes upon itself."""

from __future__ import annotations

from dataclasses import dataclass

from photochrom.errors import Advice, JobError
from photochrom.runtime.memory import usable_bytes

CROWDED = "photochrom.crowded"
"""In a request's state: there are too many connections, and its own is one of those too many."""

IDLE_BYTES = 300_000_000
"""What a server that has worked before takes while it does nothing."""

GLIMPSES, GLIMPSE_BYTES = 2, 50_000_000
"""How many parts of films are kept for those who look at them, and how much each may take."""

WORK_BYTES = 200_000_000
"""A photograph of some megapixels needs so much while it is worked on."""

LEAST_BYTES = 1_000_000_000
"""Less memory is too little for a server."""

SHARE_BYTES = 1_000_000_000
"""At most so much of the memory goes to all uploads together, and so much to all open pictures."""

UPLOAD_BYTES = 200_000_000
"""Larger files are refused by default,"""

FILM_BYTES = 4_000_000_000
"""Larger films are refused by default: two hours of a film on DVD are about as large."""

PIXELS = 250_000_000
"""and so are larger pictures: less than by the command, as several may come at once."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much the server takes upon itself."""

    upload_bytes: int = UPLOAD_BYTES
    pixels: int = PIXELS
    body_bytes: int = 1_000_000
    """Of requests that bring no picture."""
    uploading_bytes: int = SHARE_BYTES
    """Of all requests that are on their way in or being worked on."""
    pictures: int = 64
    picture_bytes: int = SHARE_BYTES
    """Of all open pictures together."""
    picture_age_s: float = 3600.0
    """After so long without use a picture is forgotten."""
    film_bytes: int = FILM_BYTES
    """Of a film's file; 0 where films aren't offered."""
    films: int = 4
    """Open at a time."""
    film_age_s: float = 12 * 3600.0
    """After so long without use a film is closed; one that is being colored is in use."""
    film_upload_s: float = 6 * 3600.0
    """How long the upload of a film may take in all."""
    waiting: int = 32
    """Requests that may wait for a thread."""
    work_bytes: int = 4_000_000_000
    """Memory that all work together may take; see `within`."""
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

    @classmethod
    def within(
        cls,
        memory_bytes: int | None = None,
        *,
        upload_bytes: int = UPLOAD_BYTES,
        film_bytes: int = FILM_BYTES,
        pixels: int = PIXELS,
        workers: int = 1,
    ) -> Limits:
        """Limits for a server whose whole memory stays under a budget.

        Parameters
        ----------
        memory_bytes : the budget; by default half of what this process may use, but a gigabyte
            where there is so much
        upload_bytes : of one file; no more than an eighth of the budget
        film_bytes : of one film, which goes to the disk; 0 for no films
        pixels : of one picture
        workers : servers that share the budget; the limits are those of each

        Raises
        ------
        JobError
            The budget leaves nothing to work with.
        """
        usable = usable_bytes()
        total = memory_bytes or max(usable // 2, min(usable, workers * LEAST_BYTES))
        total //= workers
        share = total // 8
        uploading = pictures = min(share, SHARE_BYTES)
        # An upload is there twice while it is put together.
        shown = GLIMPSES * GLIMPSE_BYTES if film_bytes else 0
        work = total - IDLE_BYTES - pictures - 2 * uploading - shown
        if work < WORK_BYTES:
            raise JobError(
                f"{workers * total / 1e6:,.0f} MB of memory is too little for the server; it needs "
                f"at least {workers * LEAST_BYTES / 1e6:,.0f} MB.",
                advice=[Advice.MORE_MEMORY],
            )
        return cls(
            upload_bytes=min(upload_bytes, uploading),
            film_bytes=film_bytes,
            pixels=pixels,
            uploading_bytes=uploading,
            picture_bytes=pictures,
            work_bytes=work,
        )
