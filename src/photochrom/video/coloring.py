"""`colorize_film`: a gray film in, a color film out, in pieces that survive being killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from photochrom.errors import FilmWriteError, OptionError
from photochrom.kinds import another_kind, check_number, check_path
from photochrom.pictures import writing
from photochrom.runtime.asked import Reference, check_asked
from photochrom.runtime.colorizer import Colorizer
from photochrom.version import __version__
from photochrom.video.encoding import Encoding
from photochrom.video.hints import FilmHints, check_film_hints
from photochrom.video.job import Job, Step
from photochrom.video.keys import NetworkColors
from photochrom.video.order import FilmOrder, digest_of
from photochrom.video.part import window_of
from photochrom.video.sequence import Pictures, is_folder
from photochrom.video.tracks import join
from photochrom.video.work import PICTURES, Segment, WorkFolder

VIVIDNESS = 0.95
"""Films are read out a little calmer than photographs."""

EVERY = 4
"""The network looks at one frame in this many."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a film."""

    target: Path
    finished: bool
    """False where it was canceled: the work folder holds what is done."""
    frames: int
    shots: int
    resumed: int
    """How many frames an earlier run had done."""
    notes: tuple[str, ...]
    """What is worth knowing: what was left out, what was wrong with the film."""


def colorize_film(
    colorizer: Colorizer,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    hints: FilmHints | None = None,
    reference: Reference | None = None,
    vividness: float = VIVIDNESS,
    every: int = EVERY,
    encoding: Encoding | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    rate: float | Fraction | None = None,
    force: bool = False,
    progress: Callable[[Step], object] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Report:
    """Give a film steady colors; luma, sound, subtitles and times stay as they are.

    What is done is kept in the folder ``TARGET.photochrom`` until the film is whole. Called
    again with the same arguments after it was stopped, however, it goes on from there, and
    the result is the same to the byte.

    Parameters
    ----------
    colorizer : the model
    source : a file, or a folder of numbered pictures, one for each frame
    target : a file, whose suffix says the container; or a folder, which is there or whose name
        ends with a slash: it gets a numbered PNG for each frame
    hints : what is known of it; see `hints.load_film_hints`
    reference : a color photograph to follow where it shows the same things
    vividness : as for `Prepared.paint`
    every : the network looks at one frame in this many, 1..30
    encoding : codec, quality and preset
    start_s, end_s : the part that is wanted, in seconds from the film's first frame
    rate : pictures a second, where `source` is a folder, 1..240; 24 by default
    force : replace the target, and discard the work of another order
    progress : called now and then with how far it is
    cancel : asked now and then whether to stop

    Raises
    ------
    FilmReadError, UnsupportedFilmError
        The film can't be read, or is of a kind that can't be colorized.
    FilmWriteError
        The result can't be written; what is done is kept.
    WorkFolderError
        The work folder belongs to another order, or another run is at work in it.
    FilmHintsError
        A hint lies outside the picture, or a picture that is named can't be read.
    OutputExistsError
        The target is there, and `force` is not set.
    OptionError
        An argument is of another kind, or a number out of its range.
    """
    check_path("source", source, wanted="the path of a film, or of a folder of pictures")
    check_path("target", target, wanted="the path of a film, or of a folder for pictures")
    check_film_hints(hints)
    check_asked(reference=reference, vividness=vividness)
    check_number("every", every, whole=True)
    if not isinstance(encoding, Encoding | None):
        raise another_kind("encoding", encoding, "an Encoding, such as Encoding(codec='h265')")
    if not 1 <= every <= 30:
        raise OptionError(f"every is {every}; it must lie in 1..30.")
    if not 0 <= vividness <= 2:
        raise OptionError(f"vividness is {vividness}; it must lie in 0..2.")
    order = FilmOrder.of(
        colorizer,
        Path(source),
        Path(target),
        pictures=is_folder(target),
        rate=rate,
        encoding=encoding or Encoding(),
        window=window_of(start_s, end_s),
        hints=hints or FilmHints(),
        force=force,
    )
    keys = NetworkColors(colorizer, order, every=every, vividness=vividness, reference=reference)
    plan = order.plan() | {
        "every": every,
        "vividness": vividness,
        "reference": digest_of(reference),
    }
    with WorkFolder(order.target, plan, discard=force) as work:
        comment = f"Colors by Photochrom {__version__} ({order.model})"
        pictures = order.pictures and Pictures(
            order.film, order.settings, work.path / PICTURES, comment=comment
        )
        job = Job(
            order,
            work,
            keys=keys,
            every=every,
            after=pictures.write if pictures else _nothing_after,
            progress=progress or _nothing,
            cancel=cancel or _never,
        )
        finished = job.run()
        if finished and pictures:
            pictures.publish(order.target)
        elif finished:
            _publish(order, work, job.segments, comment, force=force)
    if finished:
        work.remove()
    notes = (*order.notes(), *job.notes())
    return Report(
        target=order.target,
        finished=finished,
        frames=job.frames,
        shots=job.shots,
        resumed=job.resumed,
        notes=notes,
    )


def _nothing(step: Step) -> None:
    pass


def _nothing_after(segment: Segment) -> tuple[object, ...]:
    return ()


def _never() -> bool:
    return False


def _publish(
    order: FilmOrder, work: WorkFolder, segments: list[Segment], comment: str, *, force: bool
) -> None:
    """Join the segments, and give the film its name."""
    whole = work.path / f"whole{order.target.suffix.lower()}"
    join(
        order.film,
        whole,
        order.settings,
        [segment for segment in segments if len(segment.stamps)],
        tracks=order.tracks,
        window=order.window,
        comment=comment,
    )
    try:
        writing.publish(whole, order.target, force=force)
    except OSError as error:
        raise FilmWriteError(
            f"{order.target}: it can't be written ({error.strerror}). What is done is kept."
        ) from error
    finally:
        with suppress(OSError):
            whole.unlink(missing_ok=True)
