"""Parts of a picture, and giving one another color."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from photochrom.training.regions import SIZES, choose_part, parts, points_inside, recolor

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def halves(height=64, width=64):
    """CIELAB with one color left and another right."""
    lab = np.full((height, width, 3), 50, dtype=np.float32)
    lab[:, : width // 2, 1:] = [40, 10]
    lab[:, width // 2 :, 1:] = [-30, 20]
    return lab


def test_two_colors_are_two_parts_at_every_size():
    found = parts(halves())
    assert found.shape == (len(SIZES), 16, 16)
    for numbers in found:
        left, right = numbers[:, :6], numbers[:, 10:]
        assert len(np.unique(left)) == len(np.unique(right)) == 1
        assert left[0, 0] != right[0, 0]


def test_larger_sizes_have_fewer_parts():
    noise = np.random.default_rng(0).normal(0, 12, (16, 16, 3)).astype(np.float32)
    lab = np.kron(noise, np.ones((8, 8, 1), np.float32))
    counts = [len(np.unique(numbers)) for numbers in parts(lab.astype(np.float32))]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_a_chosen_part_is_a_part_or_parts_of_like_color():
    numbers = torch.arange(4).repeat_interleave(16).view(1, 8, 8)
    ab = torch.tensor([0.0, 0.0, 60.0, 0.0])[numbers[0]].expand(2, 8, 8)
    areas = {int(choose_part(numbers, ab).sum()) for _ in range(60)}
    assert areas == {16, 48}


def test_recoloring_moves_a_part_as_a_whole_and_nothing_else():
    ab = torch.randn(40, 2, 32, 32) * 5 + 20
    masks = torch.zeros(40, 1, 8, 8)
    masks[:30, :, 2:6, 2:6] = 1
    found = recolor(ab, masks)
    outside = masks.repeat_interleave(4, 2).repeat_interleave(4, 3).expand_as(ab) == 0
    assert torch.equal(found[outside], ab[outside])
    before, after = ab[:30, :, 8:24, 8:24], found[:30, :, 8:24, 8:24]
    moved = (after.mean(dim=(2, 3)) - before.mean(dim=(2, 3))).norm(dim=1)
    assert moved.median() > 15
    assert (after.std(dim=(2, 3)) <= before.std(dim=(2, 3)) + 1e-4).all()


def test_points_lie_inside_their_masks():
    masks = torch.zeros(3, 1, 8, 10)
    masks[0, 0, 1:4, 2:7] = masks[1, 0, 7, 9] = 1
    points = points_inside(masks, 20)
    assert points.shape == (3, 20, 2)
    cells = (points / 4).long()
    assert (masks[0, 0][cells[0, :, 1], cells[0, :, 0]] == 1).all()
    assert (cells[1] == torch.tensor([9, 7])).all()
    assert ((points[2] >= 0) & (points[2] < torch.tensor([40.0, 32.0]))).all()
