"""What is to be made of which film: all that the result hangs on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.errors import OutputExistsError
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.prepared import Reference
from photochrom.version import __version__
from photochrom.video.encoding import Encoding, Settings
from photochrom.video.film import Film, open_film
from photochrom.video.small import Bars, SmallCopy, find_bars
from photochrom.video.tracks import Tracks, Window, plan_tracks


def window_of(start_s: float, end_s: float | None) -> Window | None:
    """The part of a film from one time to another; None for all of it.

    Raises
    ------
    ValueError
        There is no such part.
    """
    if end_s is not None and not start_s < end_s:
        raise ValueError(f"start_s is {start_s} and end_s {end_s}; the end must come later.")
    if start_s < 0:
        raise ValueError(f"start_s is {start_s}; it must not be below 0.")
    if not start_s and end_s is None:
        return None
    start, end = (None if one is None else _exact(one) for one in (start_s, end_s))
    assert start is not None
    return Window(start, end)


def _exact(seconds: float) -> Fraction:
    """Seconds to the microsecond, so that 0.4 is what 10 frames of 25 a second last."""
    return Fraction(round(seconds * 1_000_000), 1_000_000)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be made of what."""

    film: Film
    bars: Bars
    target: Path
    settings: Settings
    tracks: Tracks
    window: Window | None
    small: SmallCopy
    cell_px: int
    model: str
    model_hash: str

    @classmethod
    def of(
        cls,
        colorizer: Colorizer,
        source: Path,
        target: Path,
        *,
        encoding: Encoding,
        window: Window | None,
        force: bool,
    ) -> Order:
        """Look at the film, and decide all that is not said.

        Errors as for `coloring.colorize_film`.
        """
        film = open_film(source)
        if target.exists() and (not force or target.samefile(source)):
            raise OutputExistsError(f"{target}: there is such a file already.")
        settings = Settings.of(encoding, film, target)
        bars = find_bars(film)
        contract = colorizer.contract
        return cls(
            film=film,
            bars=bars,
            target=target,
            settings=settings,
            tracks=plan_tracks(film, target),
            window=window,
            small=SmallCopy(film, bars, contract.short_side_px),
            cell_px=contract.output_stride,
            model=contract.name,
            model_hash=_model_hash(colorizer),
        )

    @property
    def frame_count(self) -> int:
        """How many frames there are to do, as far as the film says."""
        window, film = self.window, self.film
        if window is None:
            return film.frame_count
        end = film.duration_s or 0 if window.end is None else float(window.end)
        return max(0, min(film.frame_count, round((end - float(window.start)) * film.rate)))

    def plan(self) -> dict[str, Any]:
        """All that the result hangs on, as JSON can hold it."""
        window = self.window
        return {
            "version": 1,
            "photochrom": __version__,
            "film": _stamp(self.film.path),
            "model": [self.model, self.model_hash],
            "encoding": list(self.settings),
            "part": None if window is None else [str(window.start), str(window.end)],
        }

    def notes(self) -> tuple[str, ...]:
        """What is worth knowing before it begins."""
        film, notes = self.film, list(self.tracks.notes)
        if film.interlaced:
            notes.append("The film is interlaced; its fields were joined to full frames.")
        if film.converted:
            notes.append(f"Its pixels ({film.pixel_format}) were converted to Y'CbCr.")
        if film.height % 2 or film.width % 2:
            notes.append("A row or column was added at the edge: codecs want even sizes.")
        return tuple(notes)


def _stamp(path: Path) -> dict[str, Any]:
    """Which file it is: size, time, and a hash of its first and last megabyte."""
    facts = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(1 << 20))
        file.seek(max(0, facts.st_size - (1 << 20)))
        digest.update(file.read())
    return {
        "bytes": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
        "sha256_of_ends": digest.hexdigest(),
    }


def _model_hash(colorizer: Colorizer) -> str:
    return hashlib.sha256(repr(colorizer.contract).encode()).hexdigest()


def digest_of(reference: Reference | None) -> str | None:
    """A hash of a reference."""
    if reference is None:
        return None
    digest = hashlib.sha256()
    for part in reference.tokens:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
