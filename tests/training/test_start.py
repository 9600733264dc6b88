"""Starting from an exported model: it computes the same, and training can go on."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx
from onnx import numpy_helper

from photochrom.color.grid import gamut_grid
from photochrom.errors import CheckpointError, ContractError, ModelNotFoundError
from photochrom.models import added, adding
from photochrom.models.network import Tokens
from photochrom.models.session import Session
from photochrom.models.weights import find_model
from photochrom.training import start as module
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import recipe_from_dict, recipe_to_dict
from photochrom.training.encoder import GrayClassifier
from photochrom.training.export import export, parity
from photochrom.training.network import HintNetwork
from photochrom.training.regions import SIZES
from photochrom.training.run_folder import save_checkpoint
from photochrom.training.start import exported_file, load_exported, measured, set_statistics
from standins import ddcolor

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("fast_exporter")]

GRID = gamut_grid()
PRIOR = np.full(len(GRID), 1 / len(GRID), np.float32)


def recipe_of(path, **changes):
    """A recipe for an exported model's layers, with other values in its table of the model."""
    table = Session(path).contract.recipe
    model = {**table["model"], **changes}
    return recipe_from_dict({"name": "again", "model": model, "data": table["data"]})


def built(path, **changes):
    """An untrained network of an exported model's layers."""
    torch.manual_seed(5)
    return HintNetwork(recipe_of(path, **changes), PRIOR)


