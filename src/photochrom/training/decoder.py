"""The parts of the decoder: stages that join sizes, attention to hints and to one another.

Axes: B batch, C channels, H height, W width, N positions (H x W), T tokens, 2 ab or (x, y),
3 (x, y, placed) or (a, b, coverage).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.training.hints import STRIDES, Hints

AB_SCALE = 110.0
"""Hints' a* and b* are divided by this."""

TOKEN_CHANNELS = 128
HEADS = 4


def _conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class HintAttention(nn.Module):
    """Every position asks the hint tokens, and a token that says "none of these applies"."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.width = TOKEN_CHANNELS // HEADS
        self.query = nn.Linear(channels, TOKEN_CHANNELS)
        self.key_value = nn.Linear(TOKEN_CHANNELS, 2 * TOKEN_CHANNELS)
        self.nothing = nn.Parameter(torch.randn(2, HEADS, 1, self.width) * 0.02)
        self.reach = nn.Parameter(torch.linspace(0.0, 4.2, HEADS))
        """Logarithm of each head's penalty for a distance of half the picture: 1 to 64."""
        self.out = nn.Linear(TOKEN_CHANNELS, channels)

    def forward(self, x_BNC: Tensor, tokens_BTC: Tensor, distance_B1NT: Tensor, mask: Any) -> Any:
        """What the tokens say to every position, (B, N, C)."""
        query = self._heads(self.query(x_BNC))
        key, value = (self._heads(part) for part in self.key_value(tokens_BTC).chunk(2, dim=-1))
        scale = self.width**-0.5
        penalty = distance_B1NT * self.reach.exp()[:, None, None]
        told = query @ key.transpose(-1, -2) * scale - penalty
        if mask is not None:
            told = told.masked_fill(mask[:, None, None, :], -1e4)
        untold = query @ self.nothing[0].transpose(-1, -2) * scale
        weights = torch.cat([untold, told], dim=-1).float().softmax(dim=-1).to(value.dtype)
        mixed = weights[..., 1:] @ value + weights[..., :1] * self.nothing[1]
        answer: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return answer

    def _heads(self, x_BNC: Tensor) -> Tensor:
        return x_BNC.reshape(*x_BNC.shape[:2], HEADS, self.width).transpose(1, 2)


class Block(nn.Module):
    """Agreement across the picture: positions attend to one another and to the hints."""

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.hints = HintAttention(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )

    def forward(self, x_BNC: Tensor, tokens_BTC: Tensor, distance_B1NT: Tensor, mask: Any) -> Any:
        """(B, N, C) to (B, N, C)."""
        x_BNC = x_BNC + self.drop(self._attend(self.norms[0](x_BNC)))
        x_BNC = x_BNC + self.hints(self.norms[1](x_BNC), tokens_BTC, distance_B1NT, mask)
        return x_BNC + self.drop(self.mlp(self.norms[2](x_BNC)))

    def _attend(self, x_BNC: Tensor) -> Tensor:
        query, key, value = (
            part.reshape(*part.shape[:2], HEADS, -1).transpose(1, 2)
            for part in self.query_key_value(x_BNC).chunk(3, dim=-1)
        )
        told = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        mixed = told.softmax(dim=-1).to(value.dtype) @ value
        answer: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return answer


class Stage(nn.Module):
    """One size of the decoder: join what comes from below, the encoder and the planes."""

    def __init__(
        self,
        below: int,
        skip: int,
        channels: int,
        *,
        blocks: int = 0,
        attends: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout2d(dropout)
        self.narrow = _conv(below, min(below, channels), 1) if below else None
        inputs = min(below, channels) + skip + 3
        self.join = _conv(inputs, channels, 3 if below else 1)
        self.blocks = nn.ModuleList(Block(channels, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels) if attends else None
        self.hints = HintAttention(channels) if attends else None
        self.refine = nn.Identity() if blocks else _conv(channels, channels)

    def forward(
        self, below: Tensor | None, skip_BCHW: Tensor, tokens_BTC: Tensor, hints: Hints, stride: int
    ) -> Tensor:
        """(B, C, H, W) of this stage, at the size of `skip_BCHW`."""
        planes_B3HW = pooled_planes(hints.planes, stride)
        parts = [self.drop(skip_BCHW), planes_B3HW.to(skip_BCHW.dtype)]
        if self.narrow is not None and below is not None:
            parts.insert(0, double(self.narrow(below)))
        x_BCHW: Tensor = self.join(torch.cat(parts, dim=1))
        if len(self.blocks) or self.hints is not None:
            distance_B1NT = distances(skip_BCHW, hints.place, stride)
            x_BNC = x_BCHW.flatten(2).transpose(1, 2)
            for block in self.blocks:
                x_BNC = block(x_BNC, tokens_BTC, distance_B1NT, hints.mask)
            if self.hints is not None and self.norm is not None:
                asked = self.hints(self.norm(x_BNC), tokens_BTC, distance_B1NT, hints.mask)
                x_BNC = x_BNC + asked
            x_BCHW = x_BNC.transpose(1, 2).reshape(x_BCHW.shape)
        refined: Tensor = self.refine(x_BCHW)
        return refined


def double(x_BCHW: Tensor) -> Tensor:
    """Twice the size, bilinear."""
    return functional.interpolate(x_BCHW, scale_factor=2.0, mode="bilinear", align_corners=False)


def pooled_planes(planes_B3HW: Tensor, stride: int) -> Tensor:
    """Hint planes at 1/4 brought to 1/`stride`: the mean color of what hints cover there.

    ``planes`` are (a x coverage, b x coverage, coverage), which can be averaged; what comes
    out is (a, b, 1) times a number near 1 wherever a hint stands.
    """
    if stride > STRIDES[0]:
        planes_B3HW = functional.avg_pool2d(planes_B3HW, stride // STRIDES[0])
    coverage_B1HW = planes_B3HW[:, 2:]
    ab_B2HW = planes_B3HW[:, :2] / (AB_SCALE * (coverage_B1HW + 1e-6))
    present_B1HW = coverage_B1HW / (coverage_B1HW + 0.01)
    return torch.cat([ab_B2HW * present_B1HW, present_B1HW], dim=1)


def distances(like_BCHW: Tensor, place_BT3: Tensor, stride: int) -> Tensor:
    """(B, 1, N, T): from positions to tokens, in halves of the shorter side; 0 without place."""
    ones_HW = torch.ones_like(like_BCHW[0, 0])
    row_HW, column_HW = (ones_HW.cumsum(axis) - 0.5 for axis in (0, 1))
    half = 0.5 * torch.minimum(row_HW.max(), column_HW.max()) + 0.25
    position_N2 = torch.stack([column_HW.flatten(), row_HW.flatten()], dim=-1)
    square_BNT2 = (position_N2[None, :, None] - place_BT3[:, None, :, :2] / stride).square()
    # No sum(dim=-1): over no tokens, ONNX Runtime before 1.32 makes a wrong shape of it.
    distance_BNT = (square_BNT2[..., 0] + square_BNT2[..., 1] + 1e-4).sqrt() / half
    return (distance_BNT * place_BT3[:, None, :, 2])[:, None]
