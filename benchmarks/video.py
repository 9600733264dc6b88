"""Film: how steady the colors are, and what they cost; how well cuts are found, and kills survived.

    python benchmarks/video.py                     # some minutes
    python benchmarks/video.py --clips FOLDER      # also on real color clips, turned gray
    python benchmarks/video.py --kills 20 --long   # also kills, and 20,000 frames

Clips are made from the sample photographs in color by pans, so that motion and truth are known.
W1 and W8 are ab warp errors over 1 and 8 frames at 240 x 135, where the motion leads to the same
thing; of real clips the motion is found on the truth's luminance. Even pans move by whole pixels
at that size, so that the truth has no error; others do so over 8 frames only. All ratios are
within one run: "alone" is each frame colorized by itself.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyvips

from clips import (
    SIZE,
    Array,
    Clip,
    even_clips,
    folder_clips,
    luma_of,
    original,
    pan,
    read,
    sample_clips,
    write,
)
from photochrom import Colorizer, color
from photochrom.runtime.hints import Hint
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.film import open_film
from photochrom.video.glimpse import MOST_FRAMES, Glimpse
from photochrom.video.hints import FilmHints, FrameHints
from photochrom.video.shots import find_shots
from photochrom.video.small import find_bars

COMMAND = Path(sys.executable).with_name("photochrom")
LOSSLESS = Encoding(codec="ffv1")
LIKE = 6.0
"""Frames show the same thing where their L* differs by less along the motion."""


def psnr(one: Array, other: Array) -> float:
    """Over all frames and channels."""
    error = np.mean((one.astype(np.float32) - other) ** 2)
    return float(10 * np.log10(255**2 / error))


# Steadiness


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


# Hints


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


# Cuts


def cuts(folder: Path) -> None:
    """Gray footage of 40 shots of crops, with flashes, noise and flicker."""
    rng = np.random.default_rng(4)
    pictures = [original(name, 1400) for name in ("flower", "china", "chelsea")]
    frames: list[Array] = []
    starts: set[int] = set()
    flashes = 0
    for shot in range(40):
        picture = pictures[shot % 3]
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        height = int(rng.integers(240, 600))
        width, count = height * 16 // 9, int(rng.integers(8, 25))
        reach_y, reach_x = picture.shape[0] - height, picture.shape[1] - width
        y, x = rng.integers(0, reach_y), rng.integers(0, reach_x)
        step = rng.integers(-6, 7, 2)
        starts.add(len(frames))
        for t in range(count):
            top, left = (
                int(np.clip(a + s * t, 0, r))
                for a, s, r in ((y, step[0], reach_y), (x, step[1], reach_x))
            )
            crop = np.ascontiguousarray(picture[top : top + height, left : left + width])
            image = pyvips.Image.new_from_array(crop)
            small = image.thumbnail_image(480, height=270, size="force").colourspace("b-w")
            levels = small.numpy().reshape(270, 480).astype(np.float32)
            levels = levels * rng.normal(1, 0.05) + rng.normal(0, 5, levels.shape)
            if t == count // 2 and shot % 4 == 0:
                levels, flashes = levels * 0.3 + 180, flashes + 1
            frames.append(np.rint(16 + levels.clip(0, 255) * 219 / 255).astype(np.uint8))
    film = write(folder / "cuts.mkv", np.stack(frames))
    found = {shot.first_frame for shot in find_shots(film)}
    print(
        f"cuts: {len(found & starts) - 1} of {len(starts) - 1} found, {len(found - starts)} false, "
        f"with {flashes} flashes in {len(frames)} frames",
        flush=True,
    )


# What it costs


def cost(colorizer: Colorizer, folder: Path) -> None:
    """CPU a frame, against each frame by itself, and the command's peak memory."""
    for height, width in ((720, 1280), (1080, 1920)):
        frames = pan(original("china", width + 400), 48, (5, 2), (height, width))
        grey = write(folder / "cost.mp4", luma_of(frames), codec="libx264")
        target = folder / "out.mp4"
        encoding = Encoding(preset="veryfast")

        def film(grey: Path = grey, target: Path = target, encoding: Encoding = encoding) -> None:
            colorize_film(colorizer, grey, target, encoding=encoding, force=True)

        def each(grey: Path = grey) -> None:
            with av.open(str(grey)) as container:
                for frame in container.decode(video=0):
                    levels = frame.to_ndarray(format="gray")
                    colorizer.colorize(levels).srgb()

        def begin(grey: Path = grey, target: Path = target, encoding: Encoding = encoding) -> None:
            colorize_film(colorizer, grey, target, encoding=encoding, force=True, end_s=0.02)

        whole, theirs, first = (
            min(_cpu_ms(call) for _ in range(2)) for call in (film, each, begin)
        )
        ours, theirs, more = whole / 48, theirs / 48, (whole - first) / 47
        _, peak = _command(grey, folder / "memory.mp4")
        print(
            f"{height}p: CPU {ours:.0f} ms a frame with codecs, {theirs:.0f} ms for "
            f"Colorizer.colorize of each: x{ours / theirs:.2f}; x{more / theirs:.2f} after the "
            f"first frame, which takes {first:.0f} ms; peak memory {peak:.0f} MB",
            flush=True,
        )


