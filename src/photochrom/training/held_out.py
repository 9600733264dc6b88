"""The held-out figures and pictures of each epoch: quick looks, not the report.

The report is `photochrom.evaluation`, over the exported model. Axes as in `data`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom import color

GRID_ROWS = 6
HINTS = 10
"""A model that takes hints is also measured with this many."""


def measure(
    model: Any, batches: Iterable[Mapping[str, Tensor]], autocast: Callable[[], Any]
) -> dict[str, float]:
    """The mean held-out figures of a model; the model is left in evaluation mode.

    A color model gives ``loss``, ``psnr`` (dB, 8-bit sRGB), ``colorfulness`` and
    ``colorfulness_truth``; a classifier ``loss`` and ``accuracy``.
    """
    model.eval()
    sums: dict[str, float] = {}
    count = 0
    with torch.no_grad():
        for batch in batches:
            with autocast():
                figures = figures_of(model, batch)
            for name, values in figures.items():
                sums[name] = sums.get(name, 0.0) + float(values.cpu().double().sum())
            count += len(batch["lightness"])
    return {name: total / count for name, total in sums.items()}


def figures_of(model: Any, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Figures of each picture of a batch, (B,) each."""
    if hasattr(model, "held_out"):
        figures: dict[str, Tensor] = model.held_out(batch)
        return figures
    ab_B2HW: Tensor = model.predict(batch["lightness"])
    error_B = ((ab_B2HW - batch["ab"]) / 128).square().mean(dim=(1, 2, 3))
    result, truth = to_srgb8(batch["lightness"], ab_B2HW), to_srgb8(batch["lightness"], batch["ab"])
    figures = {
        "loss": error_B,
        "psnr": psnr(result, truth),
        "colorfulness": torch.from_numpy(np.array([color.colorfulness(p) for p in result])),
        "colorfulness_truth": torch.from_numpy(np.array([color.colorfulness(p) for p in truth])),
    }
    if hasattr(model, "given"):
        hinted = to_srgb8(batch["lightness"], model.given(batch, HINTS))
        figures[f"psnr_{HINTS}_hints"] = psnr(hinted, truth)
    return figures


def psnr(result: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Tensor:
    """The PSNR of each picture of a batch (B, H, W, 3), dB."""
    difference = result.astype(np.float64) - truth.astype(np.float64)
    mse = np.maximum((difference**2).mean(axis=(1, 2, 3)), 1e-6)
    return torch.from_numpy(10 * np.log10(255**2 / mse))


def to_srgb8(lightness_B1HW: Tensor, ab_B2HW: Tensor) -> NDArray[np.uint8]:
    """L* and ab to (B, H, W, 3) uint8 sRGB, gamut reduced at equal luminance."""
    lab_B3HW = torch.cat([lightness_B1HW, ab_B2HW.to(lightness_B1HW.dtype)], dim=1)
    srgb = color.lab_to_srgb(lab_B3HW.permute(0, 2, 3, 1).cpu().numpy())
    return np.rint(srgb * 255).astype(np.uint8)


def save_grid(
    model: Any, batch: Mapping[str, Tensor], path: Path, *, rows: int = GRID_ROWS
) -> bool:
    """Write rows of gray, prediction, truth as a picture; False for a classifier."""
    if not hasattr(model, "predict"):
        return False
    model.eval()
    lightness_B1HW, truth_B2HW = batch["lightness"][:rows], batch["ab"][:rows]
    columns = [torch.zeros_like(truth_B2HW), model.predict(lightness_B1HW), truth_B2HW]
    strips = [to_srgb8(lightness_B1HW, ab_B2HW) for ab_B2HW in columns]
    grid = np.concatenate([np.concatenate(list(strip), axis=0) for strip in strips], axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyvips.Image.new_from_array(grid).write_to_file(str(path))
    return True
