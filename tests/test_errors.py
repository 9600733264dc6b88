"""`photochrom.errors`: what is wrong with a public call is said by an error of the tree."""

import math
from pathlib import Path

import numpy as np
import pytest

import photochrom
from photochrom import errors

SIDE = 40


@pytest.fixture(scope="module")
def colorizer():
    return photochrom.Colorizer(threads=1)


@pytest.fixture(scope="module")
def prepared(colorizer):
    return colorizer.prepare(np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.uint8))


@pytest.fixture(scope="module")
def picture(prepared):
    return prepared.picture


def test_all_errors_stand_in_the_tree_and_can_be_imported():
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    kinds = [one for one in kinds if issubclass(one, Exception)]
    assert len(kinds) > 30
    for kind in kinds:
        assert issubclass(kind, errors.PhotochromError)
        assert getattr(photochrom, kind.__name__) is kind
        assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("paint", {"vividness": math.nan}),
        ("paint", {"vividness": 2.1}),
        ("paint", {"likeness": -0.1}),
        ("paint", {"palette": ["red"]}),
        ("paint", {"hints": [photochrom.Hint.at(SIDE + 1, 1, "#c22")]}),
        ("ab", {"vividness": 9}),
        ("alternatives", {"seed": -1}),
        ("likely_colors", {"x": math.nan, "y": 1}),
        ("region", {"x": -1, "y": 1}),
        ("region", {"x": 1, "y": 1, "reach": 0}),
        ("region_picture", {"x": 1, "y": 1, "size": (0, 5)}),
        ("confidence_picture", {"size": (5, -1)}),
    ],
)
def test_a_prepared_picture_refuses_values_by_errors_of_the_tree(prepared, call, wrong):
    with pytest.raises(errors.PhotochromError, match=r"\w+ .*\."):
        getattr(prepared, call)(**wrong)


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("srgb", {"size": (0, 0)}),
        ("srgb", {"size": (3, -1)}),
        ("srgb", {"short_side_px": 0}),
        ("save", {"path": "new.gif"}),
        ("save", {"path": "a\0b.png"}),
        ("save", {"path": "none/new.png"}),
        ("save", {"path": "new.jpg", "quality": 101}),
        ("encode", {"format_": "bmp"}),
        ("encode", {"format_": "jpeg", "lossless": True}),
        ("losses", {"format_": "exe"}),
    ],
)
def test_a_picture_refuses_values_by_errors_of_the_tree(
    picture, call, wrong, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.PhotochromError, match=r"\w+ .*\."):
        getattr(picture, call)(**wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "call",
    [
        lambda: photochrom.Colorizer("nobody"),
        lambda: photochrom.Colorizer(device="abacus"),
        lambda: photochrom.Colorizer(like="nothing"),
        lambda: photochrom.read("nowhere.jpg"),
        lambda: photochrom.read("a\0b.jpg"),
        lambda: photochrom.read(b"no picture"),
        lambda: photochrom.read(__file__, page=-1),
        lambda: photochrom.from_array(np.zeros((0, 3), np.uint8)),
        lambda: photochrom.from_array(np.zeros((2, 3))),
        lambda: photochrom.Hint.at(1, 2, "red"),
        lambda: photochrom.Hint(points=((1, 2, 3),), ab=(1, 2)),
        lambda: photochrom.Hint(points=((1, 2),), ab=(1,)),
        lambda: photochrom.Hint(points=(), ab=(1, 2)),
        lambda: photochrom.Lock(points=((1,),)),
        lambda: photochrom.Tone(warmth=1.1),
        lambda: photochrom.Tone(strength=math.nan),
        lambda: photochrom.AbGrid(np.zeros((3, 3))),
        lambda: photochrom.load_film_hints(Path("nowhere.json")),
    ],
)
def test_other_calls_refuse_values_by_errors_of_the_tree(call):
    with pytest.raises(errors.PhotochromError, match=r"\w+ .*\."):
        call()
