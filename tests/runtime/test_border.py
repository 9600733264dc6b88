"""A plain border changes nothing inside, and gets no colors itself."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

import photochrom
from photochrom import Colorizer, Hint, color
from photochrom.errors import ShapeError
from photochrom.runtime.border import Box, find_border

SAMPLES = Path(photochrom.__file__).parent / "samples"


def rough(height, width, seed=0):
    """Lightness that is nowhere plain."""
    return np.random.default_rng(seed).uniform(25, 75, (height, width)).astype(np.float32)


def framed(inner, widths, tone):
    top, right, bottom, left = widths
    return np.pad(inner, ((top, bottom), (left, right)), constant_values=tone)


@given(
    st.tuples(*[st.integers(1, 20)] * 4),
    st.one_of(st.floats(84, 100), st.floats(0, 16)),
    st.integers(80, 140),
    st.integers(80, 140),
)
@settings(max_examples=40, deadline=None)
def test_a_border_is_found_wherever_it_ends(widths, tone, height, width):
    top, _, _, left = widths
    found = find_border(framed(rough(height, width), widths, tone))
    assert found == Box(top, left, top + height, left + width)


def test_two_opposite_sides_are_a_border_and_one_is_none():
    inner = rough(100, 140)
    assert find_border(framed(inner, (9, 0, 12, 0), 95)) == Box(9, 0, 109, 140)
    assert find_border(framed(inner, (9, 0, 0, 0), 95)) is None


def test_an_edge_that_is_lost_lies_where_the_others_do():
    inner = rough(100, 140)
    inner[:40] = 95  # a white sky
    assert find_border(framed(inner, (10, 10, 10, 10), 95)) == Box(10, 10, 110, 150)


@pytest.mark.parametrize("tone", [95.0, 5.0, 50.0])
def test_what_is_plain_but_no_border_is_left_alone(tone):
    thing = np.full((120, 120), tone, np.float32)
    thing[30:90, 50:70] = rough(60, 20)  # a thing before a plain background
    assert find_border(thing) is None
    assert find_border(np.full((60, 60), tone)) is None
    assert find_border(framed(rough(90, 90), (10, 10, 10, 10), 50)) is None  # a gray wall


def test_lightness_has_two_axes():
    with pytest.raises(ShapeError, match="height, width"):
        find_border(np.zeros((4, 4, 3)))


def gray_of(sample):
    image = pyvips.Image.new_from_file(str(SAMPLES / f"{sample}.jpg")).colourspace("b-w")
    return image[0].cast("uchar").copy(interpretation="b-w")


def mounted(gray, share=0.15, tone=250):
    wide = int(share * min(gray.width, gray.height))
    size = gray.width + 2 * wide, gray.height + 2 * wide
    return gray.embed(wide, wide, *size, extend="background", background=[tone]), wide


def ab_of(picture):
    return color.srgb_to_lab(picture.srgb())[..., 1:]


@pytest.mark.parametrize("model", ["photochrom", "resnet18-gray"])
@pytest.mark.parametrize("sample", ["chelsea", "china", "flower"])
def test_colors_inside_a_border_are_those_without_it(sample, model):
    colorizer, gray = Colorizer(model), gray_of(sample)
    large, wide = mounted(gray)
    plain = ab_of(colorizer.colorize(gray.pngsave_buffer()))
    whole = ab_of(colorizer.colorize(large.pngsave_buffer()))
    inside = whole[wide:-wide, wide:-wide]
    assert np.hypot(*np.moveaxis(inside - plain, -1, 0)).mean() < 4
    edge = wide - 5
    assert np.abs(whole[:edge]).max() < 1.5
    assert np.abs(whole[:, -edge:]).max() < 1.5


def test_hints_alternatives_and_confidence_know_the_border():
    gray = gray_of("chelsea")
    large, wide = mounted(gray)
    colorizer = Colorizer()
    plain, whole = (colorizer.prepare(one.pngsave_buffer()) for one in (gray, large))
    x, y = gray.width / 2, gray.height / 2
    own, moved = Hint.at(x, y, "#2040c0"), Hint.at(x + wide, y + wide, "#2040c0")
    part = np.s_[wide:-wide, wide:-wide]
    apart = ab_of(plain.paint(hints=[own])) - ab_of(whole.paint(hints=[moved]))[part]
    assert np.hypot(*np.moveaxis(apart, -1, 0)).mean() < 4
    for one in whole.alternatives(2):
        for (left, top), *_ in (hint.points for hint in one.hints):
            assert wide <= left <= wide + gray.width
            assert wide <= top <= wide + gray.height
    assert whole.likely_colors(3, 3) == [("#f6f6f6", 1.0)]
    assert whole.confidence_picture().srgb()[:5].min() == 255
    on_it = Hint.at(wide / 2, wide / 2, "#c02020", radius_px=wide / 3)
    found = ab_of(whole.paint(hints=[on_it]))
    assert found[wide // 2, wide // 2, 0] > 1
