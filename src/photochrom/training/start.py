"""Start from an exported model: an ONNX file's weights back in the network it was made of.

`export` folds each BatchNorm into the convolution before it, so that a file has weights but no
norms. Here they come back, so that the network computes what the file does, and so that
training goes on: a convolution gets the length back that it has in the network as it was built,
and a norm that learns its statistics those of training crops. The rest is in norms' scales and
offsets.

Axes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from photochrom.errors import Advice, CheckpointError, ContractError
from photochrom.models.file import has_contract
from photochrom.models.session import Session
from photochrom.models.weights import find_model, find_named
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.decoder import HEADS, HintAttention
from photochrom.training.encoder import norms_of
from photochrom.training.export import PARITY_LIMIT, parity
from photochrom.training.graph import Model
from photochrom.training.network import HintNetwork

MEASURED_BATCHES = 16
"""How many batches of training crops the norms' statistics are taken from."""

KINDS = (nn.Conv2d, nn.Linear, nn.LayerNorm, HintAttention)
"""Layers with weights of their own."""

Statistics = dict[str, tuple[Tensor, Tensor]]
"""The name of a norm -> mean and variance of its inputs, (C,) each."""


def exported_file(start: str) -> Path | None:
    """The ONNX file that a recipe's ``model.start`` means; None where it means a checkpoint.

    Parameters
    ----------
    start : the name of a model that ships or was added, or a path; that of an ONNX file ends in
        ``.onnx``

    Raises
    ------
    ModelNotFoundError
        There is no such ONNX file.
    ContractError
        It is another maker's, or no model at all.
    ModelError
        The file behind the name is damaged.
    """
    if find_named(start) is None and not start.endswith(".onnx"):
        return None
    path = find_model(start)
    if not has_contract(path):
        raise ContractError(
            f"{path}: not one of Photochrom's own models, from which alone training can start.",
            advice=[Advice.SEE_MODELS],
        )
    return path


def load_exported(model: nn.Module, path: Path) -> dict[str, Tensor]:
    """The state dict with which a network computes what an exported model computes.

    The statistics of norms are those of `model` still: see `measured`.

    Parameters
    ----------
    model : a network of the file's layers, as it was built; it stays as it is
    path : an ONNX file that `export` has written

    Raises
    ------
    ContractError
        It is no ONNX file, or not one of Photochrom's.
    CheckpointError
        Its layers are not the model's, or the two don't compute the same.
    """
    session = Session(path)
    filled = copy.deepcopy(model).cpu().eval()
    if not isinstance(filled, Autoencoder | HintNetwork):
        raise CheckpointError(f"{path}: doesn't fit the model of this recipe, a classifier.")
    try:
        region = session.contract.region
        _fill(filled, _layers(onnx.load(str(path)).graph), region=region is not None)
        if region is not None and isinstance(filled, HintNetwork):
            filled.region.set_readers(region.readers)
    except ValueError as error:
        raise CheckpointError(
            f"{path}: doesn't fit the model of this recipe: {error}. Take model.kind, "
            "model.encoder, model.frozen and model.decoder_channels from its own recipe."
        ) from error
    difference = parity(filled, session)
    if not difference < PARITY_LIMIT:
        raise CheckpointError(
            f"{path}: with its weights, the model of this recipe answers otherwise than the file, "
            f"by {difference:.3f} in ab. Start from a file of this version of photochrom."
        )
    return filled.state_dict()


@torch.no_grad()
def measured(model: Any, batches: Iterable[Mapping[str, Tensor]]) -> Statistics:
    """What comes in at the norms that learn their statistics, over batches of training crops.

    With the hints of training; else the model answers as in evaluation, and is left in it.
    """
    model.train()
    norms = {name: model.get_submodule(name) for name in norms_of(model)}
    moments: dict[str, list[Tensor]] = {name: [] for name in norms if norms[name].training}

    def note(name: str, x_BCHW: Tensor) -> None:
        found = torch.var_mean(x_BCHW.float(), dim=(0, 2, 3), correction=0)
        var_C, mean_C = (one.cpu().double() for one in found)
        moments[name].append(torch.stack([mean_C, var_C + mean_C.square()]))

    hooks = [
        norms[name].register_forward_pre_hook(lambda _, given, name=name: note(name, given[0]))
        for name in moments
    ]
    model.eval()
    for batch in batches:
        model.loss(batch)
    for hook in hooks:
        hook.remove()
    means = {name: torch.stack(several).mean(dim=0) for name, several in moments.items() if several}
    return {name: (m.float(), (s - m.square()).float()) for name, (m, s) in means.items()}


@torch.no_grad()
def set_statistics(model: nn.Module, statistics: Statistics) -> None:
    """Give norms these statistics; their scales and offsets change so that answers do not."""
    for name, moments in statistics.items():
        norm: Any = model.get_submodule(name)
        mean_C, var_C = (one.to(norm.weight.device) for one in moments)
        slope_C = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_(slope_C * (mean_C - norm.running_mean))
        norm.weight.copy_(slope_C * (var_C + norm.eps).sqrt())
        norm.running_mean.copy_(mean_C)
        norm.running_var.copy_(var_C)


