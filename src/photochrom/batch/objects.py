"""Photographs in object stores: which there are, where the results go, and what is left to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from photochrom.batch import parts
from photochrom.batch.known import Known, digest
from photochrom.batch.shards import Shard
from photochrom.errors import Advice, DataError, JobError
from photochrom.pictures import formats, stores
from photochrom.pictures.stores import Address, ObjectStamp

Step = Literal["make", "replace", "check", "skip", "keep", "refuse"]


@dataclass(frozen=True, kw_only=True)
class ObjectTask:
    """A photograph, the place of its result, and what is to be done about it.

    make     there is no result yet
    replace  there is one, and it may be replaced
    check    there is one that no record names: a killed run's, or somebody's
    skip     it is done
    keep     it is done, and somebody has changed the result since
    refuse   there is an object that may not be replaced
    """

    source: str
    target: str
    key: str
    """The target below the place of the results."""
    step: Step = "make"
    alternative: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be colorized, and where the results go.

    Parameters
    ----------
    inputs : addresses of objects, or one that all of them lie below
    output : the address that the results go below, under the names that the photographs have
    recursive : take what has further slashes in its name, too
    whole_keys : of named objects, keep the whole key and not only its end
    alternatives : how many results of each; 0: the usual one
    shard : the share that is done here; None: all

    Raises
    ------
    JobError
        The output can't be written, or doesn't suit the inputs.
    """

    inputs: Sequence[str]
    output: str
    recursive: bool = True
    whole_keys: bool = False
    alternatives: int = 0
    shard: Shard | None = None

    def __post_init__(self) -> None:
        if self.place.is_web:
            raise JobError(f"{self.output}: results cannot be written over HTTP; name a bucket.")
        if len(set(self.inputs)) < len(self.inputs):
            raise JobError("An input is named more than once.")

    @property
    def place(self) -> Address:
        """Where the results go."""
        return Address.parse(self.output)

    @property
    def manifest(self) -> Address:
        """Where the parts of the manifest are."""
        return self.place.below(parts.NAME)

    def photographs(self) -> Iterator[tuple[str, str, ObjectStamp | None]]:
        """(address, name below the output, stamp where a list has said it), as they are listed.

        Raises
        ------
        DataError
            There are none.
        JobError
            Two would have the same name, or one of several inputs is no object.
        StoreError
            A store can't be reached, or refuses.
        """
        if len(self.inputs) == 1 and not _is_picture(Address.parse(self.inputs[0])):
            yield from self._below(Address.parse(self.inputs[0]))
            return
        names: dict[str, str] = {}
        for text in self.inputs:
            source = Address.parse(text)
            if not _is_picture(source):
                raise JobError(
                    f"{text}: the name is not that of a picture. Name one prefix, or any number of "
                    "objects."
                )
            path = PurePosixPath(source.key)
            name = _result_name(str(path) if self.whole_keys else path.name)
            other = names.setdefault(name, text)
            if other != text:
                raise JobError(
                    f"{other} and {text} would both be written to {name}.",
                    advice=[Advice.KEEP_PATHS],
                )
            if self.shard is None or self.shard.holds(text):
                yield str(source), name, None

    def _below(self, prefix: Address) -> Iterator[tuple[str, str, ObjectStamp | None]]:
        if prefix.is_web:
            raise JobError(
                f"{prefix}: folders cannot be listed over HTTP; name individual pictures."
            )
        found = False
        results = f"{self.place.key}/"
        for name, stamp in stores.listed(prefix):
            path = PurePosixPath(name)
            if path.suffix.lower() not in formats.BY_SUFFIX or _is_hidden(name):
                continue
            if "/" in name and not self.recursive:
                continue
            source = prefix.below(name)
            if source.root == self.place.root and source.key.startswith(results):
                continue
            found = True
            if self.shard is None or self.shard.holds(str(source)):
                yield str(source), _result_name(name), stamp
        if not found:
            raise DataError(f"{prefix}: no pictures to colorize under this address.")


class Earlier:
    """What is there already, and what earlier runs have written down about it.

    Parameters
    ----------
    plan : which results these are
    resume : read the manifest, too

    Raises
    ------
    StoreError
        A store can't be reached, or refuses.
    """

    def __init__(self, plan: Plan, *, resume: bool) -> None:
        self._there, self._done = Known(1), Known(2)
        listing = threading.Thread(target=lambda: None)
        error: list[Exception] = []
        if resume:  # beside the other list: each waits for its store
            listing = threading.Thread(target=self._read, args=(plan, error))
        listing.start()
        try:
            for key, stamp in stores.listed(plan.place):
                if not key.startswith(f"{parts.NAME}/"):
                    self._there.add(digest(key), digest(*stamp))
        finally:
            listing.join()
        if error:
            raise error[0]

    def _read(self, plan: Plan, error: list[Exception]) -> None:
        try:
            for one in parts.read(plan.manifest):
                if one.status == "done" and one.input_stamp and one.output_stamp:
                    of_input = digest(one.input, *one.input_stamp)
                    self._done.add(digest(one.output), of_input, digest(*one.output_stamp))
        except Exception as one:
            error.append(one)

    def step(
        self, source: str, key: str, stamp: ObjectStamp | None, *, resume: bool, force: bool
    ) -> tuple[Step, str]:
        """What is to be done about a photograph, and why.

        Parameters
        ----------
        source, key : the photograph, and its result below the place of the results
        stamp : the photograph's; it is asked for where it is None and matters
        resume, force : as for `sort_out`
        """
        there = self._there.rows(digest(key))
        if not there:
            return "make", ""
        rows = self._done.rows(digest(key)) if resume else []
        intact = [row for row in rows if row[1] == there[-1][0]]
        if rows and stamp is None:
            seen = stores.look(Address.parse(source))
            stamp = seen[0] if seen else None
        now = digest(source, *stamp) if stamp else None
        same = any(row[0] == now for row in rows)
        if same and any(row[0] == now for row in intact):
            return "skip", f"done: {key}"
        if intact or force:
            return "replace", f"{source} has changed" if intact else f"replaces {key}"
        if same:
            return "keep", f"{key} has been changed since it was made, and stays"
        if resume:
            return "check", f"{key} is there, but has no record yet"
        return "refuse", f"{key}: the object already exists."


def sort_out(plan: Plan, earlier: Earlier, *, resume: bool, force: bool) -> Iterator[ObjectTask]:
    """Decide what is to be done about each photograph, as they are listed; writes nothing.

    Parameters
    ----------
    plan : what there is
    earlier : what is there already
    resume : leave alone what is done: what the manifest says, if the photograph and the result
        have still the e_tag and the size that they had
    force : replace other objects that are in the way
    """
    for source, name, stamp in plan.photographs():
        for number in range(1, plan.alternatives + 1) if plan.alternatives else (0,):
            path = PurePosixPath(name)
            key = str(path.with_name(f"{path.stem}-{number}{path.suffix}")) if number else name
            step, reason = earlier.step(source, key, stamp, resume=resume, force=force)
            yield ObjectTask(
                source=source,
                target=str(plan.place.below(key)),
                key=key,
                step=step,
                alternative=number,
                reason=reason,
            )


def _is_picture(place: Address) -> bool:
    return PurePosixPath(place.key).suffix.lower() in formats.BY_SUFFIX


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _result_name(name: str) -> str:
    """A result's name: a format that can't be written gets .png behind its own suffix."""
    return name if formats.can_write(PurePosixPath(name).suffix) else f"{name}.png"
