"""A film that is being colored, in a thread of its own, whether or not somebody looks on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.errors import PhotochromError, StoppedError
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.studio.film_orders import RenderOrder
from photochrom.studio.problems import Problem, failed

if TYPE_CHECKING:
    from photochrom.video.hints import FilmHints
    from photochrom.video.job import Step

BASE_BYTES = 200_000_000
"""Memory of a film in work,"""

BYTES_PER_PIXEL = 150
"""and for each pixel of a frame: codecs hold several frames."""

_log = logging.getLogger(__name__)


class Rendering:
    """One film in work.

    Parameters
    ----------
    source, target : files; the work folder stands beside the target
    name : what the person calls the film
    order, hints : how, and what is known of the film
    pixels : of a frame
    frames : how many there are, as far as is known
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        *,
        name: str,
        order: RenderOrder,
        hints: FilmHints,
        pixels: int,
        frames: int,
    ) -> None:
        self._source, self.target, self.order, self._hints = source, target, order, hints
        self._name, self._pixels = name, pixels
        self._state = "waiting"
        self._frames = self._shot = 0
        self._of = frames
        self._begun: tuple[float, int] | None = None
        self._notes: tuple[str, ...] = ()
        self._problem: Problem | None = None
        self._stop = threading.Event()

    @property
    def is_busy(self) -> bool:
        """Whether it waits, or is at work."""
        return self._state in ("waiting", "running")

    @property
    def is_finished(self) -> bool:
        """Whether the film is there."""
        return self._state == "finished"

    def stop(self) -> None:
        """End it after the next frame; what is done is kept for the next time."""
        self._stop.set()

    def do(
        self, colorizer: Colorizer, budget: Budget, plain: Callable[[PhotochromError], Problem]
    ) -> None:
        """Color the film; what goes wrong is its state.

        Parameters
        ----------
        colorizer : the model
        budget : where its memory is taken from
        plain : turns an error into an answer
        """
        needs = BASE_BYTES + BYTES_PER_PIXEL * self._pixels
        try:
            with budget.taking(needs, subject=self._name, stopped=self._stop.is_set):
                self._color(colorizer)
        except StoppedError:
            self._state = "stopped"
        except PhotochromError as error:
            self._problem, self._state = plain(error), "failed"
        except Exception:
            _log.exception("Coloring %s has failed", self._name)
            self._problem, self._state = failed(), "failed"

    def facts(self) -> dict[str, Any]:
        """As `film_orders.Rendering`, but for what only the film knows: whether it is outdated."""
        problem = self._problem
        return {
            "state": self._state,
            "frames": self._frames,
            "of": self._of,
            "shot": self._shot,
            "seconds_left": self._seconds_left(),
            "name": self.target.name,
            "order": self.order.model_dump(),
            "size_bytes": self.target.stat().st_size if self.is_finished else None,
            "notes": list(self._notes),
            "problem": None if problem is None else problem.members(),
        }

    def _seconds_left(self) -> float | None:
        if self._state != "running" or self._begun is None:
            return None
        since, before = self._begun
        done = self._frames - before
        return (time.monotonic() - since) / done * (self._of - self._frames) if done else None

    def _color(self, colorizer: Colorizer) -> None:
        from photochrom.video.coloring import colorize_film
        from photochrom.video.encoding import Encoding

        order, self._state = self.order, "running"
        encoding = Encoding(codec=order.codec, quality=order.quality, preset=order.preset)
        report = colorize_film(
            colorizer,
            self._source,
            self.target,
            hints=self._hints,
            vividness=order.vividness,
            every=order.every,
            encoding=encoding,
            force=True,
            progress=self._step,
            cancel=self._stop.is_set,
        )
        self._notes = report.notes
        self._state = "finished" if report.finished else "stopped"

    def _step(self, step: Step) -> None:
        if self._begun is None:
            self._begun = time.monotonic(), step.frames - 1
        self._frames, self._of, self._shot = step.frames, step.of, step.shot
