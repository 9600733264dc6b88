"""What is to be made of which film: all that the result hangs on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.errors import Advice, OutputExistsError
from photochrom.pictures import writing
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.version import __version__
from photochrom.video import sequence
from photochrom.video.encoding import Encoding, Settings
from photochrom.video.film import Film, open_film
from photochrom.video.hints import FilmHints
from photochrom.video.part import Window, count_in
from photochrom.video.small import Bars, SmallCopy, find_bars
from photochrom.video.stills import rate_of, stills_in
from photochrom.video.tracks import NO_TRACKS, Tracks, plan_tracks


@dataclass(frozen=True, kw_only=True)
class FilmOrder:
    """What is to be made of what."""

    film: Film
    bars: Bars
    target: Path
    pictures: bool
    """Whether the target is a folder, for numbered pictures."""
    settings: Settings
    tracks: Tracks
    window: Window | None
    """In seconds of the file's own clock."""
    hints: FilmHints
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
        pictures: bool,
        rate: float | Fraction | None,
        encoding: Encoding,
        window: Window | None,
        hints: FilmHints,
        force: bool,
    ) -> FilmOrder:
        """Look at the film, and decide all that is not said.

        Errors as for `coloring.colorize_film`.
        """
        film = open_film(source, rate_of(source, rate))
        if pictures:
            sequence.check_free(target, source, force=force)
            settings, tracks = sequence.settings_for(film, encoding), NO_TRACKS
        else:
            _check_free(target, source, force=force)
            settings, tracks = Settings.of(encoding, film, target), plan_tracks(film, target)
        bars = find_bars(film)
        contract = colorizer.contract
        return cls(
            film=film,
            bars=bars,
            target=target,
            pictures=pictures,
            settings=settings,
            tracks=tracks,
            window=None if window is None else window.later(film.start),
            hints=hints,
            small=SmallCopy(film, bars, contract.short_side_px),
            cell_px=contract.output_stride,
            model=contract.name,
            model_hash=_model_hash(colorizer),
        )

    @property
    def frame_count(self) -> int:
        """How many frames there are to do, as far as the film says."""
        return count_in(self.film, self.window)

    def starts_shot(self, pts: int, *, found: bool) -> bool:
        """Whether a shot begins with a frame, as it was found, or as somebody has said."""
        time_s = float(pts * self.film.time_base - self.film.start)
        return shot_begins(self.hints, self.film, time_s, found=found)

    def plan(self) -> dict[str, Any]:
        """All that the result hangs on, as JSON can hold it."""
        window = self.window
        return {
            "version": 1,
            "photochrom": __version__,
            "film": _stamp(self.film),
            "model": [self.model, self.model_hash],
            "encoding": list(self.settings),
            "hints": self.hints.digest(),
            "part": None if window is None else [str(window.start), str(window.end)],
        }

    def notes(self) -> tuple[str, ...]:
        """What is worth knowing before it begins."""
        film, notes = self.film, list(self.tracks.notes)
        if film.interlaced:
            notes.append("The film is interlaced; its fields were joined to full frames.")
        if self.pictures:
            notes.append(f"Show the pictures at {float(film.rate):.6g} frames a second.")
        if film.converted:
            notes.append(f"Its pixels ({film.pixel_format}) were converted to Y'CbCr.")
        if (film.height % 2 or film.width % 2) and not self.pictures:
            notes.append("A row or column was added at the edge: codecs want even sizes.")
        return tuple(notes)


def _check_free(target: Path, source: Path, *, force: bool) -> None:
    if target.exists() and target.samefile(source):
        raise OutputExistsError(
            f"{target}: the file already exists: the film itself.", advice=[Advice.OTHER_OUTPUT]
        )
    writing.check_free(target, force=force)


def shot_begins(hints: FilmHints, film: Film, time_s: float, *, found: bool) -> bool:
    """Whether a shot begins with a frame, as it was found, or as somebody has said.

    Parameters
    ----------
    time_s : of the frame, from the film's first one
    """
    half = 0.5 / float(film.rate)
    if any(-half <= time_s - one < half for one in hints.cuts_added):
        return True
    return found and not any(-half <= time_s - one < half for one in hints.cuts_removed)


def _stamp(film: Film) -> dict[str, Any]:
    """Which film it is: its size, time, and a hash of the first and last megabyte.

    Of a folder: a hash of the pictures' names, sizes and times, and the rate.
    """
    path, digest = film.path, hashlib.sha256()
    if path.is_dir():
        for one in stills_in(path).files:
            facts = one.stat()
            digest.update(f"{one.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        return {"rate": str(film.rate), "sha256_of_list": digest.hexdigest()}
    facts = path.stat()
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
