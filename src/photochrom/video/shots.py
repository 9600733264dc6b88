"""The shots of a film: where they begin, as they are found, and as somebody has said."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from photochrom.kinds import check_path
from photochrom.video.cuts import shot_starts
from photochrom.video.film import Film, open_film
from photochrom.video.hints import FilmHints, check_film_hints
from photochrom.video.job import Step
from photochrom.video.order import shot_begins
from photochrom.video.part import Window, count_in, frames_in
from photochrom.video.small import Bars, Gray, SmallCopy, find_bars

LOOK_PX = 256
"""The short side of the small copies that shots are found on."""

SHOWN_PX = 288
"""The short side of the frames that are shown."""

KEPT_EVERY = 12
"""One frame in this many may be shown."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A shot: its number, from 1, and its part of the film, in seconds and frames."""

    number: int
    start_s: float
    end_s: float
    first_frame: int
    frames: int


@dataclass(kw_only=True)
class Timeline:
    """When frames are shown, and where shots were found to begin. It grows as a film is read."""

    times: array[float] = field(default_factory=lambda: array("d"))
    """Of each frame, in seconds from the first one."""
    end_s: float = 0.0
    """When the last frame ends."""
    found: list[int] = field(default_factory=list)
    """The numbers of the frames, from 0, with which shots begin."""

    def shots(self, hints: FilmHints, film: Film) -> list[Shot]:
        """The shots, with the cuts that somebody has added or removed."""
        count, half = len(self.times), 0.5 / float(film.rate)
        found = {number for number in self.found if number < count}
        added = {bisect_left(self.times, time - half, 0, count) for time in hints.cuts_added}
        starts = [
            number
            for number in sorted((found | added) - {0, count})
            if shot_begins(hints, film, self.times[number], found=number in found)
        ]
        edges = list(pairwise([0, *starts, count])) if count else []
        return [
            Shot(
                number=number,
                start_s=self.times[first],
                end_s=self.times[after] if after < count else self.end_s,
                first_frame=first,
                frames=after - first,
            )
            for number, (first, after) in enumerate(edges, start=1)
        ]


def find_shots(
    source: str | os.PathLike[str],
    *,
    hints: FilmHints | None = None,
    progress: Callable[[Step], object] | None = None,
) -> list[Shot]:
    """Find where the shots of a film begin and end.

    Parameters
    ----------
    source : the film
    hints : cuts that somebody has added or removed
    progress : called now and then with how far it is

    Raises
    ------
    FilmReadError, UnsupportedFilmError
        The film can't be read, or is of a kind that can't be colorized.
    OptionError
        An argument is of another kind.
    """
    check_path("source", source, wanted="the path of a film")
    check_film_hints(hints)
    film = open_film(Path(source))
    looked = look_through(film, find_bars(film), hints or FilmHints(), progress, shown=False)
    return [shot for shot, _ in looked]


def look_through(
    film: Film,
    bars: Bars,
    hints: FilmHints,
    progress: Callable[[Step], object] | None,
    *,
    shown: bool = True,
    timeline: Timeline | None = None,
    window: Window | None = None,
) -> Iterator[tuple[Shot, Gray]]:
    """Read a film, and give each of its shots once it has ended.

    Parameters
    ----------
    film, bars : what the frames are like
    hints : cuts that somebody has added or removed
    progress : called for each frame
    shown : whether a frame of each shot is to be shown
    timeline : takes down what is found
    window : the part to read, in seconds of the file's own clock; its shots count from 1

    Yields
    ------
    The shot, and its middle frame, gray; without anything in it where it isn't shown

    Raises
    ------
    FilmReadError
        The film can't be read any more.
    """
    small, large = SmallCopy(film, bars, LOOK_PX), SmallCopy(film, bars, SHOWN_PX)
    timeline = timeline or Timeline()
    kept: list[Gray] = []
    first = number = 0
    of = count_in(film, window)
    pairs = (
        ((frame, large(frame.luma) if shown and at % KEPT_EVERY == 0 else None), small(frame.luma))
        for at, (_, frame) in enumerate(frames_in(film, window))
    )
    for (frame, picture), found in shot_starts(pairs):
        start_s, count = float(frame.pts * film.time_base - film.start), len(timeline.times)
        if shot_begins(hints, film, start_s, found=found) or not count:
            if count:
                yield _shot(timeline, number, first, start_s), _middle(kept)
            first, number, kept = count, number + 1, []
        if found:
            timeline.found.append(count)
        if picture is not None or (shown and not kept):
            kept.append(large(frame.luma) if picture is None else picture)
        timeline.end_s = start_s + float(film.time_of(frame))
        timeline.times.append(start_s)
        if progress is not None:
            progress(Step(frames=count + 1, of=max(count + 1, of), shot=number))
    if timeline.times:
        yield _shot(timeline, number, first, timeline.end_s), _middle(kept)


def _shot(timeline: Timeline, number: int, first: int, end_s: float) -> Shot:
    return Shot(
        number=number,
        start_s=timeline.times[first],
        end_s=end_s,
        first_frame=first,
        frames=len(timeline.times) - first,
    )


def _middle(kept: list[Gray]) -> Gray:
    return kept[len(kept) // 2] if kept else np.zeros((0, 0), np.uint8)
