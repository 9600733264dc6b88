"""Steady colors: what the network says at the keys, carried along the motion both ways.

Each frame's colors are a weighted mean over all keys of its block; a weight falls by the
trust of each step, which is below 1 everywhere. Two recursive filters, one from each end,
compute it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from photochrom.video.blocks import Block, Half, Look
from photochrom.video.fields import Float, sample

UNKNOWN = 1e-4
"""The weight of what a frame between keys has by itself: the colors of the key before it,
unmoved. It counts only where nothing else is known."""

FADE = 12
"""How many frames it takes for the view of one block to go over into that of the next."""


class Carry(NamedTuple):
    """What one block hands to the next of the same shot."""

    state: Float
    """(h, w, 3), the forward filter after the block's last frame: ab times weight, weight."""
    fade: tuple[Float, ...]
    """(h, w, 2) each, the colors of the next `FADE` frames as seen from this block."""


class Steady:
    """The steady colors of a block.

    Parameters
    ----------
    block : what was seen
    carry : from the block before, if this one goes on with its shot

    ``carry``, after iteration, is what the next block needs.
    """

    def __init__(self, block: Block, carry: Carry | None) -> None:
        self._block = block
        self._before = carry
        self.carry: Carry | None = None

    def __iter__(self) -> Iterator[tuple[Look, Float]]:
        """The frames of the block, and for each its colors, (h, w, 2)."""
        block, before = self._block, self._before
        looks = [*block.looks, *block.ahead[:FADE]]
        backward = self._backward()
        state = None if before is None else before.state
        fade = () if before is None else before.fade
        kept = state
        ahead = []
        for at, look in enumerate(looks):
            own = _own(look, self._guess(at))
            state = _step(state, look.past, look.trust_past, own)
            both = state + backward[at] - own
            ab = both[..., :2] / both[..., 2:]
            if at < len(fade):
                share = np.float32((at + 1) / (len(fade) + 1))
                ab = fade[at] + share * (ab - fade[at])
            if at < len(block.looks):
                kept = state
                yield look, ab
            else:
                ahead.append(ab)
        if not block.ends_shot:
            assert kept is not None
            self.carry = Carry(kept, tuple(ahead))

    def _backward(self) -> Float:
        """The backward filter at each frame that is yielded or faded, (T, h, w, 3)."""
        block = self._block
        looks = [*block.looks, *block.ahead]
        wanted = len(block.looks) + min(FADE, len(block.ahead))
        height, width = looks[0].light.shape
        states = np.empty((wanted, height, width, 3), np.float32)  # see `blocks._Room`
        state: Float | None = None
        for at in range(len(looks) - 1, -1, -1):
            look = looks[at]
            state = _step(state, look.future, look.trust_future, _own(look, self._guess(at)))
            if at < wanted:
                states[at] = state
        return states

    def _guess(self, at: int) -> Float:
        """The colors of the last key up to a frame."""
        looks, ahead = self._block.looks, self._block.ahead
        while at >= 0:
            look = looks[at] if at < len(looks) else ahead[at - len(looks)]
            if look.known is not None:
                return look.known.ab
            at -= 1
        raise AssertionError("a block begins with a key")


def _own(look: Look, guess: Float) -> Float:
    """What a frame has by itself: (h, w, 3), ab times weight, weight."""
    ab, weight = (guess, UNKNOWN) if look.known is None else look.known
    own = np.empty((*ab.shape[:2], 3), np.float32)
    own[..., :2] = ab * np.float32(weight)
    own[..., 2] = weight
    return own


def _step(state: Float | None, flow: Half, trusted: Half, own: Float) -> Float:
    """One step of a filter: what was there, moved, as far as it is trusted; and what is new."""
    if state is None:
        return own
    moved = sample(state, flow.astype(np.float32))
    moved *= trusted.astype(np.float32)[..., None]
    moved += own
    assert moved.dtype == np.float32  # what a work folder keeps
    return moved
