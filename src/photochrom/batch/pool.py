"""Several workers colorize a batch: reading, the network and writing of pictures overlap.

libvips, ONNX Runtime and files release the interpreter's lock, so that threads are enough and
the model is in memory once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

import pyvips

from photochrom.batch.jobs import STANDARD_STREAM, Job, Made
from photochrom.batch.manifest import Manifest, Record, Stamp, Status, sha256_of
from photochrom.batch.resume import Task, is_whole
from photochrom.errors import (
    Advice,
    AlreadyColoredError,
    ManifestError,
    NoAlternativeError,
    OutputExistsError,
    PhotochromError,
    PictureError,
    PictureReadError,
    PictureWriteError,
)
from photochrom.models.contract import ModelIdentity
from photochrom.runtime.cores import threads_each


class Work(Protocol):
    """Colorizes the photograph of a job and writes the result, such as `Job.run`."""

    def __call__(self, job: Job, *, force: bool) -> Made:
        """Do it; `force` allows to replace what is there."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a task: facts only, which may go to another process."""

    task: Task
    seconds: float = 0.0
    made: Made | None = None
    """What has been made now."""
    error: PhotochromError | None = None

    @property
    def status(self) -> Status:
        """``skipped`` is a photograph that has colors already, and was to be left alone, or an
        alternative that there isn't."""
        if isinstance(self.error, AlreadyColoredError | NoAlternativeError):
            return "skipped"
        return "failed" if self.error else "done"


def run(
    tasks: Iterable[Task],
    work: Work,
    *,
    workers: int,
    manifest: Manifest | None = None,
    model: ModelIdentity | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Outcome]:
    """Do tasks in several threads; at most two more than there are workers are in flight.

    libvips gets `cores.threads_each` threads for each worker; the model should have been opened
    with as many.

    Parameters
    ----------
    tasks : from `resume.sort_out`; taken one by one, as they are begun
    work : colorizes one photograph; called from several threads
    workers : how many
    manifest : where to write down what was done, before it is yielded
    model : which one it is that colorizes, for the manifest, where what was made names no other
    stop : asked before each task: True lets the tasks at work finish, and begins no other

    Yields
    ------
    Outcomes in the order of completion

    Raises
    ------
    ManifestError
        The manifest can't be written. Tasks at work are finished first.
    """
    halted = False

    def do(task: Task) -> Outcome | None:
        if halted or stop():
            return None
        return _do(task, work, manifest=manifest, model=model)

    queue = iter(tasks)
    with _libvips_threads(workers), _crew(do, workers) as crew:
        try:
            under_way = 0
            while True:
                while under_way < workers + 2 and not stop():
                    task = next(queue, None)
                    if task is None:
                        break
                    crew.begin(task)
                    under_way += 1
                if not under_way:
                    return
                outcome = crew.finished()
                under_way -= 1
                if outcome is not None:
                    yield outcome
        finally:
            halted = True


class _Crew:
    """Threads that do tasks; without any, whoever waits for an outcome does the task."""

    def __init__(self, do: Callable[[Task], Outcome | None]) -> None:
        self._do = do
        self._begun: SimpleQueue[Task | None] = SimpleQueue()
        self._finished: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self.threads: list[threading.Thread] = []

    def begin(self, task: Task) -> None:
        """Give a task to the next thread that has nothing to do."""
        self._begun.put(task)

    def finished(self) -> Outcome | None:
        """Wait for an outcome; None for a task that was not begun any more."""
        if not self.threads:
            self._do_next()
        outcome = self._finished.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def start(self, workers: int) -> None:
        """Start this many threads, or as many as the system allows."""
        for number in range(workers):
            thread = threading.Thread(target=self._serve, name=f"photochrom_{number}")
            try:
                thread.start()
            except RuntimeError:
                return
            self.threads.append(thread)

    def end(self) -> None:
        """Wait for the threads to finish what they have begun."""
        for _ in self.threads:
            self._begun.put(None)
        for thread in self.threads:
            thread.join()

    def _serve(self) -> None:
        while self._do_next():
            pass

    def _do_next(self) -> bool:
        task = self._begun.get()
        if task is None:
            return False
        try:
            self._finished.put(self._do(task))
        except BaseException as error:  # for whoever waits
            self._finished.put(error)
        return True


