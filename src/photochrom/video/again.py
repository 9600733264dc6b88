"""Where a film is to be gone on with, and the frames that are left from there."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, dropwhile, islice
from typing import NamedTuple

import numpy as np

from photochrom.errors import FilmReadError
from photochrom.video.fields import Float
from photochrom.video.film import Film, Frame
from photochrom.video.order import FilmOrder
from photochrom.video.part import frames_in, up_to_end
from photochrom.video.steady import Carry
from photochrom.video.work import Segment


class Position(NamedTuple):
    """Where a film is to be gone on with."""

    next_number: int
    shot: int
    """The number of the shot of the next frame, from 0."""
    carry: Carry | None
    lead: tuple[tuple[int, int], ...]
    """(pts, CRC-32 of the luma) of the last frames that are done."""
    memory: Mapping[str, Float]
    """As for `Block`."""


def fingerprint(frame: Frame) -> int:
    """The CRC-32 of a frame's luma."""
    return zlib.crc32(np.ascontiguousarray(frame.luma).data)


def position_after(segments: Sequence[Segment]) -> Position | None:
    """Where to go on after the last segment; None without any."""
    if not segments:
        return None
    segment = segments[-1]
    facts, arrays = segment.facts, segment.arrays()
    carry = Carry(arrays.pop("state"), tuple(arrays.pop("fade"))) if arrays else None
    lead = tuple((pts, crc) for pts, crc in facts["lead"])
    return Position(facts["next_number"], facts["shot"], carry, lead, arrays)


def frames_left(
    order: FilmOrder, position: Position | None, *, with_lead: bool
) -> Iterator[tuple[int, Frame]]:
    """The frames that are left, with their numbers; after those of the lead, or without.

    Raises
    ------
    FilmReadError
        The film can't be read any more, or reads differently.
    """
    if position is None:
        return frames_in(order.film, order.window)
    first = position.next_number - (len(position.lead) if with_lead else 0)
    frames = (pair for pair in _found_again(order.film, position) if pair[0] >= first)
    return up_to_end(order.film, order.window, frames)


def _found_again(film: Film, position: Position) -> Iterator[tuple[int, Frame]]:
    """The frames from the lead on: by seeking, or from the start where that leads elsewhere."""
    first = position.lead[0][0]
    for after in (first - 1, None):
        frames = dropwhile(lambda frame: frame.pts < first, film.frames(after=after))
        lead = list(islice(frames, len(position.lead)))
        if tuple((frame.pts, fingerprint(frame)) for frame in lead) == position.lead:
            yield from enumerate(chain(lead, frames), position.next_number - len(lead))
            return
    raise FilmReadError(
        f"{film.path}: its content differs from when the work began. Discard the work, and "
        "start over."
    )
