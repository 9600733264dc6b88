"""`photochrom.runtime.lasso`: parts with a tone of their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import OptionError
from photochrom.runtime.lasso import Lasso, filled, lassos_from
from photochrom.runtime.tone import Tone

SQUARE = ((10.0, 20.0), (50.0, 20.0), (50.0, 60.0), (10.0, 60.0))


def test_a_polygon_holds_the_pixels_whose_middles_lie_inside():
    triangle = filled(np.array([(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)]), (5, 5))
    assert triangle.sum(axis=1).tolist() == [
        3,
        2,
        1,
        0,
        0,
    ]  # what lies on its right edge is outside
    assert triangle[:, 0].tolist() == [1, 1, 1, 0, 0]


def test_what_is_enclosed_twice_lies_outside():
    twice = np.array(
        [*SQUARE, SQUARE[0], (20.0, 30.0), (40.0, 30.0), (40.0, 50.0), (20.0, 50.0), (20.0, 30.0)]
    )
    inside = filled(twice, (80, 80))
    assert inside.sum() == 40 * 40 - 20 * 20
    assert inside[40, 30] == 0


@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(0, 3))
def test_a_square_has_its_area_wherever_it_lies_and_begins(across, down, first):
    corners = np.roll(np.array(SQUARE), first, axis=0) + np.array([across, down])
    inside = filled(corners, (80, 90))
    columns = np.arange(90) + 0.5
    rows = np.arange(80) + 0.5
    wide = ((columns >= 10 + across) & (columns < 50 + across)).sum()
    high = ((rows >= 20 + down) & (rows < 60 + down)).sum()
    assert inside.sum() == wide * high


def test_a_cover_is_of_what_the_model_saw():
    lasso = Lasso(points=((110.0, 220.0), (150.0, 220.0), (150.0, 260.0), (110.0, 260.0)))
    cover = lasso.cover((100, 200, 160, 80), (80, 40), 4)
    assert cover.shape == (20, 10)
    assert cover.sum() * 16 == 20 * 20
    assert cover[3:7, 2:6].min() == 1


def test_what_a_lasso_lacks_is_as_everywhere():
    whole = Tone(warmth=0.3, tint=0.2, strength=0.5)
    assert Lasso(points=SQUARE, tint=-1).tone(whole) == Tone(warmth=0.3, tint=-1, strength=0.5)


def test_lassos_are_read_as_files_hold_them():
    entries = [{"points": [list(one) for one in SQUARE], "vividness": 2, "tint": None}]
    assert lassos_from(entries) == (Lasso(points=SQUARE, vividness=2.0),)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "expected a list of lassos"),
        ([1], "is not a lasso"),
        ([{"warmth": 1}], "is not a lasso"),
        ([{"points": SQUARE, "likeness": 1}], "is not a lasso"),
        ([{"points": SQUARE[:2]}], "at least three points"),
        ([{"points": [[1, 2, 3]] * 3}], "at least three points"),
        ([{"points": [[1, float("nan")]] * 3}], "at least three points"),
        ([{"points": [[1, -1e300]] * 3}], "at least three points"),
        ([{"points": SQUARE, "warmth": 1.5}], "warmth is 1.5"),
        ([{"points": 5}], "at least three points"),
        ([{"points": SQUARE, "warmth": "hot"}], "can't be read"),
    ],
)
def test_what_is_no_lasso_is_refused(entries, message):
    with pytest.raises(OptionError, match=message):
        lassos_from(entries)
