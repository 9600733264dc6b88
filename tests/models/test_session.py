"""`photochrom.models.session`: a model is loaded, checked, and run one door at a time."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.errors import (
    ContractError,
    DeviceError,
    ModelError,
    ModelNotFoundError,
    ShapeError,
    UnsupportedError,
)
from photochrom.models.contract import (
    DECODER_SUFFIX,
    LIGHTNESS,
    METADATA_KEY,
    OUTPUT,
    VERSION,
    Feature,
    ModelContract,
    Region,
)
from photochrom.models.network import Features, Tokens
from photochrom.models.session import Session
from photochrom.models.weights import find_model

STRIDE = 4
CONTRACT = ModelContract(
    name="tiny",
    output="ab",
    features=(Feature(name="deep", channels=1, stride=STRIDE),),
    stride=STRIDE,
    output_stride=STRIDE,
)
BROKEN = "broken"
REGION = Region(channels=1, stride=STRIDE, readers=((0.0, 1.0, 0.5),))


@pytest.fixture(scope="module")
def session():
    return Session(find_model(), threads=1)


def lightness(height, width, seed=0):
    return np.random.default_rng(seed).uniform(0, 100, (height, width)).astype(np.float32)


def write_tiny(path, *, encoder="AveragePool", decoder="Concat", text=None, region=False):
    """A two-door model: features are 4 x 4 means, a* and b* both are the feature.

    A broken door can run over its default, but over nothing larger. A third door gives the
    feature with its sign turned as embedding.
    """
    onnx = pytest.importorskip("onnx")
    helper, entrance = onnx.helper, f"deep{DECODER_SUFFIX}"
    nodes = {
        "AveragePool": helper.make_node(
            "AveragePool", [LIGHTNESS], ["deep"], kernel_shape=[STRIDE] * 2, strides=[STRIDE] * 2
        ),
        "Concat": helper.make_node("Concat", [entrance, entrance], [OUTPUT], axis=1),
    }
    broken_encoder = helper.make_node("Reshape", [LIGHTNESS, "stride"], ["deep"])
    broken_decoder = helper.make_node("Reshape", [entrance, "one"], [OUTPUT])
    shapes = [
        onnx.numpy_helper.from_array(np.array([1, 1, STRIDE, STRIDE]), "stride"),
        onnx.numpy_helper.from_array(np.array([1, 1, 1, 1]), "one"),
    ]

    def tensor(name, channels):
        return helper.make_tensor_value_info(name, 1, [1, channels, "h" + name, "w" + name])

    def default(name, side):
        return onnx.numpy_helper.from_array(np.zeros((1, 1, side, side), np.float32), name)

    doors = [REGION.output] if region else []
    third = f"deep{REGION.input_suffix}"
    graph = helper.make_graph(
        [
            nodes.get(encoder, broken_encoder),
            nodes.get(decoder, broken_decoder),
            *(helper.make_node("Neg", [third], [door]) for door in doors),
        ],
        "tiny",
        [tensor(LIGHTNESS, 1), tensor(entrance, 1), *(tensor(third, 1) for _ in doors)],
        [tensor("deep", 1), tensor(OUTPUT, None), *(tensor(door, 1) for door in doors)],
        [default(LIGHTNESS, STRIDE), default(entrance, 1), *shapes]
        + [default(third, 1) for _ in doors],
    )
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    if text != "":
        helper.set_model_props(model, {METADATA_KEY: text or CONTRACT.to_json()})
    onnx.save(model, path)
    return path


# The shipped model


def test_the_shipped_model_loads_with_its_contract(session):
    contract = session.contract
    assert contract.version == VERSION
    assert contract.name
    assert contract.features
    assert contract.stride % contract.output_stride == 0
    assert contract.output in ("ab", "distribution")


@given(st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=40)
def test_any_size_is_encoded_and_decoded(session, height, width):
    contract = session.contract
    features = session.encode(lightness(height, width))
    output = session.decode(features)
    assert features.size == (height, width)
    for array, feature in zip(features.arrays, contract.features, strict=True):
        rows, columns = (-(-side // contract.stride) * contract.stride for side in (height, width))
        expected = (1, feature.channels, rows // feature.stride, columns // feature.stride)
        assert array.shape == expected
    channels = 2 if contract.output == "ab" else len(contract.bins)
    expected = (channels, *(-(-side // contract.output_stride) for side in (height, width)))
    assert output.shape == expected
    assert output.dtype == np.float32
    assert np.isfinite(output).all()


@given(st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=20)
def test_sides_are_padded_by_their_edge(session, height, width):
    stride = session.contract.stride
    values = lightness(height, width)
    padded = np.pad(values, ((0, -height % stride), (0, -width % stride)), mode="edge")
    for found, expected in zip(
        session.encode(values).arrays, session.encode(padded).arrays, strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_the_answer_depends_on_the_picture(session):
    one, other = (session.decode(session.encode(lightness(32, 32, seed))) for seed in (0, 1))
    assert np.abs(one - other).max() > 0


def test_both_doors_can_be_used_again_and_in_any_order(session):
    first, second = lightness(24, 40, 1), lightness(33, 17, 2)
    features = session.encode(first)
    others = session.encode(second)
    other_output = session.decode(others)
    output = session.decode(features)
    np.testing.assert_array_equal(session.decode(features), output)
    np.testing.assert_array_equal(session.decode(session.encode(first)), output)
    np.testing.assert_array_equal(session.decode(others), other_output)


def test_integers_are_taken_for_lightness(session):
    levels = np.arange(12 * 20).reshape(12, 20) % 101
    found = session.encode(levels)
    expected = session.encode(levels.astype(np.float32))
    for one, other in zip(found.arrays, expected.arrays, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(), (8,), (8, 8, 1), (1, 1, 8, 8), (0, 8), (8, 0)])
def test_lightness_of_another_shape_is_refused(session, shape):
    with pytest.raises(ShapeError, match=r"\(height, width\)"):
        session.encode(np.zeros(shape, np.float32))


def test_features_of_another_model_are_a_model_error(session):
    channels = session.contract.features[0].channels + 1
    arrays = tuple(np.zeros((1, channels, 4, 4), np.float32) for _ in session.contract.features)
    with pytest.raises(ModelError, match="can't be run"):
        session.decode(Features(arrays, (32, 32)))


# Files


@pytest.mark.parametrize("name", ["missing.onnx", "."])
def test_a_missing_file_is_a_model_not_found(name, tmp_path):
    with pytest.raises(ModelNotFoundError, match="the model file does not exist"):
        Session(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x89PNG\r\n\x1a\n" * 50])
def test_what_is_no_onnx_is_refused(content, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=r"model\.onnx: this is not a complete ONNX model"):
        Session(path)


def test_a_cut_model_is_refused(tmp_path):
    path = tmp_path / "cut.onnx"
    content = find_model().read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ContractError, match=r"cut\.onnx"):
        Session(path)


@pytest.mark.train
def test_an_onnx_model_without_a_contract_is_refused(tmp_path):
    path = write_tiny(tmp_path / "other.onnx", text="")
    with pytest.raises(ContractError, match=r"other\.onnx: an ONNX model, but not one of Photochr"):
        Session(path)


@pytest.mark.train
@pytest.mark.parametrize("text", ["{}", CONTRACT.to_json().replace('"version": 2', '"version": 0')])
def test_a_model_with_a_wrong_contract_is_refused_and_named(text, tmp_path):
    path = write_tiny(tmp_path / "wrong.onnx", text=text)
    with pytest.raises(ContractError, match=r"wrong\.onnx"):
        Session(path)


@pytest.mark.train
def test_a_contract_that_does_not_fit_its_graph_is_a_model_error(tmp_path):
    text = CONTRACT.to_json().replace('"deep"', '"deeper"')
    session = Session(write_tiny(tmp_path / "unfit.onnx", text=text))
    with pytest.raises(ModelError, match="tiny: the model can't be run"):
        session.encode(lightness(8, 8))


@pytest.mark.train
def test_what_the_runtime_can_not_open_says_why(tmp_path):
    path = write_tiny(tmp_path / "odd.onnx")
    path.write_bytes(path.read_bytes().replace(b"AveragePool", b"AveragePoem"))
    with pytest.raises(ContractError, match=r"odd\.onnx: ONNX Runtime .* can't open .*AveragePoem"):
        Session(path)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda", "has: cpu. Install onnxruntime-gpu"),
        ("tpu", "'tpu' is not a device; known: cpu, cuda"),
    ],
)
def test_a_device_that_is_not_there_is_refused(device, message):
    with pytest.raises(DeviceError, match=re.escape(message)):
        Session(find_model(), threads=1, device=device)


def test_auto_takes_what_is_there(session):
    other = Session(find_model(), threads=1, device="auto")
    values = lightness(32, 32)
    np.testing.assert_array_equal(
        other.decode(other.encode(values)), session.decode(session.encode(values))
    )


# One door at a time


@pytest.mark.train
def test_a_handmade_model_gives_its_block_means(tmp_path):
    session = Session(write_tiny(tmp_path / "tiny.onnx"))
    values = lightness(8, 12)
    means = values.reshape(2, 4, 3, 4).mean(axis=(1, 3))
    output = session.decode(session.encode(values))
    np.testing.assert_allclose(output, np.stack([means, means]), rtol=1e-5)
    assert session.decode(session.encode(lightness(5, 9))).shape == (2, 2, 3)


@pytest.mark.train
def test_the_unused_door_of_the_shipped_model_costs_next_to_nothing(session):
    """ONNX Runtime runs the whole graph: what isn't fed must have the smallest default."""
    onnx = pytest.importorskip("onnx")
    contract = session.contract
    defaults = {
        tensor.name: tuple(tensor.dims) for tensor in onnx.load(find_model()).graph.initializer
    }
    assert defaults[LIGHTNESS] == (1, 1, contract.stride, contract.stride)
    for feature in contract.features:
        side = contract.stride // feature.stride
        assert defaults[feature.name + DECODER_SUFFIX] == (1, feature.channels, side, side)