Layers = dict[type[nn.Module], deque[list[NDArray[np.float32]]]]
"""The weights of each kind of layer, in the order of their use."""


def _layers(graph: onnx.GraphProto) -> Layers:
    """The weights in a graph that `export` has made."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for entrance in graph.input:  # defaults are no weights
        stored.pop(entrance.name, None)
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]

    def weights(node: onnx.NodeProto) -> list[NDArray[np.float32]]:
        arrays = [numpy_helper.to_array(stored[name]) for name in node.input if name in stored]
        return [array.astype(np.float32) for array in arrays if array.ndim]

    users = {name: node for node in graph.node for name in node.input}
    found: Layers = defaultdict(deque)
    reach = asked = np.empty((0, 0, 0), np.float32)
    for node in graph.node:
        own = weights(node)
        if node.op_type == "Conv":
            found[nn.Conv2d].append(own)
        elif node.op_type == "LayerNormalization":
            found[nn.LayerNorm].append(own)
        elif node.op_type == "MatMul" and own and own[0].ndim == 2:
            found[nn.Linear].append([own[0].T, *weights(users[node.output[0]])])
        elif own and own[0].ndim == 3 and len(own[0]) == HEADS:
            part = own[0]  # of an attention to hints, whose parts come in this order
            if part.shape[1:] == (1, 1):  # stays: the exporter unites the penalties of a stage
                reach = part  # where they are equal
            elif node.op_type == "MatMul":
                asked = part
            elif node.op_type == "Mul":
                found[HintAttention].append([reach, asked, part])
    return found


@torch.no_grad()
def _fill(model: Model, layers: Layers, *, region: bool) -> None:
    """Give a network the weights of a graph; ValueError where they don't fit.

    `region` is whether the graph has the head that finds regions.
    """
    norms = {name: norm_name for norm_name, name in norms_of(model).items()}
    for name, kind in _used(model, region=region):
        layer: Any = model.get_submodule(name)
        if kind is HintAttention:
            reach, asked, answer = _next(layers, kind, name)
            _set(layer.reach, np.log(reach[:, 0, 0]), name)
            _set(layer.nothing, np.stack([asked.swapaxes(1, 2), answer]), name)
            continue
        weight, *rest = _next(layers, kind, name)
        bias = rest[0] if rest else np.zeros(len(weight), np.float32)  # exported without zeros
        if name in norms:
            _unfold(layer, model.get_submodule(norms[name]), weight, bias, name)
            continue
        _set(layer.weight, weight, name)
        if layer.bias is not None:
            _set(layer.bias, bias, name)
    if left := sum(map(len, layers.values())):
        raise ValueError(f"it has {left} layers more")


def _used(model: Model, *, region: bool) -> list[tuple[str, type[nn.Module]]]:
    """Names and kinds of the layers with weights, in the order in which they are used."""
    used: list[tuple[str, type[nn.Module]]] = []
    hooks = [
        module.register_forward_pre_hook(lambda *_, one=(name, kind): used.append(one))
        for name, module in model.named_modules()
        for kind in KINDS
        if isinstance(module, kind)
    ]
    side = 2 * max(model.feature_strides)
    lightness_B1HW = torch.zeros(1, 1, side, side)
    if isinstance(model, HintNetwork):
        features = model.encode(lightness_B1HW)
        model.decode(features, model.no_hints(lightness_B1HW))
        if region:
            model.region(*features)
    else:
        model.decode(model.encode(lightness_B1HW))
    for hook in hooks:
        hook.remove()
    return used


def _next(layers: Layers, kind: type[nn.Module], name: str) -> list[NDArray[np.float32]]:
    if not layers[kind]:
        raise ValueError(f"it has no layer for {name}")
    return layers[kind].popleft()


def _set(target: Tensor, values: NDArray[np.float32], name: str) -> None:
    if target.shape != values.shape:
        raise ValueError(f"{name} is {tuple(target.shape)} here, and {values.shape} there")
    target.copy_(torch.from_numpy(values.copy()))


def _unfold(
    convolution: Any, norm: Any, weight: NDArray[np.float32], bias: NDArray[np.float32], name: str
) -> None:
    """Set a convolution and its norm so that together they are the one they were folded into.

    The norm keeps its statistics, and each channel of the convolution its length (a dead one gets
    a tenth of the mean): how the product was made up is not known any more, but at these lengths
    an optimizer's steps are of a sensible size.
    """
    length_C = convolution.weight.flatten(1).norm(dim=1)
    length_C = length_C.clamp(min=0.1 * float(length_C.mean()))
    _set(convolution.weight, weight, name)
    folded_C = convolution.weight.flatten(1).norm(dim=1)
    times_C = torch.where(folded_C > 0, length_C / folded_C, 1.0)
    convolution.weight.mul_(times_C[:, None, None, None])
    norm.weight.copy_((norm.running_var + norm.eps).sqrt() / times_C)
    _set(norm.bias, bias, name)
    norm.bias.add_(norm.running_mean / times_C)
