"""How frames are written: codecs, their settings, and one encoder for each segment."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from photochrom.errors import FilmWriteError
from photochrom.video.film import Film

MATRIX_NUMBERS = {"bt601": 6, "bt709": 1, "bt2020": 9}
"""As H.273 numbers them."""

GLOBAL_HEADER = 1 << 22
"""FFmpeg's flag for containers that keep a codec's settings once, in front."""

CONTAINERS = {
    ".mp4": ("h264", "h265", "av1"),
    ".m4v": ("h264", "h265"),
    ".mov": ("h264", "h265", "prores"),
    ".mkv": ("h264", "h265", "av1", "prores", "ffv1"),
    ".webm": ("av1",),
}
"""The suffixes of films that can be written, and the codecs that each holds; the usual first."""


@dataclass(frozen=True, kw_only=True)
class Codec:
    """A codec that films can be written with. A depth of n bits needs one of at least n."""

    encoder: str
    formats: dict[int, str]
    quality: int | None
    """The usual CRF; None where the codec has none."""
    presets: tuple[str, ...]
    """The encoder's own, from fast to small; none where it has none."""
    preset: str | None
    """The usual one."""
    options: dict[str, str]


_PRESETS = "ultrafast superfast veryfast faster fast medium slow slower veryslow placebo"

CODECS = {
    "h264": Codec(
        encoder="libx264",
        formats={8: "yuv420p", 10: "yuv420p10le"},
        quality=18,
        presets=tuple(_PRESETS.split()),
        preset="veryfast",
        options={},
    ),
    "h265": Codec(
        encoder="libx265",
        formats={8: "yuv420p", 10: "yuv420p10le", 12: "yuv420p12le"},
        quality=20,
        presets=tuple(_PRESETS.split()),
        preset="fast",
        options={},
    ),
    "av1": Codec(
        encoder="libsvtav1",
        formats={8: "yuv420p", 10: "yuv420p10le"},
        quality=28,
        presets=tuple(str(number) for number in range(13, -1, -1)),
        preset="8",
        options={},
    ),
    "prores": Codec(
        encoder="prores_ks",
        formats={10: "yuv422p10le"},
        quality=None,
        presets=(),
        preset=None,
        options={"profile": "3"},
    ),
    "ffv1": Codec(
        encoder="ffv1",
        formats={8: "yuv420p", 10: "yuv420p10le", 12: "yuv420p12le"},
        quality=None,
        presets=(),
        preset=None,
        options={"level": "3", "slices": "4", "slicecrc": "1", "g": "1"},
    ),
}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How a film is to be written.

    Parameters
    ----------
    codec : a key of `CODECS`; the container's usual one by default
    quality : the codec's own, CRF: lower is better
    preset : the encoder's own: slower ones make smaller files
    """

    codec: str | None = None
    quality: int | None = None
    preset: str | None = None


class Settings(NamedTuple):
    """An encoder's settings in full; the same ones give the same bytes."""

    codec: str
    pixel_format: str
    depth: int
    options: dict[str, str]
    threads: int

    @classmethod
    def of(cls, encoding: Encoding, film: Film, target: Path) -> Settings:
        """Fill in what was not said.

        Raises
        ------
        FilmWriteError
            The container can't hold the codec, the codec can't hold the film, or it has no
            quality or preset to be chosen.
        """
        held = CONTAINERS.get(target.suffix.lower())
        if held is None:
            raise FilmWriteError(
                f"{target}: expected one of the suffixes {', '.join(CONTAINERS)}; or, for "
                "pictures, a folder with / at its end."
            )
        name = encoding.codec or held[0]
        if name not in CODECS:
            raise FilmWriteError(f"'{name}' is not a codec; choose one of {', '.join(CODECS)}.")
        if name not in held:
            fitting = [suffix for suffix, names in CONTAINERS.items() if name in names]
            raise FilmWriteError(
                f"{target}: {target.suffix} can't hold {name}; it holds {', '.join(held)}. "
                f"{name} goes into {', '.join(fitting)}."
            )
        codec = CODECS[name]
        depth = min((one for one in codec.formats if one >= film.depth), default=None)
        if depth is None:
            raise FilmWriteError(
                f"{film.path}: the film has {film.depth} bits a sample, and {name} holds at most "
                f"{max(codec.formats)}. Choose h265 or ffv1."
            )
        threads = min(os.cpu_count() or 1, 16)
        options = dict(codec.options) | _chosen(encoding, name, codec, threads)
        return cls(name, codec.formats[depth], depth, options, threads)


def _chosen(encoding: Encoding, name: str, codec: Codec, threads: int) -> dict[str, str]:
    """Quality, preset and threads as the encoder wants them."""
    for asked, usual, word in (
        (encoding.quality, codec.quality, "quality"),
        (encoding.preset, codec.preset, "preset"),
    ):
        if asked is not None and usual is None:
            raise FilmWriteError(f"{name} has no {word} to choose; leave it out.")
    if encoding.preset is not None and encoding.preset not in codec.presets:
        raise FilmWriteError(
            f"'{encoding.preset}' is not a preset of {name}; choose one of "
            f"{', '.join(codec.presets)}."
        )
    chosen = {}
    if codec.quality is not None:
        chosen["crf"] = str(codec.quality if encoding.quality is None else encoding.quality)
    if codec.preset is not None:
        chosen["preset"] = encoding.preset or codec.preset
    if name == "h264" and (always_alike := _x264_always_alike()):
        chosen["x264-params"] = always_alike
    if name == "h265":
        chosen["x265-params"] = f"log-level=none:pools={threads}"
    if name == "av1":
        chosen["svtav1-params"] = f"lp={min(threads, 6)}"
        os.environ.setdefault("SVT_LOG", "1")  # it writes to stderr by itself
    return chosen


