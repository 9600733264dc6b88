"""`photochrom.models.resizing`: fields at other sizes."""

import numpy as np
import pytest

from photochrom.models.resizing import resized


@pytest.mark.parametrize("size", [(1, 1), (8, 5), (20, 31), (64, 64)])
def test_a_plain_field_stays_plain(size):
    found = resized(np.full((2, 20, 31), 7, np.float32), size)
    assert found.shape == (2, *size)
    np.testing.assert_allclose(found, 7, rtol=1e-5)


def test_the_same_size_changes_nothing():
    field = np.random.default_rng(0).normal(size=(3, 9, 12)).astype(np.float32)
    np.testing.assert_array_equal(resized(field, (9, 12)), field)


def test_a_slope_stays_one_away_from_the_edge():
    slope = np.broadcast_to(np.arange(32, dtype=np.float32), (1, 4, 32))
    for width in (16, 64):
        wanted = (np.arange(width) + 0.5) * 32 / width - 0.5
        found = resized(slope, (4, width))[0, 0]
        np.testing.assert_allclose(found[2:-2], wanted[2:-2], atol=1e-4)


def test_what_is_too_fine_becomes_its_mean():
    checks = np.indices((32, 32)).sum(axis=0)[None] % 2
    np.testing.assert_allclose(
        resized(checks.astype(np.float32), (8, 8))[0, 1:-1, 1:-1], 0.5, atol=1e-5
    )
