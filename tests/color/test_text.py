"""`photochrom.color.text`: colors as people write them, and as they are written to people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom import color
from photochrom.color.text import hex_color, parse_color
from photochrom.errors import ColorError


@given(st.binary(min_size=3, max_size=3))
def test_a_color_is_what_srgb_says(rgb):
    _, a, b = color.srgb_to_lab(np.frombuffer(rgb, np.uint8))
    for text in (f"#{rgb.hex()}", rgb.hex().upper(), f"  #{rgb.hex()} "):
        assert parse_color(text) == (a, b)


def test_three_digits_are_short_for_six():
    assert parse_color("#c2f") == parse_color("#cc22ff")


@pytest.mark.parametrize(
    "text",
    ["", "#", "red", "#12345", "#1234567", "#gg0000", "##c22", "12  34", "#+12345", "１２３"],
)
def test_what_is_no_color_is_refused_with_an_example(text):
    with pytest.raises(ColorError, match=r"is not a color; write it as #rrggbb or #rgb"):
        parse_color(text)


@given(st.binary(min_size=3, max_size=3))
def test_a_color_comes_back_as_it_was_written(rgb):
    lightness, a, b = color.srgb_to_lab(np.frombuffer(rgb, np.uint8)).tolist()
    assert hex_color(lightness, (a, b)) == f"#{rgb.hex()}"
    assert hex_color(lightness, np.float32([a, b])) == f"#{rgb.hex()}"


def test_what_srgb_can_not_show_is_written_at_its_lightness():
    written = hex_color(50, (0, -120))
    lightness = color.srgb_to_lightness(np.array(list(bytes.fromhex(written[1:])), np.uint8)[None])
    assert float(lightness.item()) == pytest.approx(50, abs=0.6)
