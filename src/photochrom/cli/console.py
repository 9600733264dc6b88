"""What a long command shows on the terminal, and how signals end it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

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

from photochrom.cli import streams
from photochrom.cli.codes import ExitCode

_ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class RateColumn(ProgressColumn):
    """How many things are done in a second, or in a minute."""

    def render(self, task: Task) -> Text:
        """The text for now."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 0.1 else f"{60 * speed:.1f}/min")


class _Lines(Console):
    """A console for lines with names of files."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as a console does, each text in a line, and let no name steer the terminal."""
        texts = (streams.line(one) if isinstance(one, str) else one for one in objects)
        super().print(*texts, **options)


def error_console() -> Console:
    """A console on stderr that breaks no lines."""
    return _Lines(stderr=True, soft_wrap=True, highlight=False)


@contextmanager
def progress(label: str, total: int, *, console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar for more than one thing, with rate and time left; yields done(number, of).

    Nothing in pipes, and where a service builds and tests: these keep every line.
    """
    if total < 2 or not _is_watched(console):
        yield lambda number, of: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(compact=True),
    )
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task(label, total=total)
    try:
        bar.start()
    except RuntimeError:  # no more threads may be started; the work goes on without a bar
        yield lambda number, of: None
        return
    try:
        yield lambda number, of: bar.update(task, completed=number, total=of)
    finally:
        bar.stop()


def _is_watched(console: Console) -> bool:
    """Whether a person looks on, and not a log file."""
    return console.is_terminal and os.environ.get("CI", "") in ("", "0", "false")


PHOTOGRAPHS = "\nStopping when the photographs at work are done; Ctrl-C again abandons them.\n"


@contextmanager
def interruptible(
    *, patient: bool, abandon: Callable[[], object], say: str = PHOTOGRAPHS
) -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a question that long work asks; yields it.

    Signals that are ignored, as nohup and the shell's & have it, stay so.

    Parameters
    ----------
    patient : the first signal lets what is at work finish, and only the second abandons it
    abandon : tidies up before the process ends at once, with exit code 130
    say : what the first Ctrl-C is answered with
    """
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not patient:
            abandon()
            if sys.stderr.isatty():
                streams.say_at_once("\x1b[?25h")  # the bar hides the cursor
            streams.say_at_once("\nphotochrom: stopped.\n")
            os._exit(ExitCode.INTERRUPTED)  # threads inside libvips can't be stopped otherwise
        asked = True
        streams.say_at_once(say)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    handled = [one for one in _ENDING if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, on_signal) for one in handled}
    try:
        yield lambda: asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
