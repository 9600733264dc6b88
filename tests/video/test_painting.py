"""U and V from luma, a* and b*: right within the table's steps, and neutral for gray."""

from dataclasses import replace

import numpy as np
import pytest

from photochrom import color
from photochrom.video.film import open_film
from photochrom.video.painting import WEIGHTS, Levels, Painter, chroma_table
from photochrom.video.small import Bars


def rgb_of(levels, luma_codes, u, v):
    """RGB of codes, by the standard's own formulas."""
    red, blue = WEIGHTS[levels.matrix]
    span, unit = (255, 255) if levels.full_range else (219, 224)
    low = 0 if levels.full_range else 16
    luma = (luma_codes - low) / span
    cb, cr = (u - 128.0) / unit, (v - 128.0) / unit
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    return np.stack([r, (luma - red * r - blue * b) / (1 - red - blue), b], axis=-1)


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full_range", [False, True])
def test_the_table_keeps_luma_and_gives_the_colors(matrix, full_range):
    levels = Levels(matrix=matrix, full_range=full_range, depth=8)
    table = chroma_table(levels)
    luma = 4 * np.arange(64)[20:48] + 1.5
    for a, b in ((20, 30), (-25, 15), (10, -30)):
        at = round((a + 89.6) / 0.8), round((b + 108.8) / 0.8)
        u, v = (table[20:48, *at, plane].astype(float) for plane in (0, 1))
        rgb = rgb_of(levels, luma, u, v)
        inside = ((rgb > 0.01) & (rgb < 0.99)).all(axis=-1)
        assert inside.sum() > 8
        found = color.srgb_to_lab(rgb[inside].astype(np.float32))[:, 1:]
        assert abs(found - [a, b]).max() < 2


def test_what_rgb_cannot_show_moves_to_gray():
    levels = Levels(matrix="bt709", full_range=False, depth=8)
    table = chroma_table(levels).astype(float)
    luma = 4 * np.arange(64) + 1.5
    rgb = rgb_of(levels, luma[:, None, None], table[..., 0], table[..., 1])
    seen = (luma >= 16) & (luma <= 235)
    assert rgb[seen].min() > -0.01
    assert rgb[seen].max() < 1.01
    assert (table[~seen] == 128).all()


@pytest.fixture(scope="module")
def film(tmp_path_factory, shots, clip):
    return open_film(clip(tmp_path_factory.mktemp("film") / "a.mkv", shots[:4]))


@pytest.mark.parametrize("depth", [8, 10])
def test_gray_stays_exactly_neutral(film, depth):
    luma = np.tile(np.arange(160, dtype=np.uint8), (96, 1))
    painter = Painter(film, Bars(), depth)
    light = np.full((16, 27), 50, np.float32)
    planes = painter.paint(luma, np.zeros((16, 27, 2), np.float32), light)
    for plane in planes:
        assert plane.shape == (48, 80)
        assert (plane == 128 << (depth - 8)).all()


def test_bars_stay_neutral_and_colors_follow_the_turn(film):
    luma = np.full((96, 160), 120, np.uint8)
    ab = np.zeros((16, 27, 2), np.float32)
    ab[:8, :, 0] = 40  # red above
    light = np.full((16, 27), 50, np.float32)
    bars = Bars(top=16, bottom=16)
    _, v = Painter(film, bars, 8).paint(luma, ab, light)
    assert (v[:8] == 128).all()
    assert (v[40:] == 128).all()
    assert v[10:20].min() > 140
    sideways = Painter(replace(film, turn=90), Bars(), 8)
    _, v = sideways.paint(luma, np.rot90(ab, 1)[:, ::-1].copy(), np.full((27, 16), 50, np.float32))
    assert v.shape == (48, 80)
    assert np.ptp(v.astype(int)) > 10
