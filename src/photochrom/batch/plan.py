"""Which photographs to colorize, and where each result goes; decided before any work."""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import BinaryIO

from photochrom.batch.jobs import STANDARD_STREAM, Job
from photochrom.errors import Advice, DataError, JobError
from photochrom.models.plain import read_entries
from photochrom.pictures import formats, systems
from photochrom.pictures.folders import (
    list_linked,
    list_others,
    list_pictures,
    list_unseen,
    real_path,
)

NAMED = 3
"""How many folders a line names."""


def read_list(stream: BinaryIO, *, null: bool = False) -> list[str]:
    """The inputs that a list names, for `plan`.

    Parameters
    ----------
    stream : the list: one input a line, empty lines ignored
    null : inputs end with NUL bytes instead, as from ``find -print0``

    Raises
    ------
    ValueError, OSError
        As for `photochrom.models.plain.read_entries`.
    """
    lines = list(read_entries(stream, b"\0" if null else b"\n"))
    if not null:
        lines = [line.removesuffix(b"\r") for line in lines]
        lines[:1] = [line.removeprefix(codecs.BOM_UTF8) for line in lines[:1]]
    names = [os.fsdecode(line) for line in lines if line]
    # A list can't stand for stdin, so that a file may have this name.
    return [f".{os.sep}{name}" if name == STANDARD_STREAM else name for name in names]


def plan(
    inputs: Sequence[str], output: str | None, *, recursive: bool = True, parents: bool = False
) -> list[Job]:
    """Decide where each result goes.

    Parameters
    ----------
    inputs : files, folders (with all below them) and ``-`` for stdin
    output : a file for one photograph; a folder for several or for a folder, in which
        names and relative paths are kept; ``-`` for stdout. By default NAME-color is written
        beside NAME, and what comes from stdin goes to stdout.
    recursive : take what is in the folders of a folder, too
    parents : keep each input's path as it is named below the output folder

    Returns
    -------
    Jobs in the order of the inputs; formats that can't be written become PNG

    Raises
    ------
    JobError
        A name is empty, the output doesn't suit the inputs, or two results would have the same
        name.
    DataError
        A folder has no pictures.
    """
    if "" in inputs or output == "":  # a variable of a shell that isn't set, not this folder
        which = "an input" if "" in inputs else "the output"
        raise JobError(f"The name of {which} is empty; expected a file or a folder, such as .")
    folders = [Path(i) for i in inputs if i != STANDARD_STREAM and Path(i).is_dir()]
    if parents and output in (None, STANDARD_STREAM):
        raise JobError(
            "Keeping paths needs an output folder; name one.", advice=[Advice.OUTPUT_FOLDER]
        )
    if inputs.count(STANDARD_STREAM) > 1:
        raise JobError("Standard input (-) is named more than once; it can hold one photograph.")
    if folders and output in (None, STANDARD_STREAM):
        raise JobError(
            f"{folders[0]} is a folder; name a folder for the results.",
            advice=[Advice.OUTPUT_FOLDER],
        )
    one = len(inputs) == 1 and not folders
    if output == STANDARD_STREAM and not one:
        raise JobError(
            "Standard output can hold one photograph; name a folder for several.",
            advice=[Advice.OUTPUT_FOLDER],
        )
    if output and not one:
        _check_folder(output)

    jobs = []
    for text in inputs:
        path = None if text == STANDARD_STREAM else Path(text)
        place = str(_below(Path(output or ""), path)) if parents and path else output
        if path in folders:
            jobs += _inside(path, Path(place or ""), recursive=recursive)
        elif parents and path:
            target = Path(place or "").with_name(path.stem + _suffix(path))
            jobs.append(Job(source=path, target=target))
        else:
            jobs.append(Job(source=path, target=_target(path, output, one=one)))
    _check_distinct(jobs)
    return jobs


def left_out(inputs: Sequence[str], output: str | None, *, recursive: bool = True) -> str:
    """Which files of the folders `plan` leaves out, in a line for a person; empty for none.

    Parameters
    ----------
    inputs, output, recursive : as for `plan`
    """
    results = real_path(Path(output or ""))
    counts: Counter[str] = Counter()
    for folder in map(Path, inputs):
        for path in list_others(folder) if folder.is_dir() else ():
            real = real_path(path)
            is_result = real_path(folder) in results.parents and real.is_relative_to(results)
            if not is_result and (recursive or path.parent == folder):
                counts[path.suffix.lower()] += 1
    if not counts:
        return ""
    kinds = ", ".join(
        f"{number} {suffix or 'without a suffix'}" for suffix, number in counts.most_common()
    )
    advice = ""
    if counts.keys() & set(formats.HEIC_SUFFIXES):
        advice = " HEIC can be read after pip install 'photochrom[heic]'."
    many = "files that are not pictures" if counts.total() > 1 else "file that is not a picture"
    return f"Skipped {counts.total()} {many}: {kinds}.{advice}"


def linked(inputs: Sequence[str]) -> str:
    """Which linked folders `plan` doesn't follow, in a line for a person; empty for none.

    Parameters
    ----------
    inputs : as for `plan`
    """
    found = [path for folder in map(Path, inputs) for path in list_linked(folder)]
    if not found:
        return ""
    names = ", ".join(map(str, found[:NAMED]))
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"Linked folders are not followed: {names}{more}. Name them as inputs to include them."


