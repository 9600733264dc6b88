"""`photochrom.runtime.tone`."""

import numpy as np
import pytest

from photochrom.errors import OptionError
from photochrom.runtime.tone import PLAIN, SHIFT_AB, Tone

COLORS = np.array([[10.0, -20.0], [0.0, 0.0]], np.float32)


def test_the_plain_tone_changes_nothing():
    assert np.array_equal(PLAIN.apply(COLORS), COLORS)


def test_strength_blends_with_gray():
    assert np.allclose(Tone(strength=0.5).apply(COLORS), COLORS / 2)
    assert (Tone(strength=0, warmth=1, tint=-1).apply(COLORS) == 0).all()


def test_warmth_goes_to_yellow_and_tint_to_magenta():
    assert np.allclose(Tone(warmth=1).apply(COLORS) - COLORS, [0, SHIFT_AB])
    assert np.allclose(Tone(tint=-0.5).apply(COLORS) - COLORS, [-SHIFT_AB / 2, 0])


@pytest.mark.parametrize("wrong", [{"warmth": 1.1}, {"tint": -2}, {"strength": -0.1}])
def test_values_outside_are_refused(wrong):
    with pytest.raises(OptionError, match="expected a number in"):
        Tone(**wrong)
