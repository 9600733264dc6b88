"""Where things move from frame to frame, and how far that can be trusted."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from photochrom.video.fields import Float, Sampler, box, median, sample, stretch
from photochrom.video.small import Gray

BLOCK_PX = 8
"""Motion is searched for blocks of this side."""

REACH_PX = 16
"""How far a block is searched for, beyond where its neighbors went."""

LIGHT_TOLERANCE = 12.0
"""A vector is trusted by exp(-1) where lightness differs by this much along it (L* units)."""

STRAY_SHARE, STRAY_CELLS = 0.02, 1.0
"""The most that a vector and the one back may differ: a share of their squares, and in cells."""


STIFFNESS = 16.0
"""How little `refined` moves a vector where lightness is flat (squared L* units a cell)."""

MOST_CELLS = 0.5
"""How far `refined` moves a vector at most, along each axis."""


class Motion(NamedTuple):
    """The motion at one frame: flows (h, w, 2) to the frames before and after, in cells."""

    past: Float
    future: Float


class MotionSearch:
    """Finds the motion in a run of small copies, one frame behind.

    Parameters
    ----------
    size : (height, width) of the small copies
    cell_px : how many of their pixels a cell of the coarse grid spans

    Source: FFmpeg's mestimate, by enhanced predictive zonal search; Tourapis 2002.
    """

    def __init__(self, size: tuple[int, int], cell_px: int) -> None:
        self._padding = [(0, -side % BLOCK_PX) for side in size]
        self._blocks = tuple(-(-side // BLOCK_PX) for side in size)
        self._cells = tuple(-(-side // cell_px) for side in size)
        self._cell_px = cell_px
        self._last: Gray | None = None
        self._count = 0
        height, width = (BLOCK_PX * blocks for blocks in self._blocks)
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=width,
            height=height,
            format=av.VideoFormat("gray", width, height),
            time_base=Fraction(1, 25),
        )
        search = f"method=epzs:mb_size={BLOCK_PX}:search_param={REACH_PX}"
        sink = self._graph.add("buffersink")
        self._graph.link_nodes(source, self._graph.add("mestimate", search), sink)
        self._graph.configure()

    def push(self, small: Gray) -> Motion | None:
        """Take the next frame's small copy.

        Returns
        -------
        The motion at the frame before; None for the first
        """
        self._last = small
        padded = np.ascontiguousarray(np.pad(small, self._padding, mode="edge"))
        frame = av.VideoFrame.from_ndarray(padded, format="gray")
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        self._count += 1
        self._graph.vpush(frame)
        try:
            return self._motion(self._graph.vpull())
        except av.BlockingIOError:
            return None

    def finish(self) -> Motion:
        """The motion at the last frame; what comes after it is taken to stand still."""
        assert self._last is not None, "nothing was pushed"
        found = self.push(self._last)
        assert found is not None
        return found

    def _motion(self, frame: av.VideoFrame) -> Motion:
        vectors = frame.side_data["MOTION_VECTORS"].to_ndarray()
        moved = np.stack(
            [vectors[f"src_{axis}"] - vectors[f"dst_{axis}"] for axis in "xy"], axis=-1
        ).astype(np.float32)
        both = moved.reshape(2, *self._blocks, 2) / np.float32(self._cell_px)
        joined = np.moveaxis(both, 0, 2).reshape(*self._blocks, 4)
        height, width = self._cells
        fine = box(stretch(median(joined), (height, width), self._cell_px / BLOCK_PX))
        return Motion(np.ascontiguousarray(fine[..., :2]), np.ascontiguousarray(fine[..., 2:]))


def refined(flow: Float, light: Float, other: Float) -> Float:
    """A flow to fractions of a pixel, by one step of Lucas and Kanade from where it leads.

    Blocks move by whole pixels of the small copy. What that leaves adds up over frames.

    Parameters
    ----------
    flow : (h, w, 2), from a frame to another
    light, other : (h, w), L* of the frame and of the other

    Returns
    -------
    (h, w, 2) float32

    Source: Lucas and Kanade, "An iterative image registration technique with an application
    to stereo vision", 1981, over weighted windows of 5 x 5 cells.
    """
    down, across = np.gradient(light)
    differs = light - sample(other, flow)
    planes = (across * across, across * down, down * down, across * differs, down * differs)
    xx, xy, yy, x, y = np.moveaxis(box(box(np.stack(planes, axis=-1))), -1, 0)
    xx, yy = xx + np.float32(STIFFNESS), yy + np.float32(STIFFNESS)
    steps = np.stack([yy * x - xy * y, xx * y - xy * x], axis=-1)
    steps /= (xx * yy - xy * xy)[..., None]
    moved: Float = flow + steps.clip(-MOST_CELLS, MOST_CELLS)
    return moved


def trust(flow: Float, back: Float, light: Float, other: Float) -> Float:
    """How far each vector of a flow can be trusted.

    Parameters
    ----------
    flow : (h, w, 2), from a frame to another
    back : (h, w, 2), from the other to this one
    light, other : (h, w), L* of the frame and of the other

    Returns
    -------
    (h, w) float32, 0..1: 1 where lightness agrees along the flow, 0 where the way back leads
    elsewhere or the flow leaves the picture
    """
    sampler = Sampler(flow)
    there = sampler.sample(np.concatenate([back, other[..., None]], axis=-1))
    differs = box(abs(light - there[..., 2])) + 1
    believed = np.exp(-((differs / LIGHT_TOLERANCE) ** 2))
    back = there[..., :2]
    stray = ((flow + back) ** 2).sum(axis=-1)
    allowed = STRAY_SHARE * ((flow**2).sum(axis=-1) + (back**2).sum(axis=-1)) + STRAY_CELLS
    kept: NDArray[np.bool_] = (stray < allowed) & sampler.inside
    return np.where(kept, believed, 0).astype(np.float32)
