"""The head that finds the thing under a point."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import pytest

torch = pytest.importorskip("torch")

from photochrom.training.region_head import EMBEDDING, RegionHead
from photochrom.training.regions import SIZES

pytestmark = pytest.mark.train

CHANNELS = (4, 6, 8, 10)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def features(height=64, width=96):
    return [
        torch.randn(2, channels, height // stride, width // stride)
        for channels, stride in zip(CHANNELS, (4, 8, 16, 32), strict=True)
    ]


def test_the_embedding_has_the_finest_features_size():
    assert RegionHead(CHANNELS)(*features()).shape == (2, EMBEDDING, 16, 24)


def test_masks_fall_off_from_the_point_in_a_plain_embedding():
    head = RegionHead(CHANNELS)
    masks = head.masks(torch.zeros(1, EMBEDDING, 16, 24), torch.tensor([[[42.0, 22.0]]]))
    assert masks.shape == (1, 1, len(SIZES), 16, 24)
    for one in masks[0, 0]:
        assert one.argmax() == 5 * 24 + 10
        assert one[5, 10] > one[5, 14] > one[5, 20]


def test_what_has_another_embedding_is_left_out():
    head = RegionHead(CHANNELS)
    embedding = torch.zeros(1, EMBEDDING, 16, 24)
    embedding[..., 12:] = 10
    masks = head.masks(embedding, torch.tensor([[[20.0, 30.0]]])).sigmoid()[0, 0]
    assert (masks[..., :12].amin(dim=(1, 2)) > masks[..., 12:].amax(dim=(1, 2))).all()


def test_the_loss_is_low_where_masks_are_right():
    head = RegionHead(CHANNELS)
    with torch.no_grad():
        head.bias.fill_(8.0)
        head.slope.fill_(5.0)
        head.away.fill_(-9.0)
    parts = (torch.arange(24) >= 12).long().expand(1, len(SIZES), 16, 24)
    right = torch.zeros(1, EMBEDDING, 16, 24)
    right[..., 12:] = 10
    wrong = right.transpose(2, 3).reshape(1, EMBEDDING, 16, 24)
    assert head.loss(right, parts) < 0.05
    assert head.loss(wrong, parts) > 1


def test_it_can_be_learned():
    head = RegionHead(CHANNELS)
    given = features()
    parts = torch.randint(0, 2, (2, 1, 4, 6)).repeat_interleave(4, 2).repeat_interleave(4, 3)
    parts = parts.expand(2, len(SIZES), 16, 24)
    optimizer = torch.optim.Adam(head.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        loss = head.loss(head(*given), parts)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
