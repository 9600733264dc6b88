"""The open films: whether they are offered, their files on disk, their threads, and their end."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.errors import StoppedError
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.studio.film_orders import RenderOrder
from photochrom.studio.limits import Limits
from photochrom.studio.problems import Problem

if TYPE_CHECKING:
    from photochrom.studio.open_film import OpenFilm
    from photochrom.studio.relay import Desk
    from photochrom.studio.rendering import Rendering

FIND_BYTES = 200_000_000
"""Memory for looking through a film, or at a part of it."""

SPARE_BYTES = 500_000_000
"""So much of a disk stays free."""

WRITE_BYTES = 1 << 20
"""An upload goes to the disk in pieces of this size."""


class Films:
    """The open films, limited in number and age. Safe from several threads.

    Parameters
    ----------
    colorizer : the model
    limits : how many films, and how large
    budget : where the memory of jobs is taken from
    desk : the place among other processes; see `relay`
    clock : tells how long a film hasn't been used
    """

    def __init__(
        self,
        colorizer: Colorizer,
        *,
        limits: Limits,
        budget: Budget,
        desk: Desk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._colorizer, self._limits, self._budget = colorizer, limits, budget
        self._desk, self._clock = desk, clock
        self._films: dict[str, OpenFilm] = {}
        self._coming = 0
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._begin_threads()

    @property
    def reason(self) -> str:
        """Why no films are offered; empty where they are."""
        if not self._limits.film_bytes:
            return "This server was started without films."
        if find_spec("av") is None:
            return "Films need the video extra on the server: pip install 'photochrom[video]'"
        return ""

    def facts(self) -> dict[str, Any]:
        """As `film_orders.Films`."""
        containers: dict[str, Any] = {}
        if not self.reason:
            from photochrom.video.encoding import CONTAINERS

            containers = {name.removeprefix("."): codecs for name, codecs in CONTAINERS.items()}
        return {
            "offered": not self.reason,
            "reason": self.reason,
            "upload_bytes": self._limits.film_bytes,
            "containers": containers,
        }

    def check_offered(self) -> None:
        """Refuse what has to do with films where they aren't offered.

        Raises
        ------
        Problem
            501: they aren't.
        """
        if self.reason:
            raise Problem(HTTPStatus.NOT_IMPLEMENTED, self.reason, kind="no-films")

    def __len__(self) -> int:
        return len(self._films)

    async def receive(self, chunks: AsyncIterator[bytes], *, name: str, told: int) -> Path:
        """Take an upload to the disk as it comes; returns its file, in a folder of its own.

        Parameters
        ----------
        chunks : the film's file
        name : what the person calls it
        told : how many bytes it will be, or 0

        Raises
        ------
        Problem
            409: too many films are open; 422: it is empty; 507: the disk is full.
        """
        with self._lock:
            if len(self._films) + self._coming >= self._limits.films:
                raise Problem(
                    HTTPStatus.CONFLICT,
                    f"{self._limits.films} films are open, which is the limit. Close one first.",
                    kind="too-many-films",
                )
            self._coming += 1
        folder = await asyncio.to_thread(self._new_folder)
        path = folder / f"film{_suffix(name)}"
        try:
            _check_room(folder, told)
            await _write(path, chunks)
            if not path.stat().st_size:
                raise Problem(422, "No film was sent, or it is empty.")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            with self._lock:
                self._coming -= 1
        return path

    def open(self, path: Path, name: str) -> OpenFilm:
        """Open a film that was received, and begin to look through it. Errors as for `OpenFilm`."""
        from photochrom.studio.open_film import OpenFilm

        try:
            film = OpenFilm(path, name=name, colorizer=self._colorizer)
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        if self._desk is not None:
            film.id = self._desk.id(film.id)
        film.used = self._clock()
        with self._lock:
            gone = not path.exists()
            if not gone:
                self._films[film.id] = film
        if gone:
            raise StoppedError
        film.jobs.append(self._looking.submit(film.look_through))
        return film

    def abandon(self, path: Path) -> None:
        """Remove a film that was received, as nobody waits for it any more."""
        with self._lock:
            film = next((one for one in self._films.values() if one.path == path), None)
            if film is None:
                shutil.rmtree(path.parent, ignore_errors=True)
        if film is not None:
            self.remove(film.id)

    def get(self, id_: str) -> OpenFilm:
        """An open film.

        Raises
        ------
        Problem
            404: there is none of that id, or it has been closed; 501: films aren't offered.
        """
        self.check_offered()
        with self._lock:
            film = self._films.get(id_)
        if film is None:
            raise Problem(
                404,
                "No open film has this id; films are closed after a while. Open it again.",
                kind="unknown-film",
            )
        film.used = self._clock()
        return film

    def render(self, film: OpenFilm, order: RenderOrder) -> Rendering:
        """Color a film in the background, after those that wait already.

        Raises
        ------
        Problem
            409: it is being colored already; 507: the disk is full.
        """
        _check_room(film.path.parent, film.path.stat().st_size)
        rendering = film.begin(order)

        def work() -> None:
            rendering.do(self._colorizer, self._budget, film.plain)

        film.jobs.append(self._rendering.submit(work))
        return rendering

    def remove(self, id_: str) -> None:
        """Close a film; what is done for it ends. Errors as for `get`."""
        film = self.get(id_)
        with self._lock:
            self._films.pop(id_, None)
        film.close()

    def tidy(self) -> None:
        """Close what has not been used for long; a film in work is in use."""
        oldest = self._clock() - self._limits.film_age_s
        with self._lock:
            old = [one for one in self._films.values() if one.used < oldest and not one.is_busy]
            for one in old:
                del self._films[one.id]
        for one in old:
            one.close()

    def clear(self) -> None:
        """Close everything, and remove all files."""
        with self._lock:
            films, self._films = list(self._films.values()), {}
        for one in films:
            if one.rendering is not None:
                one.rendering.stop()
        for one in films:
            one.close()
        for pool in (self._looking, self._rendering):
            pool.shutdown(wait=False, cancel_futures=True)
        self._begin_threads()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _begin_threads(self) -> None:
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="film-looking")
        self._rendering = ThreadPoolExecutor(1, thread_name_prefix="film-rendering")

    def _new_folder(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="photochrom-films-"))
        return Path(tempfile.mkdtemp(dir=self._folder))


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""


def _check_room(folder: Path, wanted: int) -> None:
    """A film and its colored copy must find room."""
    free = shutil.disk_usage(folder).free
    if free < wanted + SPARE_BYTES:
        raise Problem(
            HTTPStatus.INSUFFICIENT_STORAGE,
            f"The server's disk has {free / 1e9:.1f} GB free, which is too little for this film.",
            kind="disk-full",
        )


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> None:
    """Write a body to a file as it comes."""
    waiting = bytearray()
    try:
        with path.open("wb", buffering=0) as file:

            def write(data: bytes) -> None:
                _check_room(path.parent, len(data))
                while data:
                    data = data[file.write(data) :]

            async for chunk in chunks:
                waiting += chunk
                if len(waiting) >= WRITE_BYTES:
                    await asyncio.to_thread(write, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(write, bytes(waiting))
    except OSError as error:
        raise Problem(
            HTTPStatus.INSUFFICIENT_STORAGE,
            f"The film can't be kept on the server's disk ({error.strerror}).",
            kind="disk-full",
        ) from error
