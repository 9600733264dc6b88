"""`photochrom.runtime.obeying`: each hint has its own color where it stands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom import color
from photochrom.runtime import obeying
from photochrom.runtime.canvas import lay_out
from photochrom.runtime.hints import Hint
from photochrom.runtime.obeying import OVERSHOOT, obey, solved

CELL_PX = 4

ab_values = st.tuples(*[st.floats(-110, 110)] * 2)


def flat(height=64, width=96, level=50.0):
    return np.full((height, width), level, np.float32)


def laid(*given_, lightness=None, size=None):
    """Hints over a small copy, by default in its own pixels."""
    light = flat() if lightness is None else lightness
    return lay_out(given_, size or light.shape, light, CELL_PX)


def coarse(lightness):
    """The mean lightness of each cell, the edge repeated."""
    padded = np.pad(lightness, [(0, -side % CELL_PX) for side in lightness.shape], mode="edge")
    rows, columns = (side // CELL_PX for side in padded.shape)
    return padded.reshape(rows, CELL_PX, columns, CELL_PX).mean(axis=(1, 3), dtype=np.float32)


def obeyed(ab, canvas, lightness):
    """What `obey` makes of one color everywhere."""
    light = coarse(lightness)
    colors = np.broadcast_to(np.float32(ab), (*light.shape, 2))
    return obey(colors, light, canvas, CELL_PX)


def read(field, x, y):
    """A coarse field at a point in pixels of the small copy, bilinear."""
    height, width = field.shape[:2]
    column, row = (np.clip(v / CELL_PX - 0.5, 0, n - 1) for v, n in ((x, width), (y, height)))
    left, top = int(column), int(row)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    upper = (field[top, left], field[top, right])
    lower = (field[bottom, left], field[bottom, right])
    upper, lower = (a + (column - left) * (b - a) for a, b in (upper, lower))
    return upper + (row - top) * (lower - upper)


def difference(lightness, one, other):
    """CIEDE2000 of two colors of one lightness."""
    labs = [np.array([lightness, *ab], np.float32) for ab in (one, other)]
    return float(color.ciede2000(*labs))


smooth = 50 + 30 * np.cos(np.mgrid[:64, :96] / 17).prod(axis=0).astype(np.float32)
rough = np.random.default_rng(0).uniform(0, 100, (64, 96)).astype(np.float32)
blocks = np.kron(rough[:16, :24], np.ones((4, 4), np.float32))


@given(
    st.floats(0, 96),
    st.floats(0, 64),
    ab_values,
    st.floats(0.2, 60),
    ab_values.map(lambda ab: (ab[0] / 2, ab[1] / 2)),
)
@settings(max_examples=60)
def test_a_hint_has_its_color_at_its_point(x, y, ab, radius, before):
    for lightness in (flat(), smooth):
        canvas = laid(Hint(points=((x, y),), ab=ab, radius_px=radius), lightness=lightness)
        found = read(obeyed(before, canvas, lightness), x, y)
        level = float(read(coarse(lightness), x, y))
        assert difference(level, found, canvas.ab[0]) < 5


@pytest.mark.parametrize("lightness", [rough, blocks], ids=["rough", "blocks"])
def test_on_an_edge_the_nearest_cell_has_the_color_and_no_other_is_more_vivid(lightness):
    random = np.random.default_rng(1)
    for place in (random.uniform(0, 1, (40, 2)) * (95.9, 63.9)).tolist():
        hint = Hint(points=(tuple(place),), ab=(30.0, -40.0), radius_px=random.choice([1, 30]))
        canvas = laid(hint, lightness=lightness)
        found = obeyed((0, 0), canvas, lightness)
        (goal,) = canvas.ab
        nearest = found[int(place[1]) // CELL_PX, int(place[0]) // CELL_PX]
        if np.hypot(*goal) > 1:
            assert 0.6 < nearest @ goal / (goal @ goal) < 2
        assert np.hypot(*np.moveaxis(found, -1, 0)).max() <= 2 * np.hypot(*goal) + 1


def test_what_a_hint_changes_fades_with_distance_and_ends():
    lightness = flat(64, 640)
    canvas = laid(Hint(points=((20, 30),), ab=(40, -30), radius_px=3), lightness=lightness)
    found = obeyed((5, 7), canvas, lightness)
    change = np.hypot(*np.moveaxis(found - (5, 7), -1, 0))
    assert change[7, 5] > 20
    assert (np.diff(change[7, 5:]) < 0.01).all()
    assert change[:, 15:].max() < 0.5 * change[7, 5]
    assert change[:, 60:].max() < 0.1


def test_across_an_edge_of_lightness_next_to_nothing_changes():
    lightness = flat(level=20)
    lightness[:, 48:] = 90
    canvas = laid(Hint(points=((44, 30),), ab=(20, -30), radius_px=20), lightness=lightness)
    found = obeyed((5, 7), canvas, lightness)
    assert difference(20, read(found, 44, 30), canvas.ab[0]) < 5
    change = np.hypot(*np.moveaxis(found - (5, 7), -1, 0))
    assert change[7, 8:12].min() > 15
    assert change[:, 12:].max() < 0.1 * change[7, 11]


@pytest.mark.parametrize("apart", [0, 1, 3])
def test_of_two_hints_at_one_place_the_later_wins(apart):
    red = Hint(points=((40, 30),), ab=(50, 30), radius_px=5)
    blue = Hint(points=((40 + apart, 30),), ab=(10, -50), radius_px=5)
    for first, last in ((red, blue), (blue, red)):
        found = obeyed((0, 0), laid(first, last), flat())
        x, y = last.points[0]
        assert difference(50, read(found, x, y), last.ab) < 5


def test_a_small_hint_upon_a_broad_one_is_obeyed():
    broad = Hint(points=((30, 32),), ab=(50, 30), radius_px=24)
    small = Hint(points=((44, 32),), ab=(10, -50), radius_px=5)
    found = obeyed((0, 0), laid(broad, small), flat())
    for one in (broad, small):
        assert difference(50, read(found, *one.points[0]), one.ab) < 5


@given(st.integers(2, 60), st.floats(0.5, 30), st.integers(0, 10**6))
@settings(max_examples=40)
def test_many_hints_stay_bounded_and_apart_they_are_all_obeyed(count, radius, seed):
    random = np.random.default_rng(seed)
    places = random.uniform(0, 1, (count, 2)) * (96, 64)
    given_ = [
        Hint(points=(tuple(place),), ab=tuple(random.uniform(-40, 40, 2)), radius_px=radius)
        for place in places.tolist()
    ]
    for lightness in (flat(), blocks):
        canvas = laid(*given_, lightness=lightness)
        found = obeyed((0, 0), canvas, lightness)
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= 40 + OVERSHOOT + 1
    canvas = laid(*given_)
    found = obeyed((0, 0), canvas, flat())
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    gaps[np.diag_indices(count)] = np.inf
    for (x, y), goal, gap in zip(places, canvas.ab, gaps.min(axis=1), strict=True):
        if gap > max(3 * CELL_PX, radius):
            assert difference(50, read(found, x, y), goal) < 5


def test_obeying_what_is_so_already_changes_nothing():
    canvas = laid(Hint(points=((40, 30),), ab=(20, 10), radius_px=9), lightness=smooth)
    found = obeyed(canvas.ab[0], canvas, smooth)
    np.testing.assert_allclose(found - canvas.ab[0], 0, atol=1e-3)


@pytest.mark.parametrize("radius_px", [None, 2.0, 20.0])
def test_what_lies_far_from_a_small_hint_is_found_as_if_all_were_looked_at(radius_px, monkeypatch):
    rng = np.random.default_rng(0)
    hints = [
        Hint(points=((float(x), float(y)),), ab=(float(a), float(b)), radius_px=radius_px)
        for x, y, a, b in rng.uniform([0, 0, -60, -60], [96, 64, 60, 60], (12, 4))
    ]
    canvas, light = laid(*hints, lightness=smooth), coarse(smooth)
    ab = rng.normal(0, 10, (*light.shape, 2)).astype(np.float32)
    near = obey(ab, light, canvas, CELL_PX)
    monkeypatch.setattr(obeying, "FAR", 1e6)
    np.testing.assert_allclose(near, obey(ab, light, canvas, CELL_PX), atol=2e-3)


@pytest.mark.parametrize("count", [1, 96, 97, 201, 400])
def test_many_hints_are_solved_by_halves_as_at_once(count):
    random = np.random.default_rng(count)
    places = random.random((count, 2))
    alike = np.exp(-8 * ((places[:, None] - places) ** 2).sum(axis=-1))
    matrix = alike + 0.02 * np.eye(count) + 1e-3 * random.random((count, count))
    wanted = random.random((count, 2))
    assert np.allclose(solved(matrix, wanted), np.linalg.solve(matrix, wanted), atol=1e-8)
