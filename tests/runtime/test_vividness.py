"""Vividness, and models that answer with colors or with a distribution."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grays import colorized, gray
from photochrom import color
from photochrom.color.grid import gamut_grid, set_off
from photochrom.errors import (
    UnsupportedError,
)
from photochrom.models.contract import (
    DECODER_SUFFIX,
    LIGHTNESS,
    METADATA_KEY,
    OUTPUT,
    Feature,
    ModelContract,
)
from photochrom.models.session import Session
from photochrom.runtime.asked import Reference
from photochrom.runtime.coarse import CALM as CALM_END
from photochrom.runtime.coarse import VIVID as VIVID_END
from photochrom.runtime.coarse import temperature_of
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint

GRID = gamut_grid(10)
VIVID, CALM = (60.0, 40.0), (0.0, 0.0)


@pytest.fixture(scope="module")
def distribution_model(tmp_path_factory):
    """A handmade model: everywhere about 60 % for a vivid bin and 40 % for gray.

    Two doors: 4 x 4 means of the lightness; then a logit for each bin, of which only the vivid
    one depends (a little) on the lightness.
    """
    onnx = pytest.importorskip("onnx")
    helper, entrance = onnx.helper, f"deep{DECODER_SUFFIX}"
    logits = np.full(len(GRID), -20, np.float32)
    weights = np.zeros((len(GRID), 1, 1, 1), np.float32)
    for center, logit in ((VIVID, 0.4), (CALM, 0.0)):
        logits[(GRID.centers == center).all(axis=1)] = logit
    weights[(GRID.centers == VIVID).all(axis=1)] = 0.002

    def tensor(name, channels):
        return helper.make_tensor_value_info(name, 1, [1, channels, "h" + name, "w" + name])

    graph = helper.make_graph(
        [
            helper.make_node(
                "AveragePool", [LIGHTNESS], ["deep"], kernel_shape=[4, 4], strides=[4, 4]
            ),
            helper.make_node("Conv", [entrance, "weights", "logits"], [OUTPUT]),
        ],
        "distribution",
        [tensor(LIGHTNESS, 1), tensor(entrance, 1)],
        [tensor("deep", 1), tensor(OUTPUT, len(GRID))],
        [
            onnx.numpy_helper.from_array(values, name)
            for name, values in [
                (LIGHTNESS, np.zeros((1, 1, 4, 4), np.float32)),
                (entrance, np.zeros((1, 1, 1, 1), np.float32)),
                ("weights", weights),
                ("logits", logits),
            ]
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    contract = ModelContract(
        name="two-peaks",
        output="distribution",
        features=(Feature(name="deep", channels=1, stride=4),),
        stride=4,
        output_stride=4,
        short_side_px=32,
        bins=tuple((float(a), float(b)) for a, b in GRID.centers),
        temperature=0.5,
    )
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    path = tmp_path_factory.mktemp("models") / "two-peaks.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def color_model(tmp_path_factory):
    """A handmade model that answers with one color everywhere."""
    onnx = pytest.importorskip("onnx")
    helper, entrance = onnx.helper, f"deep{DECODER_SUFFIX}"

    def tensor(name, channels):
        return helper.make_tensor_value_info(name, 1, [1, channels, "h" + name, "w" + name])

    values = {
        LIGHTNESS: np.zeros((1, 1, 4, 4)),
        entrance: np.zeros((1, 1, 1, 1)),
        "weights": np.zeros((2, 1, 1, 1)),
        "ab": np.array([10, 20]),
    }
    pool = {"kernel_shape": [4, 4], "strides": [4, 4]}
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", [LIGHTNESS], ["deep"], **pool),
            helper.make_node("Conv", [entrance, "weights", "ab"], [OUTPUT]),
        ],
        "colors",
        [tensor(LIGHTNESS, 1), tensor(entrance, 1)],
        [tensor("deep", 1), tensor(OUTPUT, 2)],
        [onnx.numpy_helper.from_array(v.astype(np.float32), name) for name, v in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    feature = Feature(name="deep", channels=1, stride=4)
    contract = ModelContract(
        name="flat", output="ab", features=(feature,), stride=4, output_stride=4, short_side_px=32
    )
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    path = tmp_path_factory.mktemp("models") / "flat.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(threads=1)


# Vividness


@pytest.mark.parametrize("default", [0.04, 0.4, 1.0])
def test_vividness_leads_from_the_plain_mean_to_the_default_temperature(default):
    found = [temperature_of(v, default) for v in np.linspace(0, 2, 21)]
    assert [found[0], found[10], found[20]] == pytest.approx([1, default, default])
    assert (np.diff(found) <= 1e-12).all()


@pytest.mark.train
@pytest.mark.parametrize("model", ["color_model", "distribution_model"])
def test_chroma_multiplies_what_is_read_out(model, request):
    network = Session(request.getfixturevalue(model), threads=1)
    usual = Colorizer.of(network).prepare(gray(40, 40)).ab()
    network.contract = dataclasses.replace(network.contract, chroma=1.5)
    found = Colorizer.of(network).prepare(gray(40, 40)).ab()
    np.testing.assert_allclose(found, 1.5 * usual, rtol=1e-5)


@pytest.mark.train
def test_a_model_that_answers_with_colors_refuses_what_it_can_not_do(color_model):
    prepared = Colorizer(color_model, threads=1).prepare(gray(8, 8))
    asked = [
        ("palette", ("#c22",)),
        ("reference", Reference("other.jpg", None)),
    ]
    for name, value in asked:
        with pytest.raises(UnsupportedError, match=f"'flat' answers with colors.* {name}"):
            prepared.paint(**{name: value})
    prepared.paint(vividness=1.5, hints=[Hint.at(1, 1, "#c22")], palette=[])
    for name in ("confidence", "confidence_picture", "probabilities"):
        with pytest.raises(UnsupportedError, match=r"'flat' answers with colors.* distribution"):
            getattr(prepared, name)()
    with pytest.raises(UnsupportedError, match="distribution"):
        prepared.likely_colors(1, 1)
    with pytest.raises(UnsupportedError, match="alternatives"):
        prepared.alternatives()


@pytest.mark.train
def test_a_distribution_without_hints_says_what_it_can_not_do(distribution_model):
    colorizer = Colorizer(distribution_model, threads=1)
    prepared = colorizer.prepare(gray(8, 8))
    with pytest.raises(UnsupportedError, match="'two-peaks' takes no hints"):
        prepared.paint(hints=[Hint.at(1, 1, "#c22")])
    with pytest.raises(UnsupportedError, match="'two-peaks' takes no hints"):
        colorizer.reference(gray(8, 8))
    with pytest.raises(UnsupportedError, match=r"'two-peaks' takes no hints.* alternatives"):
        prepared.alternatives()


@pytest.mark.train
def test_a_distribution_is_read_out_as_the_grid_says(distribution_model):
    prepared = Colorizer(distribution_model, threads=1).prepare(np.full((32, 48), 119, np.uint8))
    (level,) = np.unique(color.srgb_to_lightness(np.full((1, 3), 119, np.uint8)))
    scores = np.array([0.4 + 0.002 * level, 0])
    for vividness in (0.0, 0.7, 2.0):
        temperature = temperature_of(vividness, 0.5)
        vivid, calm = np.exp(scores / temperature) / np.exp(scores / temperature).sum()
        expected = vivid * np.array(VIVID) + calm * np.array(CALM)
        expected = expected * np.interp(vividness, [0, 1, 2], [CALM_END, 1, VIVID_END])
        found = prepared.ab(vividness=vividness)
        assert found.shape == (8, 12, 2)
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=0.05)


def test_a_model_s_contrast_sets_its_vivid_colors_off(monkeypatch):
    prepared = Colorizer(threads=1).prepare(gray(60, 90))
    contract = prepared._network.contract
    results = []
    for contrast in (0.0, 0.4):
        changed = dataclasses.replace(contract, contrast=contrast)
        monkeypatch.setattr(prepared._network, "contract", changed)
        results.append(dataclasses.replace(prepared).ab())
    np.testing.assert_allclose(results[1], set_off(results[0], 0.4), atol=1e-4)
    assert np.abs(results[1] - results[0]).max() > 1


@pytest.mark.train
def test_more_vividness_is_more_vivid(distribution_model):
    prepared = Colorizer(distribution_model, threads=1).prepare(gray(60, 90))
    results = [prepared.paint(vividness=v).srgb() for v in (0.0, 0.5, 1.0, 1.5)]
    vividness = [color.colorfulness(result) for result in results]
    assert (np.diff(vividness) > 1).all()
    assert all(result.shape == (60, 90, 3) for result in results)


@pytest.mark.train
def test_the_model_chooses_its_vividness_unless_another_is_asked_for(distribution_model):
    colorizer = Colorizer(distribution_model, threads=1)
    prepared = colorizer.prepare(gray(40, 60))
    np.testing.assert_array_equal(prepared.ab(), prepared.ab(vividness=1.0))
    np.testing.assert_array_equal(
        colorized(colorizer, gray(40, 60)), prepared.paint(vividness=1.0).srgb()
    )
    assert np.abs(prepared.ab() - prepared.ab(vividness=0.0)).max() > 1


@pytest.mark.train
@pytest.mark.parametrize("vividness", [-0.1, 2.1, float("nan")])
def test_a_vividness_out_of_range_is_refused(vividness, distribution_model):
    prepared = Colorizer(distribution_model, threads=1).prepare(gray(8, 8))
    with pytest.raises(ValueError, match=r"it must lie in 0\.\.2"):
        prepared.paint(vividness=vividness)


@pytest.mark.train
@given(st.integers(1, 80), st.integers(1, 80))
@settings(max_examples=30)
def test_a_coarse_answer_reaches_any_size(distribution_model, height, width):
    result = Colorizer(distribution_model, threads=1).colorize(gray(height, width))
    assert result.srgb().shape == (height, width, 3)
