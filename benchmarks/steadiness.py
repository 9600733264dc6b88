"""How steady a film's colors are, and what hints on one frame bring, against the truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import numpy as np
import pyvips

from clips import SIZE, Array, Clip, luma_of, read, write
from photochrom import Colorizer, color
from photochrom.runtime.hints import Hint
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.hints import FilmHints, FrameHints
from photochrom.video.painting import Painter

LOSSLESS = Encoding(codec="ffv1")
LIKE = 6.0
"""Frames show the same thing where their L* differs by less along the motion."""

BROAD = 4.0
"""Standard deviation, in cells of `SIZE`."""

PLACES = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)


def psnr(one: Array, other: Array) -> float:
    """Over all frames and channels."""
    error = np.mean((one.astype(np.float32) - other) ** 2)
    return float(10 * np.log10(255**2 / error))


def shrunk_lab(frames: Array) -> Array:
    """CIELAB at 240 x 135, (T, 135, 240, 3)."""
    height, width = SIZE
    small = [
        pyvips.Image.new_from_array(frame).thumbnail_image(width, height=height, size="force")
        for frame in frames
    ]
    return color.srgb_to_lab(np.stack([image.numpy() for image in small]))


def flows(clip: Clip, lightness: Array, gap: int) -> Iterator[tuple[int, Array, Array]]:
    """Where the things of a frame are `gap` frames later, and where that is sure.

    Yields
    ------
    The frame; (2, h, w), rows and columns; (h, w) bool: of motion that is found, the way back
    must lead to where it came from
    """
    for at in range(0, len(lightness) - gap, max(1, gap // 2)):
        if clip.motion is not None:
            scale = np.array(SIZE) / clip.frames.shape[1:3]
            across, down = clip.motion
            moved = -gap * np.array([down, across]) * scale
            yield at, np.broadcast_to(moved[:, None, None], (2, *SIZE)), np.ones(SIZE, bool)
            continue
        there = found_flow(lightness[at], lightness[at + gap])
        back = sampled(found_flow(lightness[at + gap], lightness[at]), PLACES + there)
        lengths = (there**2).sum(axis=0) + (back**2).sum(axis=0)
        yield at, there, ((there + back) ** 2).sum(axis=0) < 0.01 * lengths + 0.5


def found_flow(one: Array, other: Array) -> Array:
    """The motion from one L* to another, (2, h, w)."""
    from skimage.registration import optical_flow_tvl1

    flow: Array = optical_flow_tvl1(one / 100, other / 100, attachment=20)
    return flow


def sampled(planes: Array, to: Array) -> Array:
    """Some planes, (n, h, w), at other places, (2, h, w)."""
    from scipy.ndimage import map_coordinates

    return np.stack([map_coordinates(plane, to, order=1, mode="nearest") for plane in planes])


def warp_error(clip: Clip, truth: Array, fields: dict[str, Array], gap: int) -> dict[str, float]:
    """The mean change of a* and b* along the motion, where that leads to the same thing."""
    errors: dict[str, list[float]] = {name: [] for name in fields}
    for at, flow, sure in flows(clip, truth[..., 0], gap):
        to = PLACES + flow
        inside = ((to >= 0) & (to <= np.array(SIZE)[:, None, None] - 1)).all(axis=0)
        (light,) = sampled(truth[None, at + gap, ..., 0], to)
        same = sure & inside & (abs(light - truth[at, ..., 0]) < LIKE)
        for name, ab in fields.items():
            moved, still = sampled(np.moveaxis(ab[at + gap], -1, 0), to), np.moveaxis(ab[at], -1, 0)
            errors[name].append(float(np.hypot(*(moved - still))[same].mean()))
    return {name: float(np.mean(some)) for name, some in errors.items()}


def alone(colorizer: Colorizer, grey: Path) -> Array:
    """Each frame by itself, with the film's own gray, (T, H, W, 3)."""
    return np.stack([colorizer.colorize(one[..., 0]).srgb() for one in read(grey)])


def in_420(frames: Array) -> Array:
    """Frames as films hold them: with chroma of half the size, in 8 bits."""
    return np.stack(
        [
            av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            .reformat(format="yuv420p")
            .to_ndarray(format="rgb24")
            for frame in frames
        ]
    )


@contextmanager
def coarse_colors() -> Iterator[list[Array]]:
    """The coarse colors, (h, w, 2), of the frames that are painted meanwhile."""
    kept: list[Array] = []
    paint = Painter.paint

    def keep(painter: Painter, luma: Array, ab: Array, light: Array) -> tuple[Array, ...]:
        kept.append(ab)
        return paint(painter, luma, ab, light)

    with patch.object(Painter, "paint", keep):
        yield kept


def stretched(ab: list[Array]) -> Array:
    """Coarse colors at 240 x 135, (T, 135, 240, 2)."""
    height, width = ab[0].shape[:2]
    to = (PLACES + 0.5) * np.array([height / SIZE[0], width / SIZE[1]])[:, None, None] - 0.5
    return np.stack([np.moveaxis(sampled(np.moveaxis(one, -1, 0), to), 0, -1) for one in ab])


