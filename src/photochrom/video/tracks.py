"""What comes along with the pictures: sound, subtitles, chapters, attachments, tags.

All are copied as they are; the new pictures are joined with them from segments.
"""

from __future__ import annotations

import heapq
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from photochrom.errors import FilmReadError, FilmWriteError
from photochrom.video.container import is_cover, open_input
from photochrom.video.encoding import CODECS, Settings, configure
from photochrom.video.film import Film
from photochrom.video.part import Window
from photochrom.video.work import Segment

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}

BITEXACT = 0x400
"""FFmpeg's flag for files without random numbers and times."""

_OUTDATED = ("encoder", "DURATION", "BPS", "NUMBER_OF_", "_STATISTICS", "vendor_id")
"""Tags of a video stream that are no longer true of the new one."""


class Tracks(NamedTuple):
    """Which streams come along, by their numbers; and what is left behind, in words."""

    kept: tuple[int, ...]
    notes: tuple[str, ...]


NO_TRACKS = Tracks((), ("Pictures hold no sound, subtitles or times.",))
"""Where pictures are wanted."""


def plan_tracks(film: Film, target: Path) -> Tracks:
    """Decide which streams come along, before any work is done.

    Raises
    ------
    FilmWriteError
        The container that is wanted can't hold the film's sound.
    """
    kept, notes = [], []
    with open_input(film.path) as source, _scratch(target) as scratch:
        for stream in source.streams:
            if stream.index == film.stream_index:
                continue
            what = f"{stream.type} stream {stream.index}"
            if stream.type == "data" or (stream.type == "video" and not is_cover(stream)):
                notes.append(f"{what} is left out.")
                continue
            try:
                _add_copy(scratch, stream)
            except (ValueError, av.FFmpegError):
                name = stream.codec_context.name if stream.codec_context else "unknown"
                if stream.type == "audio":
                    raise FilmWriteError(
                        f"{target}: {target.suffix} can't hold the film's sound ({name}). "
                        "Write .mkv, which can."
                    ) from None
                notes.append(f"{what} ({name}) is left out: {target.suffix} can't hold it.")
                continue
            kept.append(stream.index)
    return Tracks(tuple(kept), tuple(notes))


def _scratch(target: Path) -> OutputContainer:
    """A container that is never written."""
    return av.open(io.BytesIO(), "w", format=FORMATS[target.suffix.lower()])


def _add_copy(output: OutputContainer, stream: Stream) -> Stream:
    """A stream for packets that are copied, with the tags of its model."""
    if stream.type == "attachment":
        copy = output.add_stream_from_template(stream)
    else:
        copy = output.add_stream_from_template(stream, opaque=True)
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def join(
    film: Film,
    target: Path,
    settings: Settings,
    segments: Sequence[Segment],
    *,
    tracks: Tracks,
    window: Window | None,
    comment: str,
) -> None:
    """Write the film: pictures from segments, and all else from the film that they are of.

    Parameters
    ----------
    target : the file to write; its suffix says the container
    window : the part that was done; None for all
    comment : what is added to the film's own comment

    Raises
    ------
    FilmReadError, FilmWriteError
        The film can't be read any more, or the new one not be written.
    """
    try:
        with (
            open_input(film.path) as source,
            av.open(
                str(target),
                "w",
                format=FORMATS[target.suffix.lower()],
                container_options=_options(film, source, target),
            ) as output,
        ):
            _Joining(film, source, output, settings, tracks, window).run(segments, comment)
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FilmWriteError(
            f"{target}: the film can't be written ({reason}). What is done is kept; free some "
            "space, and start again to continue."
        ) from error


def _options(film: Film, source: InputContainer, target: Path) -> dict[str, str]:
    """Keep times as they are, also below 0, where sound often begins.

    MP4 keeps the start of each stream in whole units of one clock, which is made to fit all.
    """
    if FORMATS[target.suffix.lower()] not in ("mp4", "mov"):
        return {"avoid_negative_ts": "disabled"}
    units = [film.time_base.denominator]
    units += [one.time_base.denominator for one in source.streams.audio if one.time_base]
    common = math.lcm(*units)
    return {"movie_timescale": str(common if common < 1 << 31 else units[0])}


class _Joining(NamedTuple):
    """A film that is being written."""

    film: Film
    source: InputContainer
    output: OutputContainer
    settings: Settings
    tracks: Tracks
    window: Window | None

    def run(self, segments: Sequence[Segment], comment: str) -> None:
        """Write everything."""
        source, output = self.source, self.output
        output.flags |= BITEXACT  # no random numbers, no times
        copies: dict[int, Stream] = {}
        pictures: VideoStream | None = None
        for stream in source.streams:
            if stream.index == self.film.stream_index:
                pictures = _add_pictures(output, self.film, self.settings, stream)
            elif stream.index in self.tracks.kept:
                copies[stream.index] = _add_copy(output, stream)
        if pictures is None:
            raise FilmReadError(f"{self.film.path}: its video has disappeared.")
        output.metadata.update(source.metadata)
        said = output.metadata.get("comment")
        output.metadata["comment"] = f"{said}; {comment}" if said else comment
        _copy_chapters(source, output, self.window)
        output.start_encoding()
        if bytes(pictures.codec_context.extradata or b"") != extradata_of(segments):
            raise FilmWriteError(
                f"{output.name}: the encoder has other settings now than when the work began."
            )
        start = self.window.start if self.window else Fraction(0)
        moved = _pictures(self.film, segments, pictures, start)
        others = _copied(source, copies, self.window)
        for _, _, packet in heapq.merge(moved, others, key=lambda entry: entry[:2]):
            output.mux(packet)


