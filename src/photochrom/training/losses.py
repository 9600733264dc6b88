"""What the Photochrom network learns from.

Axes: P positions, Q bins of ab, K neighbors, 2 ab; B pictures, N positions of each, 3 sRGB.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from photochrom import color
from photochrom.color.grid import AbGrid
from photochrom.training.data import Pointer
from photochrom.training.store import Store
from photochrom.training.tables import LossConfig

ERROR_FLOOR = 10**-3.2
"""32 dB: what the true colors have after they have been small (docs/results.md)."""


class BinCrossEntropy(nn.Module):
    """Cross-entropy against soft targets over ab bins; rare colors may count for more.

    A color's weight is 1 / (r p + (1 - r) / Q), with p the share of its nearest bin in the
    training pictures and r ``config.rarity``, scaled to a mean of 1. Targets and weights
    are looked up by the color rounded to whole units.

    Parameters
    ----------
    grid : the bins
    prior : (Q,) float, each bin's share, summing to 1

    Source: Zhang, Isola and Efros, "Colorful image colorization", 2016.
    """

    def __init__(self, grid: AbGrid, prior: NDArray[np.float32], config: LossConfig) -> None:
        super().__init__()
        self.config = config
        axis = np.arange(-128, 128, dtype=np.float32)
        plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        soft = grid.soft_encode(plane, neighbors=config.neighbors, sigma=config.sigma)
        nearest = np.argsort(-soft, axis=1, kind="stable")[:, : config.neighbors]
        uniform = 1 / len(grid)
        weights = 1 / (config.rarity * prior + (1 - config.rarity) * uniform)
        weights = weights / (prior * weights).sum()
        tables = {
            "nearest": nearest,
            "shares": np.take_along_axis(soft, nearest, axis=1),
            "weights": weights[nearest[:, 0]].astype(np.float32),
        }
        for name, table in tables.items():
            self.register_buffer(name, torch.from_numpy(table), persistent=False)
        self.register_buffer("centers", torch.tensor(grid.centers), persistent=False)
        self.nearest: Tensor
        self.shares: Tensor
        self.weights: Tensor
        self.centers: Tensor

    def forward(self, logits_PQ: Tensor, ab_P2: Tensor) -> Tensor:
        """The loss of each position, (P,)."""
        log_PQ = functional.log_softmax(logits_PQ.float(), dim=-1)
        whole_P2 = ab_P2.round().long().clamp(-128, 127) + 128
        index_P = whole_P2[:, 0] * 256 + whole_P2[:, 1]
        picked_PK = log_PQ.gather(1, self.nearest[index_P])
        entropy_P = -(picked_PK * self.shares[index_P]).sum(dim=-1)
        loss_P = entropy_P * self.weights[index_P]
        if self.config.mean_weight:
            mean_P2 = log_PQ.exp() @ self.centers
            off_P = functional.huber_loss(mean_P2, ab_P2, reduction="none", delta=10.0).sum(dim=-1)
            loss_P = loss_P + self.config.mean_weight * off_P / 10
        return loss_P


def lab_to_srgb(lab_BN3: Tensor) -> Tensor:
    """`photochrom.color.lab_to_srgb` for tensors, with gradients: (B, N, 3), 0..1."""
    lightness, a, b = lab_BN3.float().unbind(-1)
    f_y = (lightness + 16) / 116
    f_BN3 = torch.stack([f_y + a / 500, f_y, f_y - b / 200], dim=-1)
    cube_BN3 = f_BN3**3
    line_BN3 = (116 * f_BN3 - 16) / color.KAPPA
    relative_BN3 = torch.where(cube_BN3 > color.EPSILON, cube_BN3, line_BN3)
    linear_BN3 = relative_BN3 @ lab_BN3.new_tensor(color.RELATIVE_TO_RGB.T, dtype=torch.float32)
    # Toward gray at equal luminance, until all channels fit.
    grey_BN1 = relative_BN3[..., 1:2].clamp(1e-5, 1 - 1e-5)
    off_BN3 = linear_BN3 - grey_BN1
    room_BN3 = torch.where(off_BN3 > 0, 1 - grey_BN1, grey_BN1)
    share_BN1 = (room_BN3 / off_BN3.abs().clamp(min=1e-6)).amin(dim=-1, keepdim=True)
    fitting_BN3 = (grey_BN1 + share_BN1.clamp(max=1) * off_BN3).clamp(1e-6, 1)
    curve_BN3 = 1.055 * fitting_BN3 ** (1 / 2.4) - 0.055
    return torch.where(fitting_BN3 <= 0.0031308, 12.92 * fitting_BN3, curve_BN3)


def log_errors(found_BN3: Tensor, truth_BN3: Tensor) -> Tensor:
    """The natural logarithm of each picture's mean squared error in sRGB 0..1, (B,).

    It is what of PSNR colors can change, so that a picture which can be got right counts for
    as much as one that can't. `ERROR_FLOOR` keeps it finite.
    """
    return ((found_BN3 - truth_BN3).square().mean(dim=(1, 2)) + ERROR_FLOOR).log()


def bin_shares(
    grid: AbGrid,
    stores: Sequence[Store],
    pointers: Sequence[Pointer],
    *,
    limit: int = 1500,
    sigma: float = 5.0,
) -> NDArray[np.float32]:
    """How often each bin's colors occur in training pictures, smoothed over the ab plane.

    Parameters
    ----------
    limit : the most pictures to use, evenly spread
    sigma : of the smoothing, in ab units

    Returns
    -------
    (Q,) float32, summing to 1
    """
    shares = np.zeros(len(grid), dtype=np.float64)
    for store, index in pointers[:: max(1, len(pointers) // limit)]:
        srgb = stores[store].srgb(index)[::4, ::4]
        ab = color.srgb_to_lab(srgb)[..., 1:].reshape(-1, 2)
        shares += grid.soft_encode(ab, neighbors=10, sigma=sigma).mean(axis=0)
    return (shares / shares.sum()).astype(np.float32)
