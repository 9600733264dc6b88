"""Parts of a picture that people would call one thing, and giving one of them another color.

Axes: B batch, S sizes of parts, H height, W width, h, w the same at 1/4, 2 ab.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import felzenszwalb
from torch import Tensor

SIZES = ((8.0, 0.01), (30.0, 0.025), (100.0, 0.05))
"""Scale of the segmentation, and its smallest part as a share of the picture: three sizes."""

LIGHTNESS_SHARE, AB_RANGE = 0.35, 50.0
"""Color tells parts apart better than lightness, which is full of shadows."""

VIVID_CHROMA = 70.0


def parts(lab_HW3: NDArray[np.float32]) -> NDArray[np.int64]:
    """Connected pixels of like color, at three sizes.

    Parameters
    ----------
    lab_HW3 : CIELAB, sides multiples of 4

    Returns
    -------
    (S, h, w), a number for each part

    Source: Felzenszwalb and Huttenlocher, "Efficient graph-based image segmentation", 2004.
    """
    height, width = lab_HW3.shape[:2]
    small = lab_HW3.reshape(height // 4, 4, width // 4, 4, 3).mean(axis=(1, 3))
    scaled = small * [LIGHTNESS_SHARE, 1, 1] / AB_RANGE
    found = [
        felzenszwalb(
            scaled.astype(np.float64),
            scale=scale,
            sigma=0.5,
            min_size=max(4, round(least * small.shape[0] * small.shape[1])),
            channel_axis=-1,
        )
        for scale, least in SIZES
    ]
    return np.stack(found).astype(np.int64)


def choose_part(parts_Shw: Tensor, ab_2hw: Tensor) -> Tensor:
    """One part, or several of like color: (h, w) bool. Large parts are chosen more often.

    Parameters
    ----------
    parts_Shw : as `parts` gives them
    ab_2hw : the picture's colors
    """
    size = int(torch.randint(len(parts_Shw), ()))
    numbers_hw = parts_Shw[size]
    at = int(torch.randint(numbers_hw.numel(), ()))
    chosen_hw = numbers_hw == numbers_hw.flatten()[at]
    if torch.rand(()) < 0.5:
        count = int(numbers_hw.max()) + 1
        area_N = torch.bincount(numbers_hw.flatten(), minlength=count).clamp(min=1)
        means_2N = (
            torch.stack(
                [
                    torch.bincount(numbers_hw.flatten(), weights=one.flatten(), minlength=count)
                    for one in ab_2hw
                ]
            )
            / area_N
        )
        own_2 = means_2N[:, numbers_hw.flatten()[at], None]
        alike_N = (means_2N - own_2).square().sum(dim=0).sqrt() < 10
        chosen_hw = alike_N[numbers_hw]
    return chosen_hw


def recolor(ab_B2HW: Tensor, masks_B1hw: Tensor) -> Tensor:
    """Give a part of each picture another plausible color; all else stays as it was.

    The new color is a near one, one of another picture of the batch, the own one turned, or a
    vivid one; what varies inside the part stays.

    Parameters
    ----------
    masks_B1hw : float, 1 where the part is; nothing changes where there is none
    """
    count = len(ab_B2HW)
    area_B1 = masks_B1hw.sum(dim=(2, 3)).clamp(min=1)
    small_B2hw = torch.nn.functional.avg_pool2d(ab_B2HW, 4)
    mean_B2 = (small_B2hw * masks_B1hw).sum(dim=(2, 3)) / area_B1
    angle_B = torch.rand(count) * 2 * torch.pi
    around_B2 = torch.stack([angle_B.cos(), angle_B.sin()], dim=1)
    height, width = small_B2hw.shape[2:]
    spots_B = torch.randint(height * width, (count,))
    others_B2 = small_B2hw.roll(1, dims=0).flatten(2)[torch.arange(count), :, spots_B]
    chroma_B1 = mean_B2.norm(dim=1, keepdim=True)
    choices_B42 = torch.stack(
        [
            mean_B2 + around_B2 * (10 + 15 * torch.rand(count, 1)),
            others_B2,
            around_B2 * chroma_B1.clamp(min=20),
            around_B2 * (30 + (VIVID_CHROMA - 30) * torch.rand(count, 1)),
        ],
        dim=1,
    )
    drawn_B = torch.multinomial(torch.tensor([0.2, 0.2, 0.25, 0.35]), count, replacement=True)
    new_B2 = choices_B42[torch.arange(count), drawn_B]
    mask_B1HW = masks_B1hw.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    kept = 0.3 + 0.7 * torch.rand(count, 1, 1, 1)  # a repainted wall has less play of color
    moved_B2HW = (ab_B2HW - mean_B2[..., None, None]) * kept + new_B2[..., None, None]
    return torch.lerp(ab_B2HW, moved_B2HW, mask_B1HW)


def points_inside(masks_B1hw: Tensor, count: int) -> Tensor:
    """(B, count, 2) points (x, y) in pixels of the picture, inside each mask, away from its edge
    where it is wide enough; anywhere where the mask is empty.
    """
    found = []
    for mask_hw in masks_B1hw[:, 0]:
        depth = ndimage.distance_transform_cdt(np.pad(mask_hw.numpy() > 0, 1))[1:-1, 1:-1]
        weights = torch.from_numpy(depth.astype(np.float32)).flatten() + 1e-6
        cells = torch.multinomial(weights, count, replacement=True)
        x, y = cells % mask_hw.shape[1], cells // mask_hw.shape[1]
        found.append(torch.stack([x, y], dim=-1))
    return 4.0 * (torch.stack(found).float() + torch.rand(len(found), count, 2))
