"""`photochrom.video.clip`: before and after as a short film."""

import io

import av
import numpy as np
import pytest

from photochrom.errors import ShapeError
from photochrom.video.clip import FRAMES_PER_SECOND, clip


def frames_of(content):
    with av.open(io.BytesIO(content)) as film:
        stream = film.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(stream)]
        return stream, frames


def test_the_colors_come_in_from_the_left_stay_and_go():
    before = np.full((61, 81, 3), 120, np.uint8)
    after = before.copy()
    after[...] = (190, 90, 60)
    stream, frames = frames_of(clip(before, after))
    assert (stream.codec_context.name, stream.average_rate) == ("h264", FRAMES_PER_SECOND)
    assert frames[0].shape == (60, 80, 3)
    assert np.abs(frames[0] - 120).max() <= 6
    middle = frames[len(frames) // 2]
    assert np.abs(middle - (190, 90, 60)).max() <= 8
    colored = [(frame[..., 0] > 155).mean() for frame in frames]
    coming = colored[: len(frames) // 2]
    assert coming == sorted(coming)
    half = frames[int(np.argmin(np.abs(np.array(coming) - 0.5)))]
    assert (half[:, :30, 0] > 155).all()
    assert (half[:, -30:, 0] < 140).all()
    assert abs(colored[-1]) < 0.05  # it can begin again without a jump


def test_pictures_of_two_sizes_are_refused():
    with pytest.raises(ShapeError, match="expected one size"):
        clip(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 10, 3), np.uint8))
