"""The shots of a film, and one frame of each in color: a look before a night's work."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvips

from photochrom.pictures import writing
from photochrom.runtime.coarse import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.video.cuts import shot_starts
from photochrom.video.film import Film, open_film
from photochrom.video.hints import FilmHints
from photochrom.video.job import Step
from photochrom.video.order import shot_begins
from photochrom.video.small import Bars, Gray, SmallCopy, find_bars
from photochrom.video.work import write_whole

LOOK_PX = 256
"""The short side of the small copies that shots are found on."""

SHOWN_PX = 288
"""The short side of the frames that are shown."""

KEPT_EVERY = 12
"""Of so many frames one may be shown."""

ACROSS = 4
"""Frames in a row of the sheet."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A shot: its number, from 1, and its part of the film, in seconds and frames."""

    number: int
    start_s: float
    end_s: float
    first_frame: int
    frames: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What was written."""

    page: Path
    sheet: Path
    shots: int


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
    """
    film = open_film(Path(source))
    looked = _looks(film, find_bars(film), hints or FilmHints(), progress, shown=False)
    return [shot for shot, _ in looked]


def preview_film(
    colorizer: Colorizer,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    hints: FilmHints | None = None,
    reference: Reference | None = None,
    vividness: float = 1.0,
    force: bool = False,
    progress: Callable[[Step], object] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Preview:
    """Write a page and a sheet with one frame of each shot in color.

    Parameters
    ----------
    colorizer, source, hints, reference, vividness, progress, cancel : as for `colorize_film`
    target : the page's name; the sheet's is the same with .jpg
    force : replace them

    Raises
    ------
    FilmReadError, UnsupportedFilmError, FilmWriteError, OutputExistsError
        As for `colorize_film`.
    """
    page, sheet = (Path(target).with_suffix(suffix) for suffix in (".html", ".jpg"))
    for place in (page, sheet):
        writing.check_free(place, force=force)
    film = open_film(Path(source))
    pictures, entries = [], []
    for shot, gray in _looks(film, find_bars(film), hints or FilmHints(), progress, shown=True):
        painted = colorizer.prepare(gray).paint(reference=reference, vividness=vividness)
        image = pyvips.Image.new_from_array(painted.srgb())
        pictures.append(image)
        entries.append(_entry(shot, image.jpegsave_buffer(Q=85)))
        if cancel is not None and cancel():
            break
    joined = pyvips.Image.arrayjoin(pictures, across=ACROSS, shim=6, background=[32, 32, 32])
    write_whole(sheet, joined.jpegsave_buffer(Q=85))
    write_whole(page, _page(film, entries).encode())
    return Preview(page=page, sheet=sheet, shots=len(entries))


def _looks(
    film: Film,
    bars: Bars,
    hints: FilmHints,
    progress: Callable[[Step], object] | None,
    *,
    shown: bool,
) -> Iterator[tuple[Shot, Gray]]:
    """The shots, and the frame in the middle of each where it is to be shown."""
    small, large = SmallCopy(film, bars, LOOK_PX), SmallCopy(film, bars, SHOWN_PX)
    kept: list[Gray] = []
    begun: tuple[int, float, int] | None = None
    number = count = 0
    end_s = 0.0
    pairs = (
        ((frame, large(frame.luma) if shown and at % KEPT_EVERY == 0 else None), small(frame.luma))
        for at, frame in enumerate(film.frames())
    )
    for (frame, picture), found in shot_starts(pairs):
        start_s = float(frame.pts * film.time_base - film.start)
        if shot_begins(hints, film, frame.pts, found=found):
            if begun is not None:
                yield _shot(begun, count, start_s), _middle(kept)
            number += 1
            begun = number, start_s, count
            kept = []
        if picture is not None or (shown and not kept):
            kept.append(large(frame.luma) if picture is None else picture)
        count += 1
        end_s = start_s + float(frame.duration * film.time_base or 1 / film.rate)
        if progress is not None:
            progress(Step(frames=count, of=max(count, film.frame_count), shot=number))
    if begun is not None:
        yield _shot(begun, count, end_s), _middle(kept)


def _shot(begun: tuple[int, float, int], count: int, end_s: float) -> Shot:
    number, start_s, first = begun
    return Shot(
        number=number, start_s=start_s, end_s=end_s, first_frame=first, frames=count - first
    )


def _middle(kept: list[Gray]) -> Gray:
    return kept[len(kept) // 2] if kept else np.zeros((0, 0), np.uint8)


def _entry(shot: Shot, jpeg: bytes) -> str:
    data = base64.b64encode(jpeg).decode()
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="Shot {shot.number}">'
        f"<figcaption>{shot.number} <span>{_clock(shot.start_s)} to {_clock(shot.end_s)}, "
        f"{shot.frames} frames</span></figcaption></figure>"
    )


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}"


def _page(film: Film, entries: list[str]) -> str:
    name = html.escape(film.path.name)
    shots = "\n".join(entries)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name}: {len(entries)} shots</title>
<style>
body {{ margin: 2rem; background: #1d1d1f; color: #eee; font: 15px/1.4 system-ui, sans-serif; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; }}
figure {{ margin: 0; }}
img {{ width: 100%; display: block; border-radius: 4px; }}
span {{ color: #aaa; margin-left: .5em; }}
</style>
<h1>{name}</h1>
<main>
{shots}
</main>
</html>
"""
