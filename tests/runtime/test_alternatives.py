"""`photochrom.runtime.alternatives`: what else a photograph might have looked like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.color.grid import gamut_grid
from photochrom.models.contract import Feature, ModelContract
from photochrom.models.network import Features
from photochrom.runtime.alternatives import APART, SPOTS, find_alternatives, likely_colors

GRID = gamut_grid()
RED, GREEN, GRAY = (60.0, 40.0), (-50.0, 40.0), (0.0, 0.0)


def mixture(*parts):
    """A distribution with these (color, share) peaks."""
    values = np.zeros(len(GRID), np.float32)
    for center, share in parts:
        values += share * GRID.soft_encode(np.array(center), sigma=3.0)
    return values


# The likeliest colors of one distribution


def test_peaks_come_with_their_shares_the_likeliest_first():
    found = likely_colors(mixture((GREEN, 0.3), (RED, 0.6), (GRAY, 0.1)), GRID, most=5)
    assert [share for _, share in found] == pytest.approx([0.6, 0.3, 0.1], abs=0.01)
    np.testing.assert_allclose([ab for ab, _ in found], [RED, GREEN, GRAY], atol=1)


def test_what_is_certain_has_one_color():
    ((ab, share),) = likely_colors(mixture((RED, 1.0)), GRID, most=5)
    np.testing.assert_allclose(ab, RED, atol=1)
    assert share == pytest.approx(1, abs=0.01)


@given(st.integers(0, 10**6), st.floats(0.02, 3), st.floats(12, 40))
@settings(max_examples=40)
def test_likely_colors_differ_and_fewer_are_the_first_of_more(seed, sharpness, apart):
    logits = np.random.default_rng(seed).normal(size=len(GRID)) / sharpness
    distribution = np.exp(logits - logits.max())
    distribution /= distribution.sum()
    found = likely_colors(distribution, GRID, most=20, apart=apart)
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1 + 1e-6
    for index, (ab, _) in enumerate(found):
        assert all(np.hypot(*(ab - other)) >= apart - 1e-3 for other, _ in found[:index])
    for most in range(1, 4):
        fewer = likely_colors(distribution, GRID, most=most, apart=apart)
        assert [share for _, share in fewer] == shares[:most]


# Alternatives of a picture


CONTRACT = ModelContract(
    name="stub",
    output="distribution",
    features=(Feature(name="deep", channels=2, stride=16),),
    stride=16,
    output_stride=4,
    token_features=("deep",),
)


def scene(rows=4, columns=6):
    """On the left a thing that is red or green, on the right one that is gray for sure."""
    looks = np.zeros((1, 2, rows, columns), np.float32)
    looks[0, 0, :, : columns // 2], looks[0, 1, :, columns // 2 :] = 1, 1
    probabilities = np.empty((rows * 4, columns * 4, len(GRID)), np.float32)
    probabilities[:, : columns * 2] = mixture((RED, 0.6), (GREEN, 0.4))
    probabilities[:, columns * 2 :] = mixture((GRAY, 1.0))
    return probabilities, Features((looks,), (rows * 16, columns * 16))


def alternatives_of(probabilities, features, *, count=4, seed=0, picture_size=None, lightness=None):
    return find_alternatives(
        probabilities,
        GRID,
        features,
        CONTRACT,
        np.full(features.size, 50, np.float32) if lightness is None else lightness,
        picture_size=picture_size or features.size,
        count=count,
        seed=seed,
    )


def test_the_open_region_gets_each_of_its_colors():
    red, green = alternatives_of(*scene())
    for found, ab, share in ((red, RED, 0.6), (green, GREEN, 0.4)):
        assert found.likelihood == pytest.approx(share, abs=0.02)
        assert len(found.hints) == SPOTS
        for hint in found.hints:
            np.testing.assert_allclose(hint.ab, ab, atol=1)
            ((x, y),) = hint.points
            assert 0 <= x < 48
            assert 0 <= y < 64
    assert [hint.points for hint in red.hints] == [hint.points for hint in green.hints]
    assert len({hint.points for hint in red.hints}) == SPOTS


def test_where_nothing_shows_nothing_is_open():
    """In the black, sRGB has no colors to choose from."""
    probabilities, features = scene()
    probabilities[:, 12:] = mixture(((0.0, 60.0), 0.5), ((10.0, -50.0), 0.5))
    for dark, light in ((slice(0, 48), slice(48, 96)), (slice(48, 96), slice(0, 48))):
        lightness = np.full(features.size, 50, np.float32)
        lightness[:, dark] = 1
        for found in alternatives_of(probabilities, features, lightness=lightness):
            assert all(light.start <= hint.points[0][0] < light.stop for hint in found.hints)


def test_a_picture_that_looks_the_same_everywhere_has_alternatives():
    probabilities, features = scene()
    same = Features((np.ones_like(features.arrays[0]),), features.size)
    red, green = alternatives_of(probabilities, same)
    np.testing.assert_allclose([red.hints[0].ab, green.hints[0].ab], [RED, GREEN], atol=1)


def test_fewer_alternatives_are_the_first_of_more():
    assert alternatives_of(*scene(), count=1) == alternatives_of(*scene(), count=4)[:1]


def test_the_seed_chooses_the_spots_and_nothing_else():
    first, again, other = (alternatives_of(*scene(), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    for one, two in zip(first, other, strict=True):
        assert one.likelihood == two.likelihood
        assert one.hints[0] == two.hints[0]


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 10**6))
@settings(max_examples=25)
def test_spots_lie_in_the_picture_whatever_its_size(height, width, seed):
    random = np.random.default_rng(seed)
    looks = random.normal(size=(1, 2, -(-height // 16), -(-width // 16))).astype(np.float32)
    logits = random.normal(size=(-(-height // 4), -(-width // 4), len(GRID)))
    probabilities = np.exp(2 * logits)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    size = tuple(int(side) for side in random.integers(1, 4000, 2))
    found = alternatives_of(
        probabilities.astype(np.float32), Features((looks,), (height, width)), picture_size=size
    )
    assert 1 <= len(found) <= 4
    for one in found:
        for hint in one.hints:
            ((x, y),) = hint.points
            assert 0 <= x <= size[1]
            assert 0 <= y <= size[0]
    colors = [np.array(one.hints[0].ab) for one in found]
    for index, ab in enumerate(colors):
        assert all(np.hypot(*(ab - other)) >= APART - 1e-3 for other in colors[:index])
