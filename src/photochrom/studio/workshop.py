"""What the server holds in memory: open pictures, and the threads that work on them."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import PictureReadError
from photochrom.pictures import painting, picture
from photochrom.pictures.encoded import Encoded
from photochrom.pictures.picture import Picture
from photochrom.runtime import upsample
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.runtime.options import Options
from photochrom.runtime.prepared import Prepared, Reference
from photochrom.studio.problems import Problem, busy

Result = TypeVar("Result")

PREVIEW_PX = 1600
"""The longer side of what is painted while somebody works on a picture."""

PREVIEW_QUALITY = 88
THUMBNAIL_PX = 320


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much the server takes upon itself."""

    upload_bytes: int = 200_000_000
    pixels: int = 250_000_000
    body_bytes: int = 1_000_000
    """Of requests that bring no picture."""
    uploading_bytes: int = 1_000_000_000
    """Of all requests that are on their way in or being worked on."""
    pictures: int = 64
    picture_bytes: int = 1_000_000_000
    """Of all open pictures together."""
    picture_age_s: float = 3600.0
    """After so long without use a picture is forgotten."""
    waiting: int = 32
    """Requests that may wait for a thread."""
    work_s: float = 120.0
    """How long a request may wait and be worked on."""
    idle_s: float = 20.0
    """How long an upload may stand still."""
    upload_s: float = 600.0
    """How long an upload may take in all."""


class Workshop:
    """Threads that work, and a queue of limited length before them.

    Parameters
    ----------
    workers : threads
    waiting : at most so many pieces of work wait for a thread
    """

    def __init__(self, workers: int, *, waiting: int) -> None:
        self._workers, self._places = workers, workers + waiting
        self._pool = self._new_pool()
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def depth(self) -> int:
        """How many pieces of work wait."""
        return max(0, self._taken - self._workers)

    def begin(self, work: Callable[[], Result]) -> Future[Result]:
        """Put work in the queue.

        Raises
        ------
        Problem
            503: the queue is full.
        """
        with self._lock:
            if self._taken >= self._places:
                raise busy("There is too much to do at the moment; ask again in a little while.")
            future = self._pool.submit(work)
            self._taken += 1
        future.add_done_callback(self._free)
        return future

    def close(self) -> None:
        """Let go of what waits; what is at work ends by itself. New work has new threads."""
        old, self._pool = self._pool, self._new_pool()
        old.shutdown(wait=False, cancel_futures=True)

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._workers, thread_name_prefix="studio")

    def _free(self, _: Future[Result]) -> None:
        with self._lock:
            self._taken -= 1


@dataclass(eq=False, kw_only=True)
class Held:
    """An open picture."""

    name: str
    """What the person calls it, without folders."""
    prepared: Prepared
    preview: Picture
    """A grey copy in memory, its longer side at most `PREVIEW_PX`."""
    thumbnail: Picture
    """A smaller one, `THUMBNAIL_PX`."""
    gray: bool
    """Whether the picture is grey or toned."""
    size_bytes: int
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    used: float = field(default_factory=time.monotonic)
    _reference: Reference | None = None

    @property
    def picture(self) -> Picture:
        """The picture as it came, at full size."""
        return self.prepared.picture

    def reference(self, colorizer: Colorizer) -> Reference:
        """The picture as an example for others; looked at once."""
        if self._reference is None:
            self._reference = colorizer.reference(self.picture)
        return self._reference

    def original(self) -> bytes:
        """The preview as it came, in grey: JPEG."""
        return self.preview.encode("jpeg", quality=PREVIEW_QUALITY)

    def paint(self, options: Options, *, reference: Reference | None) -> bytes:
        """The preview in colour: JPEG. Parameters and errors as for `Options.paint`."""
        hints = options.all_hints(self.prepared)
        return self._paint(self.preview, hints, options, reference)

    def paint_thumbnail(
        self, hints: Sequence[Hint], options: Options, *, reference: Reference | None
    ) -> bytes:
        """A small result, of these hints instead of those in the options: JPEG."""
        return self._paint(self.thumbnail, hints, options, reference)

    def confidence(self, options: Options, *, reference: Reference | None) -> bytes:
        """`Prepared.confidence` at the size of the preview: grey PNG."""
        hints = options.all_hints(self.prepared)
        sure = self.prepared.confidence(hints=hints, reference=reference)
        levels = np.rint(255 * sure).astype(np.uint8)
        coarse = pyvips.Image.new_from_array(levels, interpretation="b-w")
        height, width = self.preview.size
        fitted = painting.fit(coarse, width, height).cast("uchar")
        return picture.from_image(fitted, name=self.name).encode("png")

    def _paint(
        self, gray: Picture, hints: Sequence[Hint], options: Options, reference: Reference | None
    ) -> bytes:
        ab = self.prepared.ab(
            hints=hints,
            palette=options.palette,
            reference=reference,
            vividness=options.vividness,
        )
        offset, gain = upsample.guide(ab, self.prepared.lightness)
        return gray.with_ab(offset, gain).encode("jpeg", quality=PREVIEW_QUALITY)


