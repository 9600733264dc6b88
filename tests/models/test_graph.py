"""`photochrom.models.graph`: what a foreign model's file must not hold."""

import numpy as np
import pytest

from photochrom.errors import ContractError
from photochrom.models.graph import check_graph
from photochrom.models.weights import shipped_models

onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.train


def saved(path, nodes, constants=(), functions=(), domains=()):
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes, "g", [value("x", 1, [1])], [value("y", 1, [1])], list(constants)
    )
    opsets = [onnx.helper.make_opsetid(domain, 17) for domain in ("", *domains)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, functions=list(functions))
    path.write_bytes(model.SerializeToString())
    return path


def elsewhere():
    tensor = onnx.numpy_helper.from_array(np.zeros(1, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    return tensor


def test_usual_files_pass(tmp_path):
    add = onnx.helper.make_node("Add", ["x", "w"], ["y"])
    weights = onnx.numpy_helper.from_array(np.zeros(1, np.float32), "w")
    check_graph(saved(tmp_path / "theirs.onnx", [add], [weights]))
    for model in shipped_models():
        check_graph(model.path)


@pytest.mark.parametrize("place", ["initializer", "attribute", "branch"])
def test_data_of_other_files_are_refused_wherever_they_are(place, tmp_path):
    make, tensor = onnx.helper.make_node, elsewhere()
    add = make("Add", ["x", "w"], ["y"])
    constant = make("Constant", [], ["w"], value=tensor)
    branch = onnx.helper.make_graph([constant], "b", [], [])
    nodes, constants = {
        "initializer": ([add], [tensor]),
        "attribute": ([constant, add], []),
        "branch": ([make("If", ["x"], ["y"], then_branch=branch, else_branch=branch)], []),
    }[place]
    path = saved(tmp_path / "theirs.onnx", nodes, constants)
    with pytest.raises(ContractError, match="data lie in other files"):
        check_graph(path)


def test_operators_of_other_libraries_are_refused_but_not_the_model_s_own(tmp_path):
    node = onnx.helper.make_node("Paint", ["x"], ["y"], domain="elsewhere")
    path = saved(tmp_path / "theirs.onnx", [node], domains=["elsewhere"])
    with pytest.raises(ContractError, match="operator 'Paint' of 'elsewhere'"):
        check_graph(path)
    own = onnx.helper.make_function(
        "elsewhere",
        "Paint",
        ["x"],
        ["y"],
        [onnx.helper.make_node("Identity", ["x"], ["y"])],
        [onnx.helper.make_opsetid("", 17)],
    )
    check_graph(saved(tmp_path / "own.onnx", [node], functions=[own], domains=["elsewhere"]))


@pytest.mark.parametrize("content", [b"", b"no model", b"\x3a\x7f", b"\x08\x07"])
def test_what_is_no_model_is_refused(content, tmp_path):
    path = tmp_path / "theirs.onnx"
    path.write_bytes(content)
    with pytest.raises(ContractError, match="not a complete ONNX model"):
        check_graph(path)
