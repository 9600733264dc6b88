"""Those who carry out an order of the colorize command, and say what happens."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console

from photochrom.batch import manifest, pool, resume
from photochrom.batch.edited import Edited
from photochrom.batch.jobs import Job, Made, Shared
from photochrom.batch.manifest import Manifest
from photochrom.batch.pool import Outcome
from photochrom.batch.resume import Task
from photochrom.batch.watch import watch
from photochrom.cli.advice import error_text, worded
from photochrom.cli.codes import ExitCode
from photochrom.cli.console import error_console, interruptible, progress
from photochrom.cli.order import BatchOrder
from photochrom.errors import DataError, JobError
from photochrom.models.abilities import check_able
from photochrom.pictures import writing
from photochrom.pictures.footprint import EACH_BYTES
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.cores import threads_each, usual_workers
from photochrom.runtime.edits import SUFFIX
from photochrom.runtime.memory import Budget

LISTED = 20
"""How many failures are listed again at the end; the manifest has all."""


@dataclass(frozen=True, kw_only=True)
class _Crew:
    """Who does the work, and where it is said and written down."""

    order: BatchOrder
    budget: Budget
    colorizer: Colorizer
    reference: Reference | None
    edits: Edited | None
    workers: int
    written: Manifest | None
    console: Console
    stop: Callable[[], bool]
    shared: Shared = field(default_factory=Shared)

    def left_of(self, jobs: Sequence[Job]) -> list[Task]:
        """What is left to do; what isn't is said."""
        if self.written is not None:
            # Where the folder's results are shared out among machines, locks may not reach others.
            folder = self.written.path.parent
            shared = self.order.shard is not None
            shared |= len(manifest.family(folder / manifest.NAME)) > 1
            targets = (job.target for job in jobs if job.target)
            resume.remove_left(targets, of_others=not shared)
            if self.written.unreadable and not self.order.watch:
                self.console.print(
                    f"{self.written.path}: {self.written.unreadable} of its lines can't be read, "
                    "and count as if they weren't there.",
                    style="yellow",
                    markup=False,
                )
        tasks, skipped, others = [], 0, 0
        for task in resume.sort_out(
            jobs, manifest=self.written, resume=self.order.resume, force=self.order.force
        ):
            if self.stop():
                break
            if task.step == "keep":
                self.console.print(
                    f"kept: {worded(task.reason, task.advice)}", style="yellow", markup=False
                )
            if task.step in ("skip", "keep"):
                skipped += 1
                others += self._is_of_another_model(task)
            else:
                tasks.append(task)
        if skipped and not self.order.watch:
            self.console.print(f"{skipped} done before, {len(tasks)} left.")
        if others:
            self.console.print(
                f"{others} of these were made with another model, or another version of it, "
                f"than {self.colorizer.contract.identity}, and stay as they are.",
                style="yellow",
                markup=False,
            )
        return tasks

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Do tasks, and say of each what became of it."""
        for outcome in pool.run(
            tasks,
            self._work,
            workers=max(1, min(self.workers, len(tasks))),
            manifest=self.written,
            model=self.colorizer.contract.identity,
            stop=self.stop,
        ):
            self._say(outcome)
            yield outcome

    def _work(self, job: Job, *, force: bool) -> Made:
        order = self.order
        return job.run(
            self.colorizer,
            options=order.options,
            reference=self.reference,
            edits=self.edits,
            confidence=order.confidence,
            replace_confidence=order.force,
            shared=self.shared,
            force=force,
            all_pages=order.all_pages,
            budget=self.budget,
        )

    def _is_of_another_model(self, task: Task) -> bool:
        if self.written is None or task.job.target is None:
            return False
        record = self.written.done[self.written.key(task.job.target)]
        ours = self.colorizer.contract.identity
        if self.edits is not None and task.job.source is not None:
            ours = self.edits.model_of(task.job.source)
        return record.model is None or not record.model.same_as(ours)

    def _say(self, outcome: Outcome) -> None:
        job, made = outcome.task.job, outcome.made
        if self.order.as_json:
            print(_json(outcome), flush=True)
            if outcome.error is None:
                return
        if outcome.error is not None:
            style = "red" if outcome.status == "failed" else None
            self.console.print(
                f"{outcome.status}: {error_text(outcome.error)}", style=style, markup=False
            )
            return
        size = f"{made.width} x {made.height}" if made else outcome.task.reason
        note = f"; {job.note}" if job.note else ""
        self.console.print(f"{job.name} -> {job.target or 'stdout'} ({size}{note})", markup=False)
        if made:
            for remark in made.remarks:
                self.console.print(f"  {remark}", style="yellow", markup=False)


def run(order: BatchOrder, budget: Budget) -> int:
    """Colorize what there is.

    Returns
    -------
    The exit code: 0, 1 where some failed, 130 where Ctrl-C came before the end
    """
    jobs = order.plan()
    if any(job.target is None for job in jobs) and sys.stdout.isatty():
        raise JobError(
            "Refusing to write a picture to the terminal; name a file with -o, or use a pipe."
        )
    if order.as_json and any(job.target is None for job in jobs):
        raise JobError("--json prints to stdout; name a file for the picture with -o.")
    failed: list[Outcome] = []
    shown: list[tuple[Path, Path]] = []
    finished = pages = 0
    with _crew(order, budget, jobs) as crew:
        tasks = crew.left_of(jobs)
        with progress("colorizing", len(tasks), console=crew.console) as done:
            for finished, outcome in enumerate(crew.outcomes(tasks), start=1):
                failed += [outcome] if outcome.status == "failed" else []
                pages += outcome.made.pages_left if outcome.made else 0
                source, target = outcome.task.job.source, outcome.task.job.target
                if order.show and outcome.made and source and target:
                    shown.append((source, target))
                done(finished, len(tasks))
    if pages and len(tasks) > 1:
        many = "pages were left out; --pages all takes them"
        one = "page was left out; --pages all takes it"
        crew.console.print(f"{pages} further {many if pages > 1 else one}.", style="yellow")
    if crew.written is not None and crew.written.times_remade:
        crew.console.print(
            f"{crew.written.path} was removed meanwhile, and was written anew.",
            style="yellow",
            markup=False,
        )
    for line in order.left_out():
        crew.console.print(line, style="yellow", markup=False)
    if tasks and crew.edits is not None and not crew.edits.found:
        crew.console.print(
            f"None of these photographs has edits in {order.edits}; expected files such as "
            f"{Path(tasks[0].job.name).name}{SUFFIX}.",
            style="yellow",
            markup=False,
        )
    lost = order.unseen()
    for line in lost[:LISTED]:
        crew.console.print(f"failed: {line}", style="red", markup=False)
    if len(lost) > LISTED:
        crew.console.print(f"failed: ... and {len(lost) - LISTED} more.", style="red")
    if order.show:
        _show(shown, crew.console)
    _say_failed(failed, finished, crew.console)
    if finished < len(tasks) or (crew.stop() and not tasks):
        advice = "; the same command with --resume does the rest" if order.output else ""
        crew.console.print(f"Stopped: {finished} of {len(tasks)} done{advice}.", markup=False)
        return ExitCode.INTERRUPTED
    return ExitCode.SOME_FAILED if failed or lost else ExitCode.DONE


def _json(outcome: Outcome) -> str:
    """What became of a photograph, in one line; letters beyond ASCII are escaped."""
    job, made = outcome.task.job, outcome.made
    told = {
        "input": job.name,
        "output": str(job.target) if job.target else None,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "width": made.width if made else None,
        "height": made.height if made else None,
        "remarks": list(made.remarks) if made else [],
        "error": error_text(outcome.error) if outcome.error else None,
    }
    return json.dumps(told)


def _show(shown: Sequence[tuple[Path, Path]], console: Console) -> None:
    """Results beside their photographs, where the terminal can."""
    from photochrom.cli import thumbnails

    if not shown:
        return
    way = thumbnails.way_of(os.environ, asked=thumbnails.attributes()) if _is_seen() else None
    if way is None:
        console.print("--show needs a terminal with pictures: kitty, iTerm2 or sixel.")
        return
    for before, after in shown[: thumbnails.MOST]:
        both = thumbnails.side_by_side(before, after)
        if both is not None:
            sys.stderr.write(thumbnails.encoded(both, way))
    if len(shown) > thumbnails.MOST:
        console.print(f"... and {len(shown) - thumbnails.MOST} more.")


def _is_seen() -> bool:
    return sys.stderr.isatty()


def run_watch(order: BatchOrder, budget: Budget) -> int:
    """Colorize what is in folders and what arrives there, until Ctrl-C.

    Returns
    -------
    The exit code: 0, or 1 where some that are there could not be colorized
    """
    for name in order.inputs:
        if not Path(name).is_dir():
            raise JobError(f"{name}: --watch needs folders.")
    with suppress(DataError):  # no photographs yet
        order.plan()
    jobs: list[Job] = []
    failed: dict[Path | None, Outcome] = {}
    finished = made = 0
    with _crew(order, budget, jobs) as crew:
        where = ", ".join(order.inputs)
        crew.console.print(f"Watching {where}; Ctrl-C ends it.", markup=False)
        for ready in watch(order.plan, interval_s=order.interval_s, stop=crew.stop):
            jobs[:] = ready
            for outcome in crew.outcomes(crew.left_of(ready)):
                finished += 1
                failed.pop(outcome.task.job.source, None)
                if outcome.status == "failed":
                    failed[outcome.task.job.source] = outcome
                made += outcome.made is not None
    failed = {path: outcome for path, outcome in failed.items() if path and path.exists()}
    _say_failed(list(failed.values()), finished, crew.console)
    crew.console.print(f"Stopped watching; {made} colorized.")
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


@contextmanager
def _crew(order: BatchOrder, budget: Budget, jobs: Sequence[Job]) -> Iterator[_Crew]:
    """Open what the work needs; `jobs` may change during a watch."""
    workers = budget.workers(order.workers or usual_workers(), EACH_BYTES)
    if not order.watch:
        workers = max(1, min(workers, len(jobs)))
    open_ = partial(Colorizer, threads=threads_each(workers), device=order.device)
    colorizer = open_(order.model, like=order.like)
    check_able(colorizer.contract, *order.sometimes)
    edits = None
    if order.edits is not None:
        edits = Edited(order.edits, colorizer, None if order.model else open_)
    with (
        order.open_manifest(jobs, write=True) or nullcontext() as written,
        interruptible(patient=order.watch or len(jobs) > 1, abandon=writing.abandon) as stop,
    ):
        yield _Crew(
            order=order,
            budget=budget,
            colorizer=colorizer,
            reference=None if order.reference is None else colorizer.reference(order.reference),
            edits=edits,
            workers=workers,
            written=written,
            console=error_console(),
            stop=stop,
        )


def _say_failed(failed: Sequence[Outcome], finished: int, console: Console) -> None:
    """Name again, where all can see it, what has not been colorized."""
    if not failed:
        return
    console.print(f"{len(failed)} of {finished} failed.", style="red")
    if finished > 1:
        for error in [outcome.error for outcome in failed if outcome.error][:LISTED]:
            console.print(f"  {error_text(error)}", style="red", markup=False)
    if len(failed) > LISTED:
        console.print(f"  ... and {len(failed) - LISTED} more.", style="red")
    refused = sum(outcome.task.step == "refuse" for outcome in failed)
    if refused > 1:
        console.print(
            f"{refused} results are there already: --resume leaves alone what is done, "
            "--force makes it anew."
        )