def _x264_always_alike() -> str:
    """What keeps x264 from reading memory that nobody has written.

    With AVX-512 its macroblock tree does (x264 core 165): the same frames give other bytes
    each time. With AVX2 it doesn't.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:  # no Linux: do without the tree
        return "mbtree=0"
    return f"asm={_UP_TO_AVX2}" if "avx512f" in known else ""


_UP_TO_AVX2 = "MMX2,SSE2Fast,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2"


def configure(context: VideoCodecContext | VideoStream, film: Film, settings: Settings) -> None:
    """Give an encoder, or a stream with one, its settings."""
    height, width = stored_size(film)
    codec = context.codec_context if isinstance(context, VideoStream) else context
    codec.width, codec.height = width, height
    codec.pix_fmt = settings.pixel_format
    codec.time_base = film.time_base
    codec.framerate = film.rate
    codec.sample_aspect_ratio = film.pixel_aspect
    codec.color_range = 2 if film.full_range else 1
    codec.colorspace = MATRIX_NUMBERS[film.matrix]
    codec.color_primaries = film.primaries
    codec.color_trc = film.transfer
    codec.thread_count = settings.threads
    codec.options = dict(settings.options)
    codec.flags |= GLOBAL_HEADER


def stored_size(film: Film) -> tuple[int, int]:
    """(height, width) of the frames that are written: even, as 4:2:0 wants them."""
    return film.height + film.height % 2, film.width + film.width % 2


class Packet(NamedTuple):
    """An encoded frame."""

    pts: int
    key: bool
    data: bytes


class SegmentEncoder:
    """Encodes the frames of one segment.

    Raises
    ------
    FilmWriteError
        The encoder doesn't take these settings.
    """

    def __init__(self, film: Film, settings: Settings) -> None:
        self._film = film
        self._settings = settings
        context = av.CodecContext.create(CODECS[settings.codec].encoder, "w")
        assert isinstance(context, VideoCodecContext)
        configure(context, film, settings)
        try:
            context.open()
        except (av.FFmpegError, ValueError) as error:
            raise FilmWriteError(
                f"{settings.codec}: the encoder doesn't take these settings: "
                f"{', '.join(f'{name} {value}' for name, value in settings.options.items())}."
            ) from error
        self._context = context

    @property
    def extradata(self) -> bytes:
        """What a decoder must know beforehand."""
        return bytes(self._context.extradata or b"")

    def frame(self, luma: NDArray[Any]) -> av.VideoFrame:
        """A frame with its luma, in the depth of the encoder; chroma is yet to be filled in."""
        height, width = stored_size(self._film)
        frame = av.VideoFrame(width, height, self._settings.pixel_format)
        shift = self._settings.depth - self._film.depth
        _fill(frame, 0, luma << shift if shift else luma, self._settings.depth)
        return frame

    def encode(
        self, frame: av.VideoFrame, chroma: tuple[NDArray[Any], ...], pts: int
    ) -> Iterator[Packet]:
        """Fill in U and V, and encode; what comes out now."""
        for number, half in enumerate(chroma, start=1):
            twice = frame.planes[number].height > half.shape[0]  # 4:2:2
            _fill(frame, number, half.repeat(2, 0) if twice else half, self._settings.depth)
        frame.pts, frame.time_base = pts, self._film.time_base
        return self._packets(frame)

    def finish(self) -> Iterator[Packet]:
        """What was still being thought about."""
        return self._packets(None)

    def _packets(self, frame: av.VideoFrame | None) -> Iterator[Packet]:
        try:
            for packet in self._context.encode(frame):
                assert packet.pts is not None
                yield Packet(packet.pts, packet.is_keyframe, bytes(packet))
        except av.FFmpegError as error:
            raise FilmWriteError(f"{self._settings.codec}: encoding failed ({error}).") from error


def _fill(frame: av.VideoFrame, number: int, codes: NDArray[Any], depth: int) -> None:
    """Fill a plane, and the padding that encoders read, with the edge's own codes."""
    rows = _rows_of(frame, number, depth)
    height, width = codes.shape
    rows[:height, :width] = codes
    rows[height:] = rows[height - 1]
    rows[:, width:] = rows[:, width - 1, None]


def plane_of(frame: av.VideoFrame, number: int, depth: int) -> NDArray[Any]:
    """A writable view of a plane of a frame that this process has made."""
    return _rows_of(frame, number, depth)[:, : frame.planes[number].width]


def _rows_of(frame: av.VideoFrame, number: int, depth: int) -> NDArray[Any]:
    plane = frame.planes[number]
    kind = np.dtype(np.uint8 if depth == 8 else "<u2")
    return np.frombuffer(plane, dtype=kind).reshape(plane.height, -1)  # type: ignore[call-overload]
