"""What a long command shows on the terminal, and how Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

INTERRUPTED = 130


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 0.1 else f"{60 * speed:.1f}/min")


def error_console() -> Console:
    """A console on stderr that breaks no lines."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


@contextmanager
def progress(label: str, total: int, *, console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar for more than one thing, with rate and time left; yields done(number, of)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, disable=total < 2) as bar:
        task = bar.add_task(label, total=total)

        def done(number: int, of: int) -> None:
            bar.update(task, completed=number, total=of)

        yield done


@contextmanager
def interruptible(*, patient: bool, abandon: Callable[[], object]) -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a question that long work asks; yields it.

    Parameters
    ----------
    patient : the first Ctrl-C lets what is at work finish, and only the second abandons it
    abandon : tidies up before the process ends at once, with exit code 130
    """
    asked = False

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not patient:
            abandon()
            if sys.stderr.isatty():
                _say("\x1b[?25h")  # the bar hides the cursor
            _say("\nphotochrom: stopped.\n")
            os._exit(INTERRUPTED)  # threads inside libvips can't be stopped otherwise
        asked = True
        _say("\nStopping when the photographs at work are done; Ctrl-C again abandons them.\n")

    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as nohup and the shell's & do
    if ignored or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def _say(text: str) -> None:
    """Write to stderr past all buffers, as a signal handler may."""
    os.write(2, text.encode())
