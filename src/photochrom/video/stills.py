"""Films that lie in a folder as numbered pictures, one for each frame, as scanners write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from photochrom.errors import FilmReadError, OptionError
from photochrom.kinds import check_number

RATE = Fraction(24)
"""Pictures a second, where nobody says."""

LEAST_RATE, MOST_RATE = 1, 240

SUFFIXES = frozenset({".png", ".tif", ".tiff", ".jpg", ".jpeg", ".dpx", ".bmp", ".pgm"})

_NUMBERED = re.compile(r"(.*?)(\d+)(\.\w+)")


@dataclass(frozen=True, kw_only=True)
class Stills:
    """Pictures with consecutive numbers."""

    pattern: str
    """FFmpeg's, such as ``scan/frame-%05d.png``."""
    first: int
    """The number of the first one."""
    files: tuple[Path, ...]


def stills_in(folder: Path) -> Stills:
    """Look for the pictures in a folder. Files of other kinds, or without a number, don't count.

    Raises
    ------
    FilmReadError
        There are none, several series, or some are missing.
    """
    series: dict[tuple[str, str], dict[int, Path]] = {}
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise FilmReadError(f"{folder}: the folder can't be read ({error.strerror}).") from error
    for path in paths:
        match = _NUMBERED.fullmatch(path.name)
        if match and path.suffix.lower() in SUFFIXES and path.is_file():
            head, number, suffix = match.groups()
            series.setdefault((head, suffix), {})[int(number)] = path
    if len(series) != 1:
        found = ", ".join(f"{head}#{suffix}" for head, suffix in series) or "none"
        raise FilmReadError(
            f"{folder}: expected pictures of one series, such as frame-0001.png and on; found "
            f"{found}."
        )
    (((head, suffix), numbered),) = series.items()
    first, last = min(numbered), max(numbered)
    digits = min(len(path.name) - len(head) - len(suffix) for path in numbered.values())
    for number in range(first, last + 1):
        name = f"{head}{number:0{digits}d}{suffix}"
        if number not in numbered or numbered[number].name != name:
            raise FilmReadError(f"{folder / name}: this picture of the series is missing.")
    stem = f"{folder / head}".replace("%", "%%")
    return Stills(
        pattern=f"{stem}%0{digits}d{suffix}",
        first=first,
        files=tuple(numbered[number] for number in range(first, last + 1)),
    )


def rate_of(source: Path, rate: float | Fraction | None) -> Fraction:
    """Pictures a second; those of old film and of television become their exact fractions.

    Parameters
    ----------
    source : the film
    rate : of a folder; None for the usual one

    Raises
    ------
    OptionError
        The rate is out of its range, or the film is a file, which has one of its own.
    """
    if rate is None:
        return RATE
    check_number("rate", rate)
    if source.is_file():
        raise OptionError(
            f"rate is {rate}, and {source} is a file, which has a rate of its own. Leave the rate "
            "out; it is for folders of pictures."
        )
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise OptionError(f"rate is {rate}; it must lie in {LEAST_RATE}..{MOST_RATE}.")
    for exact in (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)):
        if abs(float(rate) - float(exact)) < 0.005:
            return exact
    return Fraction(rate).limit_denominator(1001)
