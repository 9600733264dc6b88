"""`photochrom.runtime.upsample`: colors follow the edges of lightness."""

import numpy as np
import pytest

from photochrom.errors import ShapeError
from photochrom.pictures import painting
from photochrom.runtime.upsample import guide


def applied(offset, gain, lightness):
    """What `Picture.with_ab` makes of the coefficients, in floating point."""
    height, width = lightness.shape
    planes = [painting.fit(field, width, height).numpy() for field in (offset, gain)]
    return planes[0] + planes[1] * lightness[..., None]


def noise(*shape):
    return np.random.default_rng(0).uniform(-60, 60, shape).astype(np.float32)


def test_it_passes_exactly_through_the_coarse_colors():
    ab, lightness = noise(9, 14, 2), noise(9, 14) / 2 + 50
    np.testing.assert_allclose(applied(*guide(ab, lightness), lightness), ab, atol=1e-3)


def test_flat_lightness_gives_plain_interpolation():
    ab = noise(6, 8, 2)
    offset, gain = guide(ab, np.full((6, 8), 40.0))
    assert np.abs(gain.numpy()).max() < 1e-3
    np.testing.assert_allclose(offset.numpy(), ab, atol=0.05)


def edge(height, width, place):
    """Dark and light halves that part at `place` of the width."""
    lightness = np.where(np.arange(width) < place * width, 30.0, 70.0)
    return np.broadcast_to(lightness, (height, width)).astype(np.float32)


def test_an_edge_of_color_lies_where_the_edge_of_lightness_does():
    """Dark green beside light red, parted inside a coarse pixel: no color bleeds over."""
    fine, coarse = edge(64, 128, 35 / 64), edge(64, 128, 35 / 64).reshape(16, 4, 32, 4)
    light = coarse.mean(axis=(1, 3))
    share = (light - 30) / 40
    ab = np.stack([-40 + 90 * share, 30 + 0 * share], axis=-1)
    found = applied(*guide(ab, light), fine)[..., 0]
    truth = np.where(fine < 50, -40.0, 50.0)
    plain = painting.fit(guide(ab, np.full(light.shape, 50.0))[0], 128, 64).numpy()[..., 0]
    guided_error, plain_error = np.abs(found - truth).mean(), np.abs(plain - truth).mean()
    assert guided_error < 0.5 * plain_error


def test_lightness_of_the_networks_size_is_averaged_over_cells():
    ab, fine = noise(8, 12, 2), noise(30, 47) / 2 + 50
    padded = np.pad(fine, ((0, 2), (0, 1)), mode="edge")
    small = padded.reshape(8, 4, 12, 4).mean(axis=(1, 3))
    for found, expected in zip(guide(ab, fine), guide(ab, small), strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-3)


def test_weak_edges_can_be_taken_for_flat():
    ab, lightness = noise(8, 12, 2), noise(8, 12) / 20 + 50
    (_, followed), (offset, flat) = (
        (image.numpy() for image in guide(ab, lightness, flat=flat)) for flat in (0.01, 400.0)
    )
    assert abs(flat).max() < 0.1 * abs(followed).max()
    np.testing.assert_allclose(offset + flat * lightness[..., None], ab, atol=1e-3)


def test_lightness_of_other_proportions_is_refused():
    with pytest.raises(ShapeError, match="whole cells"):
        guide(noise(8, 12, 2), noise(32, 40))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2)])
def test_tiny_colors_are_taken(shape):
    offset, gain = guide(noise(*shape, 2), np.full(shape, 50.0))
    assert (offset.height, offset.width) == (gain.height, gain.width) == shape


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 3), (0, 4, 2), (1, 4, 4, 2)])
def test_what_is_no_plane_of_colors_is_refused(shape):
    with pytest.raises(ShapeError, match=r"\(height, width, 2\)"):
        guide(np.zeros(shape, np.float32), np.zeros((4, 4)))


@pytest.mark.parametrize("shape", [(4,), (4, 4, 1), (0, 4)])
def test_what_is_no_plane_of_lightness_is_refused(shape):
    with pytest.raises(ShapeError, match=r"\(height, width\)"):
        guide(np.zeros((4, 4, 2)), np.zeros(shape, np.float32))
