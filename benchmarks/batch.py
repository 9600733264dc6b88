"""How many photographs a second a folder gives: one core against all, and where the time goes.

    python benchmarks/batch.py

Makes 60 one-megapixel gray JPEGs from a sample photograph and colorizes them as
`photochrom colorize FOLDER -o OUT` does, in processes of their own: on one core and on all, with
the usual number of workers for each. Prints pictures/s, their ratio, and CPU time a picture,
which other work on the machine disturbs less than the rate; then the CPU time of each stage for
one picture, on one thread. Beside it stands one process for each core, which share nothing but the
machine: what two cores give there is what it has.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyvips

import photochrom
from photochrom import Colorizer, color
from photochrom.batch import pool
from photochrom.batch.jobs import Job, Made
from photochrom.batch.manifest import NAME, Manifest, sha256_of
from photochrom.batch.plan import plan
from photochrom.batch.resume import sort_out
from photochrom.runtime.cores import threads_each, usual_workers
from photochrom.runtime.prepared import small_size
from photochrom.runtime.upsample import guide

SAMPLE = Path(photochrom.__file__).parent / "samples" / "china.jpg"
PICTURES = 60
WIDTH, HEIGHT = 1152, 868
RUNS = 7
STAGE_RUNS = 20


def cpu_s() -> float:
    """CPU seconds of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def make_folder(folder: Path) -> None:
    """Gray JPEGs, no two the same."""
    folder.mkdir()
    sample = pyvips.Image.thumbnail(str(SAMPLE), WIDTH, height=HEIGHT, size="force")
    gray = sample.colourspace("b-w").copy_memory()
    for number in range(PICTURES):
        shifted = gray.wrap(x=number * WIDTH // PICTURES, y=0)
        shifted.jpegsave(str(folder / f"{number:02}.jpg"), Q=92)


def colorize_folder(folder: Path, out: Path, *, workers: int) -> dict[str, float]:
    """Colorize a folder in this process; seconds and CPU seconds, model loading left out."""
    colorizer = Colorizer(threads=threads_each(workers))

    def work(job: Job, *, force: bool) -> Made:
        return job.run(colorizer, force=force)

    jobs = plan([str(folder)], str(out))
    with Manifest(out / NAME) as manifest:
        first, *rest = sort_out(jobs, manifest=manifest, resume=False, force=False)
        for _ in pool.run([first], work, workers=1, manifest=manifest):
            pass  # a warm-up: tables and memory that later pictures find made
        begun, cpu = time.perf_counter(), cpu_s()
        outcomes = list(pool.run(rest, work, workers=workers, manifest=manifest))
        figures = {"seconds": time.perf_counter() - begun, "cpu_s": cpu_s() - cpu}
    assert len(outcomes) == len(rest)
    assert not any(outcome.error for outcome in outcomes)
    return {"pictures": len(rest), **figures}


def measure(folder: Path, out: Path, *, places: list[set[int]]) -> tuple[float, float]:
    """`colorize_folder` in processes of their own, one for each set of cores, at once.

    Returns pictures a second of all together, and CPU seconds a picture.
    """
    usual = os.sched_getaffinity(0)
    running = []
    for number, cores in enumerate(places):
        os.sched_setaffinity(0, cores)  # from the start, as libraries begin threads on import
        command = [sys.executable, __file__, str(folder), str(out / str(number))]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    os.sched_setaffinity(0, usual)
    printed = [process.communicate()[0] for process in running]
    shutil.rmtree(out)
    assert not any(process.returncode for process in running)
    found = [json.loads(text) for text in printed]
    rate = sum(one["pictures"] / one["seconds"] for one in found)
    return rate, sum(one["cpu_s"] for one in found) / sum(one["pictures"] for one in found)


def print_rates(folder: Path, out: Path) -> None:
    """All ways in turn; the best run of each, as other work can only slow one down."""
    cores = os.sched_getaffinity(0)
    separate = f"{len(cores)} processes of one core"
    ways = {
        "one core": [{min(cores)}],
        f"{len(cores)} cores": [cores],
        separate: [{core} for core in cores],
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, places in ways.items():
            runs[name].append(measure(folder, out, places=places))
    best = {name: max(rate for rate, _ in found) for name, found in runs.items()}
    for name, found in runs.items():
        cpu = min(cpu for _, cpu in found)
        print(f"{name:<24} {best[name]:6.1f} pictures/s   {1000 * cpu:6.1f} ms CPU a picture")
    one, together, machine = best.values()
    print(f"ratio {together / one:.2f}; of separate processes, {machine / one:.2f}")


def print_stages(photograph: Path, out: Path) -> None:
    """CPU time of the stages of one photograph, one thread each."""
    pyvips.concurrency_set(1)
    colorizer = Colorizer(threads=1)
    prepared = colorizer.prepare(str(photograph))
    picture, session = prepared.picture, colorizer.network
    size = small_size(picture.size, colorizer.contract.short_side_px)
    small, ab = picture.srgb(size=size), prepared.ab()
    painted = prepared.paint()
    saved = painted.save(out / "stage.jpg", force=True)
    plain = pyvips.Image.new_from_file(str(saved)).copy_memory()
    stages: dict[str, Callable[[], object]] = {
        "all": lambda: colorizer.colorize(str(photograph)).save(saved, force=True),
        "  read, decode and shrink": lambda: photochrom.read(photograph).srgb(size=size),
        "  L* of the small copy": lambda: color.srgb_to_lightness(small),
        "  encoder": lambda: session.encode(prepared.lightness),
        "  decoder": lambda: session.decode(prepared.features),
        "  guide": lambda: guide(ab, prepared.lightness),
        "  paint, encode and write": lambda: painted.save(saved, force=True),
        "    of which painting": lambda: painted._open().copy_memory(),
        "    of which encoding a JPEG": lambda: plain.jpegsave_buffer(Q=92),
        "  hash of the result": lambda: sha256_of(saved),
    }
    for name, call in stages.items():
        call()
        begun = cpu_s()
        for _ in range(STAGE_RUNS):
            call()
        print(f"{name:<28} {1000 * (cpu_s() - begun) / STAGE_RUNS:7.1f} ms CPU")


def main() -> None:
    """Measure and print; with arguments, be one of the measured processes."""
    if len(sys.argv) > 1:
        figures = colorize_folder(*map(Path, sys.argv[1:]), workers=usual_workers())
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "gray", Path(name) / "out"
        make_folder(folder)
        print(f"{PICTURES} gray JPEGs of {WIDTH} x {HEIGHT}; load {os.getloadavg()[0]:.1f}")
        print_rates(folder, out)
        out.mkdir()
        print_stages(folder / "00.jpg", out)


if __name__ == "__main__":
    main()
