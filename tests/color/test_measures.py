"""`photochrom.color.measures`: CIEDE2000 against its published table, and colorfulness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import deltaE_ciede2000

from photochrom import color
from photochrom.errors import ShapeError
from strategies import colors

# G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000 color-difference formula", 2005, table 1.
SHARMA = np.array(
    [
        (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
        (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
        (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
        (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
        (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
        (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
        (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
        (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
        (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
        (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000),
        (50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000),
        (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
        (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
        (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
        (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
        (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
        (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
        (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
        (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
        (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
        (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
    ]
)


def test_ciede2000_is_sharmas_table():
    found = color.ciede2000(SHARMA[:, :3], SHARMA[:, 3:6])
    np.testing.assert_allclose(found, SHARMA[:, 6], atol=1e-4)


def test_ciede2000_agrees_with_scikit_image():
    rng = np.random.default_rng(5)
    one, two = color.srgb_to_lab(rng.random((2, 20_000, 3)))
    expected = deltaE_ciede2000(one.astype(np.float64), two.astype(np.float64))
    np.testing.assert_allclose(color.ciede2000(one, two), expected, atol=1e-6)


# Differences and colorfulness


@given(colors(-100, 100))
def test_ciede2000_of_equal_colors_is_zero(lab):
    assert not color.ciede2000(lab, lab).any()


@given(*[hnp.arrays(np.float32, (3,), elements=st.floats(-100, 100, width=32))] * 2)
def test_ciede2000_is_symmetric(one, two):
    there, back = color.ciede2000(one, two), color.ciede2000(two, one)
    assert there == pytest.approx(back, abs=1e-6)


def test_ciede2000_broadcasts():
    lab = np.random.default_rng(8).uniform(0, 50, (4, 5, 3))
    found = color.ciede2000(lab, np.array([50.0, 0, 0]))
    assert found.shape == (4, 5)
    assert found[2, 3] == color.ciede2000(lab[2, 3], np.array([50.0, 0, 0]))


def test_colorfulness_of_greys_is_zero():
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    assert color.colorfulness(greys) == 0


def test_colorfulness_of_red_and_blue_is_as_by_hand():
    """R-G: 255, 0; (R+G)/2-B: 127.5, -255. Spreads 127.5, 191.25; means 127.5, -63.75."""
    picture = np.array([[255, 0, 0], [0, 0, 255]], dtype=np.uint8)
    by_hand = np.sqrt(127.5**2 + 191.25**2) + 0.3 * np.sqrt(127.5**2 + 63.75**2)
    assert color.colorfulness(picture) == pytest.approx(by_hand, rel=1e-6)


def test_colorfulness_takes_the_signed_difference():
    """R-G: 255, -255, so that its spread is 255 and its mean 0; |R-G| would give 85.5."""
    picture = np.array([[255, 0, 0], [0, 255, 0]], dtype=np.uint8)
    assert color.colorfulness(picture) == pytest.approx(255 + 0.3 * 127.5, rel=1e-6)


def test_ciede2000_names_the_wrong_argument():
    with pytest.raises(ShapeError, match="other has shape"):
        color.ciede2000(np.zeros(3), np.zeros(4))
