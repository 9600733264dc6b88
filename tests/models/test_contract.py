"""`photochrom.models.contract`: what a model says of itself survives its file, or is refused."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import ContractError
from photochrom.models.contract import VERSION, Feature, ModelContract

CONTRACT = ModelContract(
    name="test",
    output="distribution",
    features=(
        Feature(name="deep", channels=128, stride=8),
        Feature(name="f2", channels=4, stride=2),
    ),
    stride=8,
    output_stride=4,
    bins=((-10.0, 0.0), (0.0, 0.5)),
    temperature=0.4,
    token_features=("deep",),
    can=("take hints",),
    mean_ab=((1.5, -2.25),),
    recipe={"optim": {"lr": 0.001}, "data": {"train": ["flowers"]}},
)

pairs = st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2)
texts = st.lists(st.text(), max_size=3).map(tuple)
features = st.builds(
    Feature, name=st.text(), channels=st.integers(1, 4096), stride=st.integers(1, 64)
)
contracts = st.builds(
    ModelContract,
    name=st.text(),
    output=st.sampled_from(["ab", "distribution"]),
    features=st.lists(features, max_size=3).map(tuple),
    stride=st.integers(1, 64),
    output_stride=st.integers(1, 16),
    token_features=texts,
    short_side_px=st.integers(1, 4096),
    bins=st.lists(pairs, max_size=4).map(tuple),
    temperature=st.floats(0.01, 10),
    domain=st.text(),
    licence=st.text(),
    can=texts,
    cannot=texts,
    data=texts,
    mean_ab=st.lists(pairs, max_size=4).map(tuple),
    recipe=st.dictionaries(st.text(), st.integers() | st.text() | st.booleans(), max_size=3),
    photochrom=st.text(),
)


def changed(**changes):
    return json.dumps({**dataclasses.asdict(CONTRACT), **changes})


@given(contracts)
def test_a_contract_survives_json(contract):
    assert ModelContract.from_json(contract.to_json(), name="m.onnx") == contract


def test_the_json_is_plain_json():
    table = json.loads(CONTRACT.to_json())
    assert table["version"] == VERSION
    assert table["features"][0] == {"name": "deep", "channels": 128, "stride": 8}


def test_keys_that_tell_people_something_may_be_missing():
    least = json.dumps(
        {"version": VERSION, "name": "m", "output": "ab", "features": [], "stride": 8}
        | {"bins": [], "mean_ab": [], "can": [], "cannot": [], "data": []}
    )
    contract = ModelContract.from_json(least, name="m.onnx")
    assert contract == ModelContract(name="m", output="ab", features=(), stride=8)


@pytest.mark.parametrize("version", [0, VERSION + 1, "1", None])
def test_another_version_is_refused_and_named(version):
    with pytest.raises(ContractError, match=rf"m\.onnx: contract version {version}; .*{VERSION}"):
        ModelContract.from_json(changed(version=version), name="m.onnx")


@given(st.integers(0, len(CONTRACT.to_json()) - 1))
def test_a_cut_contract_is_refused(length):
    with pytest.raises(ContractError, match=r"m\.onnx"):
        ModelContract.from_json(CONTRACT.to_json()[:length], name="m.onnx")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "3", '"contract"', "\x00"])
def test_what_is_no_contract_is_refused(text):
    with pytest.raises(ContractError, match=r"m\.onnx: the model's contract is damaged"):
        ModelContract.from_json(text, name="m.onnx")


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"features": [{"name": "f", "channels": 3, "stride": 2, "surprise": 1}]},
        {"features": [{"name": "f"}]},
        {"features": None},
        {"bins": [[1, 2, 3]]},
        {"bins": [["a", "b"]]},
        {"mean_ab": [None]},
        {"can": 3},
        {"token_features": 3},
    ],
)
def test_unknown_keys_and_wrong_values_are_refused(changes):
    with pytest.raises(ContractError, match="damaged"):
        ModelContract.from_json(changed(**changes), name="m.onnx")


def test_a_missing_key_is_named():
    table = dataclasses.asdict(CONTRACT)
    del table["features"]
    with pytest.raises(ContractError, match="features"):
        ModelContract.from_json(json.dumps(table), name="m.onnx")
