"""What was done to which photograph: a file of JSON lines that survives kill -9 and power loss.

A line is appended with one write and flushed to the disk, after the result has its name. A
line that was cut off is dropped when the file is opened again; its result, which is whole, is
then taken for what it is (`photochrom.batch.resume`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, get_args

from photochrom.batch.records import Entry
from photochrom.batch.shards import Shard
from photochrom.errors import Advice, ManifestError
from photochrom.models import fields
from photochrom.pictures import systems
from photochrom.pictures.folders import real_path

NAME = "photochrom-manifest.jsonl"

Status = Literal["done", "failed", "skipped", "replacing"]
"""``replacing`` comes before an earlier result is replaced, with that result's stamp."""


_START = b'{"input": "'
"""How each line begins."""


class Stamp(NamedTuple):
    """What changes when a file does."""

    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """The stamp of a file; None where there is no file."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, kw_only=True)
class Record(Entry[Stamp]):
    """One line of a manifest.

    ``input`` is the photograph as it was named. ``output`` is the result: below the manifest's
    folder relative to it, so that both can move.
    """

    STATUSES = get_args(Status)
    STAMP = Stamp
    MARK = staticmethod(fields.whole(-(2**63), 2**63))


class Manifest:
    """The records of a folder's results, and where new ones are appended.

    Parameters
    ----------
    path : the file
    write : open it for appending, made with its folder where it lacks, and locked against
        other processes until `close`; else it is only read, and may be missing

    Raises
    ------
    ManifestError
        It is some other file, another run is writing it, or it can't be opened.
    """

    def __init__(self, path: Path, *, write: bool = True, others: Iterable[Path] = ()) -> None:
        self.path = path
        self.done: dict[str, Record] = {}
        """The last ``done`` record of each output."""
        self.replacing: dict[str, Record] = {}
        """Replacements that were begun, and of which no record says how they ended."""
        self.unreadable = 0
        """How many lines are no records: torn, or changed by somebody."""
        self.times_remade = 0
        """How often somebody had removed the file while it was open."""
        self._folder = real_path(path.parent)
        self._real: dict[Path, Path] = {}
        self._alone = threading.Lock()
        self._file: int | None = None
        try:
            if write:
                self._file = _opened(path)
                _lock(self._file, path)
            self._read()
            for other in others:
                self._join(Manifest(other, write=False))
        except OSError as error:
            self.close()
            raise ManifestError(
                f"{path}: the manifest can't be opened ({error.strerror}).",
                advice=[Advice.OTHER_MANIFEST],
            ) from error
        except ManifestError:
            self.close()
            raise

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; afterwards it can be read only."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def key(self, output: Path) -> str:
        """An output as records name it: relative to the manifest's folder where it is below.

        With / between folders on all systems, so that a folder may move from one to another.
        """
        parent = output.parent
        if parent not in self._real:
            self._real[parent] = real_path(parent)
        place = self._real[parent] / output.name
        is_below = self._folder in place.parents
        return place.relative_to(self._folder).as_posix() if is_below else str(place)

    def append(self, record: Record) -> None:
        """Write a record down for good; safe from several threads.

        Raises
        ------
        ManifestError
            It can't be written; nothing of it is left.
        """
        with self._alone:
            if self._is_gone():
                self._make_anew()
            # only a killed run needs what was to be replaced
            self._write(_line(record), flush=record.status != "replacing")
            self._take(record)

    def _is_gone(self) -> bool:
        """Whether the file was removed or replaced since it was opened."""
        assert self._file is not None
        try:
            now = self.path.stat()
        except OSError:
            return True
        return not os.path.samestat(now, os.fstat(self._file))

    def _make_anew(self) -> None:
        """Write down again what is done, where the file, or its whole folder, is gone."""
        before = self._file
        try:
            self._file = _opened(self.path)
            _lock(self._file, self.path)
        except ManifestError:  # another run's by now
            self._file = before
            raise
        except OSError as error:
            self._file = before
            raise ManifestError(
                f"{self.path}: the manifest was removed, and can't be recreated "
                f"({error.strerror}). Free some space.",
                advice=[Advice.RESUME],
            ) from error
        assert before is not None
        os.close(before)
        self.times_remade += 1
        known = [*self.done.values(), *self.replacing.values()]
        self._write(b"".join(map(_line, known)), flush=True)

    def _write(self, line: bytes, *, flush: bool) -> None:
        assert self._file is not None
        before = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if flush:
                os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                os.truncate(self._file, before)
            raise ManifestError(
                f"{self.path}: the manifest can't be written ({error.strerror}). Free some space.",
                advice=[Advice.RESUME],
            ) from error

    def _take(self, record: Record) -> None:
        if record.status == "replacing":
            self.replacing[record.output] = record
            return
        self.replacing.pop(record.output, None)
        if record.status == "done":
            self.done[record.output] = record

    def _join(self, other: Manifest) -> None:
        """Let the records of another manifest count, too."""
        for key, record in other.done.items():
            if key not in self.done or _time(record) > _time(self.done[key]):
                self.done[key] = record
        for key, record in other.replacing.items():
            self.replacing.setdefault(key, record)
        for key, record in list(self.replacing.items()):
            if key in self.done and _time(self.done[key]) > _time(record):
                del self.replacing[key]  # another run has finished it

    def _read(self) -> None:
        """Take in all whole lines; cut off what comes after the last one."""
        if self._file is None and not self.path.exists():
            return
        content = self.path.read_bytes() if self.path.is_file() else b"no file"
        whole, _, torn = content.rpartition(b"\n")
        begun_by_us = content.startswith(_START[: len(content)])
        if not begun_by_us and content.strip(b"\0"):  # zeros are what power loss may leave
            raise ManifestError(
                f"{self.path}: this is not a Photochrom manifest, so nothing is added to it.",
                advice=[Advice.OTHER_MANIFEST],
            )
        for line in whole.split(b"\n"):
            try:
                self._take(Record.from_json(line))
            except ValueError:  # as if it weren't there
                self.unreadable += bool(line.strip(b"\0"))
        if torn and self._file is not None:
            os.truncate(self._file, len(content) - len(torn))


def path_of(place: Path, shard: Shard | None) -> Path:
    """Where a shard keeps its manifest: beside that of a whole run, ``place``."""
    if shard is None:
        return place
    return place.with_name(f"{place.stem}-{shard.index}-of-{shard.count}{place.suffix}")


def family(place: Path) -> list[Path]:
    """The manifests that there are of a whole run, ``place``, and of its shards."""
    of_shards = re.compile(re.escape(place.stem) + r"-\d+-of-\d+" + re.escape(place.suffix))
    found = place.parent.iterdir() if place.parent.is_dir() else ()
    return sorted(path for path in found if path == place or of_shards.fullmatch(path.name))


def _line(record: Record) -> bytes:
    return record.to_json().encode() + b"\n"


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | systems.BINARY, 0o666)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _time(record: Record) -> int:
    """When the result of a record was written, in nanoseconds."""
    return record.output_stamp.mtime_ns if record.output_stamp else 0


def _lock(file: int, path: Path) -> None:
    """Keep other runs away; the system takes the lock off when a process ends, however."""
    if not systems.lock(file):
        raise ManifestError(
            f"{path}: another run is working on this folder. Wait for it to finish.",
            advice=[Advice.OTHER_OUTPUT],
        )
