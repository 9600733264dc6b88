"""Standard streams that may be full, closed or gone, and stop no work.

What a command says goes to stderr, and lists go to stdout. A disk that is full, a terminal that
was closed or a ``| head`` that has seen enough is no reason to end, nor to turn a success into a
failure. Nor is a pager or a terminal that has stopped reading a reason to wait: what stderr is told
is written by a thread of its own. A picture that goes to stdout is written to its ``buffer``, whose
errors count. Letters that a console's code page lacks, as Windows has them, become escapes.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any, TextIO, cast

WAITING = 100_000
"""How many texts wait for a stderr that nobody reads; further ones are left out."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@contextmanager
def kept() -> Iterator[None]:
    """Make stdin, stdout and stderr usable, whatever their state, until the end of the block."""
    before = sys.stdin, sys.stdout, sys.stderr
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # what a program has put there
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    aside = _Aside(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, _Unfailing(sys.stdout)), cast(TextIO, aside)
    try:
        yield
    finally:
        with suppress(KeyboardInterrupt):
            sys.stdout.flush()
            aside.end()
        sys.stdin, sys.stdout, sys.stderr = before


def printable(text: str) -> str:
    """A text that may hold names of files, without what would steer the terminal.

    Controls other than line breaks and tabs become escapes, as do bytes that are no UTF-8.
    """
    safe = _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return safe.encode("utf-8", "backslashreplace").decode()


def line(text: str) -> str:
    """As `printable`, in a single line: a name with line breaks is no further message."""
    return printable(text).replace("\n", "\\n")


def fault() -> str:
    """Why not all of a list could be written to stdout; empty where it was, or nobody reads it."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    error = getattr(sys.stdout, "error", None)
    if error is None or isinstance(error, BrokenPipeError):
        return ""
    return str(getattr(error, "strerror", None) or error)


def say_at_once(text: str) -> None:
    """Write to stderr past all buffers, as a signal handler may; not where that would wait."""
    with suppress(OSError, ValueError):
        if os.name != "posix" or select.select([], [2], [], 0)[1]:
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


class _Aside(_Unfailing):
    """Writes in a thread of its own, so that nobody waits for whoever reads."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._left_out = 0
        self._process = os.getpid()
        self._thread: threading.Thread | None = threading.Thread(target=self._serve, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads may be started
            self._thread = None

    def write(self, text: str) -> int:
        """Have it written."""
        if not isinstance(text, str):  # how Click finds out which streams take bytes
            raise TypeError(f"expected text, not {type(text).__name__}")
        if self._thread is None or os.getpid() != self._process:  # a fork has no such thread
            return super().write(text)
        if self._texts.qsize() < WAITING:
            self._texts.put(text)
        else:
            self._left_out += 1
        return len(text)

    def flush(self) -> None:
        """The thread does that."""
        if self._thread is None or os.getpid() != self._process:
            super().flush()

    def end(self) -> None:
        """Wait until all is written."""
        if self._thread is not None and os.getpid() == self._process:
            if self._left_out:
                self._texts.put(f"({self._left_out} messages were left out; nobody read them.)\n")
            self._texts.put(None)
            self._thread.join()
        self._thread = None
        self.flush()

    def _serve(self) -> None:
        while (text := self._texts.get()) is not None:
            with suppress(ValueError):
                super().write(text)
                if self._texts.empty():
                    super().flush()


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
