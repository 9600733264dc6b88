"""From frames to blocks: the pieces of shots that are made steady at once.

A block is a whole shot. Shots of more than `LONGEST` frames are cut into several blocks; each
looks `AHEAD` frames into the next, so that no seam shows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from photochrom.video.exposure import REACH, Seen
from photochrom.video.fields import Float, shrink
from photochrom.video.motion import Motion, MotionSearch, refined, trust
from photochrom.video.small import LIGHTNESS, Gray

Half = NDArray[np.float16]

LONGEST = 720
"""Frames in a block; a multiple of every sensible distance between keys."""

AHEAD = 48
"""How many frames a block that doesn't end its shot looks ahead."""

LEAD = 1 + REACH
"""How many frames before a block that goes on with a shot have to be seen again."""


class Known(NamedTuple):
    """Colors that a frame has from elsewhere than its neighbors."""

    ab: Float
    """(h, w, 2)"""
    confidence: float


@dataclass(kw_only=True)
class Look:
    """What is known of a frame after looking at it."""

    number: int
    pts: int
    duration: int
    light: Half
    """(h, w), L* of the coarse grid, as it is."""
    past: Half
    """(h, w, 2), the flow to the frame before, in cells."""
    future: Half
    trust_past: Half
    """(h, w), how far `past` can be trusted, 0..1."""
    trust_future: Half
    known: Known | None = None


class _Room:
    """Room for the fields of all frames of a block, in one piece.

    Of pieces for each frame the heap keeps what lies between others: over 3,000 frames it grew
    by 60 MB. What is not used of this one takes no memory.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._planes = np.empty((1 + LONGEST + AHEAD, 7, *size), np.float16)

    def look(self, at: int, seen: Seen) -> Look:
        """What is known of a frame, with its fields yet to be filled in."""
        planes = self._planes[at]
        flows = planes[:4].reshape(2, *planes.shape[1:], 2)
        return Look(
            number=seen.number,
            pts=seen.pts,
            duration=seen.duration,
            past=flows[0],
            future=flows[1],
            light=planes[4],
            trust_past=planes[5],
            trust_future=planes[6],
        )


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of a shot: its frames, and some that follow in the same shot."""

    shot: int
    starts_shot: bool
    ends_shot: bool
    looks: Sequence[Look]
    ahead: Sequence[Look]
    memory: Mapping[str, Float]
    """What is to be known for the next block of the shot; see `KeyColors`."""


class KeyColors(Protocol):
    """Gives the keys of a block their colors."""

    def wants(self, pts: int) -> bool:
        """Whether a frame may have to be a key, as somebody has given it colors."""

    def __call__(
        self, shot: int, looks: Sequence[Look], smalls: Mapping[int, Gray]
    ) -> Mapping[int, Known]:
        """The colors of keys, by their positions in a block.

        Parameters
        ----------
        shot : its number
        looks : the frames of the block and those ahead
        smalls : small copies with even exposure, by position, of the frames that are keys or
            may be
        """

    def memory(self) -> Mapping[str, Float]:
        """What is to be known for the next block, if it goes on with the last one's shot."""


@dataclass(kw_only=True)
class Analysis:
    """Looks at frames and gathers them into blocks.

    Parameters
    ----------
    keys : gives keys their colors
    every : one frame in this many is a key, and so is the last of each shot
    cell_px : pixels of the small copy to a cell of the coarse grid
    shot : the number of the first shot
    resumed_at : the number of the first frame of a block that goes on with a shot; the `LEAD`
        frames before it are the first that come
    """

    keys: KeyColors
    every: int
    cell_px: int
    shot: int = 0
    resumed_at: int | None = None

    def blocks(self, frames: Iterable[tuple[Seen, Gray]]) -> Iterator[Block]:
        """The blocks of a film's frames, with their evened small copies, in order."""
        run: _Run | None = None
        shot = self.shot - 1
        tail: list[tuple[Seen, Gray]] = []
        for seen, even in frames:
            if self.resumed_at is not None and seen.number < self.resumed_at:
                tail = [(seen, even)]  # the lead
                continue
            if run is None and self.resumed_at is not None and not seen.starts:
                shot += 1
                run = _Run(self, shot, lead=tail[-1])
            elif run is None or seen.starts:
                if run is not None:
                    block, run = run.whole(), None
                    yield block
                    del block
                shot += 1
                run = _Run(self, shot, lead=None)
                tail = []
            if len(run) == LONGEST + AHEAD:
                block, run = run.part(), None
                yield block
                del block
                lead, *again = tail[-AHEAD - 1 :]
                run = _Run(self, shot, lead=lead)
                for one in again:
                    run.push(*one)
            run.push(seen, even)
            tail = [*tail[-AHEAD:], (seen, even)]
        if run is not None:
            yield run.whole()


