"""How steady a film's colors are, and what hints on one frame bring, against the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyvips

from clips import SIZE, Array, Clip, luma_of, read, write
from photochrom import Colorizer, color
from photochrom.runtime.hints import Hint
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.hints import FilmHints, FrameHints

LOSSLESS = Encoding(codec="ffv1")
LIKE = 6.0
"""Frames show the same thing where their L* differs by less along the motion."""


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


def flows(clip: Clip, lightness: Array, gap: int) -> Iterator[tuple[int, Array]]:
    """Where the things of a frame are `gap` frames later: (2, h, w), rows and columns."""
    if clip.motion is None:
        from skimage.registration import optical_flow_ilk

    for at in range(0, len(lightness) - gap, max(1, gap // 2)):
        if clip.motion is None:
            yield at, optical_flow_ilk(lightness[at], lightness[at + gap], radius=8)
        else:
            scale = np.array(SIZE) / clip.frames.shape[1:3]
            across, down = clip.motion
            moved = -gap * np.array([down, across]) * scale
            yield at, np.broadcast_to(moved[:, None, None], (2, *SIZE))


def warp_error(clip: Clip, truth: Array, ab: Array, gap: int) -> float:
    """The mean change of a* and b* along the motion, where that leads to the same thing."""
    from scipy.ndimage import map_coordinates

    places = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    errors = []
    for at, flow in flows(clip, truth[..., 0], gap):
        to = places + flow
        inside = ((to >= 0) & (to <= np.array(SIZE)[:, None, None] - 1)).all(axis=0)
        light = map_coordinates(truth[at + gap, ..., 0], to, order=1, mode="nearest")
        same = inside & (abs(light - truth[at, ..., 0]) < LIKE)
        moved = [map_coordinates(ab[at + gap, ..., one], to, order=1) for one in (0, 1)]
        errors.append(np.hypot(*(np.stack(moved) - np.moveaxis(ab[at], -1, 0)))[same].mean())
    return float(np.mean(errors))


def alone(colorizer: Colorizer, grey: Path) -> Array:
    """Each frame by itself, with the film's own gray, (T, H, W, 3)."""
    return np.stack([colorizer.colorize(one[..., 0]).srgb() for one in read(grey)])


def steadiness(colorizer: Colorizer, clips: Iterator[Clip], folder: Path, **asked: Any) -> None:
    """W1, W8, PSNR and colorfulness against each frame by itself, and the truth's own W."""
    rows = []
    for clip in clips:
        grey = write(folder / "gray.mkv", luma_of(clip.frames))
        target = folder / "steady.mkv"
        colorize_film(colorizer, grey, target, encoding=LOSSLESS, force=True, **asked)
        results = {"truth": clip.frames, "alone": alone(colorizer, grey), "steady": read(target)}
        labs = {name: shrunk_lab(frames) for name, frames in results.items()}
        w1, w8 = (
            {n: warp_error(clip, labs["truth"], lab[..., 1:], gap) for n, lab in labs.items()}
            for gap in (1, 8)
        )
        quality = {n: psnr(frames, clip.frames) for n, frames in results.items() if n != "truth"}
        vivid = {
            name: float(np.mean([color.colorfulness(frame) for frame in frames[::8]]))
            for name, frames in results.items()
        }
        rows.append(
            (
                w1["truth"] / w1["alone"],
                w1["steady"] / w1["alone"],
                w8["truth"] / w8["alone"],
                w8["steady"] / w8["alone"],
                quality["steady"] - quality["alone"],
                vivid["steady"] / vivid["alone"],
            )
        )
        _row(clip.name, rows[-1])
    if rows:
        _row("mean", tuple(np.mean(rows, axis=0)))


def _row(name: str, values: tuple[float, ...]) -> None:
    truth1, w1, truth8, w8, gain, vivid = values
    print(
        f"  {name:<24} W1 x{w1:.3f} (truth x{truth1:.3f})  W8 x{w8:.3f} (truth x{truth8:.3f})"
        f"  PSNR {gain:+.2f} dB  colorfulness x{vivid:.3f}",
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
