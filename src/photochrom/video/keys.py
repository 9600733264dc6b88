"""The colours of key frames, from the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.prepared import Reference
from photochrom.video.blocks import Known, Look
from photochrom.video.exposure import softened
from photochrom.video.small import Gray


class NetworkColors:
    """Asks the network for the colours of keys; see `blocks.KeyColors`.

    Parameters
    ----------
    colorizer : the model
    every : every so many frames are keys, and the last of each shot
    vividness : as for `Prepared.paint`
    reference : a colour photograph to follow in all shots
    """

    def __init__(
        self,
        colorizer: Colorizer,
        *,
        every: int,
        vividness: float,
        reference: Reference | None = None,
    ) -> None:
        self._colorizer = colorizer
        self._every = every
        self._vividness = vividness
        self._reference = reference

    def wants(self, pts: int) -> bool:
        """Whether a frame has hints of its own."""
        return False

    def __call__(
        self, shot: int, looks: Sequence[Look], smalls: Mapping[int, Gray]
    ) -> Mapping[int, Known]:
        """The colours of the keys of a block."""
        last = len(looks) - 1
        keys = sorted({*range(0, len(looks), self._every), last})
        known = {}
        for position in keys:
            prepared = self._colorizer.prepare(softened(smalls[position]))
            ab = prepared.ab(vividness=self._vividness, reference=self._reference)
            known[position] = Known(ab, 1.0)
        return known
