"""`photochrom.color` against published values, scikit-image and its own inverses."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import rgb2lab

from photochrom import color
from photochrom.errors import ColorError, PhotochromError, ShapeError
from strategies import colors

# B. Lindbloom, "RGB/XYZ Matrices", sRGB with its own white D65, as published.
PUBLISHED_RGB_TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
PUBLISHED_XYZ_TO_RGB = [
    [3.2404542, -1.5371385, -0.4985314],
    [-0.9692660, 1.8760108, 0.0415560],
    [0.0556434, -0.2040259, 1.0572252],
]

# B. Lindbloom, "CIE Color Calculator", sRGB, D65, no adaptation.
PUBLISHED_LAB = {
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (255, 0, 0): (53.2408, 80.0925, 67.2032),
    (0, 255, 0): (87.7347, -86.1827, 83.1793),
    (0, 0, 255): (32.2970, 79.1875, -107.8602),
    (0, 255, 255): (91.1132, -48.0875, -14.1312),
    (255, 0, 255): (60.3242, 98.2343, -60.8249),
    (255, 255, 0): (97.1393, -21.5537, 94.4780),
}
PUBLISHED_LIGHTNESS = {0: 0.0, 64: 27.0934, 119: 50.0344, 128: 53.5850, 192: 77.7044, 255: 100.0}

SRGB_LEVELS = {np.uint8: 256, np.uint16: 65536}

COLOR_FUNCTIONS = [
    color.linear_to_xyz,
    color.xyz_to_linear,
    color.xyz_to_lab,
    color.lab_to_xyz,
    color.srgb_to_lab,
    color.lab_to_linear,
    color.lab_to_srgb,
    color.srgb_to_lightness,
    color.luminance,
    color.in_gamut,
    color.reduce_gamut,
    color.colorfulness,
]


# Published values


def test_matrix_is_the_published_one():
    np.testing.assert_allclose(color.linear_to_xyz(np.eye(3)).T, PUBLISHED_RGB_TO_XYZ, atol=1e-6)


def test_inverse_matrix_is_the_published_one():
    np.testing.assert_allclose(color.xyz_to_linear(np.eye(3)).T, PUBLISHED_XYZ_TO_RGB, atol=2e-6)


def test_white_is_d65():
    white = color.linear_to_xyz(np.ones(3))
    np.testing.assert_allclose(white, (0.95047, 1.0, 1.08883), atol=1e-6)


@pytest.mark.parametrize(("srgb", "lab"), PUBLISHED_LAB.items())
def test_lab_of_primaries_is_as_published(srgb, lab):
    found = color.srgb_to_lab(np.array(srgb, dtype=np.uint8))
    np.testing.assert_allclose(found, lab, atol=2e-4)


@pytest.mark.parametrize(("srgb", "lab"), PUBLISHED_LAB.items())
def test_published_lab_gives_the_primaries_back(srgb, lab):
    found = color.lab_to_srgb(np.array(lab)) * 255
    np.testing.assert_allclose(found, srgb, atol=0.1)


@pytest.mark.parametrize(("level", "lightness"), PUBLISHED_LIGHTNESS.items())
def test_lightness_of_greys_is_as_published(level, lightness):
    found = color.srgb_to_lightness(np.full(3, level, dtype=np.uint8))
    assert found == pytest.approx(lightness, abs=1e-4)


def test_srgb_curve_is_as_published():
    """IEC 61966-2-1: the line up to 0.04045, then the power; 0.5 decodes to 0.21404."""
    encoded = np.array([0.0, 0.04045, 0.5, 1.0])
    linear = np.array([0.0, 0.04045 / 12.92, 0.2140411, 1.0])
    np.testing.assert_allclose(color.srgb_to_linear(encoded), linear, atol=1e-6)
    np.testing.assert_allclose(color.linear_to_srgb(linear), encoded, atol=1e-6)


def test_lightness_of_mid_luminance_is_as_published():
    """CIE 15: Y = 0.184187 has L* = 50; below Y = 216/24389 (L* = 8) it is a line."""
    luminance = np.array([0.0, 216 / 24389 / 2, 216 / 24389, 0.18418651, 1.0])
    lightness = np.array([0.0, 4.0, 8.0, 50.0, 100.0])
    np.testing.assert_allclose(color.luminance_to_lightness(luminance), lightness, atol=2e-5)
    np.testing.assert_allclose(color.lightness_to_luminance(lightness), luminance, atol=1e-6)


# Grays


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_grey_level_is_exactly_neutral_both_ways(dtype):
    levels = np.arange(SRGB_LEVELS[dtype]).astype(dtype)
    greys = np.repeat(levels[:, None], 3, axis=1)
    lab = color.srgb_to_lab(greys)
    assert not lab[:, 1:].any()
    back = color.lab_to_srgb(lab)
    assert (back == back[:, :1]).all()
    np.testing.assert_array_equal(np.rint(back[:, 0] * np.iinfo(dtype).max), levels)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (0, 4), (2, 1, 9), (257, 1031)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_greys_are_exactly_neutral_in_every_shape(shape, dtype):
    """Whatever lane or tail of a vector loop the three channels fall into."""
    values = np.random.default_rng(1).random(shape).astype(dtype)
    greys = np.repeat(np.asarray(values)[..., None], 3, axis=-1)
    assert_neutral(greys)


@pytest.mark.parametrize(
    "view",
    [
        lambda greys: greys[::-1],
        lambda greys: greys[1::3, ::2],
        lambda greys: greys[..., ::-1],
        lambda greys: greys.transpose(1, 0, 2),
        np.asfortranarray,
        lambda greys: np.broadcast_to(greys[..., :1], greys.shape),
    ],
)
def test_greys_are_exactly_neutral_in_strided_views(view):
    values = np.random.default_rng(2).random((61, 67, 1), dtype=np.float32)
    assert_neutral(view(np.repeat(values, 3, axis=-1)))


def assert_neutral(greys):
    lab = color.srgb_to_lab(greys)
    assert lab.shape == greys.shape
    assert not lab[..., 1:].any()
    for back in (color.lab_to_srgb(lab), color.reduce_gamut(greys), color.linear_to_srgb(greys)):
        assert (back == back[..., :1]).all()


@given(st.floats(0, 100, width=32))
def test_grey_lab_gives_three_equal_channels(lightness):
    red, green, blue = color.lab_to_srgb(np.array([lightness, 0, 0], dtype=np.float32))
    assert red == green == blue


# Types and other authorities


def test_8_bit_16_bit_and_float_agree():
    srgb = np.random.default_rng(3).integers(0, 256, size=(1000, 3)).astype(np.uint8)
    expected = color.srgb_to_lab(srgb / 255)
    np.testing.assert_allclose(color.srgb_to_lab(srgb), expected, atol=1e-4)
    np.testing.assert_allclose(color.srgb_to_lab(srgb.astype(np.uint16) * 257), expected, atol=1e-4)
    np.testing.assert_allclose(
        color.srgb_to_lab((srgb / 255).astype(np.float32)), expected, atol=1e-3
    )


def test_everything_returns_float32():
    srgb = np.full((2, 3), 100, dtype=np.uint8)
    functions = [f for f in COLOR_FUNCTIONS if f not in (color.in_gamut, color.colorfulness)]
    for function in [*functions, color.srgb_to_linear, color.linear_to_srgb]:
        assert function(srgb / 255).dtype == np.float32, function.__name__


def test_lab_agrees_with_scikit_image():
    """Its matrix has one digit less, hence the tolerance."""
    srgb = np.random.default_rng(4).random((20_000, 3))
    np.testing.assert_allclose(color.srgb_to_lab(srgb), rgb2lab(srgb), atol=0.01)


def test_lightness_is_the_first_channel_of_lab():
    srgb = np.random.default_rng(6).random((1000, 3))
    expected = color.srgb_to_lab(srgb)[:, 0]
    np.testing.assert_allclose(color.srgb_to_lightness(srgb), expected, atol=1e-4)


# Round trips


@given(colors(0, 1))
def test_srgb_survives_lab(srgb):
    back = color.lab_to_srgb(color.srgb_to_lab(srgb))
    assert back.shape == srgb.shape
    np.testing.assert_allclose(back, srgb, atol=1e-4)


def test_srgb_survives_lab_over_the_whole_gamut():
    side = np.linspace(0, 1, 33)
    srgb = np.stack(np.meshgrid(side, side, side), axis=-1)
    np.testing.assert_allclose(color.lab_to_srgb(color.srgb_to_lab(srgb)), srgb, atol=1e-4)


@given(colors(-1, 2))
def test_linear_survives_xyz(linear):
    back = color.xyz_to_linear(color.linear_to_xyz(linear))
    assert back.shape == linear.shape
    np.testing.assert_allclose(back, linear, atol=5e-6)


@given(colors(0, 1))
def test_xyz_survives_lab(xyz):
    np.testing.assert_allclose(color.lab_to_xyz(color.xyz_to_lab(xyz)), xyz, atol=5e-6)


@given(colors(-1, 1))
def test_srgb_survives_linear(srgb):
    np.testing.assert_allclose(color.linear_to_srgb(color.srgb_to_linear(srgb)), srgb, atol=1e-5)


@given(st.floats(0, 100, width=32))
def test_lightness_survives_luminance(lightness):
    back = color.luminance_to_lightness(color.lightness_to_luminance(np.float32(lightness)))
    assert back == pytest.approx(lightness, abs=1e-4)


# Gamut


@given(colors(-3, 4))
def test_reduce_gamut_keeps_luminance_and_ends_in_gamut(linear):
    reduced = color.reduce_gamut(linear)
    assert reduced.shape == linear.shape
    assert ((reduced >= 0) & (reduced <= 1)).all()
    expected = np.clip(color.luminance(linear), 0, 1)
    np.testing.assert_allclose(color.luminance(reduced), expected, atol=1e-5)


@given(colors(0, 1))
def test_reduce_gamut_leaves_colors_in_gamut_untouched(linear):
    np.testing.assert_array_equal(color.reduce_gamut(linear), linear)


@given(hnp.arrays(np.float32, (3,), elements=st.floats(-3, 4, width=32)))
def test_reduce_gamut_moves_on_the_segment_to_grey(linear):
    """The result is y + keep (color - y), with one keep in 0..1 for all channels."""
    y = np.clip(color.luminance(linear), 0, 1)
    before, after = linear - y, color.reduce_gamut(linear) - y
    longest = np.abs(before).argmax()
    assume(abs(before[longest]) > 1e-3)
    keep = after[longest] / before[longest]
    assert -1e-5 <= keep <= 1 + 1e-5
    np.testing.assert_allclose(after, keep * before, atol=1e-5)


def test_reduce_gamut_goes_no_further_than_needed():
    reduced = color.reduce_gamut(color.lab_to_linear(np.array([50.0, 100.0, -100.0])))
    assert reduced.min() == pytest.approx(0, abs=1e-5) or reduced.max() == pytest.approx(
        1, abs=1e-5
    )


def test_impossible_lab_keeps_its_lightness():
    rng = np.random.default_rng(7)
    lab = rng.uniform([0, -110, -110], [100, 110, 110], size=(10_000, 3))
    found = color.srgb_to_lightness(color.lab_to_srgb(lab))
    np.testing.assert_allclose(found, lab[:, 0], atol=1e-3)


@given(colors(0, 1))
def test_every_srgb_color_is_in_gamut(srgb):
    assert color.in_gamut(color.lab_to_linear(color.srgb_to_lab(srgb))).all()


def test_in_gamut_answers_for_each_color():
    linear = np.array([[0, 0, 0], [1, 1, 1], [1.01, 0.5, 0.5], [0.5, -0.01, 0.5], [0.5, 0.5, 9]])
    assert color.in_gamut(linear).tolist() == [True, True, False, False, False]
    assert color.in_gamut(linear, tolerance=0.02).tolist() == [True, True, True, True, False]


# Errors


@pytest.mark.parametrize("function", COLOR_FUNCTIONS)
@pytest.mark.parametrize("shape", [(), (4,), (3, 2), (5, 0)])
def test_other_than_three_channels_is_an_error(function, shape):
    with pytest.raises(ShapeError, match="last axis must be 3") as caught:
        function(np.zeros(shape, dtype=np.float32))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.bool_, np.uint32, np.complex64])
def test_other_sample_types_are_an_error(dtype):
    with pytest.raises(ColorError, match=f"{np.dtype(dtype)}.*uint8 or uint16"):
        color.srgb_to_lab(np.zeros((2, 3), dtype=dtype))


def test_integer_lab_is_an_error():
    with pytest.raises(ColorError, match="expected a float array"):
        color.lab_to_srgb(np.zeros((2, 3), dtype=np.int64))


def test_color_errors_are_value_errors_of_the_package():
    for error in (ShapeError, ColorError):
        assert issubclass(error, ValueError)
        assert issubclass(error, PhotochromError)
