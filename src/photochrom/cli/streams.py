"""Standard streams that may be full, closed or gone, and stop no work.

What a command says goes to stderr, and lists go to stdout. A disk that is full, a terminal that
was closed or a ``| head`` that has seen enough is no reason to end, nor to turn a success into a
failure. A picture that goes to stdout is written to its ``buffer``, whose errors count.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


@contextmanager
def kept() -> Iterator[None]:
    """Make stdin, stdout and stderr usable, whatever their state, until the end of the block."""
    before = sys.stdin, sys.stdout, sys.stderr
    _open_closed()
    sys.stdout, sys.stderr = _unfailing(sys.stdout), _unfailing(sys.stderr)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def fault() -> str:
    """Why not all of a list could be written to stdout; empty where it was, or nobody reads it."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    error = getattr(sys.stdout, "error", None)
    if error is None or isinstance(error, BrokenPipeError):
        return ""
    return str(getattr(error, "strerror", None) or error)


def say_at_once(text: str) -> None:
    """Write to stderr past all buffers, as a signal handler may."""
    with suppress(OSError):
        os.write(2, text.encode())


class _Unfailing:
    """A text stream whose `write` and `flush` raise nothing; the first error is remembered."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: Exception | None = None

    def write(self, text: str) -> int:
        """Write as far as that is possible."""
        try:
            self._stream.write(text)
        except (OSError, ValueError) as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Flush as far as that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """From now on write to nowhere, so that what is buffered fails no more at the exit."""
        if isinstance(error, ValueError) and not self._stream.closed:
            raise error  # the text's fault
        self.error = self.error or error
        with suppress(OSError, ValueError):
            number = self._stream.fileno()
            if number in (1, 2):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _unfailing(stream: TextIO) -> TextIO:
    return cast(TextIO, _Unfailing(stream))


def _open_closed() -> None:
    """Open what is closed, or the next file that is opened gets its number, and our messages.

    stdout can then not be written, as before; stdin is empty.
    """
    modes = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
    for number, mode in modes.items():
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
