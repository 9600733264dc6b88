"""An open film: looked through in the background, shown in glimpses, and colored as a job.

Needs the video extra; `films` imports this only where it is there.
"""

from __future__ import annotations

import io
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from photochrom.errors import FilmHintsError, PhotochromError, StoppedError
from photochrom.pictures import formats, picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.runtime.recent import Recent
from photochrom.studio.film_orders import FilmHintsOrder, GlimpseOrder, RenderOrder
from photochrom.studio.film_pictures import FilmPictures
from photochrom.studio.problems import Problem, failed, problem_of
from photochrom.studio.rendering import Rendering
from photochrom.video.film import frame_pixels, open_film
from photochrom.video.glimpse import STRIP_PX, Glimpse, first_frame_at, parts_of
from photochrom.video.hints import FilmHints, film_hints_from
from photochrom.video.job import Step
from photochrom.video.shots import SHOWN_PX, Shot, Timeline, look_through
from photochrom.video.small import Bars, Gray, SmallCopy, find_bars
from photochrom.video.work import SUFFIX

BASE_BYTES = 60_000_000
"""Memory for looking through a film, or at a part of it,"""

BYTES_PER_PIXEL = 60
"""and for each pixel of a frame: decoders hold several frames. Measured at 360 to 2160 lines."""

THUMBNAILS = 1000
"""How many are kept; others are made again when requested."""

PICTURES = "pictures"
"""The folder of those that come with a film, beside it."""

END_S = 20.0
"""So long a job may take to end when its film is closed."""

_log = logging.getLogger(__name__)


def bytes_to_open(path: Path, name: str) -> int:
    """How much memory it takes to open a film. Parameters and errors as for `OpenFilm`."""
    with _plainly(path, name):
        return _looking_bytes(frame_pixels(path))