class _Run:
    """The frames of one block while they come."""

    def __init__(self, analysis: Analysis, shot: int, *, lead: tuple[Seen, Gray] | None) -> None:
        self._analysis = analysis
        self._shot = shot
        self._looks: list[Look] = []
        self._evens: deque[Half] = deque(maxlen=2)
        self._smalls: dict[int, Gray] = {}
        self._room: _Room | None = None
        self._search: MotionSearch | None = None
        self._motion: Motion | None = None
        """At the last frame but one."""
        self._own = 0 if lead is None else 1
        if lead is not None:
            self._see(*lead)

    def __len__(self) -> int:
        return len(self._looks) - self._own

    def push(self, seen: Seen, even: Gray) -> None:
        """Take the next frame."""
        position, analysis = len(self), self._analysis
        last = position - 1
        if position and last % analysis.every and not analysis.keys.wants(self._looks[-1].pts):
            self._smalls.pop(last, None)
        self._see(seen, even)
        self._smalls[position] = even

    def whole(self) -> Block:
        """The block that ends the shot here."""
        self._finish()
        return self._block(self._looks[self._own :], [], ends_shot=True)

    def part(self) -> Block:
        """The block of the first `LONGEST` frames, as the shot goes on."""
        self._finish()
        own = self._looks[self._own :]
        return self._block(own[:LONGEST], own[LONGEST:], ends_shot=False)

    def _block(self, looks: list[Look], ahead: list[Look], *, ends_shot: bool) -> Block:
        return Block(
            shot=self._shot,
            starts_shot=not self._own,
            ends_shot=ends_shot,
            looks=looks,
            ahead=ahead,
            memory={} if ends_shot else self._analysis.keys.memory(),
        )

    def _see(self, seen: Seen, even: Gray) -> None:
        cell_px = self._analysis.cell_px
        light = shrink(LIGHTNESS[seen.small], cell_px).astype(np.float16)
        if self._search is None or self._room is None:
            self._search = MotionSearch((even.shape[0], even.shape[1]), cell_px)
            self._room = _Room((light.shape[0], light.shape[1]))
        motion = self._search.push(even)
        if motion is not None:
            self._judge(motion)
        matched = light
        if even is not seen.small:
            matched = shrink(LIGHTNESS[even], cell_px).astype(np.float16)
        self._evens.append(matched)
        look = self._room.look(len(self._looks), seen)
        look.light[...] = light
        self._looks.append(look)

    def _finish(self) -> None:
        """Find the motion at the last frame, and then the colors of all keys."""
        assert self._search is not None
        self._judge(self._search.finish())
        self._looks[-1].trust_future[...] = 0
        own = self._looks[self._own :]
        for position, known in self._analysis.keys(self._shot, own, self._smalls).items():
            own[position].known = known

    def _judge(self, motion: Motion) -> None:
        """Take the motion at the last frame, and judge it with that at the frame before."""
        look, before = self._looks[-1], self._motion
        look.past[...], look.future[...] = motion
        if before is None:
            look.trust_past[...] = 0
        else:
            other, light = (even.astype(np.float32) for even in self._evens)
            past = refined(motion.past, light, other)
            future = refined(before.future, other, light)
            look.past[...], look.trust_past[...] = past, trust(past, future, light, other)
            last = self._looks[-2]
            last.future[...], last.trust_future[...] = future, trust(future, past, other, light)
        self._motion = motion
