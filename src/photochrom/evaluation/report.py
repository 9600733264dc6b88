"""A model over a test set -> figures with intervals, a table, JSON and a picture.

The model is run as a user would run it: the exported file, through the runtime, over files.
Beside it stand three colorings that need no model: the floors and the ceiling.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import DataError, PictureReadError
from photochrom.evaluation import metrics
from photochrom.evaluation.cost import Cost, measure_cost
from photochrom.evaluation.sources import Item, list_source
from photochrom.models.opening import labels_of, like_of
from photochrom.runtime.colorizer import Colorizer
from photochrom.version import __version__

GRAY, MEAN_BY_L, ORACLE = "gray (floor)", "mean by L* (floor)", "oracle mean (ceiling)"
COLUMNS = {
    "psnr": "PSNR dB",
    "ssim": "SSIM",
    "ciede2000": "CIEDE2000",
    "colorfulness": "colorful",
    "frechet_lite0": "Fréchet",
    "kernel_lite0": "kernel x1000",
}
_SCALES = {"kernel_lite0": 1000.0}
FIGURE_ROW_PX = 192


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure with its 95 % bootstrap interval over the photographs."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `evaluate` found. ``rows`` maps each coloring to its figures by name."""

    models: tuple[str, ...]
    data: str
    pictures: int
    unreadable: tuple[str, ...]
    seed: int
    short_side_px: int
    rows: dict[str, dict[str, Estimate]]
    truth_colorfulness: Estimate
    psnr_gains: dict[str, dict[str, Estimate]]
    """Each model's PSNR less that of every other row, photograph by photograph: as the
    photographs are the same, its interval is much narrower than those of the rows."""
    colorfulness_mean_difference: dict[str, float]
    """mean |difference| of each picture's colorfulness from its truth's, by the model."""
    costs: dict[str, Cost] = field(compare=False)
    """What each model costs; never twice the same."""
    photochrom: str = __version__

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dictionaries, for JSON."""
        return dataclasses.asdict(self)


def evaluate(
    models: Sequence[str | os.PathLike[str] | None],
    data: str,
    *,
    like: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    short_side_px: int = 256,
    resamples: int = 1000,
    figure: Path | None = None,
    figure_rows: int = 8,
    on_picture: Callable[[int, int], None] | None = None,
) -> Report:
    """Measure models over a set of color photographs.

    Each photograph is shrunk to `short_side_px`, its lightness colorized through the
    runtime, and the result compared with it.

    Parameters
    ----------
    models : each as for `Colorizer`
    like : of which kind those files are that nothing describes
    data : a source: a folder (its ``test`` subfolder where it has one) or
        ``flowers102:SPLIT[@ROOT]``
    limit : measure only this many photographs, drawn by `seed`
    seed : of the draw and of the bootstrap
    short_side_px : larger photographs are shrunk to this short side
    resamples : bootstrap samples
    figure : where to write a picture of `figure_rows` rows: gray, results, truth
    on_picture : called with (done, of how many) after each photograph

    Raises
    ------
    DataError
        The source is missing, or too few photographs in it can be read.
    MissingExtraError
        The ``train`` extra is not installed.
    ModelNotFoundError, ContractError
        As for `Colorizer`, and for `labels_of`.
    """
    colorizers = {
        label: Colorizer(model, like=like_of(model, like))
        for label, model in labels_of(models, like=like).items()
    }
    items = list_source(data, part="test")
    random = np.random.default_rng(seed)
    if limit is not None and limit < len(items):
        items = [items[i] for i in sorted(random.choice(len(items), limit, replace=False))]
    shown = set(random.choice(len(items), min(figure_rows, len(items)), replace=False).tolist())
    found = _Found()
    for number, item in enumerate(items):
        found.look_at(item, colorizers, short_side_px=short_side_px, shown=number in shown)
        if on_picture is not None:
            on_picture(number + 1, len(items))
    measured, truth_colorfulness = found.measured, found.truth_colorfulness
    if len(truth_colorfulness) < 2:
        raise DataError(f"{data}: at least two readable photographs are needed.")

    draws = [
        random.integers(0, len(truth_colorfulness), len(truth_colorfulness))
        for _ in range(resamples)
    ]
    if figure is not None:
        _write_figure(found.figure_strips, figure, across=len(colorizers) + 2)
    return Report(
        models=tuple(colorizers),
        data=data,
        pictures=len(truth_colorfulness),
        unreadable=tuple(found.unreadable),
        seed=seed,
        short_side_px=short_side_px,
        rows=found.rows(draws),
        truth_colorfulness=_mean_estimate(np.array(truth_colorfulness), draws),
        psnr_gains={name: _gains(measured, name, draws) for name in colorizers},
        colorfulness_mean_difference={
            name: _mean_difference(measured[name], truth_colorfulness) for name in colorizers
        },
        costs={label: measure_cost(model, like=like) for label, model in labels_of(models).items()},
    )


@dataclass(kw_only=True)
class _Found:
    """What is measured of the photographs, one after the other."""

    measured: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    features: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    truth_colorfulness: list[float] = field(default_factory=list)
    figure_strips: list[NDArray[np.uint8]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def look_at(
        self, item: Item, colorizers: dict[str, Colorizer], *, short_side_px: int, shown: bool
    ) -> None:
        """Colorize one and measure it; keep it for the figure where it is to be shown."""
        try:
            truth = item.load().srgb(short_side_px=short_side_px)
        except PictureReadError:
            self.unreadable.append(item.name)
            return
        self.truth_colorfulness.append(color.colorfulness(truth))
        self.features.setdefault("truth", []).append(metrics.lite0_features([truth])[0])
        for name, result in _colorings(colorizers, truth):
            self.measured.setdefault(name, []).append(metrics.picture_figures(result, truth))
            self.features.setdefault(name, []).append(metrics.lite0_features([result])[0])
            if shown and name in (GRAY, *colorizers):
                self.figure_strips.append(result)
        if shown:
            self.figure_strips.append(truth)

    def rows(self, draws: list[NDArray[np.int64]]) -> dict[str, dict[str, Estimate]]:
        """The figures of each way of coloring, with intervals from these draws."""
        truth = np.stack(self.features["truth"])
        return {
            name: {
                **{
                    key: _mean_estimate(np.array([one[key] for one in figures]), draws)
                    for key in figures[0]
                },
                **_distances(np.stack(self.features[name]), truth, draws),
            }
            for name, figures in self.measured.items()
        }


def _mean_difference(figures: list[dict[str, float]], truth: list[float]) -> float:
    results = np.array([one["colorfulness"] for one in figures])
    return float(np.abs(results - truth).mean())


def _colorings(
    colorizers: dict[str, Colorizer], truth: NDArray[np.uint8]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The floors, the ceiling and the models' results, as 8-bit sRGB.

    The floor of mean colors is that of the first model that knows its training's.
    """
    lab = color.srgb_to_lab(truth)
    lightness = lab[..., 0]

    def colored(ab: NDArray[Any]) -> NDArray[np.uint8]:
        planes = np.broadcast_to(np.asarray(ab, np.float32), (*lightness.shape, 2))
        srgb = color.lab_to_srgb(np.concatenate([lightness[..., None], planes], axis=-1))
        return np.rint(srgb * 255).astype(np.uint8)

    gray = colored(np.zeros(2))
    yield GRAY, gray
    knowing = [one.contract.mean_ab for one in colorizers.values() if one.contract.mean_ab]
    if knowing:
        means = np.array(knowing[0])
        levels = np.arange(101)
        yield (
            MEAN_BY_L,
            colored(np.stack([np.interp(lightness, levels, means[:, c]) for c in (0, 1)], -1)),
        )
    yield ORACLE, colored(lab[..., 1:].mean(axis=(0, 1)))
    for name, colorizer in colorizers.items():
        yield name, colorizer.colorize(gray[..., 0]).srgb()


