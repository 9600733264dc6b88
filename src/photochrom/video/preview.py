"""One frame of each shot in color: a look before a night's work."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pyvips

from photochrom.pictures import formats, writing
from photochrom.runtime.coarse import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.video.coloring import VIVIDNESS
from photochrom.video.film import Film, open_film
from photochrom.video.hints import FilmHints
from photochrom.video.job import Step
from photochrom.video.shots import Shot, look_through
from photochrom.video.small import find_bars
from photochrom.video.stills import rate_of
from photochrom.video.work import write_whole

ACROSS = 4
"""Frames in a row of the sheet."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What was written."""

    page: Path
    sheet: Path
    shots: int


def preview_film(
    colorizer: Colorizer,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    hints: FilmHints | None = None,
    reference: Reference | None = None,
    vividness: float = VIVIDNESS,
    rate: float | Fraction | None = None,
    force: bool = False,
    progress: Callable[[Step], object] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Preview:
    """Write a page and a sheet with one frame of each shot in color.

    Parameters
    ----------
    colorizer, source, hints, reference, vividness, rate, progress, cancel : as for `colorize_film`
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
    film = open_film(Path(source), rate_of(rate))
    pictures, entries = [], []
    for shot, gray in look_through(film, find_bars(film), hints or FilmHints(), progress):
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
