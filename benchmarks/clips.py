"""Clips for the benchmarks of films: from samples or folders, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pyvips
from numpy.typing import NDArray

import photochrom

ORIGINALS = Path(photochrom.__file__).parent / "samples" / "originals"
SIZE = (135, 240)
FEWEST = 10

Array = NDArray[Any]


class Clip(NamedTuple):
    """A color clip: frames (T, H, W, 3) uint8, and its motion in pixels a frame where known."""

    name: str
    frames: Array
    motion: tuple[int, int] | None


def original(name: str, width: int) -> Array:
    """A sample photograph in color, (h, w, 3)."""
    image = pyvips.Image.thumbnail(str(ORIGINALS / f"{name}.jpg"), width, size="force")
    return np.asarray(image.colourspace("srgb").numpy())


def pan(picture: Array, count: int, motion: tuple[int, int], size: tuple[int, int]) -> Array:
    """A window that moves over a picture by (x, y) a frame, from where it stays inside."""
    (across, down), (height, width) = motion, size
    left, top = max(0, -across * count), max(0, -down * count)
    places = [(top + down * t, left + across * t) for t in range(count)]
    return np.stack([picture[y : y + height, x : x + width] for y, x in places])


def sample_clips() -> Iterator[Clip]:
    """Pans over the samples."""
    moves = (("flower", (4, 2)), ("china", (-5, 1)), ("chelsea", (3, -3)))
    for name, motion in moves:
        yield Clip(name, pan(original(name, 1000), 40, motion, (360, 640)), motion)


def even_clips() -> Iterator[Clip]:
    """The same at twice `SIZE`, moving by whole pixels of `SIZE`, and of chroma at half the size.

    By parts of a pixel, even the truth's own colors would change, as whoever measures has to
    interpolate.
    """
    moves = (("flower", (4, 2)), ("china", (-4, 2)), ("chelsea", (2, -2)))
    height, width = SIZE
    for name, motion in moves:
        yield Clip(name, pan(original(name, 750), 40, motion, (2 * height, 2 * width)), motion)


def folder_clips(folder: Path, most: int = 80) -> Iterator[Clip]:
    """Clips of a folder, at most `most` frames of each, 360 lines high.

    Files that are no film, or hold fewer than `FEWEST` frames, are passed over.
    """
    for path in sorted(folder.iterdir()):
        try:
            container = av.open(str(path))
        except (av.FFmpegError, OSError):
            continue
        frames: list[Array] = []
        with container:
            if not container.streams.video or container.format.name == "tty":  # plain text
                continue
            for frame in container.decode(video=0):
                height = min(360, frame.height)
                width = 2 * round(frame.width * height / frame.height / 2)
                small = frame.reformat(width=width, height=height, format="rgb24")
                frames.append(small.to_ndarray())
                if len(frames) == most:
                    break
        if len(frames) >= FEWEST:
            yield Clip(path.stem, np.stack(frames), None)


def luma_of(frames: Array) -> Array:
    """Y codes of BT.601, limited range."""
    y = frames.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.rint(16 + y * 219 / 255).astype(np.uint8)


def write(path: Path, luma: Iterable[Array], *, sound: bool = False) -> Path:
    """Write frames of Y codes (H, W) as a gray film of 25 frames a second.

    The codec is H.264 in MP4, and otherwise FFV1.
    """
    frames = iter(luma)
    first = next(frames)
    mp4 = path.suffix == ".mp4"
    options = {"preset": "veryfast", "crf": "16"} if mp4 else {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264" if mp4 else "ffv1", rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = *first.shape, "yuv420p"
        track = container.add_stream("aac", rate=44100) if sound else None
        count = 0
        for codes in chain([first], frames):
            frame = av.VideoFrame(codes.shape[1], codes.shape[0], "yuv420p")
            for plane, values in zip(frame.planes, (codes, 128, 128), strict=True):
                rows: Array = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)  # type: ignore[call-overload]
                rows[:, : plane.width] = values
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode())
        if track is not None:
            assert isinstance(track, av.AudioStream)
            for start in range(0, 1764 * count, 1024):
                noise = np.random.default_rng(start).uniform(-0.1, 0.1, (2, 1024))
                part = av.AudioFrame.from_ndarray(noise.astype(np.float32), "fltp", "stereo")
                part.sample_rate, part.pts, part.time_base = 44100, start, Fraction(1, 44100)
                container.mux(track.encode(part))
            container.mux(track.encode())
    return path


def read(path: Path) -> Array:
    """A film in color, (T, H, W, 3) uint8."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
