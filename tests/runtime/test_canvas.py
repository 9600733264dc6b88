"""`photochrom.runtime.canvas`: hints laid out over the small copy of a photograph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom import color
from photochrom.errors import HintError
from photochrom.runtime.canvas import MOST_TOKENS, RADIUS_SHARE, STROKE_TOKENS, lay_out
from photochrom.runtime.hints import Hint

CELL_PX = 4


def flat(height=64, width=96, level=50.0):
    return np.full((height, width), level, np.float32)


def laid(*given_, lightness=None, size=None):
    """Hints over a small copy, by default in its own pixels."""
    light = flat() if lightness is None else lightness
    return lay_out(given_, size or light.shape, light, CELL_PX)


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 10**6))
@settings(max_examples=60)
def test_planes_have_the_size_of_the_output_and_shares_in_0_to_1(height, width, seed):
    random = np.random.default_rng(seed)
    size = tuple(random.integers(1, 3000, 2))
    places = random.uniform(0, 1, (3, 2, 2)) * size[::-1]
    given_ = [
        Hint(points=tuple(map(tuple, place.tolist())), ab=tuple(random.uniform(-90, 90, 2)))
        for place in places
    ]
    canvas = laid(*given_, lightness=flat(height, width), size=size)
    assert canvas.planes.shape == (-(-height // CELL_PX), -(-width // CELL_PX), 3)
    share = canvas.planes[..., 2]
    assert 0 < share.max() <= 1 + 1e-6
    assert share.min() >= 0
    assert (np.abs(canvas.planes[..., :2]) <= 90 * share[..., None] + 1e-3).all()
    assert len(canvas.points) == len(canvas.ab) == len(canvas.radii) >= 3
    assert (canvas.points >= 0).all()
    assert (canvas.points <= np.array([width, height]) * (1 + 1e-5)).all()


def test_a_dot_covers_its_disc():
    canvas = laid(Hint(points=((40, 24),), ab=(30, -20), radius_px=9))
    assert canvas.planes[..., 2].sum() * CELL_PX**2 == pytest.approx(np.pi * 9**2, rel=0.01)
    covered = canvas.planes[5, 9]
    np.testing.assert_allclose(covered, (30, -20, 1))
    away = np.ones(canvas.planes.shape[:2], dtype=bool)
    away[3:9, 7:13] = False
    assert (canvas.planes[away] == 0).all()


def test_a_dot_without_a_radius_has_a_share_of_the_shorter_side():
    for scale in (1, 10):
        canvas = laid(Hint.at(40 * scale, 24 * scale, "#c22"), size=(64 * scale, 96 * scale))
        np.testing.assert_allclose(canvas.radii, RADIUS_SHARE * 64, rtol=1e-5)
        np.testing.assert_allclose(canvas.points, [[40, 24]])


def test_places_are_scaled_to_the_small_copy():
    hint = Hint(points=((10, 500), (1000, 20)), ab=(9, 9), radius_px=20)
    canvas = laid(hint, size=(640, 1920))
    np.testing.assert_allclose(canvas.points[[0, -1]], [[0.5, 50], [50, 2]], rtol=1e-5)
    np.testing.assert_allclose(canvas.radii, 20 * np.sqrt(0.1 * 0.05), rtol=1e-5)


def test_later_hints_lie_over_earlier_ones():
    under = Hint(points=((40, 24),), ab=(30, -20), radius_px=12)
    over = Hint(points=((40, 24),), ab=(-50, 60), radius_px=7)
    both = laid(under, over).planes
    np.testing.assert_allclose(both[5, 9], (-50, 60, 1))
    np.testing.assert_allclose(both[5, 7], laid(under).planes[5, 7])
    np.testing.assert_allclose(laid(over, under).planes, laid(under).planes, atol=1e-4)


def test_a_stroke_is_drawn_through_its_points():
    path = ((10, 10), (80, 10), (80, 50))
    canvas = laid(Hint(points=path, ab=(20, 20), radius_px=4))
    share = canvas.planes[..., 2]
    for x, y in [*path, (45, 10), (80, 30)]:
        assert share[y // CELL_PX, x // CELL_PX] > 0.5
    assert share[40 // CELL_PX, 30 // CELL_PX] == 0
    length = 70 + 40 + 2 * 4
    assert share.sum() * CELL_PX**2 == pytest.approx(8 * length, rel=0.1)


def test_a_stroke_becomes_evenly_spread_tokens():
    canvas = laid(Hint(points=((0, 30), (50, 30), (90, 30)), ab=(20, 20), radius_px=2))
    assert len(canvas.points) == STROKE_TOKENS
    np.testing.assert_allclose(canvas.points[:, 0], np.linspace(0, 90, STROKE_TOKENS), atol=1e-3)
    short = laid(Hint(points=((40, 30), (43, 30)), ab=(20, 20)))
    np.testing.assert_allclose(short.points, [[41.5, 30]])


def test_colors_of_tokens_can_be_shown_at_their_lightness():
    lightness = flat()
    lightness[:, 48:] = 95
    vivid = (80.0, 70.0)
    canvas = laid(
        Hint(points=((10, 10),), ab=vivid), Hint(points=((90, 10),), ab=vivid), lightness=lightness
    )
    in_dark, in_light = canvas.ab
    lab = np.concatenate([[[50], [95]], canvas.ab], axis=1).astype(np.float32)
    linear = color.lab_to_linear(lab)
    assert -0.005 <= linear.min() <= linear.max() <= 1.005
    assert np.hypot(*in_light) < 0.4 * np.hypot(*in_dark)
    for found in canvas.ab:
        assert np.arctan2(*found) == pytest.approx(np.arctan2(*vivid), abs=0.3)


@pytest.mark.parametrize("place", [(-0.1, 5), (5, -0.1), (96.1, 5), (5, 64.1)])
def test_a_hint_outside_is_refused_with_the_size(place):
    inside = Hint(points=((96, 64),), ab=(0, 0))
    laid(inside)
    with pytest.raises(HintError, match=r"outside the picture, which is 96 x 64 pixels"):
        laid(inside, Hint(points=((5, 5), place), ab=(0, 0)))


@pytest.mark.parametrize("radius", [1e-300, 1e6, 1e300])
def test_any_radius_can_be_laid_out(radius):
    share = laid(Hint(points=((40, 24),), ab=(30, -20), radius_px=radius)).planes[..., 2]
    assert np.isfinite(share).all()
    assert (share == 1).all() if radius > 1 else 0 < share.sum() < 1


# What strokes may cost


def zigzag(points, seed=0):
    places = np.random.default_rng(seed).uniform(0, 1, (points, 2)) * [96, 64]
    return tuple(map(tuple, places.tolist()))


def test_strokes_that_take_too_long_are_refused():
    with pytest.raises(HintError, match="4000 in this one"):
        laid(Hint(points=zigzag(4000), ab=(50, 0), radius_px=40))
    each = Hint(points=zigzag(20), ab=(50, 0), radius_px=40)
    with pytest.raises(HintError, match="too many points"):
        laid(*200 * [each])
    near = tuple((40 + x / 20, 30 + y / 20) for x, y in zigzag(4000))
    assert laid(Hint(points=near, ab=(50, 0), radius_px=1)).planes[..., 2].max() > 0.5


def test_a_long_stroke_of_a_wide_brush_is_traced_with_fewer_points():
    turns = np.linspace(0, 12 * np.pi, 3000)
    path = np.stack([48 + 40 * np.sin(turns), np.linspace(5, 59, 3000)], axis=1)
    wide = Hint(points=tuple(map(tuple, path.tolist())), ab=(50, 20), radius_px=12)
    few = Hint(points=tuple(map(tuple, path[::5].tolist())), ab=(50, 20), radius_px=12)
    share, expected = (laid(one).planes[..., 2] for one in (wide, few))
    assert expected.mean() > 0.5
    assert np.abs(share - expected).mean() < 0.002


def test_what_is_affordable_is_traced_as_it_is():
    from photochrom.runtime.canvas import _affordable

    path = np.array(zigzag(50), np.float32)
    assert _affordable(path, 4.0, (64, 96), 1e9) is path
    alone = path[:1]
    assert _affordable(alone, 40.0, (64, 96), 0.0) is alone


def test_many_strokes_share_the_tokens():
    strokes = [Hint(points=zigzag(3, seed), ab=(9, 9), radius_px=1) for seed in range(200)]
    assert len(laid(*strokes[:10]).points) > 10 * STROKE_TOKENS // 2
    assert 200 < len(laid(*strokes).points) <= MOST_TOKENS
