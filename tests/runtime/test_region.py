"""`photochrom.runtime.region`: soft masks that end where things end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.runtime.region import readers_of, regions, things_at, traits_of


def masks(lightness, *cells, reach=1.0, ab=None):
    light = np.asarray(lightness, np.float32)
    colors = np.zeros((*light.shape, 2), np.float32) if ab is None else ab
    reaches = np.full(len(cells), reach, np.float32)
    return regions(traits_of(light, colors), np.array(cells), reaches)


def halves(height=24, width=32, left=30.0, right=75.0):
    light = np.full((height, width), left, np.float32)
    light[:, width // 2 :] = right
    return light


def test_a_region_ends_at_an_edge_of_lightness():
    (mask,) = masks(halves(), (12, 4))
    assert mask[12, 4] == 1
    assert mask[:, :14].min() > 0.5
    assert mask[:, 18:].max() < 0.25


def test_a_region_ends_where_the_models_colours_do():
    ab = np.zeros((24, 32, 2), np.float32)
    ab[:, 16:] = [50, 10]
    (mask,) = masks(np.full((24, 32), 50), (12, 4), ab=ab)
    assert mask[:, :14].min() > 0.5
    assert mask[:, 18:].max() < 0.25


def test_the_same_again_behind_an_edge_is_another_region():
    light = np.full((24, 48), 50, np.float32)
    light[:, 20:26] = 95
    (mask,) = masks(light, (12, 8))
    assert mask[:, 28:].max() < 0.5 * mask[:, 4:16].min()


def test_fine_texture_is_no_edge():
    rng = np.random.default_rng(0)
    (mask,) = masks(50 + rng.uniform(-6, 6, (24, 32)), (12, 16))
    assert mask.min() > 0.3


def test_more_reach_takes_more():
    narrow, usual, wide = (masks(halves(), (12, 4), reach=reach)[0] for reach in (0.4, 1, 3))
    assert (narrow <= usual + 1e-6).all()
    assert (usual <= wide + 1e-6).all()
    assert wide[:, 20:].min() > 0.5


def test_regions_found_together_are_those_found_one_by_one():
    rng = np.random.default_rng(1)
    light = np.cumsum(rng.normal(0, 3, (20, 30)), axis=1) % 100
    cells = [(int(row), int(column)) for row, column in rng.integers(0, 20, (70, 2))]
    together = masks(light, *cells)
    for cell, mask in zip(cells, together, strict=True):
        assert np.abs(masks(light, cell)[0] - mask).max() < 0.01


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 12), st.randoms(use_true_random=False))
def test_masks_lie_between_0_and_1_and_hold_their_spot(height, width, random):
    light = np.array([[random.uniform(0, 100) for _ in range(width)] for _ in range(height)])
    cell = (random.randrange(height), random.randrange(width))
    (mask,) = masks(light, cell)
    assert mask.shape == (height, width)
    assert mask[cell] == 1
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_no_spots_have_no_regions():
    found = regions(np.zeros((3, 4, 3), np.float32), np.zeros((0, 2), int), np.zeros(0))
    assert found.shape == (0, 3, 4)


def test_the_way_counts_less_than_the_difference():
    light = np.tile(np.linspace(20, 80, 40, dtype=np.float32), (10, 1))  # a soft ramp
    (mask,) = masks(light, (5, 20))
    assert mask[5, 0] == pytest.approx(mask[5, 39], abs=0.05)
    assert mask[5, 0] < 0.7


# By the network's own embedding


SIZES = ((2.0, 4.0, 3.0), (2.5, 2.0, 1.0), (3.0, 1.0, 0.5))


def things(embedding, *cells, reader):
    readers = readers_of((reader,), np.ones(len(cells), np.float32))
    return things_at(embedding, np.array(cells), readers)


def test_a_reach_is_a_size_of_thing():
    one, half, quarter = readers_of(SIZES, np.array([1, 0.5, 0.25], np.float32))
    alone = [readers_of((size,), np.ones(1, np.float32))[0] for size in SIZES]
    assert np.allclose([quarter, half, one], alone)
    between = readers_of(SIZES, np.array([2**-0.5], np.float32))[0]
    assert np.allclose(between, (one + half) / 2)


@settings(max_examples=25)
@given(st.floats(0.02, 8), st.floats(0.02, 8))
def test_more_reach_takes_more_of_an_embedding(one, other):
    embedding = np.random.default_rng(0).normal(0, 1, (4, 12, 16)).astype(np.float32)
    readers = readers_of(SIZES, np.sort(np.array([one, other], np.float32)))
    less, more = things_at(embedding, np.array([[6, 8], [6, 8]]), readers)
    assert (less <= more + 1e-6).all()


def test_four_times_the_whole_reach_goes_twice_as_far():
    usual, wide = readers_of(SIZES, np.array([1, 4], np.float32))
    assert wide[1] == pytest.approx(usual[1] / 2)


def test_a_model_without_an_embedding_has_no_readers():
    assert readers_of((), np.zeros(0, np.float32)).shape == (0, 3)


def test_a_thing_is_what_has_a_like_embedding_and_is_near():
    embedding = np.zeros((4, 24, 32), np.float32)
    embedding[0, :, 16:] = 3
    left, right = things(embedding, [12, 4], [12, 28], reader=(2.5, 1.5, 0.3))
    assert left.shape == (24, 32)
    assert left[12, 4] > 0.95
    assert left[:, :14].min() > right[:, :14].max()
    assert left[:, 18:].max() < 0.2
    assert left[12, 5] > left[12, 15]


def test_a_far_look_alike_is_another_thing_where_distance_counts():
    embedding = np.zeros((4, 24, 96), np.float32)
    (near,) = things(embedding, [12, 4], reader=(2.5, 1.0, 1.0))
    assert near[12, 4] > 0.9
    assert near[12, 95] < 0.1
