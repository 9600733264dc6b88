"""Before and after as a short film to share: the colors come in from one side, and go again."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from photochrom.errors import FilmWriteError, ShapeError
from photochrom.video.encoding import CODECS, MATRIX_NUMBERS

FRAMES_PER_SECOND = 25
REST_SECONDS, WAY_SECONDS = 1.2, 1.0
QUALITY = 20


def clip(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bytes:
    """An MP4 in which the colors come in from the left, stay, and go again.

    Parameters
    ----------
    before, after : (H, W, 3) sRGB codes of the same photograph; an odd last row or column is
        left out, as H.264 has none

    Returns
    -------
    the file: H.264 in 8-bit 4:2:0, BT.709, without sound; it can be repeated without a jump

    Raises
    ------
    ShapeError
        They differ in size, or are smaller than 2 x 2.
    FilmWriteError
        It can't be encoded.
    """
    if before.shape != after.shape or min(before.shape[:2]) < 2:
        raise ShapeError(f"before is {before.shape} and after {after.shape}; expected one size.")
    height, width = (side - side % 2 for side in before.shape[:2])
    buffer = io.BytesIO()
    codec = CODECS["h264"]
    options = {"crf": str(QUALITY), "preset": str(codec.preset)}
    try:
        with av.open(buffer, "w", format="mp4") as container:
            stream = container.add_stream(codec.encoder, FRAMES_PER_SECOND, options=options)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = width, height
            stream.pix_fmt = codec.formats[8]
            context = stream.codec_context
            context.colorspace = context.color_primaries = MATRIX_NUMBERS["bt709"]
            context.color_trc = MATRIX_NUMBERS["bt709"]
            context.color_range = 1  # as films have it, 16..235
            shown = before[:height, :width].copy()
            for number, edge in enumerate(_edges(width)):
                shown[:, :edge] = after[:height, :edge]
                shown[:, edge:] = before[:height, edge:width]
                frame = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(
                    format=codec.formats[8], dst_colorspace=Colorspace.ITU709
                )
                frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise FilmWriteError(f"The clip can't be encoded ({error}).") from error
    return buffer.getvalue()


def _edges(width: int) -> Iterator[int]:
    """Up to which column each frame has colors: slowly first and last."""
    rest, way = (round(FRAMES_PER_SECOND * one) for one in (REST_SECONDS, WAY_SECONDS))
    come = [round(width * (0.5 - 0.5 * math.cos(math.pi * at / way))) for at in range(1, way)]
    yield from [0] * rest
    yield from come
    yield from [width] * rest
    yield from reversed(come)
