"""`photochrom.runtime.reference`: what a color photograph tells of its regions."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.errors import UnsupportedError
from photochrom.models.contract import Feature, ModelContract
from photochrom.models.network import Features
from photochrom.models.session import Session
from photochrom.runtime.reference import TOKENS, reference_tokens

STRIDE = 8


def session_of(token_features=("deep",)):
    """As much of a session as sampling wants."""
    contract = ModelContract(
        name="stub",
        output="distribution",
        features=(Feature(name="deep", channels=3, stride=STRIDE),),
        stride=STRIDE,
        token_features=token_features,
    )
    stub = SimpleNamespace(contract=contract)
    stub.sample = lambda features, points: Session.sample(stub, features, points)
    return stub


def seen(field):
    """Features of a grid of vectors (rows, columns, 3), one for each STRIDE pixels."""
    array = np.moveaxis(np.asarray(field, np.float32), -1, 0)[None]
    return Features((array,), (array.shape[2] * STRIDE, array.shape[3] * STRIDE))


def painted(cells):
    """Colors at full size from one for each cell."""
    return np.kron(np.asarray(cells, np.float32), np.ones((STRIDE, STRIDE, 1), np.float32))


def halves(left, right, rows=4, columns=6):
    field = np.empty((rows, columns, len(left)), np.float32)
    field[:, : columns // 2], field[:, columns // 2 :] = left, right
    return field


def test_every_region_has_a_token_with_its_own_color():
    features = seen(halves((1, 0, 0), (0, 1, 0)))
    tokens = reference_tokens(session_of(), features, painted(halves((40, 30), (-20, 50))))
    assert len(tokens.ab) == 2
    for looks, ab in zip(tokens.seen, tokens.ab, strict=True):
        expected = (40, 30) if looks[0] > looks[1] else (-20, 50)
        np.testing.assert_allclose(ab, expected, atol=1e-4)
    assert {int(looks.argmax()) for looks in tokens.seen} == {0, 1}


def test_one_kind_of_thing_in_two_colors_has_two_tokens():
    features = seen(halves((1, 0, 0), (1, 0, 0)))
    tokens = reference_tokens(session_of(), features, painted(halves((60, 0), (-60, 0))))
    assert sorted(tokens.ab[:, 0].round().tolist()) == [-60, 60]


def test_tokens_have_no_place():
    features = seen(halves((1, 0, 0), (0, 1, 0)))
    tokens = reference_tokens(session_of(), features, painted(halves((40, 30), (-20, 50))))
    assert tokens.place.shape == (len(tokens.ab), 3)
    assert not tokens.place.any()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**6))
@settings(max_examples=30)
def test_any_picture_has_a_few_tokens_within_its_colors(rows, columns, seed):
    random = np.random.default_rng(seed)
    features = seen(random.normal(size=(rows, columns, 3)))
    ab = random.uniform(-80, 80, (rows * STRIDE, columns * STRIDE, 2)).astype(np.float32)
    tokens, again = (reference_tokens(session_of(), features, ab) for _ in range(2))
    assert 1 <= len(tokens.seen) == len(tokens.ab) <= min(TOKENS, rows * columns)
    assert np.isfinite(tokens.seen).all()
    assert np.abs(tokens.ab).max() <= 80
    for one, other in zip(tokens, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_picture_smaller_than_a_cell_has_one_token():
    features = seen(np.ones((1, 1, 3)))
    tokens = reference_tokens(session_of(), features, np.full((1, 1, 2), 7, np.float32))
    np.testing.assert_array_equal(tokens.ab, [[7, 7]])


def test_a_model_without_hints_follows_no_reference():
    with pytest.raises(UnsupportedError, match="'stub' takes no hints"):
        reference_tokens(session_of(()), seen(np.ones((2, 2, 3))), painted(np.zeros((2, 2, 2))))
