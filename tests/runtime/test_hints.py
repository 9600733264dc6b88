"""`photochrom.runtime.hints`: colours that people know, read, laid out and obeyed."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom import color
from photochrom.errors import ColorError, HintError
from photochrom.runtime.hints import (
    AB_LIMIT,
    OVERSHOOT,
    RADIUS_SHARE,
    STROKE_TOKENS,
    Hint,
    hints_from_json,
    hints_to_json,
    lay_out,
    load_hints,
    obey,
    parse_hint,
)

CELL_PX = 4

finite = st.floats(-1e6, 1e6)
points = st.lists(st.tuples(finite, finite), min_size=1, max_size=5).map(tuple)
ab_values = st.tuples(*[st.floats(-110, 110)] * 2)
hints = st.builds(
    Hint, points=points, ab=ab_values, radius_px=st.none() | st.floats(0.01, 1e6, exclude_min=True)
)


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
    """What `obey` makes of one colour everywhere."""
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
    """CIEDE2000 of two colours of one lightness."""
    labs = [np.array([lightness, *ab], np.float32) for ab in (one, other)]
    return float(color.ciede2000(*labs))


# A hint


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": ()},
        {"points": ((float("nan"), 1.0),)},
        {"points": ((1.0, 1.0), (float("inf"), 1.0))},
        {"ab": (float("nan"), 0.0)},
        {"ab": (0.0, AB_LIMIT + 1.0)},
        {"radius_px": 0.0},
        {"radius_px": -1.0},
        {"radius_px": float("inf")},
    ],
)
def test_a_hint_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(HintError, match=r"at least one point, finite numbers, a radius above 0"):
        Hint(**{"points": ((1.0, 1.0),), "ab": (0.0, 0.0), **wrong})


def test_a_hint_error_is_a_value_error_too():
    with pytest.raises(ValueError, match="radius"):
        Hint.at(1, 1, "#c22", radius_px=0)


# Hints on the command line


def test_a_hint_is_a_place_and_a_color():
    assert parse_hint("120,340=#cc2222") == Hint.at(120, 340, "#cc2222")
    assert parse_hint("1.5,-2,7=#c22") == Hint.at(1.5, -2, "#cc2222", radius_px=7)
    assert parse_hint(" 1 , 2 = #c22 ") == Hint.at(1, 2, "#c22")


@pytest.mark.parametrize("text", ["", "1,2", "#c22", "1=#c22", "1,2,3,4=#c22", "a,b=#c22", ",=#c"])
def test_what_is_no_hint_is_refused_with_an_example(text):
    with pytest.raises(HintError, match=r"is no hint; write it as X,Y=#RRGGBB, such as"):
        parse_hint(text)


@pytest.mark.parametrize(
    ("text", "error"), [("1,2=", ColorError), ("nan,2=#c22", HintError), ("1,2,0=#c22", HintError)]
)
def test_a_hint_with_a_wrong_part_is_refused(text, error):
    with pytest.raises(error):
        parse_hint(text)


# Hints in JSON


def test_json_takes_places_and_colors_in_either_form():
    text = """[
        {"x": 1, "y": 2, "color": "#c22"},
        {"points": [[1, 2], [3.5, 4]], "ab": [-10, 20], "radius_px": 3},
        {"x": 1, "y": 2, "color": "#c22", "radius_px": null}
    ]"""
    expected = (
        Hint.at(1, 2, "#c22"),
        Hint(points=((1, 2), (3.5, 4)), ab=(-10, 20), radius_px=3),
        Hint.at(1, 2, "#c22"),
    )
    assert hints_from_json(text) == expected
    assert hints_from_json(f'{{"hints": {text}}}') == expected


@given(st.lists(hints, max_size=4))
def test_hints_survive_json(given_):
    text = hints_to_json(given_)
    found = hints_from_json(text)
    assert [hint.points for hint in found] == [hint.points for hint in given_]
    assert [hint.radius_px for hint in found] == [hint.radius_px for hint in given_]
    for one, other in zip(found, given_, strict=True):
        np.testing.assert_allclose(one.ab, other.ab, atol=6e-4)
    assert hints_to_json(found) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("[", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("3", "a list of hints is wanted"),
        ("{}", "a list of hints is wanted"),
        ('{"hints": {}}', "a list of hints is wanted"),
        ("[3]", "its keys may be ab, color, points, radius_px, x, y"),
        ('[{"x": 1, "y": 2, "colour": "#c22"}]', "its keys may be"),
        ('[{"x": 1, "color": "#c22"}]', "it wants x and y, or points, and color or ab"),
        ('[{"x": 1, "y": 2}]', "it wants x and y"),
        ('[{"points": [[1]], "ab": [1, 2]}]', "it wants x and y"),
        ('[{"points": 1, "ab": [1, 2]}]', "it wants x and y"),
        ('[{"x": "one", "y": 2, "ab": [1, 2]}]', "it wants x and y"),
        ('[{"x": 1, "y": 2, "ab": [1, 2, 3]}]', "it wants x and y"),
        ('[{"x": 1%s, "y": 2, "ab": [1, 2]}]' % ("0" * 400), "it wants x and y"),
        ('[{"points": [], "ab": [1, 2]}]', "at least one point"),
        ('[{"x": NaN, "y": 2, "ab": [1, 2]}]', "finite numbers"),
        ('[{"x": 1, "y": 2, "ab": [1, 1e9]}]', "within -255..255"),
    ],
)
def test_json_that_holds_no_hints_is_refused(text, message):
    with pytest.raises(HintError, match=message):
        hints_from_json(text)


def test_a_wrong_color_in_json_is_a_color_error():
    with pytest.raises(ColorError, match="'blue' is no colour"):
        hints_from_json('[{"x": 1, "y": 2, "color": "blue"}]')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "points", "color", "ab", "radius_px"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_hints_or_a_typed_error(value):
    try:
        found = hints_from_json(json.dumps(value))
    except (HintError, ColorError):
        return
    assert all(isinstance(hint, Hint) for hint in found)


def test_a_file_of_hints_is_named_when_it_is_wrong(tmp_path):
    path = tmp_path / "hints.json"
    with pytest.raises(HintError, match=r"hints\.json: the hints can't be read"):
        load_hints(path)
    path.write_bytes(b"\xff")
    with pytest.raises(HintError, match=r"hints\.json: the hints can't be read"):
        load_hints(path)
    path.write_text("[1]")
    with pytest.raises(HintError, match=r"hints\.json: 1 is no hint"):
        load_hints(path)
    path.write_text('[{"x": 1, "y": 2, "color": "blue"}]')
    with pytest.raises(ColorError, match=r"hints\.json: 'blue'"):
        load_hints(path)
    path.write_text(hints_to_json([Hint.at(1, 2, "#c22", radius_px=3)]))
    assert load_hints(path)[0].radius_px == 3


# Laying out


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


# Obeying


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