class OpenFilm:
    """An open film.

    Parameters
    ----------
    path : its file, in a folder of its own, which goes when the film is closed
    name : what the person calls it
    colorizer : the model
    glimpses : keeps the parts of all films that somebody has looked at

    Raises
    ------
    Problem
        422: it can't be read, or is of a kind that can't be colorized.
    """

    def __init__(
        self, path: Path, *, name: str, colorizer: Colorizer, glimpses: Recent[Glimpse]
    ) -> None:
        self.id = secrets.token_urlsafe(18)
        self.used = time.monotonic()
        self.name = name
        self.path = path
        self.rendering: Rendering | None = None
        self._colorizer = colorizer
        with _plainly(path, name):
            self._film = open_film(path)
            self._bars = find_bars(self._film)
        self._timeline = Timeline()
        self._looked_through = False
        self._thumbnails: Recent[bytes] = Recent(THUMBNAILS)
        self._problem: Problem | None = None
        self._order, self._hints = FilmHintsOrder(hints=[], references=[]), FilmHints()
        self._rendered = self._order
        """What was known when the coloring began."""
        self.pictures = FilmPictures(path.parent / PICTURES)
        """Those that came with it."""
        self._glimpses = glimpses
        self._shown: tuple[str, int, int, int] | None = None
        """Which of the glimpses was shown last."""
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._jobs: list[Future[None]] = []

    @property
    def looking_bytes(self) -> int:
        """How much memory it takes to look through it, or at a part of it."""
        return _looking_bytes(self._pixels)

    @property
    def painting_bytes(self) -> int:
        """How much memory it takes to paint a part of it, with the pictures that hints name."""
        return self.looking_bytes + max(map(self.pictures.reading_bytes, self._used()), default=0)

    @property
    def _pixels(self) -> int:
        return self._film.width * self._film.height

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for its colors."""
        return self.rendering is not None and self.rendering.is_busy

    def state(self) -> dict[str, Any]:
        """As `film_orders.FilmState`."""
        film, bars = self._film, self._bars.turned(self._film.turn // 90)
        height, width = film.upright_size
        count = len(self._timeline.times)
        return {
            "id": self.id,
            "name": self.name,
            "width": width,
            "height": height,
            "place": {
                "left": bars.left,
                "top": bars.top,
                "width": width - bars.left - bars.right,
                "height": height - bars.top - bars.bottom,
            },
            "duration_s": film.duration_s,
            "rate": float(film.rate),
            "notes": self._notes(),
            "looking": {
                "frames": count,
                "of": count if self._looked_through else max(count, film.frame_count),
                "finished": self._looked_through,
            },
            "shots": [
                {**vars(shot), "parts": len(parts_of(shot.first_frame, shot.frames))}
                for shot in self._shots()
            ],
            "hints": self._order.model_dump(),
            "rendering": None if self.rendering is None else self.rendering_facts(),
            "problem": None if self._problem is None else self._problem.members(),
        }

    def rendering_facts(self) -> dict[str, Any]:
        """Of the rendering that has begun, as `film_orders.Rendering`."""
        assert self.rendering is not None
        return {**self.rendering.facts(), "outdated": self._order != self._rendered}

    def follow(self, job: Future[None]) -> None:
        """Note what is done in the background; it ends when the film is closed."""
        self._jobs = [*(one for one in self._jobs if not one.done()), job]

    def look_through(self, budget: Budget) -> None:
        """Find the shots; what goes wrong is part of the state.

        Parameters
        ----------
        budget : where its memory is taken from
        """
        try:
            with budget.taking(self.looking_bytes, subject=self.name, stopped=self._closed.is_set):
                self._find_shots()
        except StoppedError:
            pass
        except PhotochromError as error:
            self._problem = self.plain(error)
        except Exception:
            _log.exception("Looking through %s has failed", self.name)
            self._problem = failed()

    def _find_shots(self) -> None:
        shots = look_through(
            self._film, self._bars, FilmHints(), self._go_on, timeline=self._timeline
        )
        for shot, gray in shots:
            self._thumbnails.put(shot.first_frame, self._thumbnail(gray))
        self._looked_through = True

    def _thumbnail(self, gray: Gray) -> bytes:
        painted = self._colorizer.prepare(gray, whole=True).paint()
        height, width = gray.shape
        size = STRIP_PX, max(1, round(width * STRIP_PX / height))
        return picture.from_array(painted.srgb(size=size)).encode("jpeg", quality=85)

    def thumbnail(self, first_frame: int) -> bytes:
        """A picture of a shot: JPEG. Made where it isn't kept, as where somebody added the cut."""
        shot = next((one for one in self._shots() if one.first_frame == first_frame), None)
        if shot is None:
            raise _no_shot()
        time_s = self._timeline.times[first_frame + shot.frames // 2]
        return self._thumbnails.once(
            first_frame, lambda: self._thumbnail(self._gray(time_s, self._bars, SHOWN_PX))
        )

    def frame(self, number: int) -> bytes:
        """A whole frame in gray, upright, as PNG: to be painted elsewhere."""
        if number >= len(self._timeline.times):
            raise Problem(404, f"There is no frame {number}, or it has not been looked at yet.")
        short_px = min(self._film.upright_size)
        gray = self._gray(self._timeline.times[number], Bars(), short_px)
        return picture.from_array(gray).encode("png")

    def glimpse(self, order: GlimpseOrder) -> dict[str, Any]:
        """As `film_orders.GlimpseFound`."""
        shots = self._shots()
        if order.shot > len(shots):
            raise _no_shot()
        shot = shots[order.shot - 1]
        parts = parts_of(shot.first_frame, shot.frames)
        if order.part >= len(parts):
            raise Problem(404, f"Shot {shot.number} has {len(parts)} parts.")
        first, count = parts[order.part]
        wanted = [] if order.large is None else [order.large]
        if any(number not in range(first, first + count) for number in wanted):
            raise Problem(404, f"Frame {order.large} is not in this part of the shot.")
        with self._lock, self._plainly():
            self._shown = self.id, shot.number, first, count
            found = self._glimpses.once(
                self._shown,
                lambda: Glimpse(
                    self._colorizer,
                    self._film,
                    self._bars,
                    shot=shot.number,
                    number=first,
                    start_s=self._timeline.times[first],
                    count=count,
                ),
            )
            painted = list(found.paint(self._hints, vividness=order.vividness, large=wanted))
        return {
            "shot": shot.number,
            "part": order.part,
            "parts": len(parts),
            "first_frame": first,
            "times": found.times,
            "frames": [
                {
                    "number": number,
                    "large": at >= len(found.numbers),
                    "data": formats.WRITABLE["jpeg"].data_url(jpeg),
                }
                for at, (number, jpeg) in enumerate(painted)
            ],
        }

    def likely_colors(self, number: int, x: float, y: float) -> list[tuple[str, float]]:
        """The likeliest colors at a point of a frame that is shown; none of others."""
        with self._lock:
            found = self._glimpses.get(self._shown)
            if found is None or number - found.first_frame not in range(len(found.times)):
                return []
            return found.likely_colors(number, x, y)

    def take_hints(self, order: FilmHintsOrder) -> None:
        """Follow these hints from now on.

        Raises
        ------
        FilmHintsError
            They can't be understood, lie outside the picture, or name a picture that isn't here.
        """
        with self._plainly():
            hints = film_hints_from(order.model_dump(), self.pictures.folder)
            self._check(hints)
        self._order, self._hints = order, hints

    def hints_file(self) -> tuple[str, IO[bytes]]:
        """The hints as a file for the command line, and its name: JSON, or ZIP with pictures.

        Errors as for `FilmPictures.packed`.
        """
        stem, text = Path(self.name).stem or "film", self._order.model_dump_json(indent=1).encode()
        used = self._used()
        if not used:
            return f"{stem}.hints.json", io.BytesIO(text)
        return f"{stem}.hints.zip", self.pictures.packed(used, {f"{stem}.hints.json": text})

    def begin(self, order: RenderOrder) -> Rendering:
        """Prepare to color the film; whoever calls this has it done.

        Raises
        ------
        Problem
            409: it is being colored already.
        """
        if self.is_busy:
            raise Problem(409, "The film is being colored already; stop that first.")
        target = self.path.parent / f"{Path(self.name).stem or 'film'}-color.{order.container}"
        before = self.rendering
        if before is not None and before.target != target:
            before.target.unlink(missing_ok=True)
            folder = before.target.with_name(before.target.name + SUFFIX)
            shutil.rmtree(folder, ignore_errors=True)
        self._rendered = self._order
        self.rendering = Rendering(
            self.path,
            target,
            name=self.name,
            order=order,
            hints=self._hints,
            pixels=self._pixels,
            frames=max(len(self._timeline.times), self._film.frame_count),
        )
        return self.rendering

    def close(self) -> None:
        """End what is done for it, and remove its files."""
        self._closed.set()
        if self.rendering is not None:
            self.rendering.stop()
        wait([job for job in self._jobs if not job.cancel()], timeout=END_S)
        self._glimpses.drop(lambda key: isinstance(key, tuple) and key[0] == self.id)
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def plain(self, error: PhotochromError) -> Problem:
        """An error as an answer that speaks of the film by the person's name for it."""
        return _plain(error, self.path, self.name)

    def _plainly(self) -> AbstractContextManager[None]:
        return _plainly(self.path, self.name)

    def _used(self) -> set[str]:
        """The pictures that hints name."""
        return {path.name for path in _pictures_of(self._hints)}

    def _shots(self) -> list[Shot]:
        return self._timeline.shots(self._hints, self._film)

    def _go_on(self, _: Step) -> None:
        if self._closed.is_set():
            raise StoppedError

    def _notes(self) -> list[str]:
        if self._film.interlaced:
            return ["The film is interlaced; its fields are joined to full frames."]
        return []

    def _gray(self, time_s: float, bars: Bars, short_px: int) -> Gray:
        small = SmallCopy(self._film, bars, short_px)
        with self._plainly():
            return small(first_frame_at(self._film, time_s).luma)

    def _check(self, hints: FilmHints) -> None:
        height, width = self._film.upright_size
        for frame in hints.frames:
            for x, y in (point for hint in frame.hints for point in hint.points):
                if not (0 <= x <= width and 0 <= y <= height):
                    raise FilmHintsError(
                        f"A hint lies at ({x:g}, {y:g}), outside the frame of {width} x {height}."
                    )
        self.pictures.check(_pictures_of(hints))


def _pictures_of(hints: FilmHints) -> set[Path]:
    painted = {one.picture for one in hints.frames if one.picture is not None}
    return painted | {one.picture for one in hints.references}


def _looking_bytes(pixels: int) -> int:
    return BASE_BYTES + BYTES_PER_PIXEL * pixels


@contextmanager
def _plainly(path: Path, name: str) -> Iterator[None]:
    """Turn errors into answers that speak of the film by the person's name for it."""
    try:
        yield
    except PhotochromError as error:
        raise _plain(error, path, name) from error


def _plain(error: PhotochromError, path: Path, name: str) -> Problem:
    problem = problem_of(error)
    folder = path.parent
    for place, said in (
        (str(path), name),
        (f"{folder / PICTURES}{os.sep}", ""),
        (f"{folder}{os.sep}", ""),
    ):
        problem.detail = problem.detail.replace(place, said)
    return problem


def _no_shot() -> Problem:
    return Problem(404, "There is no such shot, or it has not been found yet.", kind="no-shot")
