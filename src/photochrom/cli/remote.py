"""The colorize command where photographs lie in object stores, or work is done by a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pyvips
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from photochrom.batch import cluster as clusters
from photochrom.batch.cluster import Cluster, Team, parse_actors
from photochrom.batch.jobs import STANDARD_STREAM
from photochrom.batch.objects import Earlier, ObjectTask, Plan, sort_out
from photochrom.batch.parts import Parts
from photochrom.batch.remote import ObjectOutcome, Worker, in_threads
from photochrom.batch.status import Summary, summarize
from photochrom.cli import streams
from photochrom.cli.codes import ExitCode
from photochrom.cli.console import error_console, interruptible
from photochrom.cli.crew import LISTED
from photochrom.cli.order import BatchOrder
from photochrom.errors import JobError, StoreError
from photochrom.models.abilities import check_able
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.cores import threads_each, usual_workers
from photochrom.runtime.memory import Budget, usual_bytes

GIVEN_UP = 30
"""After this many failures of a store in a row, the run ends."""


@dataclass(frozen=True, kw_only=True)
class StoreOrder:
    """An order for object stores, or for a cluster."""

    order: BatchOrder
    plan: Plan
    memory_bytes: int | None = None
    """For photographs in work: in all, or with a cluster in each actor; None: as usual."""
    cluster: Cluster | None = None

    def tasks(self) -> Iterator[ObjectTask]:
        """All tasks, as they are listed."""
        resume = self.order.resume
        earlier = Earlier(self.plan, resume=resume)
        return sort_out(self.plan, earlier, resume=resume, force=self.order.force)


@dataclass(kw_only=True)
class _Tally:
    """What is said and counted on the way."""

    console: Console
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    lost_in_a_row: int = 0

    def left_of(self, tasks: Iterator[ObjectTask]) -> Iterator[ObjectTask]:
        """What is left to do."""
        for task in tasks:
            if task.step == "keep":
                self.console.print(f"kept: {task.reason}", style="yellow", markup=False)
            if task.step in ("skip", "keep"):
                self.counts["before"] += 1
            else:
                yield task

    def take(self, outcome: ObjectOutcome) -> None:
        """Count an outcome and say it."""
        record = outcome.record
        self.counts[record.status] += 1
        self.lost_in_a_row = self.lost_in_a_row + 1 if outcome.lost else 0
        if record.error:
            style = "red" if record.status == "failed" else None
            self.console.print(f"{record.status}: {record.error}", style=style, markup=False)
            if record.status == "failed" and len(self.failures) < LISTED:
                self.failures.append(record.error)
        else:
            size = f" ({outcome.size[1]} x {outcome.size[0]})" if outcome.size else ""
            self.console.print(f"{record.input} -> {record.output}{size}", markup=False)
        for remark in outcome.remarks:
            self.console.print(f"  {remark}", style="yellow", markup=False)
        if self.lost_in_a_row >= GIVEN_UP:
            raise StoreError(
                f"A store has failed {GIVEN_UP} times in a row, the last time so: {record.error} "
                "Go on with --resume when it is well."
            )

    def finish(self, *, stopped: bool) -> int:
        """Sum up; the exit code."""
        finished = sum(self.counts[name] for name in ("done", "failed", "skipped"))
        if self.counts["before"]:
            self.console.print(f"{self.counts['before']} done before.")
        if failed := self.counts["failed"]:
            self.console.print(f"{failed} of {finished} failed.", style="red")
            for words in self.failures if finished > 1 else ():
                self.console.print(f"  {words}", style="red", markup=False)
            if failed > LISTED:
                self.console.print(f"  ... and {failed - LISTED} more.", style="red")
        if stopped:
            self.console.print(
                f"Stopped: {finished} done; the same command with --resume does the rest."
            )
            return ExitCode.INTERRUPTED
        return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def carry_out(
    order: BatchOrder, *, memory_bytes: int | None, ray: str, actors: str, dry_run: bool
) -> int:
    """Colorize photographs of object stores, or on a cluster; the exit code.

    Parameters
    ----------
    order : what the command was asked for
    memory_bytes : as for `StoreOrder`
    ray, actors : the options of those names; no cluster where the first is empty
    dry_run : say what would be done, and do nothing

    Raises
    ------
    JobError
        An option doesn't go with stores and clusters.
    """
    single = order.single == "--confidence" or len(order.inputs) > 1
    for name, given in (
        ("--watch", order.watch),
        ("--manifest", order.manifest is not None),
        ("--pages all", order.all_pages),
        ("--show", order.show),
        ("--json", order.as_json),
        ("--edits", order.edits is not None),
        ("stdin", STANDARD_STREAM in order.inputs),
        (order.single, bool(order.single) and single),
    ):
        if given:
            raise JobError(f"{name} is not available with object stores and clusters.")
    if ray and order.workers is not None:
        raise JobError("--jobs is not available with --ray; --actors sets how many processes work.")
    if order.output in (None, STANDARD_STREAM):
        raise JobError("Name the output with -o, such as -o s3://BUCKET/colored.")
    plan = Plan(
        inputs=order.inputs,
        output=order.output or "",
        recursive=order.recursive,
        whole_keys=order.parents,
        alternatives=order.alternatives,
        shard=order.shard,
    )
    cluster = Cluster(address=ray, actors=parse_actors(actors) if actors else None)
    remote_order = StoreOrder(
        order=order, plan=plan, memory_bytes=memory_bytes, cluster=cluster if ray else None
    )
    if dry_run:
        show(remote_order)
        return 0
    return run(remote_order)


def run(order: StoreOrder) -> int:
    """Colorize what there is.

    Returns
    -------
    The exit code: 0, 1 where some failed, 130 where Ctrl-C came before the end
    """
    tally = _Tally(console=error_console())
    with interruptible(patient=True, abandon=lambda: None) as stop:
        tasks = tally.left_of(order.tasks())
        outcomes = _on_cluster(order, tasks) if order.cluster else _in_threads(order, tasks, stop)
        with closing(outcomes), _counting(tally.console) as count:
            for outcome in outcomes:
                tally.take(outcome)
                count()
                if order.cluster and stop():
                    break
    return tally.finish(stopped=stop())


def show(order: StoreOrder) -> None:
    """Print what would be done, and do nothing."""
    counts: Counter[str] = Counter()
    for task in order.tasks():
        counts[task.step] += 1
        words = f"{task.source} -> {task.target}" + (f" ({task.reason})" if task.reason else "")
        quiet = task.step in ("skip", "keep", "refuse")
        print(streams.line(f"{task.step}: {task.source} ({task.reason})" if quiet else words))
    left = counts["make"] + counts["replace"] + counts["check"]
    before = counts["skip"] + counts["keep"]
    error_console().print(
        f"{left} to colorize, {before} done before, {counts['refuse']} refused; "
        "nothing was written."
    )


def status(place: str) -> int:
    """Print what has become of a batch; the exit code is 1 where some have failed."""
    found: Summary = summarize(place)
    print(f"done     {found.done:>12,}")
    print(f"skipped  {found.skipped:>12,}  (they have colors)")
    print(f"failed   {found.failed:>12,}")
    print(f"read     {found.input_bytes / 1e9:>12,.3f} GB")
    print(f"written  {found.output_bytes / 1e9:>12,.3f} GB")
    if found.done:
        print(f"each     {found.seconds / found.done:>12,.3f} s")
    if found.repeated:
        print(f"repeated {found.repeated:>12,}")
    for model, count in found.models.most_common():
        print(f"model    {count:>12,}  {model}")
    for name, words in list(found.errors.items())[:LISTED]:
        print(streams.line(f"failed: {name}: {words}"))
    if found.failed > LISTED:
        print(f"... and {found.failed - LISTED} more")
    return ExitCode.SOME_FAILED if found.failed else ExitCode.DONE


def _in_threads(
    store: StoreOrder, tasks: Iterator[ObjectTask], stop: Callable[[], bool]
) -> Generator[ObjectOutcome, None, None]:
    order = store.order
    workers = order.workers or usual_workers()
    threads = threads_each(workers)
    pyvips.concurrency_set(threads)
    colorizer = Colorizer(order.model, like=order.like, threads=threads, device=order.device)
    check_able(colorizer.contract, *order.sometimes)
    reference = None if order.reference is None else colorizer.reference(order.reference)
    budget = Budget(store.memory_bytes or usual_bytes())
    worker = Worker(colorizer=colorizer, options=order.options, reference=reference, budget=budget)
    with Parts(store.plan.manifest) as written:
        for outcome in in_threads(tasks, worker.do, workers=workers, stop=stop):
            written.append(outcome.record)
            yield outcome


def _on_cluster(
    store: StoreOrder, tasks: Iterator[ObjectTask]
) -> Generator[ObjectOutcome, None, None]:
    assert store.cluster is not None
    order = store.order
    reference = None
    if order.sometimes:
        colorizer = Colorizer(order.model, like=order.like)
        check_able(colorizer.contract, *order.sometimes)
        if order.reference is not None:
            reference = colorizer.reference(order.reference)
    team = Team.of(
        order.model,
        like=order.like,
        device=order.device,
        reference=reference,
        manifest=store.plan.manifest,
        options=order.options,
        memory_bytes=store.memory_bytes,
    )
    return clusters.run(tasks, team, store.cluster)


@contextmanager
def _counting(console: Console) -> Iterator[Callable[[], None]]:
    """A line that counts, with the rate; how many there will be nobody knows yet."""
    columns = (TextColumn("colorizing: {task.completed:.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda: bar.advance(task)
