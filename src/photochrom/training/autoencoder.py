"""The baseline: a ResNet-18-gray encoder and a six-stage decoder, L* to ab.

The system that this project began with (docs/explanation/baseline.md): the first six
children of a ResNet-18, frozen, and a decoder trained on flowers with mean squared error.

Axes: B batch, C channels, H height, W width, 1 lightness, 2 ab.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.training.encoder import CHANNELS, STRIDE, load_encoder, normalize

OUTPUT_SCALE = 128.0
"""The network works in ab / 128, about -1..1."""


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _double() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


class Autoencoder(nn.Module):
    """L* at any size to ab at the same size.

    ``encode`` and ``decode`` are the two halves of the exported model; inputs of a size
    that is no multiple of 8 are padded by their edge inside ``forward``.

    Parameters
    ----------
    encoder_weights : as for `load_encoder`
    freeze_encoder : keep the encoder as it is, in evaluation mode
    """

    score = "psnr"
    features: ClassVar[tuple[str, ...]] = ("features",)
    feature_channels: ClassVar[tuple[int, ...]] = (CHANNELS,)
    feature_strides: ClassVar[tuple[int, ...]] = (STRIDE,)

    def __init__(self, *, encoder_weights: str = "none", freeze_encoder: bool = True) -> None:
        super().__init__()
        self.encoder = load_encoder(encoder_weights)
        self.freeze_encoder = freeze_encoder
        if freeze_encoder:
            self.encoder.requires_grad_(False)
        self.decoder = nn.Sequential(
            _stage(128, 128),
            nn.Sequential(_double(), _stage(128, 64)),
            _stage(64, 64),
            nn.Sequential(_double(), _stage(64, 32)),
            nn.Conv2d(32, 2, kernel_size=3, padding=1),
            _double(),
        )

    def train(self, mode: bool = True) -> Autoencoder:
        """Set training mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.freeze_encoder:
            self.encoder.eval()
        return self

    def encode(self, lightness_B1HW: Tensor) -> Tensor:
        """L* 0..100, sides multiples of 8, to features (B, 128, H/8, W/8)."""
        features_BCHW: Tensor = self.encoder(normalize(lightness_B1HW))
        return features_BCHW

    def decode(self, features_BCHW: Tensor) -> Tensor:
        """Features (B, 128, h, w) to ab (B, 2, 8h, 8w)."""
        ab_B2HW: Tensor = self.decoder(features_BCHW)
        return ab_B2HW * OUTPUT_SCALE

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """L* 0..100 of any size to ab of the same size."""
        height, width = lightness_B1HW.shape[-2:]
        pad = (0, -width % STRIDE, 0, -height % STRIDE)
        padded = functional.pad(lightness_B1HW, pad, mode="replicate")
        return self.decode(self.encode(padded))[..., :height, :width]

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Mean squared error of ab / 128, a scalar."""
        ab_B2HW = self(batch["lightness"]).float()
        return functional.mse_loss(ab_B2HW / OUTPUT_SCALE, batch["ab"] / OUTPUT_SCALE)

    @torch.no_grad()
    def predict(self, lightness_B1HW: Tensor) -> Tensor:
        """ab (B, 2, H, W) float32, as the shipped model would give it."""
        ab_B2HW: Tensor = self(lightness_B1HW).float()
        return ab_B2HW
