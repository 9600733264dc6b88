"""The work folder: what is done of a film, so that a killed run goes on where it was.

It holds ``plan.json``, which says what is being made of what, and segments: encoded packets
of some shots each, written under another name, synced and renamed. Nothing in it is run.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import FilmWriteError, WorkFolderError
from photochrom.models.plain import read_json, read_text
from photochrom.pictures import systems, writing
from photochrom.video.encoding import Packet

SUFFIX = ".photochrom"
"""Of the folder, behind the output's whole name."""

PLAN = "plan.json"

PICTURES = "pictures"
"""A folder of finished frames, where pictures are wanted."""

_MAGIC = b"photochrom segment 1\n"
_TAIL = struct.Struct("<QI")
"""Length and CRC-32 of the table at a segment's end."""


class WorkFolder:
    """The work folder of a film that is being made.

    Parameters
    ----------
    target : the film that is to be written
    plan : everything that the result hangs on; a folder with work on another plan is refused
    discard : throw away what a folder of another plan holds

    Raises
    ------
    WorkFolderError
        It belongs to another order, or another run is at work in it.
    FilmWriteError
        It can't be made.
    """

    def __init__(self, target: Path, plan: dict[str, Any], *, discard: bool = False) -> None:
        self.path = target.with_name(target.name + SUFFIX)
        self._lock: int | None = None
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise FilmWriteError(
                f"{self.path}: the work folder can't be made ({error.strerror})."
            ) from error
        try:
            if not systems.lock(self._lock):
                raise WorkFolderError(
                    f"{self.path}: another run is working on this film. Wait for it to finish."
                )
            self._agree(plan, discard=discard)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> WorkFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not self._holds_work():
            self.remove()
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _agree(self, plan: dict[str, Any], *, discard: bool) -> None:
        """Check an earlier plan, or write this one down."""
        place = self.path / PLAN
        wanted = json.loads(json.dumps(plan))
        earlier = _read_json(place)
        if earlier is not None and earlier != wanted:
            if self._holds_work() and not discard:
                names = ", ".join(_differing(earlier, wanted)) or "its plan"
                raise WorkFolderError(
                    f"{self.path}: the work begun here differs in: {names}. Continue with "
                    "the same options, or discard it."
                )
            self.clear()
        if earlier != wanted:
            for segment in self.path.glob("*.segment"):
                segment.unlink()
            shutil.rmtree(self.path / PICTURES, ignore_errors=True)
            write_whole(place, json.dumps(wanted, indent=2).encode())

    def _holds_work(self) -> bool:
        """Whether there is something to lose."""
        return self._place(0).is_file()

    def clear(self) -> None:
        """Remove what is in the folder."""
        for one in self.path.iterdir():
            if one.name == PICTURES:
                shutil.rmtree(one)
            elif one.name != ".lock":
                one.unlink()

    def remove(self) -> None:
        """Remove the folder."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def segments(self) -> list[Segment]:
        """The finished segments in order, up to the first that is missing or damaged."""
        writing.remove_left(self.path)
        found: list[Segment] = []
        while (path := self._place(len(found))).is_file():
            segment = Segment.open(path)
            if segment is None:
                break
            found.append(segment)
        return found

    def writer(self, number: int) -> SegmentWriter:
        """Begin a segment, and forget all that are there from it on."""
        later = number
        while (place := self._place(later)).is_file():
            place.unlink()
            later += 1
        return SegmentWriter(self._place(number))

    def _place(self, number: int) -> Path:
        return self.path / f"{number:06d}.segment"


class SegmentWriter:
    """Writes one segment; packets go to the disk as they come.

    Raises
    ------
    FilmWriteError
        The disk is full, or can't be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._packets: list[tuple[int, bool, int]] = []
        self._crc = 0
        with said(path), ExitStack() as opened:
            self._part = opened.enter_context(writing.temporary(path))
            self._file: IO[bytes] = opened.enter_context(self._part.open("wb"))
            self._file.write(_MAGIC)
            self._opened = opened.pop_all()

    def add(self, packet: Packet) -> None:
        """Write a packet."""
        self._packets.append((packet.pts, packet.key, len(packet.data)))
        self._write(packet.data)

    def finish(self, facts: dict[str, Any], arrays: dict[str, NDArray[np.float32]]) -> Segment:
        """Write what else there is to know, and give the segment its name."""
        shapes = {}
        for name, array in arrays.items():
            shapes[name] = list(array.shape)
            self._write(np.ascontiguousarray(array, "<f4").tobytes())
        table = {
            "facts": facts,
            "packets": self._packets,
            "arrays": shapes,
            "crc": self._crc,
        }
        text = json.dumps(table).encode()
        with said(self._path):
            self._file.write(text + _TAIL.pack(len(text), zlib.crc32(text)))
            self._file.close()
            writing.publish(self._part, self._path, force=True)
            writing.sync_folder(self._path.parent)
        self.close()
        return Segment(self._path, json.loads(text))

    def close(self) -> None:
        """Leave it; what is not finished is lost."""
        with suppress(OSError):
            self._opened.close()

    def _write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        with said(self._path):
            self._file.write(data)