def hold(
    data: bytes,
    *,
    name: str,
    colorizer: Colorizer,
    max_pixels: int,
    allow_damaged: bool = False,
) -> Held:
    """Open a picture: read it, run the encoder, make the copies that are painted at once.

    Parameters
    ----------
    data : a picture file's bytes
    name : what to call it
    max_pixels : larger pictures are refused, by their header
    allow_damaged : take what can be decoded of a file that is broken or cut short

    Raises
    ------
    PictureReadError
        It can't be read, or is too large.
    """
    source = picture.read(data, name=name, max_pixels=max_pixels, allow_damaged=allow_damaged)
    prepared = colorizer.prepare(source)
    colors = _copy(data, source, allow_damaged=allow_damaged)
    preview = _gray(colors)
    small = picture.from_array(preview)
    thumbnail = small.srgb(size=_fitting(small.size, THUMBNAIL_PX))[..., 0]
    arrays: list[NDArray[Any]] = [preview, thumbnail, prepared.lightness]
    arrays += prepared.features.arrays
    return Held(
        name=name,
        prepared=prepared,
        preview=small,
        thumbnail=picture.from_array(np.ascontiguousarray(thumbnail)),
        gray=picture.from_array(colors).is_monochrome(),
        size_bytes=len(data) + sum(array.nbytes for array in arrays),
    )


def _copy(data: bytes, source: Picture, *, allow_damaged: bool) -> NDArray[np.uint8]:
    """The picture at the size of previews, (H, W, 3)."""
    height, width = _fitting(source.size, PREVIEW_PX) or source.size
    # Not `Picture.srgb`, which brings every file through colour management: five times as long.
    encoded = Encoded.at(data, name=source.name, allow_damaged=allow_damaged)

    def shrunk() -> pyvips.Image:
        image = encoded.open_upright()
        return image.thumbnail_image(width, height=height, size="force")

    try:
        return picture.from_image(shrunk(), name=source.name).srgb()
    except PictureReadError:
        encoded.verify()
        raise


def _fitting(size: tuple[int, int], longer_px: int) -> tuple[int, int] | None:
    """The (height, width) whose longer side is `longer_px`; None where it is shorter."""
    if max(size) <= longer_px:
        return None
    height, width = (max(1, round(side * longer_px / max(size))) for side in size)
    return height, width


def _gray(srgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W), of the same lightness."""
    first = srgb[..., 0]
    if ((first == srgb[..., 1]) & (first == srgb[..., 2])).all():
        return np.ascontiguousarray(first)
    y = color.luminance(color.srgb_to_linear(srgb))
    return np.rint(255 * color.linear_to_srgb(y)).astype(np.uint8)


class Shelf:
    """The open pictures: limited in number, bytes and age; the longest unused go first.

    Safe from several threads.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size_bytes(self) -> int:
        """Of all pictures together."""
        with self._lock:
            return sum(held.size_bytes for held in self._held.values())

    def put(self, held: Held) -> None:
        """Keep a picture; others may have to go."""
        with self._lock:
            held.used = self._clock()
            self._held[held.id] = held
            self._tidy()

    def get(self, id_: str) -> Held:
        """An open picture.

        Raises
        ------
        Problem
            404: there is none of that id, or it has been forgotten.
        """
        with self._lock:
            self._tidy()
            if id_ not in self._held:
                raise _unknown()
            held = self._held[id_]
            held.used = self._clock()
            self._held.move_to_end(id_)
            return held

    def remove(self, id_: str) -> None:
        """Forget a picture. Errors as for `get`."""
        with self._lock:
            if self._held.pop(id_, None) is None:
                raise _unknown()

    def tidy(self) -> None:
        """Forget what has not been used for long."""
        with self._lock:
            self._tidy()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()

    def _tidy(self) -> None:
        limits, oldest = self._limits, self._clock() - self._limits.picture_age_s
        size = sum(held.size_bytes for held in self._held.values())
        while self._held:
            first = next(iter(self._held.values()))
            crowded = len(self._held) > limits.pictures or size > limits.picture_bytes
            if first.used >= oldest and not (crowded and len(self._held) > 1):
                break
            del self._held[first.id]
            size -= first.size_bytes


def _unknown() -> Problem:
    return Problem(
        404,
        "There is no open picture of this id; pictures are forgotten after a while. Open it again.",
        kind="unknown-picture",
    )