def _gains(
    measured: dict[str, list[dict[str, float]]], model: str, draws: list[NDArray[np.int64]]
) -> dict[str, Estimate]:
    psnr = {name: np.array([one["psnr"] for one in rows]) for name, rows in measured.items()}
    return {
        name: _mean_estimate(psnr[model] - values, draws)
        for name, values in psnr.items()
        if name != model
    }


def mean_estimate(values: NDArray[Any], *, seed: int = 0, resamples: int = 1000) -> Estimate:
    """A mean with its bootstrap interval.

    Parameters
    ----------
    values : (N,) float, one for each photograph
    """
    random = np.random.default_rng(seed)
    draws = [random.integers(0, len(values), len(values)) for _ in range(resamples)]
    return _mean_estimate(values, draws)


def _mean_estimate(values: NDArray[Any], draws: list[NDArray[np.int64]]) -> Estimate:
    means = [values[draw].mean() for draw in draws]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(value=float(values.mean()), low=float(low), high=float(high))


def _distances(
    features: NDArray[np.float32], truth: NDArray[np.float32], draws: list[NDArray[np.int64]]
) -> dict[str, Estimate]:
    """Fréchet and kernel distance with intervals.

    Drawing with repetition makes a set narrower and so biases the Fréchet distance; its
    interval is the bootstrap's spread moved to the estimate. It costs a decomposition a
    draw, so that a tenth of the draws serves.
    """
    kernels = [
        metrics.polynomial_kernel(x, y)
        for x, y in [(features, features), (truth, truth), (features, truth)]
    ]
    draws = [draw for draw in draws if np.ptp(draw) > 0]  # one photograph alone has no pairs
    kernel = metrics.kernel_distance(*kernels)
    samples = [
        metrics.kernel_distance(*kernels, weights=np.bincount(draw, minlength=len(truth)))
        for draw in draws
    ]
    low, high = np.percentile(samples, [2.5, 97.5])
    frechet = metrics.frechet_distance(features, truth)
    few = draws[: max(2, len(draws) // 10)]
    spread = np.array([metrics.frechet_distance(features[d], truth[d]) for d in few])
    below, above = np.percentile(spread - spread.mean(), [2.5, 97.5])
    return {
        "frechet_lite0": Estimate(
            value=frechet, low=float(max(0.0, frechet + below)), high=float(frechet + above)
        ),
        "kernel_lite0": Estimate(value=kernel, low=float(low), high=float(high)),
    }


def _write_figure(pictures: list[NDArray[np.uint8]], path: Path, *, across: int) -> None:
    """`across` to a row, each `FIGURE_ROW_PX` high: gray, results, truth."""
    images = [
        pyvips.Image.new_from_array(srgb).thumbnail_image(10 * FIGURE_ROW_PX, height=FIGURE_ROW_PX)
        for srgb in pictures
    ]
    rows = [
        pyvips.Image.arrayjoin(
            images[first : first + across], across=across, shim=4, background=255
        )
        for first in range(0, len(images), across)
    ]
    sheet = pyvips.Image.arrayjoin(rows, across=1, shim=4, background=255, halign="centre")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_to_file(str(path))


def cell(name: str, estimate: Estimate) -> str:
    """An estimate as table text, such as ``19.90 [19.71, 20.10]``."""
    scale = _SCALES.get(name, 1.0)
    digits = {"ssim": 3, "psnr": 2, "ciede2000": 2}.get(name, 1)
    value, low, high = (
        f"{scale * number:.{digits}f}" for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def to_markdown(report: Report) -> str:
    """The report's table as Markdown, one coloring a row."""
    columns = (*COLUMNS.values(), *COST_COLUMNS)
    lines = [f"| coloring | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, found in report.rows.items():
        cells = [cell(key, found[key]) for key in COLUMNS]
        cells += cost_cells(report.costs.get(name))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    cells = [""] * len(columns)
    cells[list(COLUMNS).index("colorfulness")] = cell("colorfulness", report.truth_colorfulness)
    lines += [f"| truth | {' | '.join(cells)} |", "", *gain_lines(report)]
    return "\n".join(lines)


def gain_lines(report: Report) -> list[str]:
    """A line for each model: by how much its PSNR is above that of the other rows."""
    return [
        f"PSNR of {model} less that of: "
        + "; ".join(f"{name} {cell('psnr', gain)}" for name, gain in gains.items())
        + " dB."
        for model, gains in report.psnr_gains.items()
    ]


COST_COLUMNS = ("at", "one core, ms", "GMAC", "memory, MB", "file, MB")


def cost_cells(cost: Cost | None) -> tuple[str, ...]:
    """What a model costs as table text, in the order of `COST_COLUMNS`; empty where none runs."""
    if cost is None:
        return ("",) * len(COST_COLUMNS)
    return (
        f"{cost.size[1]} x {cost.size[0]}",
        f"{cost.milliseconds:.0f}",
        "" if cost.gmac is None else f"{cost.gmac:.2f}",
        "" if cost.memory_mb is None else f"{cost.memory_mb:.0f}",
        f"{cost.file_mb:.1f}",
    )


def cost_lines(costs: dict[str, Cost]) -> list[str]:
    """What models cost as a table in Markdown."""
    lines = [f"| | {' | '.join(COST_COLUMNS)} |", "|---" * (len(COST_COLUMNS) + 1) + "|"]
    return lines + [f"| {name} | {' | '.join(cost_cells(one))} |" for name, one in costs.items()]
