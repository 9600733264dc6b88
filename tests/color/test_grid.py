"""`photochrom.color.grid`: the bins that sRGB reaches; from colors to distributions and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from photochrom import color
from photochrom.color.grid import PIVOT_CHROMA, AbGrid, gamut_grid, set_off
from photochrom.errors import PhotochromError, ShapeError

GRID = gamut_grid(10)
CELLS = {(int(a), int(b)) for a, b in np.rint(GRID.centers / 10)}

srgb_colors = arrays(np.float64, (7, 3), elements=st.floats(0, 1))


def random_ab(count, seed=0):
    """Colors of all 8-bit sRGB."""
    srgb = np.random.default_rng(seed).integers(0, 256, (count, 3), dtype=np.uint8)
    return color.srgb_to_lab(srgb)[:, 1:]


def cells_of(ab):
    return {(int(a), int(b)) for a, b in np.unique(np.rint(ab / 10).astype(int), axis=0)}


def edge_ab(count=100_000, seed=0):
    """The most vivid ones: those of the cube's surface."""
    rng = np.random.default_rng(seed)
    srgb = rng.integers(0, 256, (count, 3), dtype=np.uint8)
    srgb[np.arange(count), rng.integers(0, 3, count)] = rng.choice([0, 255], count)
    return color.srgb_to_lab(srgb)[:, 1:]


def log(probabilities):
    """Logits of distributions; what is impossible is very improbable."""
    return np.log(np.maximum(probabilities, 1e-30))


def one_hot(*weights):
    """A distribution of the given (bin, weight) pairs."""
    values = np.zeros(len(GRID), dtype=np.float32)
    for index, weight in weights:
        values[index] = weight
    return values


def bin_at(a, b):
    (index,) = np.flatnonzero((GRID.centers == (a, b)).all(axis=1))
    return int(index)


# The grid


def test_the_grid_has_261_bins():
    """Counted once over all 16.7 million 8-bit colors."""
    assert len(GRID) == len(CELLS) == 261


def test_every_color_of_srgb_falls_in_a_bin():
    assert cells_of(random_ab(1_000_000)) <= CELLS
    assert cells_of(edge_ab()) <= CELLS


def test_every_bin_holds_a_color_of_srgb():
    assert cells_of(np.concatenate([random_ab(1_000_000), edge_ab()])) >= CELLS


@pytest.mark.parametrize("step", [5.0, 20.0])
def test_other_steps_cover_srgb_too(step):
    grid = gamut_grid(step)
    distance = np.abs(random_ab(3000)[:, None] - grid.centers[None]).max(axis=-1)
    assert grid.step == step
    assert distance.min(axis=1).max() <= step / 2


def test_gray_has_a_bin():
    assert (0, 0) in CELLS


@pytest.mark.parametrize("shape", [(2,), (3, 3), (1, 2, 2)])
def test_centers_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"\(Q, 2\)"):
        AbGrid(np.zeros(shape, np.float32))


# Soft encoding


@given(srgb_colors, st.integers(1, 16))
def test_soft_encoding_sums_to_1_over_its_neighbors(srgb, neighbors):
    encoded = GRID.soft_encode(color.srgb_to_lab(srgb)[:, 1:], neighbors=neighbors, sigma=10)
    assert encoded.shape == (7, len(GRID))
    assert encoded.dtype == np.float32
    assert (np.count_nonzero(encoded, axis=-1) == neighbors).all()
    np.testing.assert_allclose(encoded.sum(axis=-1), 1, atol=1e-5)
    assert encoded.min() >= 0


def test_a_center_with_four_neighbors_is_shared_as_the_gaussian_says():
    """Four bins at distance 10: exp(-10^2 / (2 5^2)) = exp(-2) each, beside its own 1."""
    encoded = GRID.soft_encode(np.array([20.0, 30.0]))
    assert encoded[bin_at(20, 30)] == pytest.approx(1 / (1 + 4 * np.exp(-2)), abs=1e-6)
    assert encoded[bin_at(10, 30)] == pytest.approx(np.exp(-2) / (1 + 4 * np.exp(-2)), abs=1e-6)


def test_a_narrow_gaussian_puts_a_center_on_its_bin():
    encoded = GRID.soft_encode(GRID.centers, sigma=2)
    np.testing.assert_allclose(np.diag(encoded), 1, atol=1e-4)


def brute_force(ab, neighbors, sigma):
    squared = ((ab[:, None].astype(np.float64) - GRID.centers[None]) ** 2).sum(axis=-1)
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :neighbors]
    weights = np.exp(-np.take_along_axis(squared, nearest, axis=1) / (2 * sigma**2))
    encoded = np.zeros_like(squared)
    np.put_along_axis(encoded, nearest, weights / weights.sum(axis=1, keepdims=True), axis=1)
    return encoded


