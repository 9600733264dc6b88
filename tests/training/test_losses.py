"""What the Photochrom network learns from, against values computed by hand."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from photochrom import color
from photochrom.color.grid import gamut_grid
from photochrom.training.losses import (
    ERROR_FLOOR,
    BinCrossEntropy,
    bin_shares,
    lab_to_srgb,
    log_errors,
)
from photochrom.training.tables import LossConfig

pytestmark = pytest.mark.train

GRID = gamut_grid()
UNIFORM = np.full(len(GRID), 1 / len(GRID), np.float32)


def peaked(*, common=(0.0, 0.0), share=0.9):
    """A prior in which one bin is common."""
    prior = np.full(len(GRID), (1 - share) / (len(GRID) - 1), np.float32)
    prior[(GRID.centers == common).all(axis=1)] = share
    return prior


@cache
def usual(mean_weight=0.0):
    """The loss under a uniform prior, its tables made once."""
    return criterion(mean_weight=mean_weight)


def criterion(prior=UNIFORM, **config):
    return BinCrossEntropy(GRID, prior, LossConfig(**{"mean_weight": 0.0, **config}))


def logits_of(ab):
    """Logits whose distribution is the soft target of a color."""
    return torch.from_numpy(np.log(GRID.soft_encode(np.array(ab)) + 1e-12))


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_the_truth_costs_less_than_any_other_answer(seed):
    random = np.random.default_rng(seed)
    ab_P2 = torch.from_numpy(GRID.centers[random.integers(0, len(GRID), 8)])
    measure = usual(0.02)
    best_P = measure(logits_of(ab_P2.numpy()), ab_P2)
    other_P = measure(logits_of(GRID.centers[random.integers(0, len(GRID), 8)]), ab_P2)
    noisy_P = measure(logits_of(ab_P2.numpy()) + 0.3 * torch.randn(8, len(GRID)), ab_P2)
    assert (best_P <= other_P + 1e-5).all()
    assert (best_P < noisy_P).all()


def test_the_loss_of_the_truth_is_the_entropy_of_its_soft_target():
    soft = GRID.soft_encode(np.array([20.0, 30.0]))
    entropy = -(soft[soft > 0] * np.log(soft[soft > 0])).sum()
    found = usual()(logits_of([[20.0, 30.0]]), torch.tensor([[20.0, 30.0]]))
    assert found.item() == pytest.approx(entropy, abs=1e-4)


def test_a_color_farther_off_costs_more():
    truth = torch.tensor([[0.0, 0.0]])
    measure = usual(1.0)
    costs = [measure(logits_of([[a, 0.0]]), truth).item() for a in (0.0, 10.0, 40.0, 70.0)]
    assert costs == sorted(costs)
    # The entropies of far answers are alike; their means are not.
    assert costs[3] - costs[2] == pytest.approx(30, rel=0.1)


def test_the_mean_has_the_huber_loss_with_its_weight():
    logits_PQ, truth_P2 = torch.randn(6, len(GRID)), torch.randn(6, 2) * 40
    mean_P2 = logits_PQ.softmax(dim=1) @ torch.tensor(GRID.centers)
    huber_P = functional.huber_loss(mean_P2, truth_P2, reduction="none", delta=10.0).sum(dim=1)
    plain_P, both_P = (usual(weight)(logits_PQ, truth_P2) for weight in (0.0, 0.25))
    torch.testing.assert_close(both_P - plain_P, 0.25 * huber_P / 10)


@pytest.mark.parametrize("rarity", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("prior", [UNIFORM, peaked()], ids=["uniform", "peaked"])
def test_weights_have_a_mean_of_1_under_the_prior(prior, rarity):
    whole = GRID.centers.astype(int) + 128
    weights = criterion(prior, rarity=rarity).weights[whole[:, 0] * 256 + whole[:, 1]].numpy()
    assert (prior * weights).sum() == pytest.approx(1, abs=1e-4)
    if rarity == 1.0:  # w p is the same for all
        np.testing.assert_allclose(weights * prior, 1 / len(GRID), rtol=1e-4)
    if rarity == 0.0:
        np.testing.assert_allclose(weights, 1, rtol=1e-4)


def test_rare_colors_count_for_more():
    measure, logits = criterion(peaked(), rarity=0.5), torch.zeros(2, len(GRID))
    common, rare = measure(logits, torch.tensor([[0.0, 0.0], [50.0, 50.0]])).tolist()
    uniform = 1 / len(GRID)
    ratio = (0.5 * 0.9 + 0.5 * uniform) / (0.5 * 0.1 / (len(GRID) - 1) + 0.5 * uniform)
    assert rare / common == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("ab", [(300.0, -300.0), (-128.4, 127.6), (127.0, -128.0)])
def test_colors_out_of_range_have_a_finite_loss(ab):
    assert torch.isfinite(usual()(torch.zeros(1, len(GRID)), torch.tensor([ab]))).all()


def test_the_gradient_leads_to_the_truth():
    logits_PQ = torch.zeros(1, len(GRID), requires_grad=True)
    truth_P2 = torch.tensor([[40.0, -30.0]])
    for _ in range(20):
        (gradient,) = torch.autograd.grad(usual()(logits_PQ, truth_P2).sum(), logits_PQ)
        logits_PQ = (logits_PQ - 20 * gradient).detach().requires_grad_()
    assert GRID.centers[logits_PQ.argmax().item()].tolist() == [40, -30]


# Whole pictures


def test_colors_are_those_of_the_runtime_in_gamut_and_out_of_it():
    random = np.random.default_rng(0)
    lab = random.uniform([0, -110, -110], [100, 110, 110], (4, 500, 3)).astype(np.float32)
    lab[0, :, 1:] *= 0.1
    found = lab_to_srgb(torch.from_numpy(lab)).numpy()
    np.testing.assert_allclose(found, color.lab_to_srgb(lab), atol=3e-3)


def test_every_color_has_a_finite_gradient():
    sides = torch.tensor([-110.0, 0.0, 110.0])
    lab_BN3 = torch.cartesian_prod(torch.tensor([0.0, 1e-3, 50.0, 100.0]), sides, sides)[None]
    lab_BN3.requires_grad_()
    (gradient,) = torch.autograd.grad(lab_to_srgb(lab_BN3).sum(), lab_BN3)
    assert torch.isfinite(gradient).all()
    assert gradient[0, :, 1:].abs().max() > 1e-3


def pictures(*chroma):
    """sRGB (B, N, 3) of the same colors at several strengths."""
    random = np.random.default_rng(1)
    ab = random.normal(0, 20, (64, 2)).astype(np.float32)
    lab = [np.concatenate([np.full((64, 1), 60.0), share * ab], axis=1) for share in chroma]
    return torch.from_numpy(color.lab_to_srgb(np.stack(lab).astype(np.float32)))


def test_a_picture_s_error_is_its_psnr():
    truth = pictures(1.0, 1.0, 1.0)
    found = pictures(1.1, 0.5, 0.0)
    mse = ((found - truth).numpy() ** 2).mean(axis=(1, 2))
    errors = log_errors(found, truth)
    np.testing.assert_allclose(errors.exp() - ERROR_FLOOR, mse, rtol=1e-3)
    assert (errors.diff() > 0).all()
    np.testing.assert_allclose(log_errors(truth, truth).exp(), ERROR_FLOOR, rtol=1e-4)


def test_a_picture_nearly_right_gains_as_much_as_one_far_off():
    truth = torch.full((2, 32, 3), 0.5)
    off = torch.tensor([0.1, 0.4])[:, None, None].expand(2, 32, 3).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(log_errors(truth + off, truth).sum(), off)
    relative = (gradient * off).sum(dim=(1, 2))  # what a change by one percent brings
    assert relative[0].item() == pytest.approx(relative[1].item(), rel=0.1)


# How often colors occur


def store(*pictures):
    return SimpleNamespace(srgb=lambda index: pictures[index])


def painted(srgb, side=32):
    return np.tile(np.uint8(srgb), (side, side, 1))


def test_shares_are_those_of_the_pictures_colors():
    stores = [store(painted((200, 30, 30)), painted((30, 160, 40))), store(painted((30, 160, 40)))]
    shares = bin_shares(GRID, stores, [(0, 0), (0, 1), (1, 0)])
    assert shares.dtype == np.float32
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    for srgb, share in (((200, 30, 30), 1 / 3), ((30, 160, 40), 2 / 3)):
        ab = color.srgb_to_lab(np.uint8(srgb))[1:]
        near = np.hypot(*(GRID.centers - ab).T) < 25
        assert shares[near].sum() == pytest.approx(share, abs=0.01)


def test_a_limit_takes_pictures_evenly():
    seen = []
    pictures = SimpleNamespace(srgb=lambda index: seen.append(index) or painted((9, 99, 200)))
    bin_shares(GRID, [pictures], [(0, index) for index in range(100)], limit=10)
    assert seen == list(range(0, 100, 10))
