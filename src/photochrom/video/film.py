"""A film's facts and its frames: what is in the file, and the luma plane of each frame.

Only luma is read. Planar and semi-planar YUV and gray formats give their own plane, bit for
bit; packed and RGB formats are converted to planar YUV first, and gray of 16 bits to 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from photochrom.errors import FilmReadError, UnsupportedFilmError
from photochrom.video.container import (
    Stated,
    first_of,
    frames_of,
    open_input,
    picture_stream,
    reading,
    stated,
)
from photochrom.video.interlacing import is_interlaced, joined
from photochrom.video.stills import RATE

Matrix = Literal["bt601", "bt709", "bt2020"]

DECODER_THREADS = 4
"""The most threads of a decoder: each holds frames of its own."""

SEEK_BACK_S = 12.0
"""How long before the wanted frame decoding starts, in seconds: past a whole group of pictures."""

_MATRICES: dict[int, Matrix] = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    7: "bt709",
    9: "bt2020",
    10: "bt2020",
}
"""H.273's matrix coefficients. SMPTE 240M differs from BT.709 by less than a code."""

_HDR = {16: "PQ", 18: "HLG"}
"""H.273's transfer characteristics that this room can't handle."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """What a film is. ``width`` and ``height`` are those of the stored frames, before turning.

    ``turn`` is how far they must be turned counterclockwise to stand upright, in degrees;
    ``pixel_aspect`` the width of a pixel over its height; ``frame_count`` what the file states,
    or its duration suggests.
    """

    path: Path
    width: int
    height: int
    turn: int
    pixel_aspect: Fraction
    depth: int
    full_range: bool
    matrix: Matrix
    primaries: int
    transfer: int
    """As H.273 numbers them; 2 is unknown."""
    pixel_format: str
    converted: str | None
    """The planar format that frames are converted to, where theirs has no luma plane."""
    time_base: Fraction
    rate: Fraction
    start: Fraction
    """When the first frame is shown, in seconds of the file's own clock."""
    timed: bool
    """Whether the file has timestamps; otherwise frames follow one another at `rate`."""
    stated: Stated
    frame_count: int
    interlaced: bool
    stream_index: int

    @property
    def duration_s(self) -> float | None:
        """How long it is, as far as the file says."""
        return self.stated.duration_s

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) of the upright frames, in stored pixels."""
        sideways = self.turn % 180 == 90
        return (self.width, self.height) if sideways else (self.height, self.width)

    def time_of(self, frame: Frame) -> Fraction:
        """How long a frame is shown, in seconds."""
        return frame.duration * self.time_base or 1 / self.rate

    def frames(self, *, after: int | None = None, back_s: float = SEEK_BACK_S) -> Iterator[Frame]:
        """The frames in the order in which they are shown.

        Parameters
        ----------
        after : a pts; frames up to and including it may be left out, and decoding starts
            somewhat before it
        back_s : how much before, in seconds; with less, frames after it may be left out, too

        Raises
        ------
        FilmReadError
            The file can't be opened or read any more.
        """
        seconds = None if after is None else float(after * self.time_base) - back_s
        decoded = self.decoded(near_s=seconds)
        if self.interlaced:
            decoded = joined(decoded, self.time_base)
        return map(_Stamps(self).stamped, decoded)

    def key_frames(self, times: Iterable[float]) -> Iterator[Frame]:
        """The key frame before each time, as it is stored; only these frames are decoded.

        Parameters
        ----------
        times : in seconds of the film's own clock

        Errors as for `frames`.
        """
        with self._opened(threads=1) as (container, stream):
            stream.codec_context.skip_frame = "NONKEY"
            for seconds in times:
                with reading(self.path):
                    with suppress(av.ArgumentError, av.PermissionError):  # nothing is there
                        container.seek(round(seconds / self.time_base), stream=stream)
                    frame = first_of(container, stream)
                if frame is not None:
                    yield _Stamps(self).stamped(frame)

    def decoded(self, *, near_s: float | None = None) -> Iterator[av.VideoFrame]:
        """FFmpeg's own frames, from the last key frame before a time on.

        Errors as for `frames`.
        """
        with self._opened(threads=DECODER_THREADS) as (container, stream):
            if near_s is not None and near_s > 0 and self.timed:
                with reading(self.path):
                    container.seek(round(near_s / self.time_base), stream=stream)
            yield from frames_of(container, stream)

    @contextmanager
    def _opened(self, *, threads: int) -> Iterator[tuple[InputContainer, av.VideoStream]]:
        with open_input(self.path, self.rate) as container:
            stream = container.streams[self.stream_index]
            assert isinstance(stream, av.VideoStream)
            stream.thread_type = "AUTO"
            stream.thread_count = threads
            yield container, stream


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame. ``luma`` is (height, width) uint8 or uint16, as the file has it, unturned."""

    pts: int
    duration: int
    """In units of the film's time base; 0 where the file does not say."""
    luma: NDArray[Any]


