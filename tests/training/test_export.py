"""Checkpoint -> ONNX: parity with torch, the contract inside, and nothing half-written.

Here for both kinds of models; `hint_model` is a file that `export` has made.
"""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx

from photochrom import __version__
from photochrom.color.grid import gamut_grid
from photochrom.errors import CheckpointError, OutputExistsError, RecipeError, TrainingError
from photochrom.models.contract import COLORS, LIGHTNESS, OUTPUT, PLACES, PLANES, SEEN
from photochrom.models.network import Tokens
from photochrom.models.session import Session
from photochrom.models.weights import find_model
from photochrom.training import export as export_module
from photochrom.training import hints as hint_module
from photochrom.training.autoencoder import Autoencoder
from photochrom.training.config import recipe_from_dict, recipe_to_dict
from photochrom.training.encoder import GrayClassifier, fold_norms
from photochrom.training.export import PARITY_LIMIT, PARITY_SIZES, export, load_model, parity
from photochrom.training.run_folder import load_checkpoint, save_checkpoint

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("fast_exporter")]

HALF_LIMIT = 0.05
"""What storing weights in half precision may change, in units of a* and b*."""

MEAN_AB = [[0.1234 * level, -0.05 * level] for level in range(101)]


def random_autoencoder(seed):
    """An untrained network with BatchNorm statistics."""
    torch.manual_seed(seed)
    model = Autoencoder()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 2.0)
    return model.eval()


def checkpoint_of(path, model, average=None, **model_config):
    """A checkpoint as `train` writes it, without what only resuming needs."""
    table = {
        "name": "tiny",
        "data": {"train": ["somewhere/flowers"]},
        "model": {"licence": "CC0-1.0", "domain": "random noise", **model_config},
    }
    content = {
        "version": 1,
        "recipe": recipe_to_dict(recipe_from_dict(table)),
        "classes": ["a", "b"],
        "sources": ["12 pictures (left out: 1 tiny)"],
        "mean_ab": MEAN_AB,
        "model": model.state_dict(),
        "average": None if average is None else average.state_dict(),
    }
    save_checkpoint(content, path)
    return path


