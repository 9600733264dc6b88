"""The Photochrom network learns: its loss, and what a few steps change."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from photochrom.color.grid import gamut_grid
from photochrom.training.config import recipe_from_dict
from photochrom.training.network import HintNetwork

pytestmark = pytest.mark.train

BINS = len(gamut_grid())
UNIFORM = np.full(BINS, 1 / BINS, np.float32)
TINY = {"kind": "photochrom", "encoder_weights": "none", "decoder_channels": [4, 8, 12, 16]}


def tiny(**tables):
    recipe = recipe_from_dict({"name": "tiny", "model": TINY, **tables})
    torch.manual_seed(0)
    return HintNetwork(recipe, UNIFORM)


def batch_of(count=4, side=32):
    """One picture, as often as wanted: what is light is yellow, what is dark is blue."""
    ramp = torch.linspace(10, 90, side).expand(count, 1, side, side)
    rows = torch.arange(side // 4).expand(count, 3, side // 4, side // 4)
    return {
        "lightness": ramp,
        "seen": ramp,
        "ab": torch.cat([0 * ramp, ramp - 50], dim=1),
        "parts": rows // (side // 8),
    }


def loss_of(model, batch, seed=0):
    torch.manual_seed(seed)
    return model.loss(batch)


@pytest.fixture(scope="module")
def trained():
    """(the network, its weights before, the losses of its few steps)"""
    model = tiny(hints={"reference_share": 0.5, "recolored_share": 0.25}).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    batch = batch_of()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=2e-2)
    losses = [loss_of(model, batch).item()]
    for step in range(25):
        optimizer.zero_grad()
        loss_of(model, batch, step).backward()
        optimizer.step()
    losses.append(loss_of(model, batch).item())
    return model, before, losses


def test_a_few_steps_on_one_picture_fit_it(trained):
    _, _, (first, last) = trained
    assert last < 0.75 * first


def test_frozen_parts_and_the_encoder_s_norms_stay_as_they_came(trained):
    model, before, _ = trained
    frozen = model.recipe.model.frozen
    changed = {
        key for key, value in model.state_dict().items() if not torch.equal(value, before[key])
    }
    names = [key.removeprefix("encoder.") for key in changed if key.startswith("encoder.")]
    assert not [name for name in names if name.startswith(frozen) or "running" in name]
    assert any(name.startswith("blocks.6") for name in names)
    assert {"head.weight", "saw.weight", "stages.0.blocks.0.hints.nothing"} <= changed
    assert not model.encoder.training
    assert model.stages.training


def test_the_same_seed_gives_the_same_loss():
    model, batch = tiny().eval(), batch_of()
    with torch.no_grad():
        first, again, other = (loss_of(model, batch, seed).item() for seed in (1, 1, 2))
    assert first == again != other


def test_every_example_is_decoded_without_hints_and_with_them(monkeypatch):
    model, batch = tiny().eval(), batch_of(8)
    decoded = []

    def recording(features, hints):
        decoded.append((features, hints))
        return HintNetwork.trunk(model, features, hints)

    monkeypatch.setattr(model, "trunk", recording)
    loss_of(model, batch)
    ((features, hints),) = decoded
    given = (~hints.mask).sum(dim=1)
    assert len(given) == 16
    assert (given[:8] == 0).all()
    assert (given[8:] > 0).all()
    assert not hints.planes[:8].any()
    for feature in features:
        assert torch.equal(feature[:8], feature[8:])


def test_all_positions_are_as_many_positions_as_there_are():
    model, batch = tiny(loss={"positions": 0, "region_weight": 0}).eval(), batch_of()
    with torch.no_grad():
        every = loss_of(model, batch).item()
        for positions, same in ((10**6, True), (20, False)):
            loss = dataclasses.replace(model.recipe.loss, positions=positions)
            model.recipe = dataclasses.replace(model.recipe, loss=loss)
            found = loss_of(model, batch).item()
            assert (found == pytest.approx(every, rel=1e-5)) == same
            assert found == pytest.approx(every, rel=0.3)


def test_the_error_of_whole_pictures_counts_with_its_weight():
    model, batch = tiny(loss={"positions": 0}).eval(), batch_of()
    found = []
    with torch.no_grad():
        for weight in (0.0, 0.5, 1.0):
            loss = dataclasses.replace(model.recipe.loss, picture_weight=weight)
            model.recipe = dataclasses.replace(model.recipe, loss=loss)
            found.append(loss_of(model, batch).item())
    first, second = found[1] - found[0], found[2] - found[1]
    assert first == pytest.approx(second, rel=1e-3)
    assert first < 0  # the logarithm of less than 1


def test_the_error_of_whole_pictures_falls_where_it_is_learned_from():
    model, batch = tiny(loss={"picture_weight": 30.0}).train(), batch_of()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=2e-2)
    first = loss_of(model, batch).item()
    for step in range(25):
        optimizer.zero_grad()
        loss_of(model, batch, step).backward()
        optimizer.step()
    # 30 times the logarithm: twice as near is 40 less; what the cross-entropy can give is 6.
    assert loss_of(model, batch).item() < first - 10


def test_without_a_prior_there_is_no_loss():
    model = HintNetwork(recipe_from_dict({"name": "tiny", "model": TINY}))
    with pytest.raises(AssertionError, match="prior"):
        model.loss(batch_of())
