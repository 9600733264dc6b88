"""The work on one film: blocks are looked at, painted and encoded, segment by segment."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import FilmReadError
from photochrom.video.again import Position, fingerprint, frames_left, position_after
from photochrom.video.blocks import LEAD, Analysis, Block
from photochrom.video.cuts import shot_starts
from photochrom.video.encoding import SegmentEncoder, plane_of
from photochrom.video.exposure import Seen, evened
from photochrom.video.fields import Float
from photochrom.video.film import Frame
from photochrom.video.keys import NetworkColors
from photochrom.video.order import FilmOrder
from photochrom.video.painting import Painter
from photochrom.video.small import Gray
from photochrom.video.steady import Carry, Steady
from photochrom.video.work import Segment, WorkFolder

SEGMENT_FRAMES = 250
"""A segment ends with the first block that ends after this many frames."""

MISSING_FRAMES, MISSING_S = 1.5, 2.0
"""How far before the end that its file states a film may end without having been cut short: in
frames where that is the end of the pictures, or in seconds where it may be the end of the sound."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a film is."""

    frames: int
    """Done, of this run and those before."""
    of: int
    """All frames that there are, as far as the film says."""
    shot: int
    """The number of the shot that is at work, from 1."""


class _CancelledError(Exception):
    """Leaves the loop; what is not yet a segment is lost."""


class Job:
    """The work on one film.

    Parameters
    ----------
    order : what is to be made of what
    work : where it is kept meanwhile
    keys, every : what gives keys their colors, and how many frames they are apart
    after : what is to be done with each finished segment, step by step
    progress, cancel : as for `coloring.colorize_film`
    """

    def __init__(
        self,
        order: FilmOrder,
        work: WorkFolder,
        *,
        keys: NetworkColors,
        every: int,
        after: Callable[[Segment], Iterable[object]],
        progress: Callable[[Step], object],
        cancel: Callable[[], bool],
    ) -> None:
        self._order = order
        self._work = work
        self._keys = keys
        self._every = every
        self._after = after
        self._progress = progress
        self._cancel = cancel
        self.segments = work.segments()
        self.resumed = self.frames = sum(len(one.stamps) for one in self.segments)
        self.shots = self.segments[-1].facts["shots"] if self.segments else 0

    def run(self) -> bool:
        """Do what is left; False where it was canceled."""
        try:
            for segment in self.segments:
                self._use(segment)
            if not self.segments or not self.segments[-1].facts["last"]:
                self._do_rest()
        except _CancelledError:
            return False
        if not self.segments:
            raise FilmReadError(f"{self._order.film.path}: there are no frames in this part of it.")
        return True

    def _use(self, segment: Segment) -> None:
        for _ in self._after(segment):
            if self._cancel():
                raise _CancelledError

    def _do_rest(self) -> None:
        """Make the segments that are left."""
        position = position_after(self.segments)
        if position is not None:
            self._keys.recall(position.memory)
        blocks = self._blocks(position)
        frames = frames_left(self._order, position, with_lead=False)
        carry = None if position is None else position.carry
        painter = Painter(self._order.film, self._order.bars, self._order.settings.depth)
        block = next(blocks, None)
        while block is not None:
            with _SegmentInWork(self._order, self._work, len(self.segments)) as segment:
                while block is not None and segment.frames < SEGMENT_FRAMES:
                    carry = self._paint(block, carry, frames, segment, painter)
                    segment.end(block)
                    block = None  # its memory goes to the next one
                    block = next(blocks, None)
                self.segments.append(segment.finish(carry, last=block is None))
            del segment  # its encoder goes before there is another
            self._use(self.segments[-1])

    def notes(self) -> tuple[str, ...]:
        """What was found out on the way."""
        film, window = self._order.film, self._order.window
        last = self.segments[-1].facts if self.segments else None
        if last is None or not last["last"]:
            return ()
        end = last["end"] if film.timed else float(self.frames / film.rate)
        asked = math.inf if window is None or window.end is None else float(window.end)
        few = MISSING_FRAMES / float(film.rate)
        if film.stated.cut and asked - end > few:
            return (
                f"The film was cut short: its file ends in the middle of a packet. {self.frames} "
                "frames were found.",
            )
        if film.stated.end_s is None:
            return ()
        missing = min(asked, film.stated.end_s) - end
        if missing <= (few if film.stated.exact else MISSING_S):
            return ()
        return (
            f"The film was cut short: it has {self.frames} of the {self._order.frame_count} frames "
            f"that its file promises, and ends {missing:.2f} s early.",
        )

    def _blocks(self, position: Position | None) -> Iterator[Block]:
        order = self._order
        inside = position is not None and position.carry is not None
        analysis = Analysis(
            keys=self._keys,
            every=self._every,
            cell_px=order.cell_px,
            shot=0 if position is None else position.shot,
            resumed_at=position.next_number if position is not None and inside else None,
        )
        frames = frames_left(order, position, with_lead=inside)
        return analysis.blocks(evened(_seen(order, frames)))

    def _paint(
        self,
        block: Block,
        carry: Carry | None,
        frames: Iterator[tuple[int, Frame]],
        segment: _SegmentInWork,
        painter: Painter,
    ) -> Carry | None:
        steady = Steady(block, carry)
        for look, ab in steady:
            if self._cancel():
                raise _CancelledError
            number, frame = next(frames, (-1, None))
            if frame is None or (number, frame.pts) != (look.number, look.pts):
                raise FilmReadError(
                    f"{self._order.film.path}: its content differed on the second reading; copy "
                    "it to a reliable disk."
                )
            luma, picture = segment.take(frame)
            segment.add(frame, picture, painter.paint(luma, ab, look.light.astype(np.float32)))
            self.frames += 1
            of = max(self._order.frame_count, self.frames)
            self._progress(Step(frames=self.frames, of=of, shot=block.shot + 1))
        self.shots = block.shot + 1
        return steady.carry


