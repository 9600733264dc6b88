"""Checkpoint -> ONNX with its contract inside, checked against torch through the runtime.

The encoder and the decoder are exported one by one and put into one graph with two
optional entrances (see `photochrom.contract`). Weights are stored in half precision and
cast back when the model is loaded; all arithmetic stays single precision.
"""

from __future__ import annotations

import os
import secrets
import warnings
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photochrom import __version__
from photochrom.contract import (
    DECODER_SUFFIX,
    LIGHTNESS,
    METADATA_KEY,
    OUTPUT,
    Feature,
    ModelContract,
)
from photochrom.errors import CheckpointError, OutputExistsError, TrainingError
from photochrom.runtime.session import Session
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import Recipe, recipe_from_dict, recipe_to_dict
from photochrom.training.loop import load_checkpoint

PARITY_SIZES = ((65, 87), (120, 97), (203, 131))
"""Heights and widths at which torch and ONNX Runtime are compared; odd on purpose."""

PARITY_LIMIT = 0.01
"""Largest difference allowed, in units of a* and b*."""

HALF_FROM_BYTES = 1024


def export(checkpoint: Path, out: Path, *, name: str = "", force: bool = False) -> float:
    """Write the model of a checkpoint as ONNX.

    Parameters
    ----------
    checkpoint : one of a run of kind "autoencoder"; its averaged weights are taken where
        there are such
    out : the ONNX file to write
    name : what the model calls itself; the file's stem by default
    force : replace `out` if it is there

    Returns
    -------
    The largest difference between torch and ONNX Runtime, in units of a* and b*

    Raises
    ------
    CheckpointError
        The checkpoint can't be read or holds no model that colorizes.
    OutputExistsError
        There is such a file, and `force` is not set.
    TrainingError
        The exported model doesn't agree with torch, or can't be written.
    """
    if out.exists() and not force:
        raise OutputExistsError(f"{out}: there is such a file already; replace it with --force.")
    state = load_checkpoint(checkpoint)
    recipe = recipe_from_dict(state["recipe"])
    if recipe.model.kind != "autoencoder":
        raise CheckpointError(
            f"{checkpoint}: a '{recipe.model.kind}' doesn't colorize. Train an autoencoder on "
            f"it: --set model.encoder_weights={checkpoint}"
        )
    try:
        model = _round_to_half(_fold_norms(load_autoencoder(state)))
    except RuntimeError as error:
        raise CheckpointError(
            f"{checkpoint}: its weights are not this photochrom's autoencoder ({error})."
        ) from error
    proto = _two_doors(model)
    contract = _contract(model, recipe, name or out.stem, state)
    helper.set_model_props(proto, {METADATA_KEY: contract.to_json()})
    onnx.checker.check_model(proto)

    temporary = out.with_name(f".{out.stem}.{secrets.token_hex(4)}.part.onnx")
    try:
        with temporary.open("wb") as file:
            file.write(proto.SerializeToString())
            file.flush()
            os.fsync(file.fileno())
        difference = parity(model, Session(temporary))
        if not difference < PARITY_LIMIT:
            raise TrainingError(
                f"{out}: the exported model differs from torch by {difference:.4f} in ab; "
                f"under {PARITY_LIMIT} is wanted. Nothing was written."
            )
        temporary.replace(out)
    except OSError as error:
        raise TrainingError(f"{out}: can't be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return difference


def load_autoencoder(state: dict[str, Any]) -> Autoencoder:
    """The autoencoder of a checkpoint, its averaged weights where there are such."""
    model = Autoencoder(encoder_weights="none")
    model.load_state_dict(state["average"] or state["model"])
    return model.eval()


def parity(model: Autoencoder, session: Session) -> float:
    """The largest difference of torch and ONNX Runtime over `PARITY_SIZES`, in ab units."""
    worst = 0.0
    random = np.random.default_rng(0)
    for height, width in PARITY_SIZES:
        coarse = random.uniform(0, 100, (height // 8 + 1, width // 8 + 1))
        lightness = np.kron(coarse, np.ones((8, 8)))[:height, :width].astype(np.float32)
        expected = model.predict(torch.from_numpy(lightness)[None, None])[0].numpy()
        found = session.decode(session.encode(lightness))
        worst = max(worst, float(np.abs(expected - found).max()))
    return worst


def _contract(
    model: Autoencoder, recipe: Recipe, name: str, state: dict[str, Any]
) -> ModelContract:
    shapes = zip(model.features, model.feature_channels, model.feature_strides, strict=True)
    pairs = zip(recipe.data.train, state["sources"], strict=True)
    return ModelContract(
        name=name,
        output="ab",
        features=tuple(Feature(name=n, channels=c, stride=s) for n, c, s in shapes),
        stride=max(model.feature_strides),
        short_side_px=recipe.model.short_side_px,
        domain=recipe.model.domain,
        licence=recipe.model.licence,
        can=("colorize automatically",),
        cannot=("take hints", "keep to a palette", "take a temperature"),
        data=tuple(f"{Path(source).name}: {summary}" for source, summary in pairs),
        mean_ab=tuple((round(a, 3), round(b, 3)) for a, b in state["mean_ab"]),
        recipe=recipe_to_dict(recipe),
        photochrom=__version__,
    )


def _fold_norms(model: Autoencoder) -> Autoencoder:
    """Fold each BatchNorm into the convolution before it, before its weights are rounded.

    torch's exporter would do it by itself, and what is rounded after that is no longer what
    `_round_to_half` rounded. In both halves a norm follows its convolution among the children.
    """
    for parent in model.modules():
        for (name, convolution), (norm_name, norm) in pairwise(list(parent.named_children())):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, name, fuse_conv_bn_eval(convolution, norm))
                setattr(parent, norm_name, nn.Identity())
    return model


def _round_to_half(model: Autoencoder) -> Autoencoder:
    """Round the large weights to half precision, so that torch computes what is shipped."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.numel() * 4 >= HALF_FROM_BYTES:
                weight.copy_(weight.half().float())
    return model


class _Door(nn.Module):
    """One method of a model as a module, as torch's exporter wants it."""

    def __init__(self, model: Autoencoder, method: str) -> None:
        super().__init__()
        self.model, self.method = model, method

    def forward(self, values: Tensor) -> Tensor:
        result: Tensor = getattr(self.model, self.method)(values)
        return result


def _two_doors(model: Autoencoder) -> onnx.ModelProto:
    """One graph: lightness -> features, and features.in -> output, both optional."""
    (feature,) = model.features
    channels, stride = model.feature_channels[0], model.feature_strides[0]
    lightness = torch.zeros(1, 1, 8 * stride, 10 * stride)
    features = torch.zeros(1, channels, 8, 10)
    encoder = _to_onnx(_Door(model, "encode"), lightness, LIGHTNESS, feature, stride)
    decoder = _to_onnx(_Door(model, "decode"), features, feature + DECODER_SUFFIX, OUTPUT, 1)
    decoder = onnx.compose.add_prefix(
        decoder, "decoder/", rename_inputs=False, rename_outputs=False
    )
    graph = helper.make_graph(
        [*encoder.graph.node, *decoder.graph.node],
        "photochrom",
        [*encoder.graph.input, *decoder.graph.input],
        [*encoder.graph.output, *decoder.graph.output],
        [*encoder.graph.initializer, *decoder.graph.initializer],
    )
    _store_half(graph)
    for name, default in [
        (LIGHTNESS, np.zeros((1, 1, stride, stride), np.float32)),
        (feature + DECODER_SUFFIX, np.zeros((1, channels, 1, 1), np.float32)),
    ]:  # an input with a default is optional
        graph.initializer.append(numpy_helper.from_array(default, name))
    proto: onnx.ModelProto = helper.make_model(
        graph, opset_imports=encoder.opset_import, producer_name=f"photochrom {__version__}"
    )
    proto.ir_version = encoder.ir_version
    return proto


def _to_onnx(
    module: nn.Module, example: Tensor, source: str, target: str, stride: int
) -> onnx.ModelProto:
    """Export one module with free height and width, multiples of `stride`."""
    height, width = torch.export.Dim("h", min=1), torch.export.Dim("w", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            module.eval(),
            (example,),
            input_names=[source],
            output_names=[target],
            dynamic_shapes=({2: stride * height, 3: stride * width},),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto: onnx.ModelProto = program.model_proto
    return proto


def _store_half(graph: onnx.GraphProto) -> None:
    """Store large weights as float16, cast back by a node that is folded at loading."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.nbytes < HALF_FROM_BYTES:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
        casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