def test_soft_encoding_of_whole_numbers_agrees_with_brute_force():
    ab = np.unique(np.rint(random_ab(2000)), axis=0)
    expected = brute_force(ab, 5, 5.0)
    np.testing.assert_allclose(GRID.soft_encode(ab), expected, atol=1e-5)


def test_soft_encoding_agrees_with_brute_force_but_for_the_farthest_neighbor():
    """Neighbors are looked up for the rounded color, so the last of them may be another."""
    ab = random_ab(2000)
    difference = np.abs(GRID.soft_encode(ab) - brute_force(ab, 5, 5.0)).sum(axis=-1)
    assert difference.max() < 0.2
    assert difference.mean() < 0.03


@pytest.mark.parametrize("ab", [(127.0, 127.0), (-128.0, 127.0), (500.0, -500.0)])
def test_colors_far_outside_srgb_are_encoded_too(ab):
    encoded = GRID.soft_encode(np.array(ab))
    assert np.isfinite(encoded).all()
    assert encoded.sum() == pytest.approx(1, abs=1e-5)


def test_leading_axes_are_kept():
    ab = random_ab(24).reshape(2, 3, 4, 2)
    encoded = GRID.soft_encode(ab)
    assert encoded.shape == (2, 3, 4, len(GRID))
    assert GRID.read_out(log(encoded)).shape == (2, 3, 4, 2)
    assert GRID.entropy(encoded).shape == (2, 3, 4)
    assert GRID.reweight(log(encoded), ab[0, 0]).shape == encoded.shape
    np.testing.assert_array_equal(encoded[1, 2, 3], GRID.soft_encode(ab[1, 2, 3]))


# Reading out


def test_reading_out_what_was_encoded_gives_the_color_back():
    """Within half a bin; at the edge, where neighbors lie on one side only, at its worst."""
    for ab in (random_ab(50_000), edge_ab(50_000)):
        error = np.linalg.norm(GRID.read_out(log(GRID.soft_encode(ab))) - ab, axis=-1)
        assert error.max() < 5
        assert error.mean() < 0.5


@given(arrays(np.float32, len(GRID), elements=st.floats(0, 1, width=32)))
def test_temperature_1_is_the_plain_mean(weights):
    weights[0] += np.float32(0.01)
    expected = weights.astype(np.float64) @ GRID.centers / weights.sum(dtype=np.float64)
    np.testing.assert_allclose(GRID.read_out(log(weights)), expected, atol=1e-2)


@given(st.integers(0, len(GRID) - 1), st.floats(1e-6, 1e-3))
def test_temperature_near_0_gives_the_likeliest_bin(likeliest, temperature):
    weights = np.random.default_rng(likeliest).uniform(0, 0.9, len(GRID))
    weights[likeliest] = 1
    found = GRID.read_out(log(weights), temperature=temperature)
    np.testing.assert_allclose(found, GRID.centers[likeliest], atol=1e-3)


def test_a_lower_temperature_is_more_vivid():
    two_peaks = one_hot((bin_at(60, 40), 0.6), (bin_at(0, 0), 0.4))
    colors = [GRID.read_out(log(two_peaks), temperature=t) for t in (1.0, 0.8, 0.5, 0.3, 0.1, 0.01)]
    chroma = np.linalg.norm(colors, axis=-1)
    assert (np.diff(chroma) >= 0).all()
    assert chroma[0] == pytest.approx(0.6 * np.hypot(60, 40), abs=1e-3)
    assert chroma[-1] == pytest.approx(np.hypot(60, 40), abs=1e-3)


@given(st.floats(0.05, 1), st.floats(1e-3, 1e3))
def test_the_scale_of_a_distribution_does_not_matter(temperature, scale):
    probabilities = GRID.soft_encode(random_ab(5))
    np.testing.assert_allclose(
        GRID.read_out(log(probabilities) + np.float32(np.log(scale)), temperature=temperature),
        GRID.read_out(log(probabilities), temperature=temperature),
        atol=1e-3,
    )


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_not_above_0_is_refused(temperature):
    with pytest.raises(ValueError, match="above 0"):
        GRID.read_out(log(one_hot((0, 1))), temperature=temperature)


# Contrast


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(-1, 1))
def test_contrast_keeps_hue_and_moves_vivid_and_pale_colors_apart_or_together(a, b, contrast):
    before, after = np.float32([a, b]), set_off([[a, b]], contrast)[0]
    chroma, changed = np.hypot(*before), np.hypot(*after)
    assert changed == pytest.approx(
        chroma * (max(chroma, 1) / PIVOT_CHROMA) ** contrast, rel=1e-3, abs=1e-3
    )
    assert (changed - chroma) * (chroma - PIVOT_CHROMA) * np.sign(contrast) >= -1e-3
    np.testing.assert_allclose(after * chroma, before * changed, atol=0.05)