def extradata_of(segments: Sequence[Segment]) -> bytes:
    """What a decoder must know of all segments beforehand.

    Raises
    ------
    FilmWriteError
        They differ.
    """
    found = {segment.facts["extradata"] for segment in segments}
    if len(found) > 1:
        raise FilmWriteError("The segments were made with different encoder settings.")
    return bytes.fromhex(found.pop())


def _add_pictures(
    output: OutputContainer, film: Film, settings: Settings, model: Stream
) -> VideoStream:
    pictures = output.add_stream(CODECS[settings.codec].encoder, rate=film.rate)
    assert isinstance(pictures, VideoStream)
    configure(pictures, film, settings)
    pictures.time_base = film.time_base
    tags = {key: tag for key, tag in model.metadata.items() if not key.startswith(_OUTDATED)}
    pictures.metadata.update(tags)
    pictures.disposition = model.disposition
    if film.turn:
        pictures.set_display_rotation(film.turn)
    return pictures


Entry: TypeAlias = "tuple[float, int, av.Packet[Any]]"
"""When a packet is decoded, in seconds; its stream; and itself."""


def _pictures(
    film: Film, segments: Iterable[Segment], stream: VideoStream, start: Fraction
) -> Iterator[Entry]:
    """The encoded frames, with times."""
    segments = list(segments)
    order = np.concatenate([segment.stamps for segment in segments])
    shown, dts = np.sort(order), decode_stamps(order)
    last = segments[-1].facts["duration"] or round(1 / film.rate / film.time_base)
    durations = np.append(np.diff(shown), last)
    shift = round(start / film.time_base)
    packets = (packet for segment in segments for packet in segment.packets())
    for at, one in enumerate(packets):
        packet: av.Packet[Any] = av.Packet(one.data)
        packet.pts, packet.dts = one.pts - shift, int(dts[at]) - shift
        packet.duration = int(durations[np.searchsorted(shown, one.pts)])
        packet.time_base = film.time_base
        packet.is_keyframe, packet.stream = one.key, stream
        yield float(packet.dts * film.time_base), stream.index, packet


def decode_stamps(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """When frames are decoded: rising times, none after the frame is shown.

    Parameters
    ----------
    order : the pts of the frames in the order in which they are decoded

    Returns
    -------
    Their dts: the pts in their own order, moved back by as many frames as must be
    """
    shown = np.sort(order)
    count = len(shown)
    late = np.arange(count) - np.searchsorted(shown, order)
    delay = min(max(int(late.max(initial=0)), 0), count)
    step = max(1, int(shown[1] - shown[0])) if count > 1 else 1
    early = shown[:1] - step * np.arange(delay, 0, -1)
    return np.concatenate([early, shown[: count - delay]])


def _copied(
    source: InputContainer, copies: dict[int, Stream], window: Window | None
) -> Iterator[Entry]:
    """The packets that are copied, with times."""
    streams = [
        stream
        for stream in source.streams
        if stream.index in copies and stream.type != "attachment"
    ]
    if not streams:  # demux of no streams would be of all
        return
    latest = float("-inf")
    for packet in source.demux(streams):
        if packet.dts is None and packet.pts is None:
            continue
        if packet.size <= 2 and packet.stream.codec_context.name == "mov_text":
            continue  # nothing is shown; the writer makes such packets by itself
        time_base = packet.time_base
        if window is not None and not _moved(packet, window):
            continue
        decoded = packet.dts if packet.dts is not None else packet.pts
        assert decoded is not None
        latest = max(latest, float(decoded * time_base))
        copy = copies[packet.stream.index]
        packet.stream = copy
        yield latest, copy.index, packet


def _moved(packet: av.Packet[Any], window: Window) -> bool:
    """Move a packet's times to the window's start; False where it lies outside."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    assert stamp is not None
    time = stamp * packet.time_base
    if time < window.start or (window.end is not None and time >= window.end):
        return False
    shift = round(window.start / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - shift
    packet.dts = None if packet.dts is None else packet.dts - shift
    return True


def _copy_chapters(source: InputContainer, output: OutputContainer, window: Window | None) -> None:
    chapters = []
    for chapter in source.chapters():
        unit = chapter["time_base"] or Fraction(1)
        start, end = chapter["start"] * unit, chapter["end"] * unit
        if window is not None:
            low, high = window.start, end if window.end is None else window.end
            start, end = max(start, low) - low, min(end, high) - low
            if start >= end:
                continue
        moved = chapter.copy()
        moved["start"], moved["end"] = round(start / unit), round(end / unit)
        chapters.append(moved)
    if chapters:
        output.set_chapters(chapters)