def model_of(checkpoint):
    state = load_checkpoint(checkpoint)
    return load_model(state, recipe_from_dict(state["recipe"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def checkpoint(folder):
    return checkpoint_of(folder / "best.ckpt", random_autoencoder(0), random_autoencoder(1))


@pytest.fixture(scope="module")
def exported(checkpoint, folder):
    """(the ONNX file, the difference that `export` returned)"""
    out = folder / "flowers-tiny.onnx"
    return out, export(checkpoint, out)


@pytest.fixture
def quick(exported, monkeypatch):
    """Let `export` take the graph that was exported before: the exporter takes seconds."""
    monkeypatch.setattr(export_module, "one_graph", lambda model: onnx.load(str(exported[0])))


def noise(height, width):
    random = np.random.default_rng(height)
    return random.uniform(0, 100, (height, width)).astype(np.float32)


def test_onnx_computes_what_torch_computes_with_the_shipped_weights(exported):
    assert 0 < exported[1] < PARITY_LIMIT / 10


def test_onnx_agrees_with_the_checkpoint_at_odd_sizes(exported, checkpoint):
    session, model = Session(exported[0]), model_of(checkpoint)
    assert all(height % 8 or width % 8 for height, width in PARITY_SIZES)
    for height, width in [*PARITY_SIZES, (1, 1)]:
        lightness = noise(height, width)
        expected = model.predict(torch.from_numpy(lightness)[None, None])[0].numpy()
        found = session.decode(session.encode(lightness))
        assert found.shape == (2, height, width)
        assert np.abs(found - expected).max() < HALF_LIMIT
        assert np.abs(expected).max() > 20 * HALF_LIMIT  # it answers something


def test_the_averaged_weights_are_exported(exported):
    session = Session(exported[0])
    assert parity(random_autoencoder(1), session) < HALF_LIMIT
    assert parity(random_autoencoder(0), session) > 20 * HALF_LIMIT


def test_the_contract_travels_inside(exported, checkpoint):
    contract = Session(exported[0]).contract
    assert contract.name == "flowers-tiny"
    assert (
        recipe_to_dict(recipe_from_dict(contract.recipe)) == load_checkpoint(checkpoint)["recipe"]
    )
    assert contract.data == ("flowers: 12 pictures (left out: 1 tiny)",)
    assert contract.licence == "CC0-1.0"
    assert contract.domain == "random noise"
    assert contract.photochrom == __version__
    assert (contract.output, contract.stride, contract.output_stride) == ("ab", 8, 1)
    features = [(f.name, f.channels, f.stride) for f in contract.features]
    assert features == [("features", 128, 8)]
    np.testing.assert_allclose(contract.mean_ab, MEAN_AB, atol=5e-4)


def test_height_and_width_are_free(exported):
    graph = onnx.load(str(exported[0])).graph
    for value in [*graph.input, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        assert [dim.HasField("dim_value") for dim in dims] == [True, True, False, False]
        assert dims[0].dim_value == 1


def test_weights_are_stored_in_half_precision(exported):
    path, _ = exported
    graph = onnx.load(str(path)).graph
    large = [t for t in graph.initializer if np.prod(t.dims) >= 256]
    assert len(large) > 10
    assert {t.data_type for t in large} == {onnx.TensorProto.FLOAT16}
    weights = sum(value.numel() for value in random_autoencoder(0).state_dict().values())
    assert path.stat().st_size < 0.6 * 4 * weights


def test_encoder_and_decoder_run_one_by_one(exported):
    session, lightness = Session(exported[0]), noise(40, 56)
    features = session.encode(lightness)
    assert [array.shape for array in features.arrays] == [(1, 128, 5, 7)]
    model = random_autoencoder(1)
    with torch.no_grad():
        expected = model.encode(torch.from_numpy(lightness)[None, None])
        changed = [2 * array for array in features.arrays]
        expected_ab = model.decode(2 * expected)[0].numpy()
    np.testing.assert_allclose(features.arrays[0], expected.numpy(), atol=HALF_LIMIT)
    found = session.decode(features._replace(arrays=tuple(changed)))
    assert np.abs(found - expected_ab).max() < HALF_LIMIT


def test_the_two_doors_have_their_names(exported):
    graph = onnx.load(str(exported[0])).graph
    assert [value.name for value in graph.input] == [LIGHTNESS, "features.in"]
    assert [value.name for value in graph.output] == ["features", OUTPUT]


def test_an_existing_file_is_not_touched(checkpoint, tmp_path):
    out = tmp_path / "model.onnx"
    out.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match=r"model\.onnx: the file already exists"):
        export(checkpoint, out)
    assert out.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [out]


def test_force_replaces_an_existing_file(quick, checkpoint, tmp_path):
    out = tmp_path / "model.onnx"
    out.write_bytes(b"precious")
    export(checkpoint, out, name="better", force=True)
    assert Session(out).contract.name == "better"
    assert list(tmp_path.iterdir()) == [out]


def test_a_classifier_is_refused_with_the_way_out(tmp_path):
    path = checkpoint_of(tmp_path / "best.ckpt", GrayClassifier(2), kind="resnet18-gray")
    with pytest.raises(CheckpointError) as caught:
        export(path, tmp_path / "model.onnx")
    assert "'resnet18-gray' doesn't colorize" in str(caught.value)
    assert f"model.encoder_weights={path}" in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_weights_that_do_not_fit_are_refused(tmp_path):
    path = checkpoint_of(tmp_path / "best.ckpt", GrayClassifier(2))
    with pytest.raises(CheckpointError, match=r"best\.ckpt"):
        export(path, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.ckpt: the checkpoint does not exist"):
        export(tmp_path / "gone.ckpt", tmp_path / "model.onnx")


@pytest.mark.parametrize("difference", [1.0, PARITY_LIMIT, float("nan")])
def test_a_model_that_differs_from_torch_is_not_written(
    quick, checkpoint, tmp_path, monkeypatch, difference
):
    monkeypatch.setattr(export_module, "parity", lambda model, session: difference)
    out = tmp_path / "model.onnx"
    with pytest.raises(TrainingError, match=r"differs from torch by .*Nothing was written"):
        export(checkpoint, out)
    assert list(tmp_path.iterdir()) == []
    out.write_bytes(b"precious")
    with pytest.raises(TrainingError, match="Nothing was written"):
        export(checkpoint, out, force=True)
    assert out.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("parent", ["missing", "file.txt"])
def test_a_folder_that_can_not_be_written_to_is_named(quick, checkpoint, tmp_path, parent):
    (tmp_path / "file.txt").write_text("no folder")
    with pytest.raises(TrainingError, match=r"model\.onnx: can't be written"):
        export(checkpoint, tmp_path / parent / "model.onnx")


# A network that takes hints


NAMES = ("features4", "features8", "features16", "features32")


@pytest.fixture(scope="module")
def hinted(hint_model):
    return Session(hint_model, threads=1)


@pytest.fixture(scope="module")
def network(hint_checkpoint):
    return model_of(hint_checkpoint)


def hints_for(session, features, count, seed=0):
    """So many hints at random places, as tokens and planes."""
    random = np.random.default_rng(seed)
    height, width = features.size
    points = (random.uniform(0, 1, (count, 2)) * [width, height]).astype(np.float32)
    place = np.concatenate([points, np.ones((count, 1), np.float32)], axis=1)
    ab = random.uniform(-60, 60, (count, 2)).astype(np.float32)
    share = (random.uniform(0, 1, (-(-height // 4), -(-width // 4), 1)) < 0.1) * 1.0
    planes = np.concatenate([share * random.uniform(-60, 60, (*share.shape[:2], 2)), share], -1)
    return Tokens(session.sample(features, points), ab, place), planes.astype(np.float32)


def test_a_hint_network_computes_in_onnx_what_it_computes_in_torch(hinted, hint_checkpoint):
    model = model_of(hint_checkpoint)
    fold_norms(model)
    export_module._round_to_half(model)
    assert parity(model, hinted) < PARITY_LIMIT
    with torch.no_grad():
        model.head.weight.mul_(0.97)
    assert parity(model, hinted) > PARITY_LIMIT


def test_its_contract_says_what_it_takes_and_gives(hinted):
    contract = hinted.contract
    assert contract.name == "tiny-hints"
    assert (contract.output, contract.stride, contract.output_stride) == ("distribution", 32, 4)
    features = [(f.name, f.channels, f.stride) for f in contract.features]
    assert features == list(zip(NAMES, (24, 40, 112, 320), (4, 8, 16, 32), strict=True))
    assert contract.token_features == ("features16", "features32")
    np.testing.assert_array_equal(contract.bins, gamut_grid().centers)
    assert contract.short_side_px == 96
    assert "take hints" in contract.can
    assert contract.cannot == ("know the true colors",)


def test_changes_reach_the_contract_and_its_recipe(hinted):
    assert hinted.contract.temperature == 0.4
    assert hinted.contract.recipe["model"]["temperature"] == 0.4


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ("model.decoder_channels=[8, 8, 12, 16]", CheckpointError, "are not those of its recipe"),
        ("model.kind=autoencoder", CheckpointError, "are not those of its recipe"),
        ("model.kind=resnet18-gray", CheckpointError, "doesn't colorize"),
        ("model.temprature=0.4", RecipeError, "model.temperature"),
        ("model.temperature=0", RecipeError, "must be above 0"),
        ("model.temperature", RecipeError, "write it as table.key=value"),
    ],
)
def test_changes_that_can_not_be_made_are_refused(
    change, error, message, hint_checkpoint, tmp_path
):
    with pytest.raises(error, match=re.escape(message)):
        export(hint_checkpoint, tmp_path / "model.onnx", changes=[change])
    assert list(tmp_path.iterdir()) == []


def test_no_folder_of_the_machine_goes_into_the_contract(hint_checkpoint):
    state = load_checkpoint(hint_checkpoint)
    table = dict(state["recipe"])
    sources = ["/home/someone/cats", "data/dogs", "flowers102:train+val@/home/someone/102"]
    table["data"] = {**table["data"], "train": sources, "cache": "/home/someone/.cache"}
    table["model"] = {**table["model"], "start": "/home/someone/runs/best.ckpt"}
    state["sources"] = ["1 picture"] * 3
    recipe = recipe_from_dict(table)
    contract = export_module._contract(model_of(hint_checkpoint), recipe, "name", state)
    assert "someone" not in contract.to_json()
    assert contract.recipe["data"]["train"] == ["cats", "data/dogs", "flowers102:train+val@102"]
    assert contract.recipe["model"]["start"] == "best.ckpt"


def test_chroma_and_version_go_into_the_contract(hint_checkpoint):
    state = load_checkpoint(hint_checkpoint)
    model = model_of(hint_checkpoint)
    changes = {"chroma": 1.2, "version": "3"}
    table = {**state["recipe"], "model": {**state["recipe"]["model"], **changes}}
    contract = export_module._contract(model, recipe_from_dict(table), "name", state)
    assert (contract.chroma, contract.model_version) == (1.2, "3")
    np.testing.assert_array_equal(contract.bins, gamut_grid().centers)


def test_all_its_entrances_are_optional_and_their_defaults_are_small(hint_model):
    graph = onnx.load(str(hint_model)).graph
    entrances = [LIGHTNESS, *(f"{name}.in" for name in NAMES), SEEN, COLORS, PLACES, PLANES]
    third = [f"{name}.region" for name in NAMES]
    assert [value.name for value in graph.input] == entrances + third
    defaults = {t.name: tuple(t.dims) for t in graph.initializer}
    assert defaults["features4.region"] == (1, 24, 8, 8)
    assert defaults[LIGHTNESS] == (1, 1, 32, 32)
    assert defaults["features4.in"] == (1, 24, 8, 8)
    assert defaults["features32.in"] == (1, 320, 1, 1)
    assert [defaults[name] for name in (SEEN, COLORS, PLACES)] == [(1, 0, n) for n in (432, 2, 3)]
    assert defaults[PLANES] == (1, 3, 8, 8)


@pytest.mark.parametrize("path", [None, find_model()], ids=["exported", "shipped"])
def test_no_sum_is_taken_over_hints_that_may_be_none(path, hint_model):
    """ONNX Runtime before 1.32 gives a sum over an empty tensor a wrong shape."""
    graph = onnx.load(str(path or hint_model)).graph
    kinds = {node.op_type for node in graph.node}
    assert "MatMul" in kinds
    assert "ReduceSum" not in kinds


@pytest.mark.parametrize(("height", "width"), [(1, 1), (33, 70), (96, 64)])
@pytest.mark.parametrize("count", [0, 1, 3, 200])
def test_any_number_of_hints_runs_at_any_size(hinted, height, width, count):
    features = hinted.encode(noise(height, width))
    answer = hinted.decode(features, *hints_for(hinted, features, count))
    assert answer.shape == (261, -(-height // 4), -(-width // 4))
    assert np.isfinite(answer).all()


def test_no_hints_are_the_default(hinted):
    features = hinted.encode(noise(50, 60))
    tokens, planes = hints_for(hinted, features, 0)
    expected = hinted.decode(features, tokens, np.zeros_like(planes))
    np.testing.assert_array_equal(hinted.decode(features), expected)


def test_tokens_and_planes_each_change_the_answer(hinted):
    features = hinted.encode(noise(50, 60))
    plain = hinted.decode(features)
    tokens, planes = hints_for(hinted, features, 4)
    for given in ((tokens, None), (None, planes)):
        assert np.abs(hinted.decode(features, *given) - plain).max() > 1e-3


def test_tokens_remember_what_torch_samples(hinted, network):
    """The runtime samples with NumPy, training with torch."""
    lightness = noise(64, 96)
    points = np.array([[0, 0], [96, 64], [33.3, 20.7], [95, 1]], np.float32)
    found = hinted.sample(hinted.encode(lightness), points)
    with torch.no_grad():
        features = network.encode(torch.from_numpy(lightness)[None, None])
        expected = hint_module.sample(features, torch.from_numpy(points)[None])[0]
    assert found.shape == (4, 432)
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected.numpy(), atol=0.05)