def coarse_alone(colorizer: Colorizer, grey: Path) -> list[Array]:
    """The coarse colors of each frame by itself, (h, w, 2)."""
    return [colorizer.prepare(one[..., 0]).ab() for one in read(grey)]


def steadiness(colorizer: Colorizer, clips: Iterator[Clip], folder: Path, **asked: Any) -> None:
    """W1, W8, PSNR and colorfulness against each frame by itself, and the truth's own W.

    Broad is W1 of colors blurred by `BROAD` cells: what flickers in areas, and not at edges.
    Coarse are W1 and W8 of the colors before they are painted, and rounded to 8 bits, against
    those of each frame by itself.
    """
    from scipy.ndimage import gaussian_filter

    rows = []
    for clip in clips:
        grey = write(folder / "gray.mkv", luma_of(clip.frames))
        target = folder / "steady.mkv"
        with coarse_colors() as coarse:
            colorize_film(colorizer, grey, target, encoding=LOSSLESS, force=True, **asked)
        results = {"truth": clip.frames, "alone": alone(colorizer, grey), "steady": read(target)}
        labs = {name: shrunk_lab(frames) for name, frames in results.items()}
        fine = {name: lab[..., 1:] for name, lab in labs.items()}
        broad = {f"broad {n}": gaussian_filter(ab, (0, BROAD, BROAD, 0)) for n, ab in fine.items()}
        before = {
            "coarse steady": stretched(coarse),
            "coarse alone": stretched(coarse_alone(colorizer, grey)),
        }
        w1 = warp_error(clip, labs["truth"], fine | broad | before, 1)
        w8 = warp_error(clip, labs["truth"], fine | before, 8)
        of_alone = psnr(results["alone"], clip.frames)
        gain = psnr(results["steady"], clip.frames) - of_alone
        vivid = {
            name: float(np.mean([color.colorfulness(frame) for frame in frames[::8]]))
            for name, frames in results.items()
        }
        ratios = [
            one[f"{kind}{name}"] / one[f"{kind}alone"]
            for kind, one in (("", w1), ("", w8), ("broad ", w1))
            for name in ("steady", "truth")
        ]
        unpainted = [one["coarse steady"] / one["coarse alone"] for one in (w1, w8)]
        lost = psnr(in_420(results["alone"]), clip.frames) - of_alone
        rows.append((*ratios, *unpainted, gain, gain - lost, vivid["steady"] / vivid["alone"]))
        _row(clip.name, rows[-1])
    if rows:
        _row("mean", tuple(np.mean(rows, axis=0)))


def _row(name: str, values: tuple[float, ...]) -> None:
    w1, truth1, w8, truth8, broad, truth_broad, coarse1, coarse8, gain, fair, vivid = values
    print(
        f"  {name:<10} W1 x{w1:.3f} (truth x{truth1:.3f})  W8 x{w8:.3f} (truth x{truth8:.3f})  "
        f"broad W1 x{broad:.3f} (truth x{truth_broad:.3f})  "
        f"coarse W1 x{coarse1:.3f} W8 x{coarse8:.3f}  PSNR {gain:+.2f} dB ({fair:+.2f} with "
        f"each frame in 4:2:0)  colorfulness x{vivid:.3f}",
        flush=True,
    )


def hints_gain(colorizer: Colorizer, clips: Iterator[Clip], folder: Path) -> None:
    """What ten true colors on one frame bring over 40 frames, and that frame in color."""
    gains = []
    for clip in clips:
        frames = clip.frames[:40]
        grey, target = write(folder / "gray.mkv", luma_of(frames)), folder / "hinted.mkv"
        first = color.srgb_to_lab(frames[0])
        picture = folder / "0.png"
        pyvips.Image.new_from_array(frames[0]).write_to_file(str(picture))
        rng = np.random.default_rng(0)
        height, width = first.shape[:2]
        places = rng.uniform(0.04, 0.96, (10, 2)) * [width, height]
        dots = tuple(
            Hint(points=((x, y),), ab=tuple(first[int(y), int(x), 1:].tolist()))
            for x, y in places.tolist()
        )
        made = []
        for given in ({}, {"hints": dots}, {"picture": picture}):
            known = FilmHints(frames=(FrameHints(frame=0, **given),) if given else ())
            colorize_film(colorizer, grey, target, encoding=LOSSLESS, force=True, hints=known)
            made.append(psnr(read(target), frames))
        gains.append((made[1] - made[0], made[2] - made[0]))
        print(f"  {clip.name:<24} ten hints {gains[-1][0]:+.2f} dB, painted {gains[-1][1]:+.2f} dB")
    ten, painted = np.mean(gains, axis=0)
    print(f"  {'mean':<24} ten hints {ten:+.2f} dB, painted frame {painted:+.2f} dB", flush=True)