class Segment:
    """A finished segment."""

    def __init__(self, path: Path, table: dict[str, Any]) -> None:
        self.path = path
        self.facts: dict[str, Any] = table["facts"]
        self._packets = np.array(table["packets"], np.int64).reshape(-1, 3)
        """pts, whether it is a key frame, and bytes of each packet: a film has many."""
        self._shapes: dict[str, list[int]] = table["arrays"]

    @property
    def stamps(self) -> NDArray[np.int64]:
        """The pts of its packets, in the order in which they are decoded."""
        return self._packets[:, 0]

    @classmethod
    def open(cls, path: Path) -> Segment | None:
        """Open a segment, and check that it is whole; None where it is not."""
        try:
            with path.open("rb") as file:
                file.seek(-_TAIL.size, os.SEEK_END)
                end = file.tell()
                length, crc = _TAIL.unpack(file.read(_TAIL.size))
                file.seek(end - length)
                text = file.read(length)
                if zlib.crc32(text) != crc:
                    return None
                table = read_json(text)
                file.seek(0)
                if file.read(len(_MAGIC)) != _MAGIC:
                    return None
                left, found = end - length - len(_MAGIC), 0
                while left > 0:
                    data = file.read(min(left, 1 << 20))
                    if not data:
                        return None
                    left -= len(data)
                    found = zlib.crc32(data, found)
            return cls(path, table) if found == table["crc"] else None
        except (OSError, ValueError, KeyError, TypeError, OverflowError, struct.error):
            return None

    def packets(self) -> Iterator[Packet]:
        """Its packets, in the order in which they are decoded."""
        with self.path.open("rb") as file:
            file.seek(len(_MAGIC))
            for pts, key, size in self._packets.tolist():
                yield Packet(pts, bool(key), file.read(size))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The arrays that were written with it."""
        start = len(_MAGIC) + int(self._packets[:, 2].sum())
        found = {}
        with self.path.open("rb") as file:
            file.seek(start)
            for name, shape in self._shapes.items():
                count = int(np.prod(shape))
                found[name] = np.frombuffer(file.read(4 * count), "<f4").reshape(shape)
        return found


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turn the system's errors into `FilmWriteError`."""
    try:
        yield
    except OSError as error:
        raise FilmWriteError(
            f"{path}: it can't be written ({error.strerror}). What is done is kept; make room, "
            "and start again to go on."
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file under another name, sync and rename it.

    Raises
    ------
    FilmWriteError
        The disk is full, or can't be written.
    """
    with said(path):
        writing.write_whole(path, data)
        writing.sync_folder(path.parent)


def _read_json(path: Path) -> Any:
    try:
        return read_json(read_text(path))
    except ValueError:
        return None


def _differing(earlier: Any, wanted: dict[str, Any]) -> list[str]:
    """The keys in which two plans differ."""
    if not isinstance(earlier, dict):
        return []
    keys = [key for key in wanted if earlier.get(key) != wanted[key]]
    return keys + [key for key in earlier if key not in wanted]
