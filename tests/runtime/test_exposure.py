"""Lightness of little range is stretched, and all other left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.runtime.exposure import evened


def ramp(low, high, shape=(20, 30)):
    return np.linspace(low, high, shape[0] * shape[1], dtype=np.float32).reshape(shape)


def extent(lightness):
    low, high = np.percentile(lightness, [1, 99])
    return high - low


def test_a_faded_ramp_gets_the_range_of_a_fresh_one():
    found = evened(ramp(35, 80))
    assert extent(found) == pytest.approx(88, abs=0.5)
    assert 0 <= found.min() < found.max() <= 100
    assert (np.diff(found.ravel()) >= 0).all()


def test_a_fresh_one_and_a_flat_one_stay_as_they_are():
    for light in (ramp(5, 95), ramp(10, 88), np.full((4, 4), 40, np.float32), ramp(50, 52)):
        np.testing.assert_array_equal(evened(light), light)


@given(st.floats(0, 90), st.floats(4, 90))
def test_stretching_is_steady_in_the_range(low, extent_):
    high = min(low + extent_, 100)
    one, other = evened(ramp(low, high)), evened(ramp(low, max(low, high - 0.05)))
    assert one.dtype == np.float32
    assert np.abs(one - other).max() < 1.5
    assert one.shape == (20, 30)


def test_little_range_is_not_blown_up_without_end():
    assert extent(evened(ramp(40, 50))) < 31
