"""The compare command: several models side by side on one's own photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.arguments import DeviceOption, LikeOption
from photochrom.errors import Advice, JobError, OutputExistsError, PictureReadError
from photochrom.runtime.options import DEFAULTS, help_for, limits_for

if TYPE_CHECKING:
    from photochrom.evaluation.comparison import Row

SOME_FAILED = 1
MOST = 100
"""How many photographs fit on a sheet."""


def compare(
    inputs: Annotated[list[str], typer.Argument(metavar="IN...", help="Photographs or folders.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="SHEET", help="Write the sheet, a picture, to this file."
        ),
    ],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE",
            help="Compare this model. Repeatable. Default: all that 'photochrom models' lists.",
        ),
    ] = None,
    like: LikeOption = None,
    hints: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Read hints for all models from a file."),
    ] = None,
    vividness: Annotated[
        float, typer.Option(**limits_for("vividness"), help=help_for("vividness"))
    ] = DEFAULTS.vividness,
    height: Annotated[
        int, typer.Option(min=32, max=4096, help="Set the height of each photograph, in pixels.")
    ] = 384,
    costs: Annotated[
        bool,
        typer.Option("--costs", help="Also measure time, arithmetic and memory of each model."),
    ] = False,
    device: DeviceOption = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Colorize photographs with several models. Write a sheet of all results; print figures."""
    from photochrom.cli.advice import error_text
    from photochrom.cli.console import error_console, progress
    from photochrom.evaluation import comparison
    from photochrom.models.opening import labels_of, like_of
    from photochrom.models.weights import named_models
    from photochrom.runtime.colorizer import Colorizer
    from photochrom.runtime.hints import load_hints

    if output.exists() and not force:
        raise OutputExistsError(
            f"{output}: the file already exists.",
            advice=[Advice.OTHER_OUTPUT, Advice.REPLACE],
        )
    photographs = _photographs(inputs)
    if hints is not None and len(photographs) > 1:
        raise JobError(f"--hints works with one photograph; found {len(photographs)}.")
    given = () if hints is None else load_hints(hints)
    labels = labels_of(models or [one.name for one in named_models()], like=like)
    colorizers = {
        label: Colorizer(model, like=like_of(model, like), device=device)
        for label, model in labels.items()
    }
    console, rows, failed = error_console(), [], 0
    with progress("comparing", len(photographs), console=console) as done:
        for number, path in enumerate(photographs, start=1):
            try:
                row = comparison.compare(
                    colorizers, str(path), hints=given, vividness=vividness, row_px=height
                )
                rows.append(row)
            except PictureReadError as error:
                failed += 1
                console.print(f"failed: {error_text(error)}", style="red", markup=False)
            done(number, len(photographs))
    if rows:
        output.parent.mkdir(parents=True, exist_ok=True)
        comparison.sheet(rows).save(output, force=force)
        _print_figures(rows)
        if costs:
            _print_costs(labels, like)
        print(f"{output}: {len(rows)} photographs, {len(labels)} models.")
    if failed:
        raise typer.Exit(SOME_FAILED)


def _photographs(inputs: list[str]) -> list[Path]:
    """Those that are named, and those in folders."""
    from photochrom.pictures.folders import list_pictures

    places = map(Path, inputs)
    found = [
        path for place in places for path in (list_pictures(place) if place.is_dir() else [place])
    ]
    if len(found) > MOST:
        raise JobError(f"Found {len(found)} photographs; a sheet takes at most {MOST}.")
    return found


def _print_figures(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    from photochrom.evaluation.comparison import figures

    found = figures(rows)
    first, *_ = found
    columns = ["model", "seconds", "colorfulness", f"CIEDE2000 to {first}"]
    true = any(one.error is not None for one in found.values())
    table = Table(*columns, *(["CIEDE2000 to the truth"] if true else []), box=None, pad_edge=False)
    for label, one in found.items():
        cells = [f"{one.seconds:.2f}", f"{one.colorfulness:.1f}", f"{one.apart:.1f}"]
        table.add_row(label, *cells, *([f"{one.error:.1f}"] if one.error is not None else []))
    Console().print(table)


def _print_costs(labels: dict[str, str | None], like: str | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from photochrom.evaluation.cost import measure_cost
    from photochrom.evaluation.report import COST_COLUMNS, cost_cells

    table = Table("model", *COST_COLUMNS, box=None, pad_edge=False)
    for label, model in labels.items():
        table.add_row(label, *cost_cells(measure_cost(model, like=like)))
    Console().print(table)
