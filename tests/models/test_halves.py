"""`photochrom.models.halves`: a model's encoder and decoder as files of their own."""

import numpy as np
import pytest

from photochrom.errors import ContractError
from photochrom.models.halves import halves
from photochrom.models.session import Session, onnxruntime
from photochrom.models.weights import find_model, shipped_models


@pytest.mark.parametrize("name", [model.name for model in shipped_models()])
def test_both_halves_give_what_the_whole_gives(name):
    path = find_model(name)
    whole = Session(path, threads=1)
    found = halves(path)
    assert found.contract == whole.contract
    encoder, decoder = (
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        for data in (found.encoder, found.decoder)
    )
    side = 2 * whole.contract.stride
    lightness = np.random.default_rng(0).uniform(0, 100, (side, side)).astype(np.float32)
    features = whole.encode(lightness)
    names = [feature.name for feature in whole.contract.features]
    seen = encoder.run(names, {"lightness": lightness[None, None]})
    for array, expected in zip(seen, features.arrays, strict=True):
        np.testing.assert_array_equal(array, expected)
    feeds = {f"{name}.in": array for name, array in zip(names, seen, strict=True)}
    if whole.contract.token_features:
        channels = {one.name: one.channels for one in whole.contract.features}
        size = sum(channels[one] for one in whole.contract.token_features)
        cells = side // whole.contract.output_stride
        feeds |= {
            "hints.seen": np.zeros((1, 0, size), np.float32),
            "hints.ab": np.zeros((1, 0, 2), np.float32),
            "hints.place": np.zeros((1, 0, 3), np.float32),
            "hints.planes": np.zeros((1, 3, cells, cells), np.float32),
        }
    (output,) = decoder.run(["output"], feeds)
    np.testing.assert_allclose(output[0], whole.decode(features), atol=1e-5)
    assert {one.name for one in decoder.get_inputs()} == set(feeds)


def test_what_has_no_contract_is_refused(tmp_path):
    path = tmp_path / "odd.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ContractError, match=r"odd\.onnx"):
        halves(path)