@contextmanager
def _crew(do: Callable[[Task], Outcome | None], workers: int) -> Iterator[_Crew]:
    crew = _Crew(do)
    crew.start(workers)
    try:
        yield crew
    finally:
        crew.end()


@contextmanager
def _libvips_threads(workers: int) -> Iterator[None]:
    """Keep this many libvips pipelines from using more threads than there are cores."""
    if not hasattr(pyvips, "concurrency_set"):
        yield
        return
    before = pyvips.concurrency_get()
    pyvips.concurrency_set(min(before, threads_each(workers)))
    try:
        yield
    finally:
        pyvips.concurrency_set(before)


def _do(
    task: Task, work: Work, *, manifest: Manifest | None, model: ModelIdentity | None
) -> Outcome:
    """Do one task and write it down."""
    job = task.job
    begun = time.perf_counter()
    seen = Stamp.of(job.source) if job.source else None  # before it is read: it may change
    made, error, sha256 = None, None, ""
    try:
        _announce(task, manifest, seen)
        made = _result(task, work)
        if job.target is not None and manifest is not None:
            sha256 = sha256_of(job.target)
    except ManifestError:
        raise
    except (PhotochromError, UnicodeEncodeError, OSError, MemoryError, RuntimeError) as one:
        error = _said_of(one, job)
        if error is None:
            raise
    seconds = time.perf_counter() - begun
    outcome = Outcome(task=task, seconds=seconds, made=made, error=error)
    if job.target is not None and manifest is not None:
        manifest.append(
            Record(
                input=str(job.source or STANDARD_STREAM),
                output=manifest.key(job.target),
                status=outcome.status,
                input_stamp=seen,
                output_stamp=None if error else Stamp.of(job.target),
                sha256=sha256,
                model=None if error else (made and made.model) or model,
                seconds=seconds,
                error=str(error or ""),
            )
        )
    return outcome


def _announce(task: Task, manifest: Manifest | None, seen: Stamp | None) -> None:
    """Write down that a result is about to be replaced, before it is."""
    job = task.job
    if task.step == "replace" and job.target is not None and manifest is not None:
        replacing = Record(
            input=job.name,
            output=manifest.key(job.target),
            status="replacing",
            input_stamp=seen,
            output_stamp=Stamp.of(job.target),
        )
        manifest.append(replacing)


def _said_of(error: Exception, job: Job) -> PhotochromError | None:
    """A photograph's error for a person; None where it is none that a photograph can have."""
    if isinstance(error, PhotochromError):
        if "creating thread" in str(error):  # libvips's words
            return _without_threads(job)
        bare = error.with_traceback(None)  # its frames hold pictures
        bare.__cause__ = bare.__context__ = None
        return bare if _names(job, str(bare)) else _named(bare, job)
    if isinstance(error, UnicodeEncodeError):
        return PictureReadError(f"{job.name}: its name isn't UTF-8; give it another one.")
    if isinstance(error, OSError):
        return PictureWriteError(f"{job.name}: can't be colorized ({error.strerror}).")
    if isinstance(error, MemoryError):
        return PictureError(f"{job.name}: this takes more memory than the process may use.")
    return _without_threads(job) if "start new thread" in str(error) else None


def _names(job: Job, text: str) -> bool:
    return job.name in text or (job.target is not None and str(job.target) in text)


def _named(error: PhotochromError, job: Job) -> PhotochromError:
    """An error that speaks of a hint or of another file, with the photograph's name before it."""
    return type(error)(f"{job.name}: {error}", advice=error.advice)


def _without_threads(job: Job) -> PictureError:
    return PictureError(f"{job.name}: this takes more threads than the process may start.")


def _result(task: Task, work: Work) -> Made | None:
    """What a task has made; None where it was there already."""
    target = task.job.target
    if task.step == "refuse":
        raise OutputExistsError(task.reason, advice=task.advice)
    if task.step == "adopt":
        assert target is not None
        if not is_whole(target):
            raise OutputExistsError(
                f"{target}: the file already exists and is incomplete. Move it away.",
                advice=[Advice.REPLACE],
            )
        return None
    assert task.step in ("make", "replace"), "what is done needs no worker"
    return work(task.job, force=task.step == "replace")