def crops(count, side=64, seed=0):
    """A batch of pictures: smooth lightness and colours."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 5, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    lightness, ab = 100 * smooth[:, :1], 80 * smooth[:, 1:] - 40
    parts = torch.arange(side // 4).expand(count, len(SIZES), side // 4, -1) // 4
    return {"lightness": lightness, "seen": lightness, "ab": ab, "parts": parts}


@pytest.fixture(scope="module")
def started(hint_model):
    """A network that has started from `hint_model`, with statistics of crops."""
    model = built(hint_model)
    model.load_state_dict(load_exported(model, hint_model))
    set_statistics(model, measured(model, [crops(8, seed=seed) for seed in range(4)]))
    return model


# What it computes


@pytest.mark.parametrize("name", ["photochrom", "resnet18-gray"])
def test_with_a_shipped_model_s_weights_it_computes_what_the_model_does(name):
    path = find_model(name)
    torch.manual_seed(5)
    model = Autoencoder() if name == "resnet18-gray" else built(path)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    untrained = parity(model.eval(), Session(path))
    weights = load_exported(model, path)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    model.load_state_dict(weights)
    assert parity(model, Session(path)) < 1e-3
    assert untrained > 1


def test_it_computes_the_same_with_statistics_of_crops(started, hint_model):
    assert parity(started.eval(), Session(hint_model)) < 1e-3


def test_equal_weights_that_the_exporter_stores_once_are_found(hint_model, hint_checkpoint):
    """Nothing has been learnt there by the attention to hints: its heads reach equally far."""
    model = built(hint_model)
    model.load_state_dict(load_exported(model, hint_model))
    expected = torch.linspace(0.0, 4.2, 4)
    found = [value for name, value in model.named_parameters() if name.endswith("hints.reach")]
    assert len(found) == 5
    for reach in found:
        torch.testing.assert_close(reach.data, expected)


@pytest.mark.parametrize(
    "name", ["resnet18-gray", pytest.param("photochrom", marks=pytest.mark.slow)]
)
def test_exported_again_without_a_step_it_gives_the_same_colors(name, tmp_path):
    shipped, again = find_model(name), tmp_path / "again.onnx"
    recipe = recipe_of(shipped)
    torch.manual_seed(5)
    model = Autoencoder() if name == "resnet18-gray" else HintNetwork(recipe, PRIOR)
    model.load_state_dict(load_exported(model, shipped))
    set_statistics(model, measured(model, [crops(8)]))
    content = {
        "version": 1,
        "recipe": recipe_to_dict(recipe),
        "classes": [],
        "sources": [""] * len(recipe.data.train),
        "mean_ab": [[0.0, 0.0]] * 101,
        "model": model.state_dict(),
        "average": None,
    }
    save_checkpoint(content, tmp_path / "last.ckpt")
    export(tmp_path / "last.ckpt", again)
    for height, width, count in [(96, 64, 0), (65, 87, 3)]:
        one, other = (colors(Session(path), height, width, count) for path in (shipped, again))
        assert np.abs(one).max() > 5  # noise is colored calmly
        assert np.abs(one - other).max() < 0.1
    before, after = half_weights(shipped), half_weights(again)
    assert before.total() > 10
    same = (before & after).total()  # some are rounded once more where norms are folded in
    assert same > 0.9 * before.total(), (same, before.total())


def colors(session, height, width, count):
    """a* and b* of a picture of noise, with so many hints where the model takes any."""
    random = np.random.default_rng(0)
    features = session.encode(random.uniform(0, 100, (height, width)).astype(np.float32))
    if session.contract.output == "ab":
        return session.decode(features)
    points = random.uniform(0, 60, (count, 2)).astype(np.float32)
    place = np.concatenate([points, np.ones((count, 1), np.float32)], axis=1)
    ab = random.uniform(-50, 50, (count, 2)).astype(np.float32)
    logits = session.decode(features, Tokens(session.sample(features, points), ab, place))
    temperature = session.contract.temperature
    return GRID.read_out(np.moveaxis(logits, 0, -1), temperature=temperature)


def half_weights(path):
    """The bytes of the weights that a file stores in half precision, counted."""
    tensors = onnx.load(str(path)).graph.initializer
    half = [one for one in tensors if one.data_type == onnx.TensorProto.FLOAT16]
    return Counter(numpy_helper.to_array(one).tobytes() for one in half)


# How training goes on


def test_in_training_it_answers_nearly_as_in_evaluation(started, hint_model):
    batch = crops(16, seed=9)
    unmeasured = built(hint_model)
    unmeasured.load_state_dict(load_exported(unmeasured, hint_model))

    def apart(model):
        lightness = batch["lightness"]
        with torch.no_grad():
            features = model.encode(lightness)
            answers = []
            for mode in (False, True):
                model.train(mode)
                answers.append(model.decode(features, model.no_hints(lightness)))
        return float((answers[0] - answers[1]).std() / answers[0].std())

    kept = {key: value.clone() for key, value in started.state_dict().items()}
    assert apart(started) < 0.3 * apart(unmeasured)
    started.load_state_dict(kept)


def test_convolutions_are_as_long_as_in_an_untrained_network(started, hint_model):
    fresh = dict(built(hint_model).named_parameters())
    found = dict(started.named_parameters())
    for name in ("stages.0.join.0.weight", "stages.3.refine.0.weight"):
        lengths = [one[name].flatten(1).norm(dim=1) for one in (found, fresh)]
        torch.testing.assert_close(*lengths)
        assert not torch.allclose(found[name], fresh[name], atol=1e-2)


def test_what_is_measured_are_the_moments_of_what_comes_in(hint_model):
    """Of the first norm of the decoder, whose convolution sees nothing but the encoder."""
    model = built(hint_model)
    batches = [crops(4, seed=seed) for seed in range(3)]
    with torch.no_grad():
        model.stages[0].join[0].weight[:, -3:] = 0  # the planes of hints, which are random
        inputs = []
        for batch in batches:
            deepest = model.encode(batch["seen"])[-1]
            planes = torch.zeros(len(deepest), 3, *deepest.shape[2:])
            inputs.append(model.stages[0].join[0](torch.cat([deepest, planes], dim=1)))
    mean, var = measured(model, batches)["stages.0.join.1"]
    together = torch.cat(inputs)
    torch.testing.assert_close(mean, together.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(var, together.var(dim=(0, 2, 3), correction=0), rtol=1e-3, atol=1e-4)


def test_only_norms_that_learn_statistics_are_measured(hint_model):
    found = measured(built(hint_model), [crops(2)])
    assert sorted({name.split(".")[0] for name in found}) == ["region", "stages"]
    assert len(found) == 9 + 4


def test_norms_that_the_loss_leaves_out_are_not_measured(hint_model):
    model = built(hint_model)
    loss = dataclasses.replace(model.recipe.loss, region_weight=0.0)
    model.recipe = dataclasses.replace(model.recipe, loss=loss)
    found = measured(model, [crops(2)])
    assert len(found) == 9
    assert all(name.startswith("stages.") for name in found)


# What a recipe may name


@pytest.mark.parametrize("start", ["photochrom", "resnet18-gray"])
def test_a_shipped_model_is_started_from_by_its_name(start):
    assert exported_file(start) == find_model(start)


def test_an_onnx_file_is_started_from_by_its_path(hint_model):
    assert exported_file(str(hint_model)) == hint_model


@pytest.mark.parametrize("start", ["runs/one/best.ckpt", "photochrom.ckpt"])
def test_all_else_is_a_checkpoint(start):
    assert exported_file(start) is None


def test_an_added_model_is_started_from_by_its_name_if_it_is_our_own(
    hint_model, tmp_path, monkeypatch
):
    monkeypatch.setenv(added.VARIABLE, str(tmp_path / "kept"))
    adding.add(hint_model, name="mine", licence="Apache-2.0")
    assert exported_file("mine") == tmp_path / "kept" / "mine.onnx"
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor")
    with pytest.raises(ContractError, match=r"theirs\.onnx: not one of Photochrom's own models"):
        exported_file("theirs")


def test_a_missing_file_is_named():
    with pytest.raises(ModelNotFoundError, match=r"gone\.onnx"):
        exported_file("gone.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path, hint_model):
    (tmp_path / "other.onnx").write_bytes(b"nothing")
    with pytest.raises(ContractError, match=r"other\.onnx"):
        load_exported(built(hint_model), tmp_path / "other.onnx")


def test_other_layers_are_refused(hint_model):
    model = built(hint_model, decoder_channels=[8, 8, 12, 16])
    with pytest.raises(
        CheckpointError, match=r"doesn't fit.*: stages\.\d.*model\.decoder_channels"
    ):
        load_exported(model, hint_model)


def test_it_does_not_matter_what_is_frozen(hint_model):
    model = built(hint_model, frozen=[])
    model.load_state_dict(load_exported(model, hint_model))
    assert parity(model.eval(), Session(hint_model)) < 1e-3


@pytest.mark.parametrize("make", [Autoencoder, lambda: GrayClassifier(2)])
def test_another_kind_of_model_is_refused(make, hint_model):
    with pytest.raises(CheckpointError, match=re.escape(hint_model.name)):
        load_exported(make(), hint_model)


def test_a_network_that_computes_something_else_is_refused(hint_model, monkeypatch):
    monkeypatch.setattr(module, "parity", lambda model, session: 0.5)
    with pytest.raises(CheckpointError, match=r"answers otherwise than the file, by 0\.500 in ab"):
        load_exported(built(hint_model), hint_model)
