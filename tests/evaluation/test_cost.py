"""`photochrom.evaluation.cost`: what a model costs, in a process of its own."""

import numpy as np
import pytest

from photochrom.errors import ModelError, ModelNotFoundError
from photochrom.evaluation.cost import measure_cost
from standins import deoldify, planes, smoothed, write_model, zhang

pytestmark = pytest.mark.train


def test_arithmetic_is_counted_by_the_shapes_of_a_run(tmp_path):
    # Halved to 32 x 32 by 5 x 5 weights, 8 channels; brought back by 4 x 4 weights to 2.
    down = np.full((8, 1, 5, 5), 0.01, np.float32)
    up = np.full((8, 2, 4, 4), 0.01, np.float32)
    body = [
        ("Conv", ["L", down], "half", {"strides": [2, 2], "pads": [2, 2, 2, 2]}),
        ("ConvTranspose", ["half", up], "whole", {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
        smoothed("whole", "smooth"),
        ("Mul", ["smooth", planes(0.5)], "ab", {}),
    ]
    shape = {"L": [1, 1, "height", "width"]}
    path = write_model(tmp_path / "theirs.onnx", inputs=shape, output=("ab", 2), body=body)
    path.with_suffix(".toml").write_text('like = "eccv16"\nside = 64\n')
    cost = measure_cost(str(path))
    assert cost.size == (64, 64)
    assert cost.gmac == pytest.approx((32 * 32 * 8 * 25 + 8 * 32 * 32 * 2 * 16) / 1e9)


def test_half_precision_and_hint_inputs_are_fed(tmp_path):
    half = deoldify(tmp_path / "half.onnx", half=True)
    assert measure_cost(str(half), like="deoldify").gmac == pytest.approx(512 * 512 * 9 / 1e9)
    hinted = zhang(tmp_path / "hinted.onnx", side=None, name="L", hints=True)
    assert measure_cost(str(hinted), like="siggraph17").gmac == pytest.approx(256 * 256 * 2 / 1e9)


def test_the_shipped_model_costs_what_its_page_says():
    cost = measure_cost("photochrom")
    assert cost.size == (224, 224)
    assert 0.5 < cost.gmac < 3
    assert cost.memory_mb is None or 10 < cost.memory_mb < 1000
    assert cost.file_mb < 12


def test_what_can_t_be_opened_is_said(tmp_path):
    with pytest.raises(ModelNotFoundError):
        measure_cost("nonsense")
    path = deoldify(tmp_path / "theirs.onnx")
    with pytest.raises(ModelError, match=r"cost can't be measured: .*like eccv16"):
        measure_cost(str(path), like="eccv16")
