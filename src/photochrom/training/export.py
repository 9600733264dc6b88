"""Checkpoint -> ONNX with its contract inside, checked against torch through the runtime.

`graph.one_graph` makes the file's graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from photochrom.color.grid import gamut_grid
from photochrom.errors import CheckpointError, TrainingError
from photochrom.models.contract import (
    METADATA_KEY,
    Feature,
    ModelContract,
    Region,
)
from photochrom.models.network import Tokens
from photochrom.models.session import Session
from photochrom.pictures import writing
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import Recipe, changed_recipe, recipe_to_dict
from photochrom.training.encoder import fold_norms
from photochrom.training.graph import HALF_FROM_BYTES, Model, one_graph
from photochrom.training.hints import SAMPLED, Hints, sample
from photochrom.training.network import HintNetwork
from photochrom.training.region_head import EMBEDDING
from photochrom.training.run_folder import load_checkpoint
from photochrom.version import __version__

PARITY_SIZES = ((65, 87), (120, 97), (203, 131))
"""Heights and widths at which torch and ONNX Runtime are compared; odd on purpose."""

PARITY_LIMIT = 0.01
"""Largest difference allowed, in units of a* and b*."""


def export(
    checkpoint: Path,
    out: Path,
    *,
    name: str = "",
    changes: Sequence[str] = (),
    force: bool = False,
) -> float:
    """Write the model of a checkpoint as ONNX.

    Parameters
    ----------
    checkpoint : one of a run of kind "autoencoder" or "photochrom"; its averaged weights are
        taken where there are such
    out : the ONNX file to write
    name : what the model calls itself; the file's stem by default
    changes : ``model.key=value`` for keys that don't touch the weights, such as
        ``model.temperature=0.4``
    force : replace `out` if it is there

    Returns
    -------
    The largest difference between torch and ONNX Runtime, in units of a* and b*

    Raises
    ------
    CheckpointError
        The checkpoint can't be read or holds no model that colorizes.
    RecipeError
        A change can't be made.
    OutputExistsError
        There is such a file, and `force` is not set.
    TrainingError
        The exported model doesn't agree with torch, or can't be written.
    """
    writing.check_free(out, force=force)
    state = load_checkpoint(checkpoint)
    recipe = changed_recipe(state["recipe"], changes)
    if recipe.model.kind == "resnet18-gray":
        raise CheckpointError(
            f"{checkpoint}: a '{recipe.model.kind}' doesn't colorize. Train an autoencoder on "
            f"it: model.encoder_weights={checkpoint}"
        )
    if len(state["sources"]) != len(recipe.data.train):
        raise CheckpointError(
            f"{checkpoint}: it was trained on {len(state['sources'])} sources, and data.train of "
            f"its recipe names {len(recipe.data.train)}."
        )
    try:
        model = load_model(state, recipe)
    except RuntimeError as error:
        raise CheckpointError(
            f"{checkpoint}: its weights are not those of its recipe ({error})."
        ) from error
    fold_norms(model)
    _round_to_half(model)
    proto = one_graph(model)
    contract = _contract(model, recipe, name or out.stem, state)
    helper.set_model_props(proto, {METADATA_KEY: contract.to_json()})
    onnx.checker.check_model(proto)

    try:
        with writing.whole(out, force=force) as unfinished:
            unfinished.write_bytes(proto.SerializeToString())
            difference = parity(model, Session(unfinished))
            if not difference < PARITY_LIMIT:
                raise TrainingError(
                    f"{out}: the exported model differs from torch by {difference:.4f} in ab; "
                    f"the limit is {PARITY_LIMIT}. Nothing was written."
                )
    except OSError as error:
        raise TrainingError(f"{out}: can't be written ({error.strerror}).") from error
    return difference


def load_model(state: dict[str, Any], recipe: Recipe) -> Model:
    """The model of a checkpoint, its averaged weights where there are such."""
    bare = dataclasses.replace(recipe.model, encoder_weights="none")
    model: Model = (
        HintNetwork(dataclasses.replace(recipe, model=bare))
        if recipe.model.kind == "photochrom"
        else Autoencoder(encoder_weights="none")
    )
    model.load_state_dict(state["average"] or state["model"])
    return model.eval()


def parity(model: Model, session: Session) -> float:
    """The largest difference of torch and ONNX Runtime over `PARITY_SIZES`, in ab units.

    Of a network that takes hints: with none, and with as many as the size's place in the list.
    """
    worst = 0.0
    random, grid = np.random.default_rng(0), gamut_grid()
    for count, (height, width) in enumerate(PARITY_SIZES):
        coarse = random.uniform(0, 100, (height // 8 + 1, width // 8 + 1))
        lightness = np.kron(coarse, np.ones((8, 8)))[:height, :width].astype(np.float32)
        features = session.encode(lightness)
        if isinstance(model, Autoencoder):
            expected = model.predict(torch.from_numpy(lightness)[None, None])[0].numpy()
            worst = max(worst, float(np.abs(expected - session.decode(features)).max()))
            continue
        if session.contract.region is not None:
            embedding = torch.from_numpy(session.embed(features))
            expected = model.region(*(torch.from_numpy(one) for one in features.arrays))[0]
            height4, width4 = embedding.shape[1:]
            off = (expected[:, :height4, :width4] - embedding).abs().max().item()
            worst = max(worst, off)
        points = (random.uniform(0, 1, (count, 2)) * [width, height]).astype(np.float32)
        place = np.concatenate([points, np.ones((count, 1), np.float32)], axis=1)
        ab = random.uniform(-50, 50, (count, 2)).astype(np.float32)
        tokens = Tokens(session.sample(features, points), ab, place)
        cells = (-(-side // session.contract.output_stride) for side in (height, width))
        planes = random.uniform(0, 1, (*cells, 3)).astype(np.float32)
        for given in ((None, None), (tokens, planes)):
            found = session.decode(features, *given)
            expected = _decoded_by_torch(model, lightness, *given)
            answers = (grid.read_out(np.moveaxis(one, 0, -1)) for one in (found, expected))
            worst = max(worst, float(np.abs(np.subtract(*answers)).max()))
    return worst


def _decoded_by_torch(
    model: HintNetwork, lightness: NDArray[np.float32], tokens: Tokens | None, planes: Any
) -> NDArray[np.float32]:
    """The logits (Q, h, w) of a picture, as `Session.decode` gives them."""
    height, width = lightness.shape
    stride = max(model.feature_strides)
    padding = ((0, -height % stride), (0, -width % stride))
    padded_B1HW = torch.from_numpy(np.pad(lightness, padding, mode="edge"))[None, None]
    with torch.no_grad():
        features = model.encode(padded_B1HW)
        hints = model.no_hints(padded_B1HW)
        if tokens is not None:
            _, ab, place = (torch.from_numpy(part)[None] for part in tokens)
            hints.planes[0, :, : planes.shape[0], : planes.shape[1]] = torch.from_numpy(
                planes
            ).permute(2, 0, 1)
            hints = Hints(sample(features, place[..., :2]), ab, place, hints.planes)
        found_BQHW = model.decode(features, hints)
    rows, columns = (-(-side // min(model.feature_strides)) for side in (height, width))
    return found_BQHW[0, :, :rows, :columns].numpy()


def _contract(model: Model, recipe: Recipe, name: str, state: dict[str, Any]) -> ModelContract:
    shapes = zip(model.features, model.feature_channels, model.feature_strides, strict=True)
    pairs = zip(recipe.data.train, state["sources"], strict=True)
    hinted = isinstance(model, HintNetwork)
    mixed = {"mixed": state["mixed"]} if "mixed" in state else {}  # see `mix`
    powers = ("take hints", "follow a reference", "keep to a palette", "change its vividness")
    return ModelContract(
        name=name,
        model_version=recipe.model.version,
        output="distribution" if hinted else "ab",
        features=tuple(Feature(name=n, channels=c, stride=s) for n, c, s in shapes),
        stride=max(model.feature_strides),
        output_stride=min(model.feature_strides) if hinted else 1,
        hints="tokens" if hinted else "none",
        token_features=tuple(model.features[i] for i in SAMPLED) if hinted else (),
        short_side_px=recipe.model.short_side_px,
        bins=_bins() if hinted else (),
        region=_region(model) if isinstance(model, HintNetwork) else None,
        temperature=recipe.model.temperature if hinted else 1.0,
        chroma=recipe.model.chroma if hinted else 1.0,
        contrast=recipe.model.contrast if hinted else 0.0,
        domain=recipe.model.domain,
        licence=recipe.model.licence,
        can=("colorize automatically", *(powers if hinted else ())),
        cannot=("know the true colors",) if hinted else powers,
        data=tuple(dict.fromkeys(f"{Path(source).name}: {summary}" for source, summary in pairs)),
        mean_ab=tuple((round(a, 3), round(b, 3)) for a, b in state["mean_ab"]),
        recipe=_without_folders(recipe_to_dict(recipe)) | mixed,
        photochrom=__version__,
    )


def _region(model: HintNetwork) -> Region:
    """How the third entrance is read."""
    readers = model.region.readers().detach().double().numpy().round(5).tolist()
    return Region(
        channels=EMBEDDING,
        stride=min(model.feature_strides),
        readers=tuple((bias, slope, away) for bias, slope, away in readers),
    )


def _without_folders(value: Any) -> Any:
    """A recipe's values with absolute paths cut to their last part: a model goes to others."""
    if isinstance(value, dict):
        return {key: _without_folders(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(one) for one in value]
    if not isinstance(value, str):
        return value
    named, at, path = value.rpartition("@")  # as in flowers102:train@ROOT
    return named + at + (Path(path).name if Path(path).is_absolute() else path)


def _bins() -> tuple[tuple[float, float], ...]:
    """The colors that the model's logits are for."""
    return tuple((a, b) for a, b in gamut_grid().centers.tolist())


def _round_to_half(model: nn.Module) -> None:
    """Round the large weights to half precision, so that torch computes what is shipped."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.numel() * 4 >= HALF_FROM_BYTES:
                weight.copy_(weight.half().float())
