"""A critic: can it tell the network's colors from a photograph's own?

It looks at lightness and colors at 1/4 size, and knows what the encoder saw, so that it
judges whether these colors suit these things. It learns beside the network, by the same
optimizer, and is not exported.

Axes: B batch, C channels, H height, W width, 1 lightness, 2 ab.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

LAB_UNIT = 50.0
"""What the critic sees of L*, a* and b* is divided by this."""

DETAIL = 9
"""The critic's opinion reaches the network through what colors have besides their mean over so
many positions either way: it asks for crisp colors, and leaves which ones to the other losses."""


class Critic(nn.Module):
    """How genuine the colors of each part of a picture look, at 1/16 of its size.

    Parameters
    ----------
    channels : of the encoder's feature at 1/16

    Source: Isola et al., "Image-to-image translation with conditional adversarial networks",
    2017 (judging parts); Lim and Ye, "Geometric GAN", 2017 (the hinge loss).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()

        def step(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2),
                nn.LeakyReLU(0.2, inplace=True),
            )

        self.colors = nn.Sequential(step(3, 32, 3, 1), step(32, 64, 4, 2), step(64, 128, 4, 2))
        self.things = step(channels, 64, 1, 1)
        self.verdict = nn.Sequential(step(192, 128, 3, 1), nn.Conv2d(128, 1, kernel_size=1))

    def forward(self, lightness_B1HW: Tensor, ab_B2HW: Tensor, seen_BCHW: Tensor) -> Tensor:
        """Lightness 0..100 and colors at 1/4, the encoder's feature at 1/16: (B, 1, H, W)."""
        lab_B3HW = torch.cat([lightness_B1HW / LAB_UNIT - 1, ab_B2HW / LAB_UNIT], dim=1)
        both = torch.cat([self.colors(lab_B3HW), self.things(seen_BCHW)], dim=1)
        verdict: Tensor = self.verdict(both)
        return verdict

    def losses(
        self, lightness_B1HW: Tensor, found_B2HW: Tensor, true_B2HW: Tensor, seen_BCHW: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What the critic learns from, and what the network does: two scalars.

        The first has no gradient for the network, the second none for the critic.
        """
        seen_BCHW = seen_BCHW.detach()
        genuine = self(lightness_B1HW, true_B2HW, seen_BCHW)
        made = self(lightness_B1HW, found_B2HW.detach(), seen_BCHW)
        own = functional.relu(1 - genuine).mean() + functional.relu(1 + made).mean()
        fixed = {name: weight.detach() for name, weight in self.named_parameters()}
        mean_B2HW = functional.avg_pool2d(
            found_B2HW, DETAIL, stride=1, padding=DETAIL // 2, count_include_pad=False
        )
        crisp_B2HW = found_B2HW - mean_B2HW + mean_B2HW.detach()
        fooled = functional_call(self, fixed, (lightness_B1HW, crisp_B2HW, seen_BCHW))
        return own, -fooled.mean()
