"""`photochrom.models.contract`: what a model says of itself survives its file, or is refused."""

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import ContractError
from photochrom.models.contract import VERSION, Feature, ModelContract, ModelIdentity, Region

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
    region=Region(readers=((0.2, 3.0, 1.5), (1.2, 2.5, 0.0))),
    token_features=("deep",),
    can=("take hints",),
    mean_ab=((1.5, -2.25),),
    recipe={"optim": {"lr": 0.001}, "data": {"train": ["flowers"]}},
)

pairs = st.tuples(*[st.floats(-200, 200)] * 2)
texts = st.lists(st.text(), max_size=3).map(tuple)


@st.composite
def contracts(draw):
    """Any contract that can be."""
    unit = draw(st.integers(1, 4))
    features = draw(
        st.lists(
            st.builds(
                Feature,
                name=st.text(),
                channels=st.integers(1, 4096),
                stride=st.sampled_from([1, unit, 16 * unit]),
            ),
            max_size=3,
            unique_by=lambda feature: feature.name,
        )
    )
    names = [feature.name for feature in features]
    tokens = tuple(draw(st.lists(st.sampled_from(names), max_size=3))) if names else ()
    output = draw(st.sampled_from(["ab", "distribution", "rgb"]))
    readers = st.lists(st.tuples(*[st.floats(-100, 100)] * 3), min_size=1, max_size=3).map(tuple)
    return ModelContract(
        name=draw(st.text()),
        model_version=draw(st.text()),
        sha256=draw(st.text()),
        input=draw(st.sampled_from(["lightness", "gray-rgb"])),
        output=output,
        features=tuple(features),
        stride=16 * unit,
        output_stride=draw(st.sampled_from([1, 4 * unit])),
        hints="tokens" if tokens else draw(st.sampled_from(["none", "planes"])),
        token_features=tokens,
        short_side_px=draw(st.integers(1, 4096)),
        size_px=draw(st.none() | st.tuples(*[st.integers(1, 4096)] * 2)),
        bins=tuple(draw(st.lists(pairs, min_size=1, max_size=4))) if output[0] == "d" else (),
        temperature=draw(st.floats(0.01, 10)),
        chroma=draw(st.floats(0.5, 2)),
        contrast=draw(st.floats(0, 1)),
        region=draw(st.none() | st.builds(Region, stride=st.just(unit), readers=readers)),
        domain=draw(st.text()),
        licence=draw(st.text()),
        can=draw(texts),
        cannot=draw(texts),
        data=draw(texts),
        mean_ab=tuple(draw(st.lists(pairs, max_size=4))),
        recipe=draw(
            st.dictionaries(st.text(), st.integers() | st.text() | st.booleans(), max_size=3)
        ),
        photochrom=draw(st.text()),
    )


def changed(**changes):
    return json.dumps({**dataclasses.asdict(CONTRACT), **changes})


@given(contracts())
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


# Versions


def as_version_1():
    """What the first version wrote."""
    table = dataclasses.asdict(CONTRACT)
    for name in ("model_version", "sha256", "input", "hints", "size_px", "chroma", "region"):
        del table[name]
    return {**table, "version": 1}


def test_a_contract_of_version_1_is_still_read():
    contract = ModelContract.from_json(json.dumps(as_version_1()), name="m.onnx")
    assert contract == dataclasses.replace(CONTRACT, region=None)
    assert contract.hints == "tokens"
    del (table := as_version_1())["token_features"]
    assert ModelContract.from_json(json.dumps(table), name="m.onnx").hints == "none"


def test_a_later_version_that_needs_no_more_is_read():
    text = changed(version=VERSION + 7, surprise=1, needs={"stride": "0.1.0"})
    assert ModelContract.from_json(text, name="m.onnx") == CONTRACT


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 2, "needs": {"depth": "0.8.0", "time": "0.10.1", "chroma": "7"}, "depth": 3}',
        '{"version": 9, "photochrom": "0.10.1"}',
        '{"version": 9, "photochrom": "0.10.1", "name": "m", "output": "spectrum"}',
    ],
)
def test_what_only_a_newer_photochrom_understands_says_so(text):
    wanted = r"m\.onnx: this model was made by a newer Photochrom and needs at least 0\.10\.1"
    with pytest.raises(ContractError, match=wanted) as caught:
        ModelContract.from_json(text, name="m.onnx")
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, set()),
        ({"region": None, "model_version": "3"}, set()),
        ({"chroma": 1.2}, {"chroma"}),
        ({"size_px": (256, 256), "input": "gray-rgb"}, {"size_px", "input"}),
        ({"output": "rgb", "hints": "planes", "bins": ()}, {"output", "hints"}),
    ],
)
def test_what_changes_a_result_is_needed_by_readers(changes, needed):
    table = json.loads(dataclasses.replace(CONTRACT, **changes).to_json())
    assert set(table.get("needs", {})) == needed


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.0, True])
def test_a_version_that_can_not_be_is_refused(version):
    with pytest.raises(ContractError, match=r"m\.onnx: .* damaged: version is"):
        ModelContract.from_json(changed(version=version), name="m.onnx")


