"""`photochrom.runtime.hints`: colors that people know, as they write them."""

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import ColorError, HintError
from photochrom.runtime.hints import (
    AB_LIMIT,
    Hint,
    Lock,
    entries_of,
    hints_from_json,
    load_hints,
    locks_from,
    parse_hint,
    parse_lock,
)

finite = st.floats(-1e6, 1e6)
points = st.lists(st.tuples(finite, finite), min_size=1, max_size=5).map(tuple)
ab_values = st.tuples(*[st.floats(-110, 110)] * 2)
hints = st.builds(
    Hint,
    points=points,
    ab=ab_values,
    radius_px=st.none() | st.floats(0.01, 1e6, exclude_min=True),
    reach=st.none() | st.floats(0.01, 16),
)


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
        {"reach": 0.0},
        {"reach": float("nan")},
        {"reach": 100.0},
    ],
)
def test_a_hint_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(HintError, match="finite numbers, a radius above 0"):
        Hint(**{"points": ((1.0, 1.0),), "ab": (0.0, 0.0), **wrong})


def test_a_hint_error_is_a_value_error_too():
    with pytest.raises(ValueError, match="radius"):
        Hint.at(1, 1, "#c22", radius_px=0)


# Locks


def test_a_lock_is_a_place_and_a_radius():
    assert parse_lock("120,340,60") == Lock(points=((120, 340),), radius_px=60)
    assert parse_lock("1,2") == Lock(points=((1, 2),))
    entries = [{"x": 1, "y": 2}, {"points": [[1, 2], [3, 4]], "radius_px": 5}]
    stroke = Lock(points=((1, 2), (3, 4)), radius_px=5)
    assert locks_from(entries) == (Lock(points=((1, 2),)), stroke)


@pytest.mark.parametrize("text", ["", "1", "1,2,3,4", "a,b", "1,2=#c22"])
def test_what_is_no_lock_is_refused(text):
    with pytest.raises(HintError, match="not a lock"):
        parse_lock(text)


@pytest.mark.parametrize("entries", [{}, [1], [{"x": 1}], [{"x": 1, "y": 2, "color": "#c22"}]])
def test_entries_that_are_no_locks_are_refused(entries):
    with pytest.raises(HintError):
        locks_from(entries)


def test_a_lock_that_makes_no_sense_is_refused():
    with pytest.raises(HintError, match="at least one point"):
        Lock(points=())


# Hints on the command line


def test_a_hint_is_a_place_and_a_color():
    assert parse_hint("120,340=#cc2222") == Hint.at(120, 340, "#cc2222")
    assert parse_hint("1.5,-2,7=#c22") == Hint.at(1.5, -2, "#cc2222", radius_px=7)
    assert parse_hint(" 1 , 2 = #c22 ") == Hint.at(1, 2, "#c22")


@pytest.mark.parametrize("text", ["", "1,2", "#c22", "1=#c22", "1,2,3,4=#c22", "a,b=#c22", ",=#c"])
def test_what_is_no_hint_is_refused_with_an_example(text):
    with pytest.raises(HintError, match=r"is not a hint; write it as X,Y=#RRGGBB, such as"):
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
    text = json.dumps(entries_of(given_))
    found = hints_from_json(text)
    assert [hint.points for hint in found] == [hint.points for hint in given_]
    assert [hint.radius_px for hint in found] == [hint.radius_px for hint in given_]
    for one, other in zip(found, given_, strict=True):
        np.testing.assert_allclose(one.ab, other.ab, atol=6e-4)
    assert entries_of(found) == entries_of(given_)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("[", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("3", "expected a list of hints"),
        ("{}", "expected a list of hints"),
        ('{"hints": {}}', "expected a list of hints"),
        ("[3]", "its keys may be ab, color, points, radius_px, reach, x, y"),
        ('[{"x": 1, "y": 2, "colour": "#c22"}]', "its keys may be"),
        ('[{"x": 1, "color": "#c22"}]', "it needs x and y, or points, and color or ab"),
        ('[{"x": 1, "y": 2}]', "it needs x and y"),
        ('[{"points": [[1]], "ab": [1, 2]}]', "it needs x and y"),
        ('[{"points": 1, "ab": [1, 2]}]', "it needs x and y"),
        ('[{"x": "one", "y": 2, "ab": [1, 2]}]', "it needs x and y"),
        ('[{"x": 1, "y": 2, "ab": [1, 2, 3]}]', "it needs x and y"),
        ('[{"x": 1%s, "y": 2, "ab": [1, 2]}]' % ("0" * 400), "it needs x and y"),
        ('[{"points": [], "ab": [1, 2]}]', "at least one point"),
        ('[{"x": NaN, "y": 2, "ab": [1, 2]}]', "finite numbers"),
        ('[{"x": 1, "y": 2, "ab": [1, 1e9]}]', "within -255..255"),
    ],
)
def test_json_that_holds_no_hints_is_refused(text, message):
    with pytest.raises(HintError, match=message):
        hints_from_json(text)


def test_a_wrong_color_in_json_is_a_color_error():
    with pytest.raises(ColorError, match="'blue' is not a color"):
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
    with pytest.raises(HintError, match=r"hints\.json: 1 is not a hint"):
        load_hints(path)
    path.write_text('[{"x": 1, "y": 2, "color": "blue"}]')
    with pytest.raises(ColorError, match=r"hints\.json: 'blue'"):
        load_hints(path)
    path.write_text(json.dumps(entries_of([Hint.at(1, 2, "#c22", radius_px=3)])))
    assert load_hints(path)[0].radius_px == 3


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "hints.json"
    path.write_text('[{"x": 1, "y": 2, "color": "#fff"}]', encoding="utf-8-sig")
    assert load_hints(path)[0].points == ((1, 2),)


def test_points_and_colors_may_be_lists_and_arrays():
    wanted = Hint(points=((1.0, 2.0), (3.0, 4.0)), ab=(5.0, 6.0))
    assert Hint(points=[[1, 2], [3, 4]], ab=[5, 6]) == wanted
    assert Hint(points=np.array([[1, 2], [3, 4]]), ab=np.array([5, 6])) == wanted
    assert hash(Hint(points=[[1, 2], [3, 4]], ab=[5, 6])) == hash(wanted)
    assert Lock(points=[[1, 2]]) == Lock(points=((1.0, 2.0),))


@pytest.mark.parametrize("points", [None, (1, 2), "ab", [[1, 2, 3]], [["x", 1]]])
def test_what_are_no_points_is_refused(points):
    for make in (partial(Hint, ab=(0.0, 0.0)), Lock):
        with pytest.raises(HintError, match="at least one point"):
            make(points=points)


def test_long_strokes_are_not_shown_whole():
    with pytest.raises(HintError) as caught:
        Hint(points=[(1, 2)] * 5000, ab=(0, 0), radius_px=-1)
    assert len(str(caught.value)) < 500


def test_a_wrong_lock_is_called_a_lock():
    with pytest.raises(HintError, match="is not a lock; it needs x and y, or points"):
        locks_from([{"x": 1, "y": 2, "radius_px": -1}])
