"""Colorizes photographs of object stores: one task, plain values, becomes one record.

The same for threads of one process, for a shard, and for an actor of a Ray cluster.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from photochrom.batch.objects import ObjectTask
from photochrom.batch.parts import ObjectRecord
from photochrom.errors import (
    Advice,
    AlreadyColoredError,
    NoAlternativeError,
    OutputExistsError,
    PhotochromError,
    PictureError,
    PictureReadError,
    StoreError,
)
from photochrom.pictures import footprint, formats, picture, stores
from photochrom.pictures.stores import Address, ObjectStamp
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.runtime.options import DEFAULTS, Options

_SOURCE, _HASH = "photochromsource", "photochromsha256"
"""What is noted with a result: of which version of which photograph it is, and its hash. Azure
takes no hyphens in these names."""


@dataclass(frozen=True, kw_only=True)
class ObjectOutcome:
    """What became of a task: plain values, which go between processes as they are."""

    record: ObjectRecord
    size: tuple[int, int] | None = None
    """(height, width) of what has been made now."""
    remarks: tuple[str, ...] = ()
    lost: bool = False
    """Whether it failed because a store can't be reached, or refuses."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A model and what is asked of it; does tasks, from several threads.

    Parameters
    ----------
    colorizer : the model
    options : what is asked for
    reference : as for `Prepared.paint`
    budget : of memory; photographs wait until there is enough
    """

    colorizer: Colorizer
    options: Options = DEFAULTS
    reference: Reference | None = None
    budget: Budget | None = None

    def do(self, task: ObjectTask) -> ObjectOutcome:
        """Colorize a photograph, unless a task says otherwise; never raises for what is in it."""
        begun = time.perf_counter()
        record = ObjectRecord(input=task.source, output=task.key, status="done")
        try:
            outcome = self._done(task, record)
        except PhotochromError as error:
            left = isinstance(error, AlreadyColoredError | NoAlternativeError)
            status: Literal["skipped", "failed"] = "skipped" if left else "failed"
            record = replace(record, status=status, error=str(error))
            outcome = ObjectOutcome(record=record, lost=isinstance(error, StoreError))
        except MemoryError:
            words = f"{task.source}: this takes more memory than the process may use."
            outcome = ObjectOutcome(record=replace(record, status="failed", error=words))
        seconds = time.perf_counter() - begun
        return replace(outcome, record=replace(outcome.record, seconds=seconds))

    def _done(self, task: ObjectTask, record: ObjectRecord) -> ObjectOutcome:
        if task.step == "refuse":
            raise OutputExistsError(task.reason)
        source = Address.parse(task.source)
        if task.step == "check":
            seen = stores.look(source)
            if seen is None:
                raise PictureReadError(f"{source}: the object does not exist.")
            return self._adopted(task, record, seen[0], None)
        data, stamp = stores.get(source)
        with nullcontext() if self.budget is None else self._admitted(task, data, self.budget):
            encoded, size, remarks = self._painted(task, data)
        sha256 = hashlib.sha256(encoded).hexdigest()
        notes = {
            "Content-Type": _content_type(task.key),
            _SOURCE: stores.fingerprint(task.source, stamp),
            _HASH: sha256,
        }
        target = Address.parse(task.target)
        written = stores.put(target, encoded, notes=notes, replace=task.step == "replace")
        if written is None:  # our own repeated request, a killed actor's, or somebody's
            return self._adopted(task, record, stamp, encoded)
        record = replace(
            record,
            input_stamp=stamp,
            output_stamp=written,
            sha256=sha256,
            model=self.colorizer.contract.identity,
        )
        return ObjectOutcome(record=record, size=size, remarks=remarks)

    def _admitted(
        self, task: ObjectTask, data: bytes, budget: Budget
    ) -> AbstractContextManager[None]:
        """Hold the memory that a photograph takes, its result in memory included."""
        found = footprint.of(data, name=task.source, max_pixels=self.options.max_pixels)
        suffix = PurePosixPath(task.key).suffix.lower()
        needs = found.writing(suffix, lossless=self.options.lossless, kept=True)
        return budget.taking(needs, subject=task.source)

    def _painted(
        self, task: ObjectTask, data: bytes
    ) -> tuple[bytes, tuple[int, int], tuple[str, ...]]:
        """The result as a file's bytes, its (height, width), and remarks."""
        options = self.options
        source = picture.read(
            data,
            name=task.source,
            max_pixels=options.max_pixels,
            allow_damaged=options.allow_damaged,
        )
        format_ = PurePosixPath(task.key).suffix
        quality, lossless = options.quality, options.lossless
        source.check_writable(format_, quality=quality, lossless=lossless)
        if task.alternative:
            options = replace(options, alternative=task.alternative)
        prepared = self.colorizer.prepare(source, only_gray=options.only_gray, once=True)
        result = options.paint(prepared, reference=self.reference)
        encoded = result.encode(format_, quality=quality, lossless=lossless)
        return encoded, result.size, (*result.notes, *result.losses(format_))

    def _adopted(
        self, task: ObjectTask, record: ObjectRecord, stamp: ObjectStamp, ours: bytes | None
    ) -> ObjectOutcome:
        """Take a result for done that is this photograph's; by its notes, or by its bytes."""
        target = Address.parse(task.target)
        found = stores.look(target)
        if found is None:
            raise OutputExistsError(f"{target}: the object existed a moment ago; try again.")
        written, notes = found
        sha256 = notes.get(_HASH, "")
        if notes.get(_SOURCE) != stores.fingerprint(task.source, stamp):
            data = stores.get(target)[0]
            sha256 = hashlib.sha256(data).hexdigest()
            if data != ours and not (ours is None and _is_result_of(data, task.source)):
                raise OutputExistsError(
                    f"{target}: the object already exists and is not a result of this photograph.",
                    advice=[Advice.OTHER_OUTPUT, Advice.REPLACE],
                )
        return ObjectOutcome(
            record=replace(
                record,
                input_stamp=stamp,
                output_stamp=written,
                sha256=sha256,
            ),
            remarks=("it was there already, without a record",),
        )


def in_threads(
    tasks: Iterable[ObjectTask],
    do: Callable[[ObjectTask], ObjectOutcome],
    *,
    workers: int,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[ObjectOutcome]:
    """Do tasks in threads; they are taken as they are begun, at most two more than workers.

    Parameters
    ----------
    tasks : from `sort_out`
    do : `Worker.do`
    workers : how many threads
    stop : asked before each task; True lets those at work finish, and begins no other

    Yields
    ------
    Outcomes in the order of completion
    """
    queue = iter(tasks)
    running: set[Future[ObjectOutcome]] = set()
    with ThreadPoolExecutor(workers, "photochrom") as pool:
        try:
            while True:
                while len(running) < workers + 2 and not stop():
                    task = next(queue, None)
                    if task is None:
                        break
                    running.add(pool.submit(do, task))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            for future in running:
                future.cancel()


def _content_type(key: str) -> str:
    return formats.BY_SUFFIX[PurePosixPath(key).suffix.lower()].media_type


def _is_result_of(data: bytes, source: str) -> bool:
    """Whether bytes are a whole picture of a photograph's size."""
    try:
        result = picture.read(data, name="result")
        result.srgb(size=(16, 16))  # streams through all of it
        original, _ = stores.get(Address.parse(source))
        return result.size == picture.read(original, name=source).size
    except PictureError:
        return False