# What is no contract


@given(st.integers(0, len(CONTRACT.to_json()) - 1))
def test_a_cut_contract_is_refused(length):
    with pytest.raises(ContractError, match=r"m\.onnx"):
        ModelContract.from_json(CONTRACT.to_json()[:length], name="m.onnx")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "3", '"contract"', "\x00"])
def test_what_is_no_contract_is_refused(text):
    with pytest.raises(ContractError, match=r"m\.onnx: the model's contract is damaged"):
        ModelContract.from_json(text, name="m.onnx")


NUMBERS = {
    "stride": (0, -8, 1.5, 10**9, 10**400),
    "output_stride": (0, 3),
    "short_side_px": (0, 10**6),
    "size_px": ((256,), (256, 0), 256),
    "temperature": (0, -1, 10**9, 10**400),
    "chroma": (0, 1000),
    "contrast": (-5, 10**9),
    "lightness_range": ((100, 0), (0,)),
    "ab_range": ((-128, 1e300), None),
    "bins": ([[1, 2, 3]], [["a", "b"]], [[0, 1e6]], [[0, 0]] * 20_000),
    "mean_ab": ([None], [[0, float("inf")]]),
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (field, value)
        for field, values in NUMBERS.items()
        for value in (*values, "many", float("nan"), True)
    ],
)
def test_a_number_that_can_not_be_is_refused_and_named(field, value):
    with pytest.raises(ContractError, match=rf"m\.onnx: .* damaged: {field}\b"):
        ModelContract.from_json(changed(**{field: value}), name="m.onnx")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"features": [{"name": "f"}]}, "features[0]: channels is missing"),
        ({"features": [{"name": "f", "channels": 0, "stride": 2}]}, "features[0]: channels is 0"),
        (
            {"features": [{"name": "f", "channels": 3, "stride": 3}]},
            "stride of 'f' is 3; expected a divisor",
        ),
        ({"features": None}, "features is None"),
        ({"features": [3]}, "features[0]: "),
        ({"features": [{"name": "a", "channels": 1, "stride": 1}] * 2}, "the same name"),
        ({"region": {"readers": []}}, "region: readers"),
        ({"region": {"readers": [[1, 2, float("nan")]]}}, "region: readers[0][2] is nan"),
        ({"region": {"stride": 3, "readers": [[1, 2, 3]]}}, "region: stride is 3"),
        ({"region": 4}, "region: "),
        ({"output": "spectrum"}, "output is 'spectrum'"),
        ({"output": "ab"}, "bins don't suit output"),
        ({"bins": []}, "bins don't suit output"),
        ({"hints": "planes"}, "token_features don't suit hints"),
        ({"token_features": ["deeper"]}, "token_features: they must be among deep, f2"),
        ({"token_features": 3}, "token_features is 3"),
        ({"name": None}, "name is None"),
        ({"can": 3}, "can is 3"),
        ({"recipe": []}, "recipe is []"),
        ({"needs": 1}, "needs is 1"),
    ],
)
def test_what_can_not_be_is_refused_and_named(changes, place):
    with pytest.raises(ContractError, match=re.escape(place)):
        ModelContract.from_json(changed(**changes), name="m.onnx")


def test_deep_nesting_is_refused():
    with pytest.raises(ContractError, match="damaged"):
        ModelContract.from_json("[" * 100_000, name="m.onnx")


def test_values_are_checked_from_python_too():
    with pytest.raises(ContractError, match="temperature is 0; expected a number from"):
        dataclasses.replace(CONTRACT, temperature=0)


def test_a_missing_key_is_named():
    table = dataclasses.asdict(CONTRACT)
    del table["features"]
    with pytest.raises(ContractError, match="features"):
        ModelContract.from_json(json.dumps(table), name="m.onnx")


# Which model


def test_models_are_told_apart_by_name_and_file():
    model = ModelIdentity("tiny", "1", "ab")
    assert model.same_as(model)
    assert model.same_as(ModelIdentity("tiny"))
    assert not model.same_as(ModelIdentity("tiny", "1", "cd"))
    assert not model.same_as(ModelIdentity("small", "1", "ab"))
    assert str(model) == "tiny 1"
    assert str(ModelIdentity("tiny")) == "tiny"
