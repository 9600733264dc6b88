"""`photochrom.runtime.options`: what can be asked for, and what a painting is told of it."""

import dataclasses
from types import SimpleNamespace

import pytest

from photochrom.errors import UnsupportedError
from photochrom.runtime.alternatives import Alternative
from photochrom.runtime.hints import Hint
from photochrom.runtime.options import DEFAULTS, Options, help_for
from photochrom.runtime.tone import PLAIN

DOT = Hint.at(3, 4, "#c22")
FIRST, SECOND = (Hint.at(number, number, "#2c2") for number in (1, 2))


class Painting:
    """Stands in for a prepared photograph; remembers what it was told."""

    picture = SimpleNamespace(name="old.jpg")

    def __init__(self):
        self.told, self.seeds = [], []

    def paint(self, **told):
        self.told.append(told)
        return "a picture"

    def alternatives(self, count, *, seed):
        self.seeds.append(seed)
        found = [Alternative(hints=(hint,), likelihood=0.5) for hint in (FIRST, SECOND)]
        return tuple(found[:count])


def test_the_usual_picture_has_no_hints():
    prepared = Painting()
    assert DEFAULTS.paint(prepared) == "a picture"
    assert prepared.told == [
        {
            "hints": (),
            "palette": (),
            "reference": None,
            "likeness": 1.0,
            "vividness": 1.0,
            "lock": (),
            "tone": PLAIN,
            "lassos": (),
            "provenance": True,
            "copy": None,
        }
    ]
    assert prepared.seeds == []  # alternatives cost a decoding


def test_a_painting_is_told_what_was_asked_for():
    prepared = Painting()
    options = Options(hints=(DOT,), palette=("#a37",), vividness=0.5, provenance=False)
    options.paint(prepared, reference="like that")
    assert prepared.told[0] == {
        "hints": (DOT,),
        "palette": ("#a37",),
        "reference": "like that",
        "likeness": 1.0,
        "vividness": 0.5,
        "lock": (),
        "tone": PLAIN,
        "lassos": (),
        "provenance": False,
        "copy": None,
    }


@pytest.mark.parametrize(("number", "hint"), [(1, FIRST), (2, SECOND)])
def test_hints_that_were_given_lie_over_those_of_an_alternative(number, hint):
    prepared = Painting()
    Options(alternative=number, seed=7, hints=(DOT,)).paint(prepared)
    assert prepared.told[0]["hints"] == (hint, DOT)
    assert prepared.seeds == [7]


def test_an_alternative_that_is_not_there_is_refused_with_their_number():
    with pytest.raises(UnsupportedError, match=r"old\.jpg: there are 2 alternatives, not 3"):
        Options(alternative=3).paint(Painting())


def test_every_option_says_what_it_is():
    for field in dataclasses.fields(Options):
        text = help_for(field.name)
        assert text.endswith(".")
        assert len(text) > 10


def test_options_are_frozen_and_named():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULTS.seed = 3
    with pytest.raises(TypeError):
        Options((DOT,))
