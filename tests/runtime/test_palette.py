"""`photochrom.runtime.palette`: colors to keep to, named or taken from a picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom import color
from photochrom.color.text import parse_color
from photochrom.errors import ColorError
from photochrom.pictures import picture
from photochrom.runtime.palette import SAME, palette_ab, palette_of, parse_palette


def striped(*stripes, width=120):
    """A picture of stripes: (color, height) pairs."""
    rows = [np.tile(np.uint8(list(bytes.fromhex(c[1:]))), (n, width, 1)) for c, n in stripes]
    return picture.from_array(np.concatenate(rows))


# Named colors


def test_colors_are_separated_by_commas():
    assert parse_palette("#aa3377,#ddeeaa") == ("#aa3377", "#ddeeaa")
    assert parse_palette(" #a37 , ,#ddeeaa,") == ("#a37", "#ddeeaa")


def test_the_ab_of_a_palette_is_that_of_its_colors():
    found = palette_ab(("#aa3377", "#808080"))
    np.testing.assert_allclose(found, [parse_color("#aa3377"), (0, 0)], atol=0.01)
    assert found.dtype == np.float32


@pytest.mark.parametrize("text", ["", " , ", ","])
def test_no_colors_are_no_palette(text):
    with pytest.raises(ColorError, match=r"at least one color, such as #aa3377"):
        parse_palette(text)


@pytest.mark.parametrize("text", ["red", "#aa3377 #ddeeaa", "#aa3377;#ddeeaa", "missing.jpg"])
def test_what_is_no_color_is_named(text):
    with pytest.raises(ColorError, match=f"'{text}' is not a color"):
        parse_palette(f"#123456,{text}")


# Colors of a picture


def test_the_colors_of_a_picture_come_by_their_areas():
    flag = striped(("#cc2222", 30), ("#22aa44", 60), ("#3344cc", 45))
    found = palette_ab(palette_of(flag, most=3))
    expected = palette_ab(("#22aa44", "#3344cc", "#cc2222"))
    assert np.hypot(*(found - expected).T).max() < 5


def test_each_color_has_the_lightness_of_its_area():
    (name,) = palette_of(striped(("#882222", 60), ("#993333", 60)))
    lightness = color.srgb_to_lab(np.uint8(list(bytes.fromhex(name[1:]))))[0]
    ends = color.srgb_to_lab(np.uint8([[0x88, 0x22, 0x22], [0x99, 0x33, 0x33]]))[:, 0]
    assert ends[0] < lightness < ends[1]


def test_a_gray_picture_has_one_color_and_it_is_gray(gray_picture):
    (name,) = palette_of(gray_picture)
    assert len(set(bytes.fromhex(name[1:]))) == 1


def test_colors_that_are_nearly_alike_are_one():
    assert len(palette_of(striped(("#aa3377", 50), ("#aa3c74", 50)))) == 1


@given(st.integers(1, 8), st.integers(0, 3))
@settings(max_examples=12)
def test_there_are_no_more_colors_than_asked_for_and_none_twice(smooth_srgb, most, seed):
    source = picture.from_array(smooth_srgb(70, 90, seed))
    names = palette_of(source, most=most)
    assert 1 <= len(names) <= most
    assert len(set(names)) == len(names)
    assert parse_palette(",".join(names)) == names == palette_of(source, most=most)


def test_a_colorful_picture_fills_the_palette_with_colors_that_differ(smooth_srgb):
    found = palette_ab(palette_of(picture.from_array(smooth_srgb(70, 90)), most=6))
    assert len(found) == 6
    gaps = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1))
    assert gaps[~np.eye(6, dtype=bool)].min() > SAME / 2