def glimpse(colorizer: Colorizer, folder: Path) -> None:
    """The Studio's eight frames of a shot: to open it, and to carry one hint to all of them."""
    for height, width in ((720, 1280), (1080, 1920)):
        frames = pan(original("china", width + 400), MOST_FRAMES, (4, 2), (height, width))
        film = open_film(write(folder / "glimpse.mp4", luma_of(frames), codec="libx264"))
        started = time.perf_counter(), time.process_time()
        shot = Glimpse(
            colorizer, film, find_bars(film), shot=1, number=0, start_s=0.0, count=len(frames)
        )
        list(shot.paint(FilmHints(), vividness=0.95, large=[0]))
        opened = time.perf_counter() - started[0], time.process_time() - started[1]
        seconds = []
        for turn in range(5):
            dot = Hint(points=((width / 2, height / 2),), ab=(30.0 - turn, -40.0))
            hints = FilmHints(frames=(FrameHints(time_s=0.0, hints=(dot,)),))
            started = time.perf_counter(), time.process_time()
            list(shot.paint(hints, vividness=0.95, large=[0]))
            seconds.append((time.perf_counter() - started[0], time.process_time() - started[1]))
        wall, cpu = (sorted(one)[2] for one in zip(*seconds, strict=True))
        print(
            f"{height}p: {len(frames)} frames opened in {opened[0]:.2f} s (CPU {opened[1]:.2f}); a "
            f"hint carried to 8 frames in {wall:.2f} s (CPU {cpu:.2f})",
            flush=True,
        )


def _cpu_ms(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return 1000 * (time.process_time() - started)


def _command(source: Path, target: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of the command."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
        "stderr=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    arguments = [str(COMMAND), "video", str(source), "-o", str(target), "--force"]
    started = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - started, int(ran.stdout) / 1024


def long_film(folder: Path, most: int) -> None:
    """Peak memory over 2,000 frames, and over more, of one shot."""
    frames = luma_of(pan(original("china", 600), 100, (2, 1), (96, 160)))
    there_and_back = np.concatenate([frames, frames[::-1]])
    peaks = []
    for count in (2_000, most):
        source = write(folder / "long.mkv", np.tile(there_and_back, (count // 200, 1, 1)))
        peaks.append(_command(source, folder / "long-out.mkv")[1])
        print(f"{count} frames in one shot: peak memory {peaks[-1]:.0f} MB", flush=True)


# What must be exact


def exactness(colorizer: Colorizer, folder: Path) -> None:
    """FFV1: luma, times, sound."""
    luma = luma_of(pan(original("flower", 800), 50, (3, 1), (270, 480)))
    source = write(folder / "exact.mkv", luma, sound=True)
    target = folder / "exact-out.mkv"
    colorize_film(colorizer, source, target, encoding=LOSSLESS)
    facts = [_facts(path) for path in (source, target)]
    for number, what in enumerate(("luma", "times", "sound")):
        print(f"FFV1: {what} {'equal' if facts[0][number] == facts[1][number] else 'DIFFERENT'}")


def _facts(path: Path) -> tuple[list[bytes], list[int | None], list[bytes]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    luma = [np.asarray(frame.to_ndarray()[: frame.height]).tobytes() for frame in frames]
    with av.open(str(path)) as container:
        sound = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    return luma, [frame.pts for frame in frames], sound


def kills(folder: Path, count: int) -> None:
    """Kill the command at random moments, and compare with an undisturbed run."""
    shots = [pan(original(name, 700), 130, (2, 1), (180, 320)) for name in ("china", "flower")]
    source = write(
        folder / "kills.mp4", luma_of(np.concatenate(shots * 4)), codec="libx264", sound=True
    )
    whole, target = folder / "whole.mp4", folder / "killed.mp4"
    seconds, _ = _command(source, whole)
    rng = random.Random(7)
    done = 0
    while done < count:
        arguments = [str(COMMAND), "video", str(source), "-o", str(target)]
        process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=rng.uniform(0.05, 0.6) * seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
        if target.exists():
            same = target.read_bytes() == whole.read_bytes()
            print(f"after {done} kills: {'the same bytes' if same else 'DIFFERENT BYTES'}")
            target.unlink()
    if (folder / "killed.mp4.photochrom").exists():
        _command(source, target)
        same = target.read_bytes() == whole.read_bytes()
        print(f"after {done} kills: {'the same bytes' if same else 'DIFFERENT BYTES'}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=Path, help="a folder of color clips")
    parser.add_argument("--kills", type=int, default=0, help="kill the command so often")
    parser.add_argument(
        "--long", type=int, nargs="?", const=20_000, default=0, help="so many frames in one shot"
    )
    parser.add_argument("--vividness", type=float, help="of the steady film")
    parser.add_argument(
        "--only", default="", help="steadiness, hints, cuts, cost, glimpse, exactness, none"
    )
    options = parser.parse_args()
    colorizer = Colorizer()
    asked = {} if options.vividness is None else {"vividness": options.vividness}

    def clips() -> Iterator[Clip]:
        return folder_clips(options.clips) if options.clips else iter(())

    def every_steadiness() -> None:
        kinds = {"even pans": even_clips(), "pans": sample_clips(), "clips": clips()}
        for what, some in kinds.items():
            print(f" {what}")
            steadiness(colorizer, some, folder, **asked)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts: dict[str, Callable[[], None]] = {
            "steadiness": every_steadiness,
            "hints": lambda: hints_gain(colorizer, chain(sample_clips(), clips()), folder),
            "cuts": lambda: cuts(folder),
            "cost": lambda: cost(colorizer, folder),
            "glimpse": lambda: glimpse(colorizer, folder),
            "exactness": lambda: exactness(colorizer, folder),
        }
        for part, call in parts.items():
            if not options.only or part in options.only.split(","):
                print(part)
                call()
        if options.kills:
            kills(folder, options.kills)
        if options.long:
            long_film(folder, options.long)
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB peak")


if __name__ == "__main__":
    main()
