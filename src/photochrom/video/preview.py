"""One frame of each shot in color: a look before a night's work."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pyvips

from photochrom.errors import FilmReadError
from photochrom.pictures import formats, writing
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.video.coloring import VIVIDNESS
from photochrom.video.film import Film, open_film
from photochrom.video.hints import FilmHints
from photochrom.video.job import Step
from photochrom.video.part import window_of
from photochrom.video.references import References
from photochrom.video.shots import Shot, look_through
from photochrom.video.small import find_bars
from photochrom.video.stills import rate_of
from photochrom.video.work import write_whole

ACROSS = 4
"""Frames in a row of the sheet, at least."""

SHEET_PIXELS = 50_000_000
"""A sheet with more shows them smaller."""

GAP_PX = 6


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What was written; nothing, where it was canceled before the first shot had ended."""

    page: Path
    sheet: Path
    shots: int
    finished: bool
    """False where it was canceled: later shots are left out."""
    notes: tuple[str, ...]
    """What it doesn't show."""


class _CanceledError(Exception):
    """Leaves the film."""


def preview_film(
    colorizer: Colorizer,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    hints: FilmHints | None = None,
    reference: Reference | None = None,
    vividness: float = VIVIDNESS,
    start_s: float = 0.0,
    end_s: float | None = None,
    rate: float | Fraction | None = None,
    force: bool = False,
    progress: Callable[[Step], object] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Preview:
    """Write a page and a sheet with one frame of each shot in color.

    Parameters
    ----------
    colorizer, source, reference, vividness, start_s, end_s, rate, progress, cancel : as for
        `colorize_film`
    hints : as for `colorize_film`; those on single frames don't show
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
    hints = hints or FilmHints()
    window = window_of(start_s, end_s)
    film = open_film(Path(source), rate_of(Path(source), rate))
    window = None if window is None else window.later(film.start)
    references = References(hints, reference, colorizer.reference)

    def tell(step: Step) -> None:
        if progress is not None:
            progress(step)
        if cancel is not None and cancel():
            raise _CanceledError

    jpegs, entries = [], []
    finished = False
    with suppress(_CanceledError):
        for shot, gray in look_through(film, find_bars(film), hints, tell, window=window):
            followed = references.of(shot.number)
            prepared = colorizer.prepare(gray, whole=True)
            painted = prepared.paint(reference=followed, vividness=vividness)
            jpegs.append(pyvips.Image.new_from_array(painted.srgb()).jpegsave_buffer(Q=85))
            entries.append(_entry(shot, jpegs[-1]))
        finished = True
    if finished and not entries:
        raise FilmReadError(f"{film.path}: there are no frames in this part of it.")
    if entries:
        write_whole(sheet, _sheet(jpegs))
        write_whole(page, _page(film, entries).encode())
    notes = ("Hints on single frames don't show in a preview.",) if hints.frames else ()
    return Preview(page=page, sheet=sheet, shots=len(entries), finished=finished, notes=notes)


def _sheet(jpegs: list[bytes]) -> bytes:
    """The frames of all shots side by side; of a long film, small enough to be one JPEG."""
    first = pyvips.Image.new_from_buffer(jpegs[0], "")
    width, height = first.width, first.height
    square = math.sqrt(len(jpegs) * height / width)
    width = min(width, int(width * math.sqrt(SHEET_PIXELS / (len(jpegs) * width * height))))
    images = [
        pyvips.Image.thumbnail_buffer(one, width, height=10 * width).copy_memory() for one in jpegs
    ]
    across = max(ACROSS, round(square))
    joined = pyvips.Image.arrayjoin(images, across=across, shim=GAP_PX, background=[32, 32, 32])
    sheet: bytes = joined.jpegsave_buffer(Q=85)
    return sheet


def _entry(shot: Shot, jpeg: bytes) -> str:
    url = formats.WRITABLE["jpeg"].data_url(jpeg)
    return (
        f'<figure><img src="{url}" alt="Shot {shot.number}">'
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
