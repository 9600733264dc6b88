"""Interlaced film: whether a film is, and its fields joined to full frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice

import av
import numpy as np
from numpy.typing import NDArray

PROBED_FRAMES = 60
"""How many frames of each passage decide whether a film is interlaced."""

PROGRESSIVE_FRAMES = 24
"""A passage is known to be progressive once this many frames look so, and none is combed."""

_KIND = "lavfi.idet.multiple.current_frame"

COMBED = ("tff", "bff")
"""What idet calls frames of two fields, by which comes first."""

INTERLACED_SHARE = 0.1
"""Of the probed frames; a telecined film has two combed frames in five."""

MOVING = 8 / 255
"""Pixels that differ this much from the frame before, as a share of white, have moved."""

FEWEST_MOVING = 64

LINES_DIFFER = 0.7
"""How much neighboring lines differ, in comparison with those of one field: 0.3 to 0.7 in full
frames, 1 under heavy grain, and more where two fields are woven."""


def is_interlaced(passages: Iterable[Iterator[av.VideoFrame]], time_base: Fraction) -> bool:
    """Whether frames are woven from two fields, by looking at them: flags are often wrong.

    Parameters
    ----------
    passages : of the film, each from another place
    time_base : of the frames

    Source: FFmpeg's idet. It takes a slow pan upward or downward for two fields; therefore the
    lines of a frame must differ, too.
    """
    combed = looked_at = 0
    for frames in passages:
        graph: av.filter.Graph | None = None
        kinds: Counter[str] = Counter()
        before: NDArray[np.float32] | None = None
        for frame in islice(frames, PROBED_FRAMES):
            if graph is None:
                graph = _graph(frame, time_base, "idet")
            for found in _through(graph, frame):
                kind, levels = found.metadata.get(_KIND, ""), _levels(found)
                if kind not in COMBED or before is None or _is_woven(levels, before):
                    kinds[kind] += 1
                before = levels
            looked_at += 1
            if kinds["progressive"] >= PROGRESSIVE_FRAMES and kinds.keys().isdisjoint(COMBED):
                break
        combed += sum(kinds[kind] for kind in COMBED)
    return combed > INTERLACED_SHARE * max(looked_at, 1)


def _levels(frame: av.VideoFrame) -> NDArray[np.float32]:
    """The luma of a frame, (h, w), 0..1 of its codes."""
    plane, bits = frame.planes[0], frame.format.components[0].bits
    kind = np.dtype(np.uint8 if bits == 8 else "<u2")
    rows = np.frombuffer(plane, dtype=kind).reshape(plane.height, -1)  # type: ignore[call-overload]
    levels: NDArray[np.float32] = rows[:, : plane.width] / np.float32(2**bits - 1)
    return levels


def _is_woven(levels: NDArray[np.float32], before: NDArray[np.float32]) -> bool:
    """Whether the lines of a frame come from two moments, by what moves in it."""
    moving = abs(levels - before)[2:-2] > MOVING
    if moving.sum() < FEWEST_MOVING:
        return True  # as idet says
    near, far = (
        abs(levels[2 - step : -2 - step] - 2 * levels[2:-2] + levels[2 + step : step - 2 or None])
        for step in (1, 2)
    )
    return bool(near[moving].sum() > LINES_DIFFER * far[moving].sum())


def joined(frames: Iterator[av.VideoFrame], time_base: Fraction) -> Iterator[av.VideoFrame]:
    """As many frames as before, each from the lines of one field and its neighbors.

    Source: FFmpeg's bwdif.
    """
    graph: av.filter.Graph | None = None
    for frame in frames:
        if graph is None:
            graph = _graph(frame, time_base, "bwdif", "mode=send_frame")
        yield from map(_halved, _through(graph, frame))
    if graph is not None:
        yield from map(_halved, _through(graph, None))


def _halved(frame: av.VideoFrame) -> av.VideoFrame:
    """bwdif counts in half units of time."""
    if frame.pts is not None:
        frame.pts //= 2
    return frame


def _graph(frame: av.VideoFrame, time_base: Fraction, name: str, args: str = "") -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=time_base
    )
    graph.link_nodes(source, graph.add(name, args), graph.add("buffersink"))
    graph.configure()
    return graph


def _through(graph: av.filter.Graph, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
    graph.vpush(frame)
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
