"""Film: how steady the colors are, and what they cost; how well cuts are found, and kills survived.

    python benchmarks/video.py                     # some minutes
    python benchmarks/video.py --clips FOLDER      # also on real color clips, turned gray
    python benchmarks/video.py --kills 20 --long   # also kills, and 20,000 frames
    python benchmarks/video.py --only none --long 1500 --height 1080

Clips are made from the sample photographs in color by pans, so that motion and truth are known.
W1 and W8 are ab warp errors over 1 and 8 frames at 240 x 135, where the motion leads to the same
thing; of real clips the motion is found on the truth's luminance. Even pans move by whole pixels
at that size, so that the truth has no error; others do so over 8 frames only. All ratios are
within one run: "alone" is each frame colorized by itself.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from pathlib import Path

import av
import numpy as np
import pyvips

from clips import (
    Array,
    Clip,
    even_clips,
    folder_clips,
    luma_of,
    original,
    pan,
    sample_clips,
    write,
)
from photochrom import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.film import open_film
from photochrom.video.glimpse import MOST_FRAMES, Glimpse
from photochrom.video.hints import FilmHints, FrameHints
from photochrom.video.job import Step
from photochrom.video.shots import find_shots
from photochrom.video.small import find_bars
from steadiness import LOSSLESS, hints_gain, steadiness

COMMAND = Path(sys.executable).with_name("photochrom")


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
        grey = write(folder / "cost.mp4", luma_of(frames))
        target = folder / "out.mp4"
        encoding = Encoding(preset="veryfast")

        def film(grey: Path = grey, target: Path = target, encoding: Encoding = encoding) -> None:
            colorize_film(colorizer, grey, target, encoding=encoding, force=True)

        def each(grey: Path = grey) -> None:
            _colorize_each(colorizer, grey, 48)

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


def _colorize_each(colorizer: Colorizer, grey: Path, count: int) -> None:
    with av.open(str(grey)) as container:
        for frame in islice(container.decode(video=0), count):
            colorizer.colorize(frame.to_ndarray(format="gray")).srgb()


def glimpse(colorizer: Colorizer, folder: Path) -> None:
    """The Studio's eight frames of a shot: to open it, and to carry one hint to all of them."""
    for height, width in ((720, 1280), (1080, 1920)):
        frames = pan(original("china", width + 400), MOST_FRAMES, (4, 2), (height, width))
        film = open_film(write(folder / "glimpse.mp4", luma_of(frames)))
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


def _prepare_long(source: Path, count: int, height: int) -> float:
    """Write a long gray film, and return the CPU ms of each of its frames by itself."""
    width, reach = height * 16 // 9 // 2 * 2, height // 4
    luma = luma_of(original("china", width + 2 * reach))
    write(source, _there_and_back(luma, count, (height, width)))
    colorizer = Colorizer()
    return min(_cpu_ms(lambda: _colorize_each(colorizer, source, 24)) for _ in range(2)) / 24


def long_film(colorizer: Colorizer, folder: Path, count: int, height: int) -> None:
    """Peak memory and CPU over a long film: shots of two seconds, then one long shot.

    Linux keeps the peak of a process, and forgets it when asked to.
    """
    source = folder / "long.mp4"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        alone_ms = other.submit(_prepare_long, source, count, height).result()
    part = max(1, count // 10)
    started, before = time.process_time(), 0

    def tell(step: Step) -> None:
        nonlocal started, before
        if step.frames % part == 0:
            now = time.process_time()
            ms = 1000 * (now - started) / (step.frames - before)
            print(
                f"{height}p, frames {before} to {step.frames}: peak memory {_peak_mb():.0f} MB, "
                f"CPU {ms:.0f} ms a frame: x{ms / alone_ms:.2f}",
                flush=True,
            )
            _forget_peak()
            started, before = time.process_time(), step.frames

    _forget_peak()
    whole = time.process_time()
    report = colorize_film(colorizer, source, folder / "long-out.mp4", progress=tell)
    ms = 1000 * (time.process_time() - whole) / count
    print(
        f"{height}p: {report.frames} frames in {report.shots} shots, CPU {ms:.0f} ms a frame, "
        f"{alone_ms:.0f} ms for Colorizer.colorize of each: x{ms / alone_ms:.2f}",
        flush=True,
    )


def _there_and_back(luma: Array, count: int, size: tuple[int, int]) -> Iterator[Array]:
    """Frames of a camera that swings over a picture; for the first half, each shot is another."""
    height, width = size
    down, across = (a - b for a, b in zip(luma.shape, size, strict=True))
    for at in range(count):
        shot = min(at, count // 2) // 50
        turned = luma[:: -1 if shot % 2 else 1, :: -1 if shot % 4 > 1 else 1]
        y, x = (
            round(reach * (1 - math.cos(at / pace)) / 2)
            for reach, pace in ((down, 70), (across, 50))
        )
        yield turned[y : y + height, x : x + width]


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


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
    source = write(folder / "kills.mp4", luma_of(np.concatenate(shots * 4)), sound=True)
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
    parser.add_argument("--kills", type=int, default=0, help="how often to kill the command")
    parser.add_argument(
        "--long", type=int, nargs="?", const=20_000, default=0, help="how many frames"
    )
    parser.add_argument("--height", type=int, default=180, help="of the long film")
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
            long_film(colorizer, folder, options.long, options.height)
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB peak")


if __name__ == "__main__":
    main()
