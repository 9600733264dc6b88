"""How well a model follows hints, and whether it keeps its colors at other sizes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import PictureReadError
from photochrom.evaluation import metrics
from photochrom.evaluation.report import Estimate, mean_estimate
from photochrom.evaluation.sources import list_source
from photochrom.models.opening import like_of
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint

PATCH_PX = 7
COUNTS = (0, 1, 5, 10, 50)
SCALES = (0.5, 2.0)


def true_hints(truth: NDArray[np.uint8], count: int, *, seed: int) -> tuple[Hint, ...]:
    """Hints with the true colors of square patches at random points of a picture.

    Parameters
    ----------
    truth : (H, W, 3) uint8 sRGB
    count : how many; fewer ones are the first of more ones
    seed : of the points

    Returns
    -------
    Hints whose discs have the area of `PATCH_PX` squared, with the patch's mean a* and b*
    """
    height, width = truth.shape[:2]
    ab = color.srgb_to_lab(truth)[..., 1:]
    points = np.random.default_rng(seed).random((count, 2)) * [width, height]
    reach = PATCH_PX // 2
    hints = []
    for x, y in points.astype(int).tolist():
        patch = ab[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        a, b = patch.mean(axis=(0, 1)).tolist()
        radius = PATCH_PX / np.sqrt(np.pi)
        hints.append(Hint(points=((x + 0.5, y + 0.5),), ab=(a, b), radius_px=radius))
    return tuple(hints)


def hint_curve(
    model: str | os.PathLike[str] | None,
    data: str,
    *,
    like: str | None = None,
    counts: Sequence[int] = COUNTS,
    limit: int | None = None,
    seed: int = 0,
    short_side_px: int = 256,
) -> dict[int, Estimate]:
    """PSNR by the number of true hints, through the runtime as a user would give them.

    Parameters
    ----------
    model, like, data, limit, short_side_px : as for `report.evaluate`, but of one model
    counts : numbers of hints
    seed : of the points, of the draw and of the bootstrap

    Returns
    -------
    Number of hints -> PSNR in dB

    Raises
    ------
    UnsupportedError
        The model takes no hints.
    """
    colorizer = Colorizer(model, like=like_of(model, like))
    found: dict[int, list[float]] = {count: [] for count in counts}
    for number, truth in enumerate(_pictures(data, limit, seed, short_side_px)):
        prepared = colorizer.prepare(gray_of(truth))
        hints = true_hints(truth, max(counts), seed=seed + number)
        for count in counts:
            result = prepared.paint(hints=hints[:count]).srgb()
            found[count].append(metrics.psnr(result, truth))
    return {count: mean_estimate(np.array(values), seed=seed) for count, values in found.items()}


def size_consistency(
    model: str | os.PathLike[str] | None,
    data: str,
    *,
    like: str | None = None,
    scales: Sequence[float] = SCALES,
    limit: int | None = None,
    seed: int = 0,
    short_side_px: int = 256,
) -> dict[float, Estimate]:
    """How much a picture's colors change when it comes in at another size.

    Parameters
    ----------
    model, like, data, limit, seed, short_side_px : as for `report.evaluate`, but of one model
    scales : sizes to compare with 1

    Returns
    -------
    Scale -> mean CIEDE2000 between the result at this scale, brought back to scale 1, and the
    result at scale 1
    """
    colorizer = Colorizer(model, like=like_of(model, like))
    found: dict[float, list[float]] = {scale: [] for scale in scales}
    for truth in _pictures(data, limit, seed, short_side_px):
        gray = pyvips.Image.new_from_array(gray_of(truth), interpretation="b-w")
        usual = color.srgb_to_lab(colorizer.colorize(gray.numpy()).srgb())
        for scale in scales:
            scaled = gray.resize(scale, kernel="lanczos3").numpy()
            result = pyvips.Image.new_from_array(
                colorizer.colorize(scaled).srgb(), interpretation="srgb"
            )
            back = result.thumbnail_image(truth.shape[1], height=truth.shape[0], size="force")
            lab = color.srgb_to_lab(back.numpy())
            lab[..., 0] = usual[..., 0]  # resizing changes lightness; colors are the question
            found[scale].append(float(color.ciede2000(lab, usual).mean()))
    return {scale: mean_estimate(np.array(values), seed=seed) for scale, values in found.items()}


def gray_of(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The gray picture (H, W) uint8 of the same lightness as (H, W, 3) uint8 sRGB."""
    linear = color.lightness_to_luminance(color.srgb_to_lightness(truth))
    srgb = color.linear_to_srgb(np.repeat(linear[..., None], 3, axis=-1))
    return np.rint(srgb[..., 0] * 255).astype(np.uint8)


def _pictures(
    data: str, limit: int | None, seed: int, short_side_px: int
) -> list[NDArray[np.uint8]]:
    """The readable photographs of a source."""
    items = list_source(data, part="test")
    random = np.random.default_rng(seed)
    if limit is not None and limit < len(items):
        items = [items[i] for i in sorted(random.choice(len(items), limit, replace=False))]
    pictures = []
    for item in items:
        try:
            pictures.append(item.load().srgb(short_side_px=short_side_px))
        except PictureReadError:
            continue
    return pictures
