"""The Photochrom network: sizes, and what hints do to it and what not."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from photochrom.color.grid import gamut_grid
from photochrom.errors import CheckpointError, DataError, RecipeError
from photochrom.evaluation.lite0 import lite0_state
from photochrom.training import network as module
from photochrom.training.config import recipe_from_dict
from photochrom.training.decoder import AB_SCALE, distances, pooled_planes
from photochrom.training.export import load_model
from photochrom.training.hints import STRIDES, Hints, sample
from photochrom.training.network import HintNetwork, load_encoder
from photochrom.training.run_folder import load_checkpoint

pytestmark = pytest.mark.train

GRID = gamut_grid()
TINY = {"kind": "photochrom", "encoder_weights": "none", "decoder_channels": [4, 8, 12, 16]}


@pytest.fixture(scope="module")
def network(hint_checkpoint):
    """A network that nobody changes."""
    state = load_checkpoint(hint_checkpoint)
    return load_model(state, recipe_from_dict(state["recipe"]))


def noise(batch, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, 1, height, width, generator=generator) * 100


def hints_of(network, lightness, count, seed=0):
    """So many hints at random places."""
    generator = torch.Generator().manual_seed(seed)
    batch, _, height, width = lightness.shape
    points = torch.rand(batch, count, 2, generator=generator) * torch.tensor([width, height])
    place = torch.cat([points, torch.ones(batch, count, 1)], dim=-1)
    ab = torch.rand(batch, count, 2, generator=generator) * 100 - 50
    seen = sample(network.encode(lightness), points)
    return Hints(seen, ab, place, network.no_hints(lightness).planes)


@torch.no_grad()
def answer(network, lightness, hints):
    return network.decode(network.encode(lightness), hints)


def assert_same(one, other):
    torch.testing.assert_close(one, other, atol=3e-4, rtol=0)


def apart(one, other):
    return (one - other).abs().max().item()


# Sizes


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (32, 160)])
@pytest.mark.parametrize("count", [0, 1, 5])
@torch.no_grad()
def test_any_number_of_hints_suits_any_size(network, size, count):
    lightness = noise(2, *size)
    features = network.encode(lightness)
    pairs = zip((24, 40, 112, 320), STRIDES, strict=True)
    shapes = [(2, c, size[0] // s, size[1] // s) for c, s in pairs]
    assert [tuple(field.shape) for field in features] == shapes
    logits = network.decode(features, hints_of(network, lightness, count))
    assert logits.shape == (2, len(GRID), size[0] // 4, size[1] // 4)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("size", [(1, 1), (33, 70)])
def test_a_prediction_has_the_size_of_its_picture(network, size):
    ab = network.predict(noise(1, *size))
    assert ab.shape == (1, 2, *size)
    assert ab.abs().max() < 120


# What hints do, and what not


def test_tokens_that_fill_up_a_batch_do_nothing(network):
    lightness = noise(2, 64, 96)
    hints = hints_of(network, lightness, 6)
    alone = Hints(*(part[:, :4] for part in hints[:3]), hints.planes)
    mask = torch.arange(6).expand(2, 6) >= 4
    expected = answer(network, lightness, alone)
    assert_same(answer(network, lightness, hints._replace(mask=mask)), expected)
    assert apart(answer(network, lightness, hints), expected) > 3e-3
    none = hints._replace(mask=torch.ones(2, 6, dtype=torch.bool))
    assert_same(
        answer(network, lightness, none), answer(network, lightness, network.no_hints(lightness))
    )


def test_a_token_without_a_place_stands_nowhere(network):
    lightness = noise(1, 64, 96)
    hints = hints_of(network, lightness, 3)
    nowhere = hints.place * torch.tensor([1.0, 1.0, 0.0])
    elsewhere = nowhere + torch.tensor([30.0, -20.0, 0.0])
    first, second = (
        answer(network, lightness, hints._replace(place=place)) for place in (nowhere, elsewhere)
    )
    assert_same(first, second)
    moved = hints.place.flip(1)
    placed, other = (
        answer(network, lightness, hints._replace(place=place)) for place in (hints.place, moved)
    )
    assert apart(placed, other) > 3e-3
    assert apart(placed, first) > 3e-3


def test_the_order_of_hints_does_not_matter(network):
    lightness = noise(1, 64, 96)
    hints = hints_of(network, lightness, 5)
    turned = hints._replace(seen=hints.seen.flip(1), ab=hints.ab.flip(1), place=hints.place.flip(1))
    assert_same(answer(network, lightness, hints), answer(network, lightness, turned))
    mixed = hints._replace(ab=hints.ab.flip(1))
    assert apart(answer(network, lightness, hints), answer(network, lightness, mixed)) > 3e-3


def test_pictures_of_a_batch_do_not_mix(network):
    lightness = noise(2, 64, 64)
    hints = hints_of(network, lightness, 3)
    both = answer(network, lightness, hints)
    for index in (0, 1):
        part = slice(index, index + 1)
        alone = Hints(*(field[part] for field in hints[:4]))
        assert_same(answer(network, lightness[part], alone), both[part])


def test_planes_change_the_answer_where_they_lie(network):
    lightness = noise(1, 64, 64)
    hints = network.no_hints(lightness)
    planes = hints.planes.clone()
    planes[0, :, 3, 12] = torch.tensor([50.0, -40.0, 1.0])
    change = answer(network, lightness, hints._replace(planes=planes)) - answer(
        network, lightness, hints
    )
    size = change[0].norm(dim=0)
    assert size[2:5, 11:14].mean() > 3 * size[10:, :6].mean()


# The parts


def test_pooled_planes_are_the_mean_color_of_what_is_covered():
    planes = torch.zeros(1, 3, 8, 8)
    planes[0, :, 0, 0] = 0.25 * torch.tensor([40.0, -20.0, 1.0])
    planes[0, :, 0, 1] = 0.75 * torch.tensor([80.0, 20.0, 1.0])
    for stride, expected in ((8, (70, 10)), (32, (70, 10))):
        pooled = pooled_planes(planes, stride)
        assert pooled.shape == (1, 3, 32 // stride, 32 // stride)
        a, b, present = pooled[0, :, 0, 0].tolist()
        assert 0.5 < present <= 1
        np.testing.assert_allclose([a, b], np.array(expected) / AB_SCALE * present, rtol=1e-3)
        assert not pooled[0, :, 1:, 1:].any()
    assert torch.equal(pooled_planes(torch.zeros(1, 3, 8, 8), 16), torch.zeros(1, 3, 2, 2))


def test_distances_are_in_halves_of_the_shorter_side():
    like = torch.zeros(1, 7, 4, 6)  # 64 x 96 pixels at 1/16
    place = torch.tensor([[[8.0, 8.0, 1.0], [8.0, 40.0, 1.0], [8.0, 8.0, 0.0]]])
    found = distances(like, place, 16)[0, 0].reshape(4, 6, 3)
    expected = torch.tensor([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [1.5, 0.5]])
    torch.testing.assert_close(found[:, 0, :2], expected, atol=0.01, rtol=0)
    torch.testing.assert_close(found[0, :, 0], torch.arange(6) * 0.5, atol=0.01, rtol=0)
    assert not found[..., 2].any()


def test_the_read_out_is_that_of_the_grid(network):
    logits = torch.randn(2, 12, len(GRID)) * 3
    expected = GRID.read_out(logits.numpy(), temperature=0.5)
    np.testing.assert_allclose(network.read_out(logits).numpy(), expected, atol=1e-2)


def test_given_hints_are_the_truth_and_drawn_by_the_seed(network):
    batch = {"lightness": noise(2, 64, 64), "ab": torch.full((2, 2, 64, 64), 30.0)}
    given = []

    def record(lightness, hints):
        given.append(hints)
        return torch.zeros(2, 2, 64, 64)

    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(network, "predict", record)
        for seed in (3, 3, 4):
            network.given(batch, 10, seed=seed)
    first, again, other = given
    assert torch.equal(first.place, again.place)
    assert not torch.equal(first.place, other.place)
    torch.testing.assert_close(first.ab, torch.full((2, 10, 2), 30.0))
    assert (first.place[..., 2] == 1).all()
    covered = first.planes[:, 2].sum(dim=(1, 2)) * 16
    assert (covered > 4 * 49).all()
    assert (covered <= 10 * 49 + 1e-3).all()


# The encoder


def test_the_encoder_is_the_package_s_with_its_norms_folded(network):
    plain = load_encoder("efficientnet_lite0", "package").eval()
    weight = lite0_state()["conv_stem.weight"].sum(dim=1, keepdim=True)
    assert torch.equal(plain.conv_stem.weight, weight)
    lightness = noise(1, 64, 64)
    with torch.no_grad():
        expected, found = plain((lightness - 50) / 50), network.encode(lightness)
    for one, other in zip(found, expected, strict=True):
        assert other.std() > 0.05
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)
    assert isinstance(plain.bn1, torch.nn.BatchNorm2d)
    assert not isinstance(network.encoder.bn1, torch.nn.BatchNorm2d)


@pytest.mark.parametrize(
    ("name", "weights", "error", "message"),
    [
        ("efficientnet_light9", "none", RecipeError, "no encoder 'efficientnet_light9'"),
        ("vit_tiny_patch16_224", "none", RecipeError, r"features at \(16, 16, 16, 16\)"),
        ("test_efficientnet", "package", RecipeError, "efficientnet_lite0 only"),
        ("efficientnet_lite0", "gone.pth", CheckpointError, r"gone\.pth: can't be read"),
        (
            "efficientnet_lite0",
            "{other}",
            CheckpointError,
            r"other\.pth: this is not 'eff.*missing",
        ),
        ("efficientnet_lite0", "{shape}", CheckpointError, "the layers are not those of"),
    ],
)
def test_an_encoder_that_can_not_be_had_is_refused(name, weights, error, message, tmp_path):
    torch.save({"some": torch.zeros(3)}, tmp_path / "other.pth")
    torch.save({"conv_stem.weight": torch.zeros(3)}, tmp_path / "shape.pth")
    path = weights.format(other=tmp_path / "other.pth", shape=tmp_path / "shape.pth")
    with pytest.raises(error, match=message):
        load_encoder(name, path)


def test_a_failed_download_is_a_data_error(monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr(module.timm, "create_model", fail)
    with pytest.raises(DataError, match=r"'efficientnet_lite0' can't be downloaded \(no route\)"):
        load_encoder("efficientnet_lite0", "hub")


def test_blocks_of_the_encoder_are_skipped_in_training_only():
    lightness = noise(2, 64, 64)
    for drop_path in (0.0, 0.9):
        recipe = recipe_from_dict({"name": "tiny", "model": {**TINY, "drop_path": drop_path}})
        network = HintNetwork(recipe)
        for training in (True, False):
            network.train(training)
            with torch.no_grad():
                first, second = network.encode(lightness)[-1], network.encode(lightness)[-1]
            assert torch.equal(first, second) == (not training or drop_path == 0)
        names = {
            name for name, module in network.train().encoder.named_modules() if module.training
        }
        assert all("drop_path" in name for name in names)
