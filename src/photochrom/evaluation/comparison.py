"""Several models on one's own photographs: results side by side, and figures of each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.pictures import picture
from photochrom.pictures.picture import Picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint

ROW_PX = 384
"""The height at which photographs are shown and measured."""

WIDEST = 4
"""A photograph at least this many times as wide as high is shown less high."""

SHIM_PX = 6
LABEL_PX = 18
FONT = "sans 12"
PAPER, INK = 255, 32
"""Gray levels of what lies between the photographs, and of what is written there."""


@dataclass(frozen=True, eq=False)
class Painted:
    """What a model has made of a photograph."""

    srgb: NDArray[np.uint8]
    """At the size of the sheet, (h, w, 3)."""
    seconds: float
    """From the file to the colors at full size, shrunk for the sheet."""
    colorfulness: float
    apart: float
    """Mean CIEDE2000 to what the first model has made of it."""
    error: float | None
    """Mean CIEDE2000 to the photograph's own colors; None where it is gray."""


@dataclass(frozen=True, eq=False)
class Row:
    """A photograph and what each model has made of it, by its label."""

    name: str
    original: NDArray[np.uint8]
    painted: Mapping[str, Painted]


def compare(
    colorizers: Mapping[str, Colorizer],
    source: str,
    *,
    hints: Sequence[Hint] = (),
    vividness: float = 1.0,
    row_px: int = ROW_PX,
) -> Row:
    """Color one photograph with several models.

    Parameters
    ----------
    colorizers : by their labels; the first is what others are compared with
    source : the photograph's file; if it has colors, results are measured against them
    hints, vividness : as for `Prepared.paint`
    row_px : the height at which results are shown and measured

    Raises
    ------
    PictureReadError
        It can't be read as a picture.
    HintError
        A hint lies outside the picture.
    """
    read = picture.read(source)
    height, width = read.size
    scale = min(1.0, row_px / height, WIDEST * row_px / width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    original = read.srgb(size=size)
    truth = None if read.is_monochrome() else color.srgb_to_lab(original)
    found: dict[str, Painted] = {}
    first: NDArray[Any] | None = None
    for label, colorizer in colorizers.items():
        started = time.perf_counter()
        painted = colorizer.colorize(
            picture.read(source), hints=hints, vividness=vividness, provenance=False
        )
        srgb = _shrunk(painted, size)
        seconds = time.perf_counter() - started
        lab = color.srgb_to_lab(srgb)
        first = lab if first is None else first
        found[label] = Painted(
            srgb=srgb,
            seconds=seconds,
            colorfulness=color.colorfulness(srgb),
            apart=float(color.ciede2000(lab, first).mean()),
            error=None if truth is None else float(color.ciede2000(lab, truth).mean()),
        )
    return Row(read.name, original, found)


def _shrunk(painted: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    """All of a result, painted at full size and then shrunk."""
    whole = pyvips.Image.new_from_array(painted.srgb())
    height, width = size
    shrunk = whole.thumbnail_image(width, height=height, size="force")
    return np.asarray(shrunk.numpy(), dtype=np.uint8)


def sheet(rows: Sequence[Row]) -> Picture:
    """Photographs one below the other: each as it came, then what each model has made of it.

    Parameters
    ----------
    rows : at least one, all of the same models
    """
    labels = ["original", *rows[0].painted]
    columns = [[row.original, *(one.srgb for one in row.painted.values())] for row in rows]
    widths = [max(line[at].shape[1] for line in columns) for at in range(len(labels))]
    lines = [_joined([_label(text, wide) for text, wide in zip(labels, widths, strict=True)])]
    for line in columns:
        pictures = [pyvips.Image.new_from_array(one) for one in line]
        lines.append(
            _joined(
                [
                    one.embed((wide - one.width) // 2, 0, wide, one.height, extend="white")
                    for one, wide in zip(pictures, widths, strict=True)
                ]
            )
        )
    joined = lines[0]
    for one in lines[1:]:
        joined = joined.join(one, "vertical", shim=SHIM_PX, background=PAPER, expand=True)
    framed = joined.embed(
        SHIM_PX,
        SHIM_PX,
        joined.width + 2 * SHIM_PX,
        joined.height + 2 * SHIM_PX,
        extend="white",
    )
    return picture.from_image(framed.cast("uchar").copy(interpretation="srgb"), name="sheet")


def _joined(images: list[pyvips.Image]) -> pyvips.Image:
    joined = images[0]
    for one in images[1:]:
        joined = joined.join(one, "horizontal", shim=SHIM_PX, background=PAPER, expand=True)
    return joined


def _label(text: str, width: int) -> pyvips.Image:
    """A line of text, no wider than `width`, as dark ink on paper."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    mask = pyvips.Image.text(escaped, font=FONT, dpi=96)
    if mask.width > width:
        mask = mask.resize(width / mask.width)
    ink = (PAPER - mask * ((PAPER - INK) / 255)).cast("uchar")
    line = ink.gravity("west", width, max(LABEL_PX, ink.height), extend="white")
    return line.bandjoin([line, line])


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The means of a model's figures over photographs; see `Painted`."""

    seconds: float
    colorfulness: float
    apart: float
    error: float | None
    """Over those with colors of their own; None where there are none."""


def figures(rows: Sequence[Row]) -> dict[str, Figures]:
    """Each model's figures over all rows, of which there is at least one."""
    found = {}
    for label in rows[0].painted:
        own = [row.painted[label] for row in rows]
        errors = [one.error for one in own if one.error is not None]
        found[label] = Figures(
            seconds=_mean([one.seconds for one in own]),
            colorfulness=_mean([one.colorfulness for one in own]),
            apart=_mean([one.apart for one in own]),
            error=_mean(errors) if errors else None,
        )
    return found


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
