"""Tiny networks with the interfaces that other people's models have, and a photograph for them."""

import numpy as np
import pytest

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FLOAT, HALF = 1, 10


def write_model(path, *, inputs, output, body, opset=17, half=False):
    """Save a graph of (operator, inputs, output, attributes) rows; constants are arrays.

    Parameters
    ----------
    inputs : {name: shape}; texts are open lengths
    output : (name, channels)
    """
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, HALF if half else FLOAT
    number, nodes, constants = np.float16 if half else np.float32, [], []
    for row, (operator, given, result, attributes) in enumerate(body):
        names = []
        for at, one in enumerate(given):
            names.append(one if isinstance(one, str) else f"constant{row}.{at}")
            if not isinstance(one, str):
                constants.append(onnx.numpy_helper.from_array(np.asarray(one, number), names[-1]))
        nodes.append(helper.make_node(operator, names, [result], **attributes))
    graph = helper.make_graph(
        nodes,
        "colors",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(output[0], kind, [1, output[1], None, None])],
        constants,
    )
    opsets = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=7), path)
    return path


def smoothed(given, result):
    """A row that takes the mean of 5 x 5 pixels."""
    return "AveragePool", [given], result, {"kernel_shape": [5, 5], "pads": [2, 2, 2, 2]}


def planes(*values):
    return np.array(values, np.float32).reshape(1, -1, 1, 1)


def ddcolor(path, *, side=256, name="input", output="output", **settings):
    """RGB 0..1 with ImageNet's normalization inside, to a* and b*."""
    weights = np.array([[3, 4, 5], [-4, 6, 2]], np.float32).reshape(2, 3, 1, 1)
    body = [
        ("Sub", [name, planes(*IMAGENET_MEAN)], "centered", {}),
        ("Div", ["centered", planes(*IMAGENET_STD)], "normal", {}),
        smoothed("normal", "smooth"),
        ("Conv", ["smooth", weights, np.array([5, -3])], output, {}),
    ]
    shape = [1, 3, side, side] if side else [1, 3, "height", "width"]
    return write_model(path, inputs={name: shape}, output=(output, 2), body=body, **settings)


def deoldify(path, *, white=255, name="input", output="output", **settings):
    """RGB 0..white, to RGB 0..white that is a little too bright, as learnt ones may be."""
    weights = np.array([[0.5], [-0.4], [0.3]], np.float32).reshape(3, 1, 1, 1).repeat(3, 1) / 3
    body = [
        ("Div", [name, planes(white)], "unit", {}),
        ("Clip", ["unit", np.float32(0), np.float32(1)], "inside", {}),
        smoothed("inside", "smooth"),
        ("Conv", ["smooth", weights], "hue", {}),
        ("Mul", ["hue", planes(0.25)], "tint", {}),
        ("Add", ["inside", "tint"], "warm", {}),
        ("Mul", ["warm", planes(0.9 * white)], "bright", {}),
        ("Add", ["bright", planes(0.06 * white)], output, {}),
    ]
    shape = {name: [1, 3, "height", "width"]}
    return write_model(path, inputs=shape, output=(output, 3), body=body, **settings)


def zhang(path, *, side=256, name="input", output="output", hints=False, **settings):
    """L 0..100 with its normalization inside, to a* and b*; hints move all colors."""
    body = [
        ("Sub", [name, planes(50)], "centered", {}),
        ("Div", ["centered", planes(100)], "normal", {}),
        smoothed("normal", "smooth"),
        ("Conv", ["smooth", np.array([0.3, -0.4]).reshape(2, 1, 1, 1)], "unit", {}),
        ("Mul", ["unit", planes(110)], "colors" if hints else output, {}),
    ]
    shape = [side or "height", side or "width"]
    inputs = {name: [1, 1, *shape]}
    if hints:
        inputs |= {"hint_ab": [1, 2, *shape], "hint_mask": [1, 1, *shape]}
        body += [
            ("Mul", ["hint_ab", "hint_mask"], "hinted", {}),
            ("GlobalMaxPool", ["hinted"], "most", {}),
            ("Add", ["colors", "most"], output, {}),
        ]
    return write_model(path, inputs=inputs, output=(output, 2), body=body, **settings)


def photograph(side):
    """A gray picture of full range."""
    y, x = np.mgrid[:side, :side] / side
    waves = np.sin(2 * np.pi * (1.3 * x + 0.2)) + np.sin(2 * np.pi * (0.9 * y + 0.6 * x))
    return np.clip(np.rint(128 + 64 * waves), 0, 255).astype(np.uint8)
