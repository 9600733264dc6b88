"""What is left to do of a batch, decided before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from photochrom.batch.jobs import Job
from photochrom.batch.manifest import Manifest, Record, Stamp, sha256_of
from photochrom.errors import Advice, PhotochromError
from photochrom.pictures import picture, writing

Step = Literal["make", "replace", "adopt", "skip", "keep", "refuse"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """A job, and what is to be done about it.

    make      there is no result yet
    replace   there is one, and it may be replaced
    adopt     there is a finished one that no record names; it gets its record
    skip      it is done
    keep      it is done, and somebody has changed the result since
    refuse    there is a file that may not be replaced
    """

    job: Job
    step: Step
    reason: str = ""
    advice: tuple[Advice, ...] = ()
    """What can be done about it."""


def sort_out(
    jobs: Iterable[Job], *, manifest: Manifest | None = None, resume: bool, force: bool
) -> Iterator[Task]:
    """Decide what is to be done about each job; looks at the files and writes nothing.

    Parameters
    ----------
    jobs : what there is, from `plan.plan`
    manifest : what was done before; for `resume`
    resume : leave alone what is done. Done is what the manifest says, if the photograph has
        still the size and time that it had, and the result its size and time or else its
        hash. A result without a record is what a run left that was killed between the two:
        results get their names when they are whole, so it is taken for finished if it is a
        picture of the photograph's size that can be decoded to its end.
    force : replace other files that are in the way

    Returns
    -------
    Tasks in the order of the jobs
    """
    for job in jobs:
        yield _task(job, manifest=manifest, resume=resume, force=force)


def _task(job: Job, *, manifest: Manifest | None, resume: bool, force: bool) -> Task:
    target = job.target
    if target is None or Stamp.of(target) is None:
        return Task(job=job, step="make")
    if resume and manifest is not None:
        key = manifest.key(target)
        begun, done = manifest.replacing.get(key), manifest.done.get(key)
        if begun is not None:
            return _after_replacing(job, begun, force=force)
        if done is not None:
            return _after_done(job, done, force=force)
        if not force and _is_result_of(job):
            return Task(job=job, step="adopt", reason=f"{target} is whole, but has no record yet")
    if force:
        return Task(job=job, step="replace", reason=f"replaces {target}")
    return Task(
        job=job,
        step="refuse",
        reason=f"{target}: the file already exists.",
        advice=(Advice.OTHER_OUTPUT, Advice.REPLACE),
    )


def _after_replacing(job: Job, begun: Record, *, force: bool) -> Task:
    """Of a job that was to replace a result when the run was killed."""
    assert job.target is not None
    if force or Stamp.of(job.target) == begun.output_stamp:
        return Task(job=job, step="replace", reason=f"goes on replacing {job.target}")
    if _same_input(job, begun):
        return Task(job=job, step="adopt", reason=f"{job.target} is whole, but has no record yet")
    return _both_changed(job)


def _after_done(job: Job, done: Record, *, force: bool) -> Task:
    """Of a job that has been done: still, or has one of its two files changed?"""
    target = job.target
    assert target is not None
    intact, same = _is_intact(target, done), _same_input(job, done)
    if intact and same:
        return Task(job=job, step="skip", reason=f"done: {target}")
    if intact:
        return Task(job=job, step="replace", reason=f"{job.name} has changed")
    if force or not is_whole(target):
        return Task(job=job, step="replace", reason=f"replaces {target}, which has changed")
    if same:
        return Task(
            job=job,
            step="keep",
            reason=f"{target} has been changed since it was made, and stays.",
            advice=(Advice.REPLACE,),
        )
    return _both_changed(job)


def _both_changed(job: Job) -> Task:
    return Task(
        job=job,
        step="refuse",
        reason=f"{job.target}: both this and {job.name} have been changed since it was made. "
        "Move it away.",
        advice=(Advice.REPLACE,),
    )


def _same_input(job: Job, record: Record) -> bool:
    return job.source is not None and Stamp.of(job.source) == record.input_stamp


def _is_intact(target: Path, done: Record) -> bool:
    """Whether a result is what was written; hashed only where its time isn't the recorded one."""
    stamp = Stamp.of(target)
    if stamp is None or done.output_stamp is None:
        return False
    if stamp == done.output_stamp:
        return True
    if stamp.size_bytes != done.output_stamp.size_bytes:
        return False
    try:
        return sha256_of(target) == done.sha256
    except OSError:
        return False


def _is_result_of(job: Job) -> bool:
    """Whether a file can be the finished result of a job, by the headers of both."""
    assert job.target is not None
    if job.source is None:
        return False
    try:
        return picture.read(job.target).size == picture.read(job.source).size
    except PhotochromError:
        return False


def is_whole(path: Path) -> bool:
    """Whether a file is a picture that can be decoded to its end."""
    try:
        picture.read(path).srgb(size=(16, 16))  # streams through all of the file
    except PhotochromError:
        return False
    return True


def remove_left(targets: Iterable[Path], *, of_others: bool = True) -> list[Path]:
    """Remove what killed runs have left unfinished in the folders of these targets.

    What another process of this machine is writing now stays.

    Parameters
    ----------
    targets : where results are to go
    of_others : also what was to become other files

    Returns
    -------
    The files that were removed
    """
    folders: dict[Path, list[Path]] = {}
    for target in targets:
        folders.setdefault(target.parent, []).append(target)
    return [
        path
        for folder, own in folders.items()
        for path in writing.remove_left(folder, None if of_others else own)
    ]
