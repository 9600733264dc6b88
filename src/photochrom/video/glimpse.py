"""A few frames of a shot in color, and soon again with other hints.

The frames of one part of a shot are read once: their motion, and what the network sees in a few
of them. What hangs on hints is done anew each time, as for the whole film.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, dropwhile, islice, pairwise

import numpy as np
import pyvips

from photochrom.errors import FilmReadError
from photochrom.pictures import picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.upsample import guide
from photochrom.video import film as film_
from photochrom.video.blocks import Analysis, Block, Known, Look
from photochrom.video.exposure import Seen, evened
from photochrom.video.fields import Float
from photochrom.video.film import Film, Frame
from photochrom.video.hints import FilmHints
from photochrom.video.keys import Kept, NetworkColors
from photochrom.video.painting import FLAT
from photochrom.video.small import Bars, Gray, SmallCopy
from photochrom.video.steady import Steady

SHOWN = 8
"""How many frames of a part are shown."""

MOST_FRAMES = 96
"""The most frames in a part of a shot."""

SHORT_SIDE_PX = 480
"""Of the frames that are shown, and"""

STRIP_PX = 144
"""of those that are shown beside one another."""

GRAY_QUALITY, QUALITY = 95, 88
"""Of the JPEGs that are kept, and of those that are given."""

SEEK_BACK_S = 0.5
"""How long before the part decoding starts, in seconds; earlier where that turns out too late."""


def parts_of(first: int, frames: int) -> list[tuple[int, int]]:
    """A shot in parts of about the same length: the first frame of each, and how many it has."""
    count = -(-frames // MOST_FRAMES)
    edges = [first + frames * part // count for part in range(count + 1)]
    return [(start, end - start) for start, end in pairwise(edges)]


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """As for `keys.HintedFilm`."""

    film: Film
    hints: FilmHints
    small: SmallCopy
    cell_px: int


@dataclass(kw_only=True)
class _Taken:
    """Takes down what is known of a block; see `blocks.KeyColors`."""

    smalls: Mapping[int, Gray] = field(default_factory=dict)

    def wants(self, pts: int) -> bool:
        """Every frame may get hints."""
        return True

    def __call__(
        self, shot: int, looks: Sequence[Look], smalls: Mapping[int, Gray]
    ) -> Mapping[int, Known]:
        self.smalls = dict(smalls)
        return {}

    def memory(self) -> Mapping[str, Float]:
        """Nothing goes on."""
        return {}


class Glimpse:
    """A part of a shot, ready to be painted.

    Parameters
    ----------
    colorizer : the model
    film, bars : what the frames are like
    shot : its number, from 1
    number : of the first frame, from 0 at the film's first
    start_s : when it is shown, in seconds from the film's first frame
    count : how many frames; at most `MOST_FRAMES` are read

    Raises
    ------
    FilmReadError
        The film can't be read any more, or has no frame there.
    """

    def __init__(
        self,
        colorizer: Colorizer,
        film: Film,
        bars: Bars,
        *,
        shot: int,
        number: int,
        start_s: float,
        count: int,
    ) -> None:
        self._colorizer, self._film, self._shot = colorizer, film, shot
        contract = colorizer.contract
        self._cell_px = contract.output_stride
        self._small = SmallCopy(film, bars, contract.short_side_px)
        self._large = SmallCopy(film, bars, min(SHORT_SIDE_PX, *film.upright_size))
        self._grays: list[bytes] = []
        self._kept = Kept(colorizer)
        taken = _Taken()
        analysis = Analysis(keys=taken, every=1, cell_px=self._cell_px)
        frames = islice(_frames_from(film, start_s), min(count, MOST_FRAMES))
        block = next(analysis.blocks(evened(self._looked_at(frames, number))), None)
        if block is None:
            raise FilmReadError(f"{film.path}: there is no frame at {start_s:.3f} s.")
        self._block: Block = replace(block, shot=shot - 1)
        self._smalls = taken.smalls
        last = len(block.looks) - 1
        self._places = sorted({round(share * last) for share in np.linspace(0, 1, SHOWN)})

    @property
    def first_frame(self) -> int:
        """The number of its first frame."""
        return self._block.looks[0].number

    @property
    def times(self) -> list[float]:
        """When its frames are shown, in seconds from the film's first one."""
        film = self._film
        return [float(look.pts * film.time_base - film.start) for look in self._block.looks]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the frames that are shown beside one another."""
        return [self.first_frame + place for place in self._places]

    def paint(
        self, hints: FilmHints, *, vividness: float, large: Iterable[int] = ()
    ) -> Iterator[tuple[int, bytes]]:
        """The frames in color.

        Parameters
        ----------
        hints : what is known of the film
        vividness : as for `Prepared.paint`
        large : numbers of frames that are to be painted at their full size here, too

        Yields
        ------
        The frame's number, and a JPEG: first those of `numbers`, small; then the large ones

        Raises
        ------
        FilmHintsError
            A hint lies outside the picture, or a picture that is named can't be read.
        """
        scene = _Scene(film=self._film, hints=hints, small=self._small, cell_px=self._cell_px)
        colors = NetworkColors(
            self._colorizer,
            scene,
            at=self._places,
            vividness=vividness,
            kept=self._kept,
        )
        looks = self._block.looks
        known = colors(self._block.shot, looks, self._smalls)
        for position, look in enumerate(looks):
            look.known = known.get(position)
        small, full = self.numbers, list(large)
        painted = {
            look.number: (ab, look)
            for look, ab in Steady(self._block, None)
            if look.number in small or look.number in full
        }
        for wanted, short_px in ((small, STRIP_PX), (full, None)):
            for number in wanted:
                if number in painted:
                    yield number, self._picture(*painted[number], short_px)

    def likely_colors(self, number: int, x: float, y: float) -> list[tuple[str, float]]:
        """The likeliest colors at a point of a frame, as `Prepared.likely_colors` gives them.

        Parameters
        ----------
        number : of the frame
        x, y : in pixels of the upright frame

        Raises
        ------
        HintError
            The point lies outside the picture.
        """
        prepared = self._kept.frame(number, self._smalls[number - self.first_frame])
        (x, y), *_ = self._small.placed(np.array([[x, y]])).tolist()
        return prepared.likely_colors(x, y)

    def _looked_at(self, frames: Iterator[Frame], number: int) -> Iterator[Seen]:
        for at, frame in enumerate(frames):
            large = self._large(frame.luma)
            image = pyvips.Image.new_from_array(large, interpretation="b-w")
            self._grays.append(image.jpegsave_buffer(Q=GRAY_QUALITY))
            small = self._small(frame.luma)
            yield Seen(number + at, frame.pts, frame.duration, small, not at)

    def _picture(self, ab: Float, look: Look, short_px: int | None) -> bytes:
        gray = picture.read(self._grays[look.number - self.first_frame])
        if short_px is not None and min(gray.size) > short_px:
            scale = short_px / min(gray.size)
            size = round(scale * gray.height), round(scale * gray.width)
            gray = picture.from_array(np.ascontiguousarray(gray.srgb(size=size)[..., 0]))
        offset, gain = guide(ab, look.light.astype(np.float32), flat=FLAT)
        return gray.with_ab(offset, gain).encode("jpeg", quality=QUALITY)


def first_frame_at(film: Film, start_s: float) -> Frame:
    """The first frame from a time on.

    Raises
    ------
    FilmReadError
        There is none, or the film can't be read any more.
    """
    frame = next(_frames_from(film, start_s), None)
    if frame is None:
        raise FilmReadError(f"{film.path}: there is no frame at {start_s:.3f} s.")
    return frame


def _frames_from(film: Film, start_s: float) -> Iterator[Frame]:
    """The frames from a time on."""
    first = round((start_s + float(film.start)) / float(film.time_base))
    for back_s in (SEEK_BACK_S, film_.SEEK_BACK_S):
        frames = film.frames(after=first - 1, back_s=back_s)
        frame = next(frames, None)
        if frame is not None and frame.pts <= first:
            break
    if frame is None:
        return
    yield from dropwhile(lambda one: one.pts < first, chain([frame], frames))
