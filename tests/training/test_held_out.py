"""The figures and pictures of each epoch, against values computed by hand."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import math
from contextlib import nullcontext

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pyvips

from photochrom import color
from photochrom.training.encoder import GrayClassifier
from photochrom.training.held_out import HINTS, figures_of, measure, save_grid, to_srgb8

pytestmark = pytest.mark.train


class Constant(torch.nn.Module):
    """Answers the same ab everywhere; remembers whether it was in training mode."""

    def __init__(self, a, b):
        super().__init__()
        self.ab = torch.tensor([a, b], dtype=torch.float32).view(1, 2, 1, 1)
        self.seen_training = []

    def predict(self, lightness_B1HW):
        self.seen_training.append(self.training)
        return self.ab.expand(len(lightness_B1HW), 2, *lightness_B1HW.shape[-2:])


class Hinted(Constant):
    """Knows the truth once it is given hints; remembers how many."""

    def given(self, batch, count):
        self.count = count
        return batch["ab"]


class Fixed(torch.nn.Module):
    """A classifier with given scores."""

    held_out = GrayClassifier.held_out

    def __init__(self, logits_BK):
        super().__init__()
        self.logits_BK = logits_BK

    def forward(self, lightness_B1HW):
        return self.logits_BK[: len(lightness_B1HW)]


def flat(lightness, ab, side=8):
    """A batch of pictures of one color each."""
    count = len(lightness)
    lightness_B1HW = torch.tensor(lightness, dtype=torch.float32).view(count, 1, 1, 1)
    ab_B2HW = torch.tensor(ab, dtype=torch.float32).view(count, 2, 1, 1)
    return {
        "lightness": lightness_B1HW.expand(count, 1, side, side),
        "ab": ab_B2HW.expand(count, 2, side, side),
    }


def srgb8(lightness, a, b):
    lab = np.array([[[lightness, a, b]]], dtype=np.float32)
    return np.rint(color.lab_to_srgb(lab) * 255)[0, 0].astype(np.float64)


def test_psnr_of_a_known_difference():
    batch = flat([50, 70], [(0, 0), (20, -10)])
    figures = figures_of(Constant(30, 40), batch)
    for index, (lightness, a, b) in enumerate([(50, 0, 0), (70, 20, -10)]):
        mse = ((srgb8(lightness, 30, 40) - srgb8(lightness, a, b)) ** 2).mean()
        expected = 20 * math.log10(255) - 10 * math.log10(mse)
        assert figures["psnr"][index].item() == pytest.approx(expected, abs=1e-9)
    assert figures["psnr"].shape == (2,)


def test_loss_is_in_units_of_ab_over_128():
    figures = figures_of(Constant(64, 32), flat([50], [(0, 0)]))
    assert figures["loss"].tolist() == [(0.5**2 + 0.25**2) / 2]


def test_a_model_that_takes_hints_is_measured_with_some_besides():
    model, batch = Hinted(30, 40), flat([50, 70], [(0, 0), (20, -10)])
    figures = figures_of(model, batch)
    assert model.count == HINTS
    np.testing.assert_allclose(figures[f"psnr_{HINTS}_hints"], 10 * math.log10(255**2 / 1e-6))
    assert torch.equal(figures["psnr"], figures_of(Constant(30, 40), batch)["psnr"])
    assert f"psnr_{HINTS}_hints" not in figures_of(Constant(30, 40), batch)


def test_a_perfect_answer_has_a_finite_psnr():
    figures = figures_of(Constant(10, 10), flat([50], [(10, 10)]))
    assert figures["psnr"].item() == pytest.approx(10 * math.log10(255**2 / 1e-6))
    assert figures["loss"].item() == 0


def test_colorfulness_of_result_and_truth_stand_apart():
    figures = figures_of(Constant(0, 0), flat([50], [(30, 40)]))
    assert figures["colorfulness"].item() == pytest.approx(0, abs=1e-9)
    truth = np.tile(srgb8(50, 30, 40).astype(np.uint8), (8, 8, 1))
    assert figures["colorfulness_truth"].item() == pytest.approx(color.colorfulness(truth))
    assert figures["colorfulness_truth"].item() > 10


def test_accuracy_and_cross_entropy_of_known_scores():
    scores = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]))
    batch = {"lightness": torch.zeros(3, 1, 8, 8), "label": torch.tensor([0, 2, 2])}
    figures = measure(Fixed(scores), [batch], nullcontext)
    assert figures["accuracy"] == pytest.approx(2 / 3)
    expected = -(math.log(0.7) + math.log(0.3) + math.log(0.8)) / 3
    assert figures["loss"] == pytest.approx(expected, rel=1e-6)


def test_the_mean_is_over_pictures_not_over_batches():
    good, bad = flat([50, 50, 50], [(8, 0)] * 3), flat([50], [(72, 0)])
    figures = measure(Constant(8, 0), [good, bad], nullcontext)
    assert figures["loss"] == pytest.approx((64 / 128) ** 2 / 2 / 4)


def test_measure_leaves_the_model_in_evaluation_mode():
    model = Constant(0, 0).train()
    measure(model, [flat([50], [(0, 0)])], nullcontext)
    assert model.seen_training == [False]
    assert not model.training


def test_to_srgb8_agrees_with_the_color_module():
    batch = flat([20, 50, 80], [(10, -30), (0, 0), (-20, 40)], side=2)
    found = to_srgb8(batch["lightness"], batch["ab"])
    assert found.shape == (3, 2, 2, 3)
    assert found.dtype == np.uint8
    expected = [srgb8(20, 10, -30), srgb8(50, 0, 0), srgb8(80, -20, 40)]
    assert found[:, 1, 1].tolist() == [list(pixel) for pixel in expected]


def test_the_grid_shows_grey_prediction_and_truth(tmp_path):
    side = 8
    batch = flat([30, 50, 70, 80], [(20, 20), (-20, 20), (20, -20), (0, 30)], side=side)
    path = tmp_path / "grids" / "epoch-0001.png"
    assert save_grid(Constant(5, -40), batch, path, rows=3)
    grid = pyvips.Image.new_from_file(str(path)).numpy()
    assert grid.shape == (3 * side, 3 * side, 3)
    gray = grid[:, :side].astype(int)
    assert np.ptp(gray, axis=2).max() == 0
    for row, (lightness, ab) in enumerate([(30, (20, 20)), (50, (-20, 20)), (70, (20, -20))]):
        top = row * side
        assert gray[top + 3, 3].tolist() == srgb8(lightness, 0, 0).tolist()
        assert grid[top + 3, side + 3].tolist() == srgb8(lightness, 5, -40).tolist()
        assert grid[top + 3, 2 * side + 3].tolist() == srgb8(lightness, *ab).tolist()


def test_the_grid_of_few_pictures_has_few_rows(tmp_path):
    assert save_grid(Constant(0, 0), flat([50], [(0, 0)], side=16), tmp_path / "grid.png")
    image = pyvips.Image.new_from_file(str(tmp_path / "grid.png"))
    assert (image.height, image.width) == (16, 48)


def test_a_classifier_has_no_grid(tmp_path):
    model = Fixed(torch.zeros(1, 2))
    assert not save_grid(model, flat([50], [(0, 0)]), tmp_path / "grid.png")
    assert not (tmp_path / "grid.png").exists()