def unseen(inputs: Sequence[str], *, recursive: bool = True) -> list[tuple[Path, str]]:
    """What of the folders `plan` can't look at, with the reason of each.

    Parameters
    ----------
    inputs, recursive : as for `plan`
    """
    return [
        (path, why)
        for folder in map(Path, inputs)
        if folder.is_dir()
        for path, why in list_unseen(folder)
        if recursive or (path.parent == folder and path.is_symlink())
    ]


def _target(path: Path | None, output: str | None, *, one: bool) -> Path | None:
    """Where the result of a single file or of stdin goes."""
    if output == STANDARD_STREAM or (output is None and path is None):
        return None
    if output is None:
        assert path is not None
        return path.with_name(f"{path.stem}-color{_suffix(path)}")
    place = Path(output)
    if one and not _is_folder(output):
        if formats.can_write(place.suffix):
            return place
        if place.suffix:
            known = " ".join(known.suffixes[0] for known in formats.WRITABLE.values())
            raise JobError(
                f"{output}: '{place.suffix}' is not a picture format that can be written; "
                f"known: {known}. For a folder, end it with {os.sep}"
            )
    if path is None:
        return place / "stdin.png"
    return place / (path.stem + _suffix(path))


def _is_folder(output: str) -> bool:
    return Path(output).is_dir() or systems.ends_as_folder(output)


def _check_folder(output: str) -> None:
    """Raise where several results can't go into an output, as it is a file or named like one."""
    if Path(output).exists() and not Path(output).is_dir():
        raise JobError(f"{output} is a file; several results need a folder. Name another one.")
    if formats.can_write(Path(output).suffix) and not _is_folder(output):
        raise JobError(
            f"{output} names one picture, and several results may be written; name a folder, or "
            f"end it with {os.sep}"
        )


def _below(folder: Path, path: Path) -> Path:
    """A path as it is named, moved below a folder: ``/a/../b`` becomes ``folder/b``."""
    plain = Path(os.path.normpath(path))
    return folder.joinpath(*(part for part in plain.parts if part not in (plain.anchor, "..")))


def _inside(folder: Path, output: Path, *, recursive: bool) -> list[Job]:
    """Jobs for all below a folder; earlier results below it don't count."""
    found = list_pictures(folder)
    if not recursive:
        found = [path for path in found if path.parent == folder]
    results = real_path(output)
    if real_path(folder) in results.parents:
        found = [path for path in found if not real_path(path).is_relative_to(results)]
    if not found:
        raise DataError(f"{folder}: no pictures to colorize, other than results and subfolders.")
    jobs = []
    name_of = _naming(output)
    names = {name_of(path.relative_to(folder)) for path in found}
    taken: set[str] = set()
    for path in found:
        relative, note = path.relative_to(folder), ""
        target = relative.with_name(relative.stem + _suffix(path))
        name = name_of(target)
        # a.gif beside a.png: both would be a.png; A.jpg beside a.jpg, where case doesn't count
        if name in taken or (name != name_of(relative) and name in names):
            note = f"{target.name} is another photograph's"
            target = relative.with_name(relative.name + _suffix(path))
        taken.add(name_of(target))
        jobs.append(Job(source=path, target=output / target, note=note))
    return jobs


def _suffix(path: Path) -> str:
    """The suffix of a result: the source's, or .png where its format can't be written."""
    return path.suffix if formats.can_write(path.suffix) else ".png"


def _naming(folder: Path) -> Callable[[PurePath], str]:
    """What makes a path in a folder a file of its own there."""
    return systems.one_name if systems.is_case_blind(folder) else str


def _check_distinct(jobs: Sequence[Job]) -> None:
    """Refuse results that would fall on one another or on their photograph, or can't be named."""
    seen: dict[str, Job] = {}
    folders: dict[Path, Path] = {}
    namings: dict[Path, Callable[[PurePath], str]] = {}

    def real(path: Path) -> Path:
        """`path.resolve()`, with each folder resolved once."""
        if path.is_symlink():
            return real_path(path)
        if path.parent not in folders:
            folders[path.parent] = real_path(path.parent)
        return folders[path.parent] / path.name

    for job in jobs:
        if job.target is None:
            continue
        if fault := systems.fault_of_name(job.target.name):
            raise JobError(f"{job.name} can't be written: {fault}.", advice=[Advice.OTHER_OUTPUT])
        place = real(job.target)
        if place.parent not in namings:
            namings[place.parent] = _naming(place.parent)
        name_of = namings[place.parent]
        target = name_of(place)
        other = seen.setdefault(target, job)
        if other is not job:
            raise JobError(
                f"{other.name} and {job.name} would both be written to {job.target}. Colorize "
                "them one by one, or their common folder.",
                advice=[Advice.KEEP_PATHS],
            )
        if job.source is not None and target == name_of(real(job.source)):
            raise JobError(f"{job.name} would overwrite itself.", advice=[Advice.OTHER_OUTPUT])


def each_alternative(jobs: Sequence[Job], count: int) -> list[Job]:
    """Jobs that make `count` results of each photograph, numbered in their names.

    Raises
    ------
    JobError
        Several results would go to stdout, or one over a photograph.
    """
    several = []
    for job in jobs:
        if job.target is None:
            raise JobError(
                "Alternatives are several pictures; name a file or a folder for them.",
                advice=[Advice.OTHER_OUTPUT],
            )
        several += [
            replace(
                job,
                target=job.target.with_name(f"{job.target.stem}-{number}{job.target.suffix}"),
                alternative=number,
                alternatives=count,
            )
            for number in range(1, count + 1)
        ]
    _check_distinct(several)
    return several
