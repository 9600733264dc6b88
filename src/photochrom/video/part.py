"""A part of a film, from one time to another: its frames, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import takewhile
from typing import NamedTuple

from photochrom.errors import OptionError
from photochrom.kinds import check_number
from photochrom.video.film import Film, Frame


class Window(NamedTuple):
    """The part of a film that is wanted, in seconds of its own time."""

    start: Fraction
    end: Fraction | None

    def later(self, by: Fraction) -> Window:
        """The same, moved by some seconds."""
        return Window(self.start + by, None if self.end is None else self.end + by)


def window_of(start_s: float, end_s: float | None) -> Window | None:
    """The part of a film from one time to another; None for all of it.

    Raises
    ------
    OptionError
        There is no such part.
    """
    check_number("start_s", start_s)
    if end_s is not None:
        check_number("end_s", end_s)
    if end_s is not None and not start_s < end_s:
        raise OptionError(f"start_s is {start_s} and end_s {end_s}; the end must come later.")
    if start_s < 0:
        raise OptionError(f"start_s is {start_s}; it must not be below 0.")
    if not start_s and end_s is None:
        return None
    return Window(_exact(start_s), None if end_s is None else _exact(end_s))


def _exact(seconds: float) -> Fraction:
    """Seconds to the microsecond, so that 0.4 is what 10 frames of 25 a second last."""
    return Fraction(round(seconds * 1_000_000), 1_000_000)


def frames_in(film: Film, window: Window | None) -> Iterator[tuple[int, Frame]]:
    """The frames of a part with their numbers, which count from the film's first frame.

    Parameters
    ----------
    window : in seconds of the file's own clock; None for the whole film

    Raises
    ------
    FilmReadError
        The film can't be read any more.
    """
    if window is None:
        return enumerate(film.frames())
    frames = _from(film, window.start) if window.start else enumerate(film.frames())
    return up_to_end(film, window, frames)


def up_to_end(
    film: Film, window: Window | None, frames: Iterator[tuple[int, Frame]]
) -> Iterator[tuple[int, Frame]]:
    """Those of some frames, with their numbers, that come before the end of a part."""
    end = None if window is None else window.end
    if end is None:
        return frames
    return takewhile(lambda pair: pair[1].pts * film.time_base < end, frames)


def _from(film: Film, start: Fraction) -> Iterator[tuple[int, Frame]]:
    """The frames from a time on; they are numbered by the time and the film's rate."""
    first = int(-(-start // film.time_base))
    number: int | None = None
    for frame in film.frames(after=first - 1):
        if frame.pts < first:
            continue
        if number is None:
            number = round((frame.pts * film.time_base - film.start) * film.rate)
        yield number, frame
        number += 1


def count_in(film: Film, window: Window | None) -> int:
    """How many frames a part has, as far as the film says; parameters as for `frames_in`."""
    if window is None:
        return film.frame_count
    start = float(window.start - film.start)
    end = film.duration_s or 0 if window.end is None else float(window.end - film.start)
    return max(0, min(film.frame_count, round((end - start) * film.rate)))
