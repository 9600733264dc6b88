"""What a hint reaches: the thing under a point, as a soft mask, from the encoder's features.

A small head gives every position at 1/4 an embedding; what lies near a point's, in it and in the
picture, is of the same thing. Hints play no part, so that it is computed once a picture.

Axes: B batch, C channels, E embedding, K points, S sizes of things, h, w at 1/4, 2 (x, y).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.training.decoder import double
from photochrom.training.hints import STRIDES
from photochrom.training.regions import SIZES

WIDTH, EMBEDDING = 64, 32
CLICKS = 8
STRIDE = STRIDES[0]


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.wide = nn.Conv2d(channels, 2 * channels, 1)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        inner = self.wide(self.norm(self.around(x_BCHW)))
        result: Tensor = x_BCHW + self.narrow(functional.gelu(inner))
        return result


class RegionHead(nn.Module):
    """Features at 1/4, 1/8, 1/16, 1/32 to an embedding at 1/4.

    Parameters
    ----------
    channels : of the encoder's features, finest first
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(one, WIDTH, 1) for one in channels)
        self.blocks = nn.ModuleList(_Residual(WIDTH) for _ in channels)
        self.last = nn.Conv2d(WIDTH, EMBEDDING, 1)
        sizes = len(SIZES)
        self.bias = nn.Parameter(torch.tensor([2.0, 2.5, 3.0][:sizes]))
        self.slope = nn.Parameter(torch.zeros(sizes))
        self.away = nn.Parameter(torch.zeros(sizes))

    def forward(self, *features: Tensor) -> Tensor:
        """(B, E, h, w)."""
        x_BCHW: Tensor | None = None
        parts = zip(reversed(features), reversed(self.laterals), reversed(self.blocks), strict=True)
        for feature, lateral, block in parts:
            seen = lateral(feature)
            x_BCHW = block(seen if x_BCHW is None else seen + double(x_BCHW))
        embedding: Tensor = self.last(x_BCHW)
        return embedding

    def readers(self) -> Tensor:
        """(S, 3): of each size, bias, slope, and what half of the shorter side counts for."""
        steep, far = functional.softplus(self.slope), functional.softplus(self.away)
        return torch.stack([self.bias, steep, far], dim=1)

    @torch.no_grad()
    def set_readers(self, readers: Sequence[Sequence[float]]) -> None:
        """Take what `readers` gave."""
        bias_S, steep_S, far_S = torch.tensor(readers).unbind(1)
        self.bias.copy_(bias_S)
        self.slope.copy_(steep_S.clamp(min=1e-4).expm1().log())  # the inverse of softplus
        self.away.copy_(far_S.clamp(min=1e-4).expm1().log())

    def masks(self, embedding_BEhw: Tensor, points_BK2: Tensor) -> Tensor:
        """Logits (B, K, S, h, w) of belonging to the thing at each point (x, y) in pixels."""
        embedding_BEhw = embedding_BEhw.float()
        height, width = embedding_BEhw.shape[2:]
        scale = points_BK2.new_tensor([width, height]) * STRIDE
        own_BEK = functional.grid_sample(
            embedding_BEhw,
            (2 * points_BK2 / scale - 1)[:, None],
            padding_mode="border",
            align_corners=False,
        )[:, :, 0]
        # |e - o|^2 written out: backward through cdist is slow.
        flat_BEN = embedding_BEhw.flatten(2)
        inner_BKN = own_BEK.transpose(1, 2) @ flat_BEN
        squared_BKN = own_BEK.square().sum(1)[..., None] + flat_BEN.square().sum(1)[:, None]
        apart_BKN = (squared_BKN - 2 * inner_BKN).clamp(min=0).add(1e-4).sqrt()
        rows, columns = (torch.arange(side) + 0.5 for side in (height, width))
        x_BKhw = columns - points_BK2[..., :1, None] / STRIDE
        y_BKhw = rows[:, None] - points_BK2[..., 1:, None] / STRIDE
        away_BKN = (x_BKhw**2 + y_BKhw**2 + 1e-4).sqrt().flatten(2) / (min(height, width) / 2)
        bias_S, steep_S, far_S = self.readers().unbind(1)
        distance_BKSN = apart_BKN[:, :, None] + far_S[:, None] * away_BKN[:, :, None]
        logits_BKSN = bias_S[:, None] - steep_S[:, None] * distance_BKSN
        return logits_BKSN.reshape(*logits_BKSN.shape[:3], height, width)

    def loss(self, embedding_BEhw: Tensor, parts_BShw: Tensor) -> Tensor:
        """Binary cross-entropy and Dice of the masks at random points, a scalar."""
        count, sizes, height, width = parts_BShw.shape
        at_BK = torch.randint(height * width, (count, CLICKS))
        place_BK2 = torch.stack([at_BK % width, at_BK // width], dim=-1).float()
        logits = self.masks(embedding_BEhw, STRIDE * (place_BK2 + 0.5)).flatten(3)
        flat_BSN = parts_BShw.flatten(2)
        own_BSK = flat_BSN.gather(2, at_BK[:, None].expand(-1, sizes, -1))
        truth = (flat_BSN[:, None] == own_BSK.transpose(1, 2)[..., None]).float()
        entropy = functional.binary_cross_entropy_with_logits(logits, truth)
        found = logits.sigmoid()
        both = 2 * (found * truth).sum(-1)
        dice = (both + 1) / (found.sum(-1) + truth.sum(-1) + 1)
        return entropy + 1 - dice.mean()
