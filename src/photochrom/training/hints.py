"""Hints as the network takes them, and how training draws them from pictures' own colors.

Axes: B batch, R its examples with a reference, C channels, H height, W width, T tokens, S what
a token remembers of what the encoder saw, 1 lightness, 2 ab or (x, y), 3 (x, y, placed) or
(a, b, coverage).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from photochrom.training.regions import choose_part, points_inside
from photochrom.training.tables import HintConfig

STRIDES = (4, 8, 16, 32)
SAMPLED = (2, 3)
"""Of which of the features (1/16 and 1/32) a token remembers what it saw."""

Features = tuple[Tensor, ...]


class Hints(NamedTuple):
    """Known colors, as the decoder takes them.

    ``seen`` (B, T, S) are the encoder's features where each was taken, ``ab`` (B, T, 2) its
    color, ``place`` (B, T, 3) its (x, y) in pixels and 1, or zeros for one without a place;
    ``planes`` (B, 3, H/4, W/4) a*, b* and the share of the cell that hints cover.
    ``mask`` (B, T) is true for tokens that only fill up a batch; None where all count.
    """

    seen: Tensor
    ab: Tensor
    place: Tensor
    planes: Tensor
    mask: Tensor | None = None


def sample(features: tuple[Tensor, ...], points_BT2: Tensor) -> Tensor:
    """What the encoder saw at points (x, y) in pixels, bilinear: (B, T, S)."""
    seen = []
    for index in SAMPLED:
        map_BCHW = features[index].float()
        size = map_BCHW.new_tensor([map_BCHW.shape[-1], map_BCHW.shape[-2]])
        grid_B1T2 = (2 * points_BT2 / (STRIDES[index] * size) - 1)[:, None]
        picked_BC1T = functional.grid_sample(
            map_BCHW, grid_B1T2, mode="bilinear", padding_mode="border", align_corners=False
        )
        seen.append(picked_BC1T[:, :, 0].transpose(1, 2))
    return torch.cat(seen, dim=-1)


def kinds_of(count: int, config: HintConfig) -> Tensor:
    """What each of `count` hinted examples gets: 1 hints, 2 many, 3 a part recolored and hints.

    0 is nothing. The last examples of a batch get references; see `reference_count`.
    """
    left = max(1e-9, 1 - config.reference_share)
    many, recolored = config.many_share / left, config.recolored_share / left
    drawn = torch.rand(count)
    kinds = torch.ones(count, dtype=torch.long)
    kinds[drawn < many + recolored] = 3
    kinds[drawn < many] = 2
    return kinds


def reference_count(batch: int, config: HintConfig) -> int:
    """How many examples of a batch get a reference; the last ones."""
    return round(batch * config.reference_share)


def counts_of(kinds: Tensor, config: HintConfig) -> Tensor:
    """How many hints each example of kinds 0 to 2 gets."""
    uniform = torch.rand(len(kinds)).clamp(1e-6, 1 - 1e-6)
    geometric = 1 + (uniform.log() / torch.tensor(1 - config.stop).log()).floor().long()
    many = torch.randint(16, config.most + 1, (len(kinds),))
    counts = torch.where(kinds == 2, many, geometric.clamp(max=config.most))
    return counts * (kinds > 0)


INSIDE = 3
"""The most hints in a recolored part."""


def parts_to_recolor(parts_BShw: Tensor, ab_B2hw: Tensor, kinds: Tensor) -> Tensor:
    """(B, 1, h, w), 1 over the part of each example of kind 3 that gets another color."""
    masks_B1hw = ab_B2hw.new_zeros(len(ab_B2hw), 1, *ab_B2hw.shape[2:])
    for index in (kinds == 3).nonzero().flatten().tolist():
        masks_B1hw[index, 0] = choose_part(parts_BShw[index], ab_B2hw[index]).to(masks_B1hw)
    return masks_B1hw


def patches(
    ab_B2HW: Tensor, point_BT2: Tensor, side_BT: Tensor, valid_BT: Tensor
) -> tuple[Tensor, Tensor]:
    """Square patches as hints.

    Parameters
    ----------
    point_BT2 : their middles (x, y) in pixels
    side_BT : their sides in pixels
    valid_BT : which of them are hints at all

    Returns
    -------
    ab (B, T, 2), the mean color of each; planes (B, 3, H/4, W/4) as `Hints` has them
    """
    height, width = ab_B2HW.shape[-2:]
    half_BT1 = side_BT[..., None] / 2

    def within(middle_BT: Tensor, length: int) -> Tensor:
        position = torch.arange(length, device=ab_B2HW.device) + 0.5
        return ((position - middle_BT[..., None]).abs() <= half_BT1.clamp(min=0.5)).float()

    rows_BTH = within(point_BT2[..., 1], height)
    columns_BTW = within(point_BT2[..., 0], width)
    lines_BTCW = (rows_BTH @ ab_B2HW.float().transpose(1, 2).flatten(2)).reshape(
        *point_BT2.shape[:2], 2, width
    )
    summed_BT2 = (lines_BTCW * columns_BTW[:, :, None]).sum(dim=-1)
    area_BT1 = (rows_BTH.sum(-1) * columns_BTW.sum(-1))[..., None]
    ab_BT2 = summed_BT2 / area_BT1.clamp(min=1)
    known_BT3 = torch.cat([ab_BT2, torch.ones_like(ab_BT2[..., :1])], dim=-1) * valid_BT[..., None]
    strips_BTX = (known_BT3[..., None] * columns_BTW[:, :, None]).flatten(2)
    painted = rows_BTH.transpose(1, 2) @ strips_BTX
    painted = painted.reshape(len(ab_B2HW), height, 3, width).transpose(1, 2)
    coverage = painted[:, 2:].clamp(min=1)  # where patches lie over one another, their mean
    return ab_BT2, functional.avg_pool2d(painted / coverage, 4)


def draw_hints(
    ab_B2HW: Tensor,
    features: Features,
    config: HintConfig,
    kinds: Tensor,
    masks_B1hw: Tensor,
) -> tuple[Hints, Tensor]:
    """Hints at random places; about half of the examples have them around the middle.

    Those of kind 3 have one to `INSIDE` of them in the recolored part (``masks_B1hw``), and every
    second one has true ones elsewhere, too.

    Returns
    -------
    The hints, and (B,) whether an example has hints in its recolored part only
    """
    batch, _, height, width = ab_B2HW.shape
    counts = torch.zeros(batch, dtype=torch.long)
    counts[: len(kinds)] = counts_of(kinds, config)
    recolored = (kinds == 3).nonzero().flatten()
    inside = torch.randint(1, INSIDE + 1, (len(recolored),))
    outside = torch.randint(1, 9, (len(recolored),)) * (torch.rand(len(recolored)) < 0.5)
    counts[recolored] = inside + outside
    most = int(counts.max())
    valid_BT = torch.arange(most) < counts[:, None]
    around = torch.rand(batch, 1, 1) < 0.5
    spread = torch.where(
        around, (0.5 + 0.25 * torch.randn(batch, most, 2)), torch.rand(batch, most, 2)
    )
    point_BT2 = spread.clamp(0, 0.9999) * torch.tensor([width, height])
    if len(recolored):
        within = min(INSIDE, most)
        inner = points_inside(masks_B1hw[recolored], within)
        is_inner = torch.arange(within) < inside[:, None]
        point_BT2[recolored, :within] = torch.where(
            is_inner[..., None], inner, point_BT2[recolored, :within]
        )
    point_BT2 = point_BT2.floor() + 0.5
    low, high = config.patch_px
    side_BT = torch.randint(low, high + 1, (batch, most)).float()
    side_BT[recolored] = side_BT[recolored].clamp(max=5)
    ab_BT2, planes = patches(ab_B2HW, point_BT2, side_BT, valid_BT)
    place_BT3 = torch.cat([point_BT2, torch.ones(batch, most, 1)], dim=-1)
    alone = torch.zeros(batch, dtype=torch.bool)
    alone[recolored] = outside == 0
    seen = sample(features, point_BT2).detach()
    return Hints(seen, ab_BT2, place_BT3, planes, ~valid_BT), alone


def draw_references(
    hints: Hints,
    lightness_R1HW: Tensor,
    ab_R2HW: Tensor,
    encode: Callable[[Tensor], Features],
) -> Hints:
    """Give the last R examples tokens without a place: from another view of the same picture,
    from another picture, or from both.
    """
    count, _, height, width = lightness_R1HW.shape
    if count < 2:
        return hints
    zoom, flip = 0.5 + 0.5 * torch.rand(count), torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    shift = (torch.rand(count, 2) * 2 - 1) * (1 - zoom[:, None])
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = zoom * flip, zoom, shift
    grid = functional.affine_grid(theta, [count, 1, height, width], align_corners=False)
    lab = torch.cat([lightness_R1HW, ab_R2HW], dim=1)
    view = functional.grid_sample(lab, grid, padding_mode="border", align_corners=False)
    with torch.no_grad():
        seen_by = encode(view[:, :1])
    tokens = 24
    point_RT2 = torch.rand(count, tokens, 2) * torch.tensor([width, height])
    bordered = functional.pad(view[:, 1:], (3, 3, 3, 3), mode="replicate")
    smooth = functional.avg_pool2d(bordered, 7, stride=1)
    scale = torch.tensor([width, height])
    picked = functional.grid_sample(
        smooth, (2 * point_RT2 / scale - 1)[:, None], align_corners=False, padding_mode="border"
    )
    seen, ab = sample(seen_by, point_RT2), picked[:, :, 0].transpose(1, 2)
    # per example: own tokens (2 in 4), another picture's (1 in 4), half and half (1 in 4)
    drawn = torch.rand(count, 1)
    share = torch.where(drawn < 0.5, 0.0, torch.where(drawn < 0.75, 1.0, 0.5))
    foreign = (torch.rand(count, tokens) < share)[..., None]
    seen = torch.where(foreign, seen.roll(1, dims=0), seen)
    ab = torch.where(foreign, ab.roll(1, dims=0), ab)
    kept = torch.arange(tokens) < torch.randint(4, tokens + 1, (count, 1))

    batch, most = hints.ab.shape[:2]
    total = max(most, tokens)

    def padded(values: Tensor, fill: float = 0.0) -> Tensor:
        extra = values.new_full((batch, total - most, *values.shape[2:]), fill)
        return torch.cat([values, extra], dim=1)

    assert hints.mask is not None
    mask = torch.cat([hints.mask, hints.mask.new_ones(batch, total - most)], dim=1)
    all_seen, all_ab, all_place = padded(hints.seen), padded(hints.ab), padded(hints.place)
    all_seen[-count:, :tokens], all_ab[-count:, :tokens] = seen, ab
    all_place[-count:] = 0
    mask[-count:, :tokens] = ~kept
    return Hints(all_seen, all_ab, all_place, hints.planes, mask)
