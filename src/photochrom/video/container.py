"""A film's file: opened with FFmpeg, what it states, and the frames that can be decoded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer

from photochrom.errors import FilmReadError
from photochrom.video.stills import RATE, stills_in

FIRST_PACKETS = 4
"""The number of packets after which a decoder is asked for what it has."""

LISTS = frozenset({"concat", "dash", "hls", "imf", "rtp", "rtsp", "sdp", "webm_dash_manifest"})
"""Formats that only name other files or addresses, which whoever made them doesn't own."""

STATING = frozenset({"mov", "matroska", "webm", "avi", "asf", "flv", "image2"})
"""Formats that state how long they are in front, so that it is known where the end is missing."""

TRANSPORT_BYTES = {188: 188, 192: 188, 204: 204}
"""How far the packets of an MPEG transport stream are apart (plain, with a time before each, with
parity after each), and how many bytes the last one has from its sync byte on."""

SYNC, TAIL_BYTES, FEWEST_PACKETS = 0x47, 16 * 204, 8
"""With what such a packet begins, how much of the end of a file is searched for packets, and how
many are enough."""


@contextmanager
def open_input(path: Path, rate: Fraction = RATE) -> Iterator[InputContainer]:
    """Open a film's file to read, or the pictures in a folder.

    Raises
    ------
    FilmReadError
        It is not there, or no film.
    """
    known = ",".join(sorted(av.formats_available - LISTS))
    options = {"format_whitelist": known, "protocol_whitelist": "file"}
    place, kind = str(path), None
    if path.is_dir():
        stills = stills_in(path)
        place, kind = stills.pattern, "image2"
        options |= {"start_number": str(stills.first), "framerate": str(rate)}
        options |= {"pattern_type": "sequence"}
    elif not path.is_file():
        raise FilmReadError(f"{path}: the film does not exist.")
    with reading(path):
        container = av.open(place, "r", format=kind, metadata_errors="replace", options=options)
    with container:
        yield container


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn FFmpeg's errors into `FilmReadError`."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise FilmReadError(f"{path}: it can't be read as a film ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def picture_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """The first video stream that is no cover picture.

    Raises
    ------
    FilmReadError
        There is none, or it can't be decoded.
    """
    streams = [one for one in container.streams.video if not is_cover(one)]
    if not streams:
        raise FilmReadError(f"{path}: it contains no video.")
    stream = streams[0]
    if stream.codec_context is None:
        raise FilmReadError(
            f"{path}: its video can't be decoded; it is encrypted, or in an unknown format."
        )
    return stream


def is_cover(stream: av.stream.Stream) -> bool:
    """Whether a video stream is a still that belongs to the file, such as a cover."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


class Stated(NamedTuple):
    """What a file states of its pictures, in seconds of its own clock."""

    duration_s: float | None
    end_s: float | None
    """When the last frame ends; None where the file doesn't say, or FFmpeg only estimates."""
    exact: bool
    """Whether that is of the pictures; otherwise of the file, whose sound may last longer."""
    cut: bool = False
    """Whether the file ends inside a packet, where it doesn't say how long it is."""


def stated(container: InputContainer, stream: av.VideoStream, start_s: float) -> Stated:
    """Read what a file states.

    Parameters
    ----------
    start_s : when its first frame is shown
    """
    whole = None if container.duration is None else container.duration / av.time_base
    kinds = set(container.format.name.split(","))
    if not STATING & kinds:
        cut = "mpegts" in kinds and ends_inside_packet(Path(container.name))
        return Stated(whole, None, exact=False, cut=cut)
    if stream.duration is not None and stream.time_base is not None:
        units = max(stream.duration, stream.frames) if "avi" in kinds else stream.duration
        duration = float(units * stream.time_base)  # of a cut AVI, FFmpeg shortens the first only
        return Stated(duration, start_s + duration, exact=True)
    tags = (tag for key, tag in stream.metadata.items() if key.startswith("DURATION"))
    tagged = _tagged_s(next(tags, ""))
    if tagged:
        return Stated(max(tagged - start_s, 0.0), tagged, exact=True)
    return Stated(whole, whole, exact=len(container.streams) == 1)


def ends_inside_packet(path: Path) -> bool:
    """Whether an MPEG transport stream ends inside a packet, as one does that was cut off.

    False where its last bytes are something else, such as the zeros of a recorder's blocks.

    Raises
    ------
    FilmReadError
        The file can't be read any more.

    Source: ISO/IEC 13818-1, 2.4.3: packets of 188 bytes that begin with `SYNC`.
    """
    with reading(path), path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        tail = file.read()
    for step, whole in TRANSPORT_BYTES.items():
        for first in range(min(step, len(tail))):
            firsts = tail[first::step]
            if firsts.count(SYNC) == len(firsts) >= FEWEST_PACKETS:
                return (len(tail) - 1 - first) % step + 1 != whole
    return False


def _tagged_s(text: str) -> float | None:
    """Seconds from Matroska's H:MM:SS.fraction."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d*)?)", text)
    if match is None:
        return None
    hours, minutes, seconds = (float(part) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def frames_of(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Decode what can be decoded; broken packets are passed over, as players do.

    Raises
    ------
    FilmReadError
        The file can't be read any more, or is encrypted.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.EOFError):
            return
        except av.InvalidDataError:
            continue
        except (av.FFmpegError, OSError) as error:
            raise FilmReadError(f"{container.name}: reading stopped ({_reason(error)}).") from error
        if packet.has_sidedata("encryption_info"):
            raise FilmReadError(
                f"{container.name}: its video can't be decoded; it is encrypted. Films with copy "
                "protection can't be read."
            )
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            continue
        except av.EOFError:
            return


def first_of(container: InputContainer, stream: av.VideoStream) -> av.VideoFrame | None:
    """The first frame from here on, without the packets that decoders like to see before."""
    for packet in islice(container.demux(stream), FIRST_PACKETS):
        with suppress(av.InvalidDataError, av.EOFError):
            for frame in packet.decode():
                return frame
    with suppress(av.InvalidDataError, av.EOFError):
        for frame in stream.codec_context.decode(None):
            return frame
    return None