def open_film(path: Path, rate: Fraction = RATE) -> Film:
    """Look at a film and say what it is.

    Parameters
    ----------
    path : its file, or a folder with its frames; see `stills`
    rate : of a folder, in frames a second

    Raises
    ------
    FilmReadError
        It can't be read, has no picture, or is encrypted.
    UnsupportedFilmError
        Its pictures are HDR, or in a color model that has no luma.
    """
    with open_input(path, rate) as container:
        stream = picture_stream(container, path)
        frames = []
        for frame in frames_of(container, stream):
            frames.append(frame)
            if len(frames) == 3:
                break
        if not frames:
            raise FilmReadError(
                f"{path}: none of its frames can be decoded; the file is damaged, or encrypted."
            )
        first = frames[0]
        transfer = _HDR.get(first.color_trc)
        if transfer:
            raise UnsupportedFilmError(
                f"{path}: the film is HDR ({transfer}). Photochrom colors standard dynamic "
                "range; convert it first."
            )
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        stamps = [frame.pts for frame in frames]
        timed = None not in stamps and len(set(stamps)) == len(stamps)
        time_base = stream.time_base if timed else 1 / rate
        assert time_base is not None
        start = (first.pts or 0) * time_base if timed else Fraction(0)
        said = stated(container, stream, float(start))
        film = Film(
            path=path,
            width=first.width,
            height=first.height,
            turn=first.rotation % 360,
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            time_base=time_base,
            rate=Fraction(rate),
            start=start,
            timed=timed,
            stated=said,
            frame_count=stream.frames or round((said.duration_s or 0) * rate),
            interlaced=False,
            stream_index=stream.index,
            **_picture_facts(first, path),
        )
    if film.turn % 90:
        raise UnsupportedFilmError(
            f"{path}: the film is turned by {film.turn} degrees; expected 0, 90, 180 or 270."
        )
    middle_s = float(film.start) + (film.duration_s or 0) / 2
    passages = (film.decoded(near_s=near_s) for near_s in (None, middle_s))
    return replace(film, interlaced=is_interlaced(passages, film.time_base))


def frame_pixels(path: Path) -> int:
    """How many pixels a frame has, by the file's header.

    Raises
    ------
    FilmReadError
        It can't be read, has no picture, or is encrypted.
    """
    with open_input(path) as container:
        context = picture_stream(container, path).codec_context
        return context.width * context.height


def _picture_facts(frame: av.VideoFrame, path: Path) -> dict[str, Any]:
    """Depth, range, matrix and format."""
    name = frame.format.name
    converted = None
    if frame.format.is_rgb or frame.format.has_palette:
        converted = "yuv444p"
    elif not name.startswith(("yuv", "gray", "nv", "p0", "p2", "p4")) or name.startswith("yuyv"):
        converted = "yuv422p"
    elif name.startswith("gray16"):
        converted = "gray10le"
    if name.startswith(("yuva", "ya")):
        raise UnsupportedFilmError(
            f"{path}: the film has transparency ({name}), which would be lost."
        )
    depth = av.VideoFormat(converted or name).components[0].bits
    if depth > 12:
        raise UnsupportedFilmError(f"{path}: the film has {depth} bits a pixel; expected 8 to 12.")
    if not converted and frame.colorspace == 8:
        raise UnsupportedFilmError(f"{path}: it is in YCgCo; expected BT.601, 709 or 2020.")
    usual: Matrix = "bt709" if frame.height >= 720 or frame.width >= 1280 else "bt601"
    gray = name.startswith("gray")
    full = frame.color_range == 2 or name.startswith("yuvj") or (gray and frame.color_range != 1)
    return {
        "pixel_format": name,
        "converted": converted,
        "depth": depth,
        "full_range": full and (gray or not converted),
        "primaries": frame.color_primaries,
        "transfer": frame.color_trc,
        "matrix": usual if converted else _MATRICES.get(frame.colorspace, usual),
    }


class _Stamps:
    """Gives frames their timestamps, strictly increasing, and their luma."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._last: int | None = None

    def stamped(self, frame: av.VideoFrame) -> Frame:
        last = self._last
        pts = frame.pts if self._film.timed else None
        if pts is None:
            step = round(1 / self._film.rate / self._film.time_base) or 1
            pts = 0 if last is None else last + step
        elif last is not None and pts <= last:
            pts = last + 1
        self._last = pts
        return Frame(
            pts=pts,
            duration=(frame.duration or 0) if self._film.timed else 1,
            luma=_luma(frame, self._film),
        )


def _luma(frame: av.VideoFrame, film: Film) -> NDArray[Any]:
    """A view of the luma plane, (height, width)."""
    if film.converted:
        frame = frame.reformat(format=film.converted, dst_colorspace=_SWS_MATRIX[film.matrix])
    plane = frame.planes[0]
    kind = np.dtype(np.uint8 if film.depth == 8 else "<u2")
    rows = np.frombuffer(plane, dtype=kind).reshape(plane.height, -1)  # type: ignore[call-overload]
    luma = rows[:, : plane.width]
    shift = 16 - film.depth if film.pixel_format.startswith(("p0", "p2", "p4")) else 0
    return luma >> shift if shift else luma


_SWS_MATRIX = {"bt601": "ITU601", "bt709": "ITU709", "bt2020": "ITU709"}
