"""A film that is written as numbered pictures, one PNG for each frame, in a folder of its own.

The frames are kept without loss in the work folder like those of any film. Those of each finished
segment become pictures there, and in the end the folder with all of them gets its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyvips
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from photochrom.errors import Advice, FilmWriteError, OutputExistsError
from photochrom.pictures import writing
from photochrom.video.encoding import CODECS, Encoding, Settings, stored_size
from photochrom.video.film import Film
from photochrom.video.stills import stills_in
from photochrom.video.work import Segment, said, write_whole

USUAL_NAME = "frame-%06d"
"""Of the pictures of a film that didn't come as pictures; they count from 1."""


def is_folder(target: str | os.PathLike[str]) -> bool:
    """Whether a target is a folder, by a slash at its end or because it is there."""
    return os.fspath(target).endswith(("/", os.sep)) or Path(target).is_dir()


def check_free(folder: Path, source: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, before any work.

    Raises
    ------
    OutputExistsError
        It is the film itself, or it holds something and `force` is not set.
    FilmWriteError
        It is a file.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FilmWriteError(f"{folder}: this is a file; expected a folder, or a new name.")
    if source.exists() and folder.samefile(source):
        raise OutputExistsError(
            f"{folder}: the folder already exists: the film itself.", advice=[Advice.OTHER_OUTPUT]
        )
    if any(folder.iterdir()) and not force:
        raise OutputExistsError(
            f"{folder}: the folder already exists, and isn't empty.",
            advice=[Advice.OTHER_OUTPUT, Advice.REPLACE],
        )


def settings_for(film: Film, encoding: Encoding) -> Settings:
    """How frames are kept until they become pictures.

    Raises
    ------
    FilmWriteError
        A codec, a quality or a preset was chosen, and pictures have none.
    """
    if encoding != Encoding():
        raise FilmWriteError(
            "Pictures (PNG) have no codec, quality or preset to choose; leave them out."
        )
    return Settings.of(Encoding(codec="ffv1"), film, Path("pictures.mkv"))


class Pictures:
    """The pictures of a film while they are made, in its work folder.

    Parameters
    ----------
    film, settings : what the segments are of, and how their frames are kept
    folder : where the pictures are written
    comment : stands in each of them
    """

    def __init__(self, film: Film, settings: Settings, folder: Path, *, comment: str) -> None:
        self._film = film
        self._settings = settings
        self._folder = folder
        self._comment = comment
        self._name, self._first = _naming(film)

    def write(self, segment: Segment) -> Iterator[Path]:
        """Write the frames of a segment, one after the other; none that is there already.

        Raises
        ------
        FilmWriteError
            They can't be written; what is done is kept.
        """
        with said(self._folder):
            self._folder.mkdir(exist_ok=True)
        writing.remove_left(self._folder)
        start = self._first + segment.facts["next_number"] - len(segment.stamps)
        numbers = range(start, start + len(segment.stamps))
        places = [self._folder / f"{self._name % number}.png" for number in numbers]
        if all(place.exists() for place in places):
            return
        frames = _decoded(self._film, self._settings, segment)
        srgb = _Conversion(self._film, self._settings)
        for place, frame in zip(places, frames, strict=True):
            if not place.exists():
                write_whole(place, _png(srgb(frame), self._comment))
            yield place

    def publish(self, target: Path) -> None:
        """Give the folder its name; in a folder that holds something, replace the pictures.

        Raises
        ------
        FilmWriteError
            It can't be done; what is done is kept.
        """
        pictures = self._folder
        with said(target):
            with suppress(OSError):  # it is not there, or holds something
                target.rmdir()
            if not target.exists():
                pictures.rename(target)
                writing.sync_folder(target.parent)
                return
            series = {_series(place) for place in pictures.iterdir()}
            for place in target.iterdir():
                if _series(place) in series and not (pictures / place.name).exists():
                    place.unlink()  # of an earlier film that was longer
            for place in sorted(pictures.iterdir()):
                place.replace(target / place.name)
            pictures.rmdir()


def _series(place: Path) -> str:
    """The name of a picture without its number."""
    return re.sub(r"\d+(?=\.png$)", "#", place.name)


def _naming(film: Film) -> tuple[str, int]:
    """The names of the pictures, without suffix, for ``%``; and the number of the first one."""
    if not film.path.is_dir():
        return USUAL_NAME, 1
    stills = stills_in(film.path)
    return Path(stills.pattern).stem, stills.first


def _decoded(film: Film, settings: Settings, segment: Segment) -> Iterator[av.VideoFrame]:
    """The frames of a segment."""
    context = av.CodecContext.create(CODECS[settings.codec].encoder, "r")
    assert isinstance(context, VideoCodecContext)
    context.height, context.width = stored_size(film)
    context.pix_fmt = settings.pixel_format
    context.extradata = bytes.fromhex(segment.facts["extradata"])
    for one in segment.packets():
        packet: av.Packet[Any] = av.Packet(one.data)
        packet.pts = packet.dts = one.pts
        yield from context.decode(packet)
    yield from context.decode(None)


class _Conversion:
    """Makes pictures of frames: upright (height, width, 3), uint8 or uint16.

    Source: FFmpeg's scale, which without these flags makes frames nearly a code darker.
    """

    def __init__(self, film: Film, settings: Settings) -> None:
        self._film = film
        height, width = stored_size(film)
        graph = av.filter.Graph()
        form = av.VideoFormat(settings.pixel_format)
        source = graph.add_buffer(width=width, height=height, format=form, time_base=film.time_base)
        matrix = "smpte170m" if film.matrix == "bt601" else film.matrix
        scale = graph.add(
            "scale",
            f"flags=bicubic+accurate_rnd+full_chroma_int:in_color_matrix={matrix}:"
            f"in_range={'full' if film.full_range else 'limited'}:out_range=full",
        )
        packed = graph.add("format", "rgb24" if settings.depth == 8 else "rgb48le")
        graph.link_nodes(source, scale, packed, graph.add("buffersink"))
        graph.configure()
        self._graph = graph

    def __call__(self, frame: av.VideoFrame) -> NDArray[Any]:
        self._graph.vpush(frame)
        shown = self._graph.vpull().to_ndarray()
        return np.rot90(shown[: self._film.height, : self._film.width], self._film.turn // 90)


def _png(srgb: NDArray[Any], comment: str) -> bytes:
    kind = "srgb" if srgb.dtype == np.uint8 else "rgb16"
    image = pyvips.Image.new_from_array(np.ascontiguousarray(srgb), interpretation=kind).copy()
    image.set_type(pyvips.GValue.gstr_type, "png-comment-0-Comment", comment)
    png: bytes = image.pngsave_buffer(compression=6)
    return png