@pytest.mark.train
def test_decoding_does_not_run_the_encoder_over_a_picture(tmp_path):
    session = Session(write_tiny(tmp_path / "tiny.onnx", encoder=BROKEN))
    with pytest.raises(ModelError, match="can't be run"):
        session.encode(lightness(8, 12))
    features = Features((np.ones((1, 1, 2, 3), np.float32),), (8, 12))
    np.testing.assert_array_equal(session.decode(features), np.ones((2, 2, 3)))


@pytest.mark.train
def test_encoding_does_not_run_the_decoder_over_a_picture(tmp_path):
    session = Session(write_tiny(tmp_path / "tiny.onnx", decoder=BROKEN))
    features = session.encode(np.full((8, 12), 50))
    np.testing.assert_allclose(features.arrays[0], np.full((1, 1, 2, 3), 50))
    with pytest.raises(ModelError, match="can't be run"):
        session.decode(features)


@pytest.mark.train
def test_the_third_door_gives_the_embedding(tmp_path):
    contract = dataclasses.replace(CONTRACT, region=REGION)
    session = Session(write_tiny(tmp_path / "three.onnx", text=contract.to_json(), region=True))
    values = lightness(7, 12)
    features = session.encode(values)
    embedding = session.embed(features)
    assert embedding.shape == (1, 2, 3)
    np.testing.assert_array_equal(embedding[0], -session.decode(features)[0])


def test_a_model_without_a_third_door_finds_no_regions():
    session = Session(find_model("resnet18-gray"))
    with pytest.raises(UnsupportedError, match="finds no regions"):
        session.embed(session.encode(lightness(32, 32)))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_shipped_model_runs_with_and_without_hints(count):
    """ONNX Runtime before 1.32 has its own mind about tensors of no hints."""
    session = Session(find_model())
    random = np.random.default_rng(0)
    features = session.encode(random.uniform(0, 100, (65, 87)).astype(np.float32))
    points = random.uniform(0, 60, (count, 2)).astype(np.float32)
    place = np.concatenate([points, np.ones((count, 1), np.float32)], axis=1)
    ab = np.full((count, 2), 50, np.float32)
    logits = session.decode(features, Tokens(session.sample(features, points), ab, place))
    assert logits.shape == (len(session.contract.bins), 17, 22)
    assert np.isfinite(logits).all()
    assert logits.std() > 0.1
    moved = np.abs(logits - session.decode(features)).max()
    assert (moved > 0.1) == (count > 0)