class _SegmentInWork:
    """A segment while its frames come."""

    def __init__(self, order: FilmOrder, work: WorkFolder, number: int) -> None:
        self._order = order
        self._encoder = SegmentEncoder(order.film, order.settings)
        self._writer = work.writer(number)
        self._recent: deque[Frame] = deque(maxlen=LEAD)
        self._end: dict[str, int] = {}
        self._memory: Mapping[str, Float] = {}
        self.frames = 0

    def __enter__(self) -> _SegmentInWork:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def take(self, frame: Frame) -> tuple[NDArray[Any], av.VideoFrame]:
        """A frame's luma, with even sides, and the frame to encode that holds it already."""
        settings, film = self._order.settings, self._order.film
        picture = self._encoder.frame(frame.luma)
        luma = plane_of(picture, 0, settings.depth)
        shift = settings.depth - film.depth
        return (luma >> shift if shift else luma), picture

    def add(self, frame: Frame, picture: av.VideoFrame, chroma: tuple[NDArray[Any], ...]) -> None:
        """Encode a frame in its colors."""
        for packet in self._encoder.encode(picture, chroma, frame.pts):
            self._writer.add(packet)
        self._recent.append(frame)
        self.frames += 1

    def end(self, block: Block) -> None:
        """Note where a block ends, whose frames have all come."""
        self._end = {
            "next_number": block.looks[-1].number + 1,
            "shot": block.shot + block.ends_shot,
            "shots": block.shot + 1,
        }
        self._memory = block.memory

    def finish(self, carry: Carry | None, *, last: bool) -> Segment:
        """Write what is left, and close it."""
        for packet in self._encoder.finish():
            self._writer.add(packet)
        frame, film = self._recent[-1], self._order.film
        facts = {
            "extradata": self._encoder.extradata.hex(),
            **self._end,
            "lead": [(one.pts, fingerprint(one)) for one in self._recent],
            "duration": frame.duration,
            "end": float(frame.pts * film.time_base + film.time_of(frame)),
            "last": last,
        }
        arrays = {}
        if carry is not None and not last:
            arrays = {**self._memory, "state": carry.state, "fade": np.stack(carry.fade)}
        return self._writer.finish(facts, arrays)


def _seen(order: FilmOrder, frames: Iterator[tuple[int, Frame]]) -> Iterator[Seen]:
    def pairs() -> Iterator[tuple[tuple[int, int, int, Gray], Gray]]:
        for number, frame in frames:
            small = order.small(frame.luma)
            yield (number, frame.pts, frame.duration, small), small

    for (number, pts, duration, small), starts in shot_starts(pairs()):
        yield Seen(number, pts, duration, small, order.starts_shot(pts, found=starts))
