"""Films that come through a pipe, or go into one.

A film is read twice, and its file is finished in the end only: both lie in a temporary folder.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from photochrom.batch.jobs import STANDARD_STREAM
from photochrom.errors import FilmReadError, FilmWriteError, JobError

SUFFIX = ".mkv"
"""Of the film that goes into a pipe: Matroska holds everything, and is read without seeking."""

PIECE = 1 << 20


class Ends(NamedTuple):
    """Where a film is read, and where it is written."""

    source: Path
    target: str
    comes_from: str
    """For people."""
    goes_to: str
    is_piped: bool


@contextmanager
def piped(source: Path, target: str, *, preview: bool) -> Iterator[Ends]:
    """Put files where standard streams are meant.

    Parameters
    ----------
    source, target : as they were given; `-` is stdin, and stdout
    preview : whether a preview is wanted, which is no stream

    Raises
    ------
    JobError
        A stream is a terminal, or can't be what is wanted.
    FilmReadError, FilmWriteError
        Nothing came through the pipe, the disk is full, or nobody reads the result.
    """
    comes, goes = (str(one) == STANDARD_STREAM for one in (source, target))
    comes_from, goes_to = "stdin" if comes else str(source), "stdout" if goes else target
    if not comes and not goes:
        yield Ends(source, target, comes_from, goes_to, is_piped=False)
        return
    if goes and preview:
        raise JobError("A preview is a page and a picture; name the page with -o.")
    if goes and sys.stdout.isatty():
        raise JobError("Refusing to write a film to the terminal; name a file with -o.")
    if comes and sys.stdin.isatty():
        raise JobError("Standard input (-) is the terminal; send a film through a pipe.")
    with tempfile.TemporaryDirectory(prefix="photochrom-") as name:
        folder = Path(name)
        if comes:
            source = _taken(folder / "stdin")
        if not goes:
            with _without_work(Path(target)):
                yield Ends(source, target, comes_from, goes_to, is_piped=True)
            return
        film = folder / f"stdout{SUFFIX}"
        yield Ends(source, str(film), comes_from, goes_to, is_piped=True)
        _give(film)


@contextmanager
def _without_work(target: Path) -> Iterator[None]:
    """Leave no work behind that was begun here: what came through a pipe comes only once."""
    from photochrom.video.work import SUFFIX as WORK_SUFFIX

    work = target.with_name(target.name + WORK_SUFFIX)
    was_there = work.exists()
    try:
        yield
    finally:
        if not was_there:
            shutil.rmtree(work, ignore_errors=True)


def _taken(place: Path) -> Path:
    """Write what comes through stdin to a file."""
    try:
        with place.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, PIECE)
            count = file.tell()
    except OSError as error:
        raise FilmWriteError(
            f"{place.parent}: the film from the pipe can't be kept there ({error.strerror}). Set "
            "TMPDIR to a folder with more room, or name a file instead."
        ) from error
    if not count:
        raise FilmReadError("stdin: nothing came through the pipe; expected a film.")
    return place


def _give(place: Path) -> None:
    """Write a file to stdout."""
    try:
        with place.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, PIECE)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise FilmWriteError(
            f"stdout: the film can't be written ({error.strerror}); name a file with -o."
        ) from error