def test_no_contrast_changes_nothing_and_grey_stays_grey():
    ab = random_ab(9)
    np.testing.assert_array_equal(set_off(ab, 0.0), ab)
    for contrast in (0.3, -0.3):
        np.testing.assert_array_equal(set_off(np.zeros((3, 2)), contrast), 0)
    with pytest.raises(ShapeError):
        set_off(np.zeros(3), 0.3)


# Palettes


def test_a_palette_of_one_bin_pulls_there():
    probabilities = GRID.soft_encode(random_ab(200), neighbors=16, sigma=40)
    goal = GRID.centers[bin_at(50, 50)]
    before = np.linalg.norm(GRID.read_out(log(probabilities)) - goal, axis=-1)
    reweighted = GRID.reweight(log(probabilities), goal[None])
    after = np.linalg.norm(GRID.read_out(reweighted) - goal, axis=-1)
    in_reach = before < 60
    assert in_reach.sum() > 20
    assert (after[in_reach] < 0.8 * before[in_reach]).all()
    assert (after < before + 1e-3).all()


def test_a_uniform_distribution_lands_on_the_palette():
    uniform = np.full(len(GRID), 1 / len(GRID), dtype=np.float32)
    found = GRID.read_out(GRID.reweight(log(uniform), np.array([[20.0, 30.0]])))
    np.testing.assert_allclose(found, (20, 30), atol=2)


@given(srgb_colors, srgb_colors)
def test_a_reweighted_distribution_sums_to_1(srgb, palette):
    logits = log(GRID.soft_encode(color.srgb_to_lab(srgb)[:, 1:]))
    reweighted = GRID.probabilities(GRID.reweight(logits, color.srgb_to_lab(palette)[:, 1:]))
    np.testing.assert_allclose(reweighted.sum(axis=-1), 1, atol=1e-5)
    assert reweighted.min() >= 0


def test_probabilities_of_logits_are_those_that_were_put_in():
    wanted = GRID.soft_encode(random_ab(6)).reshape(2, 3, -1)
    np.testing.assert_allclose(GRID.probabilities(log(wanted) + 7), wanted, atol=1e-5)


def test_bins_equally_far_from_the_palette_keep_their_ratio():
    left, right = bin_at(-20, 0), bin_at(20, 0)
    two = one_hot((left, 0.75), (right, 0.25))
    reweighted = GRID.probabilities(GRID.reweight(log(two), np.array([[0.0, 0.0]])))
    assert reweighted[left] / reweighted[right] == pytest.approx(3, rel=1e-5)


def test_a_color_far_from_the_palette_is_not_lost():
    """With nothing of the palette in sight the distribution stays as it was."""
    only = one_hot((bin_at(-50, 50), 1.0))
    found = GRID.probabilities(GRID.reweight(log(only), np.array([[60.0, -60.0]])))
    np.testing.assert_allclose(found, only, atol=1e-5)


# Entropy


@pytest.mark.parametrize("index", [0, 100, len(GRID) - 1])
def test_certainty_has_no_entropy(index):
    assert GRID.entropy(one_hot((index, 1.0))) == pytest.approx(0, abs=1e-6)


def test_a_uniform_distribution_has_entropy_1():
    uniform = np.full((2, len(GRID)), 1 / len(GRID))
    np.testing.assert_allclose(GRID.entropy(uniform), 1, atol=1e-5)


def test_entropy_of_two_even_bins_is_one_bit():
    even = one_hot((3, 0.5), (90, 0.5))
    assert GRID.entropy(even) == pytest.approx(np.log(2) / np.log(len(GRID)), abs=1e-6)


# Errors


@pytest.mark.parametrize("shape", [(), (3,), (4, 1)])
def test_colors_that_are_no_pairs_are_refused(shape):
    with pytest.raises(ShapeError, match="last axis must be 2"):
        GRID.soft_encode(np.zeros(shape))


@pytest.mark.parametrize("method", ["read_out", "entropy"])
def test_distributions_over_other_bins_are_refused(method):
    with pytest.raises(ShapeError, match=f"must be {len(GRID)} bins"):
        getattr(GRID, method)(np.ones((2, len(GRID) + 1)))


@pytest.mark.parametrize("shape", [(2,), (0, 2), (3, 3), (1, 1, 2)])
def test_palettes_of_another_shape_are_refused(shape):
    with pytest.raises(PhotochromError):
        GRID.reweight(one_hot((0, 1)), np.zeros(shape))
