"""Folders of photographs and gray copies of them, for the benchmarks that color them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import Colorizer, color
from photochrom.models.opening import labels_of, like_of

SUFFIXES = {".jpg", ".avif", ".png"}


def add_models(parser: argparse.ArgumentParser) -> None:
    """Let models be named, with `-m` for each."""
    parser.add_argument(
        "-m",
        "--model",
        action="append",
        dest="models",
        metavar="MODEL",
        help="name or file; repeat it to compare several (default: photochrom)",
    )
    parser.add_argument("--like", metavar="KIND", help="of which kind files of other makers are")


def colorizers(models: list[str] | None, like: str | None = None) -> dict[str, Colorizer]:
    """The colorizers that were asked for, by their names."""
    return {
        label: Colorizer(model, like=like_of(model, like))
        for label, model in labels_of(models or ["photochrom"], like=like).items()
    }


def listed(folder: Path, limit: int | None = None) -> list[Path]:
    """The photographs of a folder and its subfolders: every n-th, and of those the first `limit`.

    Figures of other limits are of other photographs, so compare only those of the same one.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    if not files:
        raise SystemExit(f"{folder}: there are no photographs ({', '.join(sorted(SUFFIXES))}).")
    limit = len(files) if limit is None else limit
    return files[:: max(1, len(files) // limit)][:limit]


def gray_image(values: NDArray[np.uint8]) -> pyvips.Image:
    """An 8-bit gray image of (H, W) sRGB-encoded values."""
    return pyvips.Image.new_from_array(values).cast("uchar").copy(interpretation="b-w")


def colored_ab(colorizer: Colorizer, gray: pyvips.Image) -> NDArray[Any]:
    """ab of the result for a gray image, with default settings: (H, W, 2) float32."""
    result = colorizer.colorize(gray.pngsave_buffer())
    return color.srgb_to_lab(result.srgb())[..., 1:]


def distance(ab: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """How far apart colors lie in the ab plane: (H, W)."""
    return np.hypot(*np.moveaxis(ab - other, -1, 0))


def psnr(values: NDArray[Any], truth: NDArray[Any]) -> float:
    """The PSNR of 8-bit values, dB; equal ones have that of a squared error of 1e-9."""
    error = np.square(values.astype(np.float64) - truth).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
