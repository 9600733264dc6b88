"""An open film: looked through in the background, shown in glimpses, and colored as a job.

Needs the video extra; `films` imports this only where it is there.
"""

from __future__ import annotations

import base64
import io
import os
import re
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from photochrom.errors import FilmHintsError, PhotochromError, StoppedError
from photochrom.pictures import footprint, picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.recent import Recent
from photochrom.studio.film_orders import FilmHintsOrder, GlimpseOrder, RenderOrder
from photochrom.studio.problems import Problem, problem_of
from photochrom.studio.rendering import Rendering
from photochrom.video.film import open_film
from photochrom.video.glimpse import STRIP_PX, Glimpse, first_frame_at, parts_of
from photochrom.video.hints import FilmHints, film_hints_from
from photochrom.video.job import Step
from photochrom.video.shots import Shot, Timeline, look_through
from photochrom.video.small import Bars, SmallCopy, find_bars

GLIMPSES = 2
"""So many parts of shots are kept at a time."""

MOST_PICTURES = 200
"""So many pictures may come with a film."""

END_S = 20.0
"""So long a job may take to end when its film is closed."""


class OpenFilm:
    """An open film.

    Parameters
    ----------
    path : its file, in a folder of its own, which goes when the film is closed
    name : what the person calls it
    colorizer : the model

    Raises
    ------
    FilmReadError, UnsupportedFilmError
        It can't be read, or is of a kind that can't be colorized.
    """

    def __init__(self, path: Path, *, name: str, colorizer: Colorizer) -> None:
        self.id = secrets.token_urlsafe(18)
        self.used = time.monotonic()
        self.name = name
        self.path = path
        self.rendering: Rendering | None = None
        self._colorizer = colorizer
        self._pictures = path.parent / "pictures"
        with self._plainly():
            self._film = open_film(path)
            self._bars = find_bars(self._film)
        self._timeline = Timeline()
        self._looked_through = False
        self._thumbnails: dict[int, bytes] = {}
        self._problem: Problem | None = None
        self._order, self._hints = FilmHintsOrder(hints=[], references=[]), FilmHints()
        self._pictures.mkdir()
        self._names: list[str] = []
        self._glimpses: Recent[Glimpse] = Recent(GLIMPSES)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.jobs: list[Future[None]] = []
        """What is done in the background."""

    @property
    def pixels(self) -> int:
        """Of a frame."""
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
            "rendering": None if self.rendering is None else self.rendering.facts(),
            "problem": None if self._problem is None else self._problem.members(),
        }

    def look_through(self) -> None:
        """Find the shots; what goes wrong is part of the state."""
        try:
            shots = look_through(
                self._film, self._bars, FilmHints(), self._go_on, timeline=self._timeline
            )
            for shot, gray in shots:
                painted = self._colorizer.prepare(gray, whole=True).paint()
                height, width = gray.shape
                size = STRIP_PX, max(1, round(width * STRIP_PX / height))
                small = picture.from_array(painted.srgb(size=size))
                self._thumbnails[shot.first_frame] = small.encode("jpeg", quality=85)
            self._looked_through = True
        except StoppedError:
            pass
        except PhotochromError as error:
            self._problem = self.plain(error)

    def thumbnail(self, first_frame: int) -> bytes:
        """A picture of a shot: JPEG. Made where somebody has added the cut."""
        shot = next((one for one in self._shots() if one.first_frame == first_frame), None)
        if shot is None:
            raise _no_shot()
        if first_frame not in self._thumbnails:
            gray = self._gray(self._timeline.times[first_frame + shot.frames // 2], STRIP_PX)
            painted = self._colorizer.prepare(gray, whole=True).paint()
            self._thumbnails[first_frame] = painted.encode("jpeg", quality=85)
        return self._thumbnails[first_frame]

    def frame(self, number: int) -> bytes:
        """A whole frame in gray, upright, as PNG: to be painted elsewhere."""
        if number >= len(self._timeline.times):
            raise Problem(404, f"There is no frame {number}, or it has not been looked at yet.")
        film = self._film
        short_px = min(film.upright_size)
        with self._plainly():
            frame = first_frame_at(film, self._timeline.times[number])
        gray = SmallCopy(film, Bars(), short_px)(frame.luma)
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
        with self._lock, self._plainly():
            found = self._glimpses.once(
                (shot.number, first, count),
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
                    "data": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}",
                }
                for at, (number, jpeg) in enumerate(painted)
            ],
        }

    def likely_colors(self, number: int, x: float, y: float) -> list[tuple[str, float]]:
        """The likeliest colors at a point of a frame that is shown; none of others."""
        with self._lock:
            for found in self._glimpses.values():
                if number - found.first_frame in range(len(found.times)):
                    return found.likely_colors(number, x, y)
        return []

    def take_hints(self, order: FilmHintsOrder) -> None:
        """Follow these hints from now on.

        Raises
        ------
        FilmHintsError
            They can't be understood, lie outside the picture, or name a picture that isn't here.
        """
        with self._plainly():
            hints = film_hints_from(order.model_dump(), self._pictures)
            self._check(hints)
        self._order, self._hints = order, hints

    def hints_file(self) -> tuple[str, bytes]:
        """The hints as a file for the command line, and its name: JSON, or ZIP with pictures."""
        stem, text = Path(self.name).stem or "film", self._order.model_dump_json(indent=1).encode()
        used = {one.picture.name for one in self._hints.frames if one.picture is not None}
        used |= {one.picture.name for one in self._hints.references}
        if not used:
            return f"{stem}.hints.json", text
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{stem}.hints.json", text)
            for name in sorted(used):
                archive.write(self._pictures / name, name)
        return f"{stem}.hints.zip", file.getvalue()

    def keep_picture(self, data: bytes, *, name: str, max_pixels: int) -> str:
        """Keep a picture that hints can name; returns what to call it.

        Raises
        ------
        PictureReadError
            It can't be read, or is too large.
        Problem
            409: there are too many.
        """
        if len(self._names) >= MOST_PICTURES:
            raise Problem(409, f"At most {MOST_PICTURES} pictures may come with a film.")
        footprint.of(data, name=name, max_pixels=max_pixels)
        picture.read(data, name=name, max_pixels=max_pixels).srgb(short_side_px=64)
        stem, suffix = Path(name).stem, Path(name).suffix.lower()
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:40].strip("-") or "picture"
        ending = suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ".png"
        kept = f"{plain}-{len(self._names) + 1}{ending}"
        (self._pictures / kept).write_bytes(data)
        self._names.append(kept)
        return kept

    def picture(self, name: str) -> bytes:
        """A small copy of a picture that was kept: JPEG."""
        if name not in self._names:
            raise Problem(404, "There is no such picture.")
        small = picture.read(self._pictures / name).srgb(short_side_px=STRIP_PX)
        return picture.from_array(small).encode("jpeg", quality=85)

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
        self.rendering = Rendering(
            self.path,
            target,
            order=order,
            hints=self._hints,
            pixels=self.pixels,
            frames=max(len(self._timeline.times), self._film.frame_count),
        )
        return self.rendering

    def close(self) -> None:
        """End what is done for it, and remove its files."""
        self._closed.set()
        if self.rendering is not None:
            self.rendering.stop()
        wait([job for job in self.jobs if not job.cancel()], timeout=END_S)
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def plain(self, error: PhotochromError) -> Problem:
        """An error as an answer that speaks of the film by the person's name for it."""
        problem = problem_of(error)
        folder = self.path.parent
        for place, name in (
            (self.path, self.name),
            (f"{self._pictures}{os.sep}", ""),
            (f"{folder}{os.sep}", ""),
        ):
            problem.detail = problem.detail.replace(str(place), name)
        return problem

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except PhotochromError as error:
            raise self.plain(error) from error

    def _shots(self) -> list[Shot]:
        return self._timeline.shots(self._hints, self._film)

    def _go_on(self, _: Step) -> None:
        if self._closed.is_set():
            raise StoppedError

    def _notes(self) -> list[str]:
        if self._film.interlaced:
            return ["The film is interlaced; its fields are joined to full frames."]
        return []

    def _gray(self, time_s: float, short_px: int) -> Any:
        small = SmallCopy(self._film, self._bars, short_px)
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
        named = [one.picture for one in hints.frames if one.picture is not None]
        named += [one.picture for one in hints.references]
        for path in named:
            if path.parent != self._pictures or path.name not in self._names:
                raise FilmHintsError(f"The picture {path.name} is not here; send it first.")


def _no_shot() -> Problem:
    return Problem(404, "There is no such shot, or it has not been found yet.", kind="no-shot")
