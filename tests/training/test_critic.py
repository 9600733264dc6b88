"""The critic: who learns from what, and that it can tell colors from others."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from photochrom.color.grid import gamut_grid
from photochrom.training.config import recipe_from_dict
from photochrom.training.critic import DETAIL, Critic
from photochrom.training.network import HintNetwork

pytestmark = pytest.mark.train

UNIFORM = np.full(len(gamut_grid()), 1 / len(gamut_grid()), np.float32)
TINY = {"kind": "photochrom", "encoder_weights": "none", "decoder_channels": [4, 8, 12, 16]}


@pytest.fixture
def critic():
    torch.manual_seed(0)
    return Critic(6)


def scene(count=4, seed=0):
    """Lightness, made colors, true colors, and what the encoder saw."""
    generator = torch.Generator().manual_seed(seed)
    lightness = torch.rand(count, 1, 16, 24, generator=generator) * 100
    true = torch.randn(count, 2, 16, 24, generator=generator) * 30
    seen = torch.randn(count, 6, 4, 6, generator=generator)
    return lightness, 0.2 * true, true.clone(), seen


def test_a_verdict_is_given_on_each_part(critic):
    lightness, _, true, seen = scene()
    assert critic(lightness, true, seen).shape == (4, 1, 4, 6)


def test_the_critic_and_the_network_learn_each_from_its_own_loss(critic):
    lightness, found, true, seen = scene()
    found, seen = found.clone().requires_grad_(), seen.requires_grad_()
    own, fooled = critic.losses(lightness, found, true, seen)
    weights = [one for one in critic.parameters() if one.ndim > 1]  # biases may cancel out
    assert all(
        gradient.abs().sum() > 0
        for gradient in torch.autograd.grad(own, weights, retain_graph=True)
    )
    assert torch.autograd.grad(own, [found, seen], allow_unused=True, retain_graph=True) == (
        None,
        None,
    )
    (on_found,) = torch.autograd.grad(fooled, [found], retain_graph=True)
    assert on_found.abs().sum() > 0
    unused = torch.autograd.grad(fooled, [*weights, seen], allow_unused=True)
    assert all(gradient is None for gradient in unused)


def test_the_network_is_asked_for_detail_and_not_for_other_means(critic):
    lightness, found, true, seen = scene()
    found = found.clone().requires_grad_()
    _, fooled = critic.losses(lightness, found, true, seen)
    (gradient,) = torch.autograd.grad(fooled, found)
    inside = gradient[..., DETAIL:-DETAIL]  # at the edge fewer positions are averaged
    assert gradient.abs().max() > 0
    assert abs(float(gradient.sum())) < 0.02 * float(gradient.abs().sum())
    assert inside.abs().max() > 0


def test_it_learns_to_tell_pale_colors_from_true_ones_and_asks_for_those(critic):
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3)
    for step in range(60):
        own, _ = critic.losses(*scene(seed=step))
        optimizer.zero_grad()
        own.backward()
        optimizer.step()
    lightness, found, true, seen = scene(16, seed=1000)
    with torch.no_grad():
        genuine, made = critic(lightness, true, seen), critic(lightness, found, seen)
    assert genuine.mean() > made.mean() + 0.5
    found = found.clone().requires_grad_()
    _, fooled = critic.losses(lightness, found, true, seen)
    (gradient,) = torch.autograd.grad(fooled, found)
    assert ((true - found) * -gradient).sum() > 0  # toward the truth


def test_a_network_has_a_critic_where_its_recipe_wants_one():
    light = torch.rand(4, 1, 32, 32) * 100
    batch = {
        "lightness": light,
        "seen": light,
        "ab": torch.randn(4, 2, 32, 32) * 20,
        "parts": torch.zeros(4, 3, 8, 8).long(),
    }
    for weight in (0.0, 0.5):
        recipe = recipe_from_dict(
            {"name": "tiny", "model": TINY, "loss": {"critic_weight": weight}}
        )
        torch.manual_seed(0)
        model = HintNetwork(recipe, UNIFORM).train()
        assert (model.critic is not None) == (weight > 0)
        model.loss(batch).backward()
        assert model.head.weight.grad.abs().sum() > 0
    assert all(one.grad.abs().sum() > 0 for one in model.critic.parameters() if one.ndim > 1)
    without = dataclasses.replace(recipe, loss=dataclasses.replace(recipe.loss, critic_weight=0.0))
    known = set(HintNetwork(without).state_dict())
    assert {key.partition(".")[0] for key in set(model.state_dict()) - known} == {"critic"}
