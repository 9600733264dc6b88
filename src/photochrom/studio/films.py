"""The open films: whether they are offered, their files on disk, their threads, and their end."""

from __future__ import annotations

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
from photochrom.runtime.recent import Recent
from photochrom.studio import disk
from photochrom.studio.film_orders import RenderOrder
from photochrom.studio.limits import GLIMPSES, Limits
from photochrom.studio.problems import Problem

if TYPE_CHECKING:
    from photochrom.studio.open_film import OpenFilm
    from photochrom.studio.relay import Desk
    from photochrom.video.glimpse import Glimpse


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
        self._glimpses: Recent[Glimpse] = Recent(GLIMPSES)
        self._coming = 0
        self._folder: disk.TemporaryFolder | None = None
        self._lock = threading.Lock()
        self._begin_threads()
        disk.remove_left(Path(tempfile.gettempdir()))

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
        try:
            folder = self._new_folder()
            path = folder / f"film{_suffix(name)}"
            try:
                disk.check_room(folder, told)
                await disk.write(path, chunks)
                if not path.stat().st_size:
                    raise Problem(422, "No film was sent, or it is empty.")
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        finally:
            with self._lock:
                self._coming -= 1
        return path

    def looking_bytes(self, path: Path, name: str) -> int:
        """How much memory it takes to open a film that was received. Errors as for `OpenFilm`."""
        from photochrom.studio.open_film import bytes_to_open

        return bytes_to_open(path, name)

    def open(self, path: Path, name: str) -> OpenFilm:
        """Open a film that was received, and begin to look through it. Errors as for `OpenFilm`."""
        from photochrom.studio.open_film import OpenFilm

        try:
            film = OpenFilm(path, name=name, colorizer=self._colorizer, glimpses=self._glimpses)
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
        film.follow(self._looking.submit(film.look_through, self._budget))
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

    def render(self, film: OpenFilm, order: RenderOrder) -> None:
        """Color a film in the background, after those that wait already.

        Raises
        ------
        Problem
            409: it is being colored already; 507: the disk is full.
        """
        disk.check_room(film.path.parent, film.path.stat().st_size)
        rendering = film.begin(order)
        work = self._rendering.submit(rendering.do, self._colorizer, self._budget, film.plain)
        film.follow(work)

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
            self._folder.remove()
            self._folder = None

    def _begin_threads(self) -> None:
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="film-looking")
        self._rendering = ThreadPoolExecutor(1, thread_name_prefix="film-rendering")

    def _new_folder(self) -> Path:
        with self._lock, disk.room(Path(tempfile.gettempdir()), 0):
            if self._folder is None:
                self._folder = disk.TemporaryFolder()
            return Path(tempfile.mkdtemp(dir=self._folder.path))


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""
