"""The commands of the train extra, which `cli.main` lists: train, mix, export, evaluate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.arguments import LikeOption
from photochrom.errors import MissingExtraError

if TYPE_CHECKING:
    from photochrom.evaluation.report import Report


def train(
    recipe: Annotated[
        Path, typer.Argument(help="A training recipe (TOML), such as those in recipes/.")
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change one key of the recipe, such as optim.lr=1e-4. Repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the run to this folder. Default: runs/NAME.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue where the run stopped.")
    ] = False,
    devices: Annotated[
        int | None, typer.Option(min=1, help="Train data-parallel on N devices.")
    ] = None,
    num_nodes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Train on N machines.")
    ] = None,
) -> None:
    """Train a model from a recipe (needs the train extra)."""
    from rich.console import Console

    from photochrom.training.config import load_recipe

    changes = [
        *(changes or []),
        *([f"train.devices={devices}"] if devices else []),
        *([f"train.num_nodes={num_nodes}"] if num_nodes else []),
    ]
    loaded = load_recipe(recipe, changes)
    with _needs_train_extra():
        from photochrom.training.devices import speaks
        from photochrom.training.loop import train as run
    console = Console(quiet=not speaks())
    folder = out or Path("runs") / loaded.name
    try:
        best = run(loaded, folder, resume=resume, console=console)
    except KeyboardInterrupt:
        if (folder / "last.ckpt").exists():
            console.print(f"Stopped at {folder / 'last.ckpt'}. Go on with --resume.")
        raise
    console.print(f"The best model is {best}. Export it: photochrom export {best} -o model.onnx")


def pack(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER", help="A folder of photographs, or another source of data.train."
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="SHARDS",
            help="Write to this folder, or to an address such as s3://B/KEY.",
        ),
    ],
    recipe: Annotated[
        Path | None,
        typer.Option(help="Pack for this recipe. Default: the defaults of the table data."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change one key of the recipe, such as data.store_side_px=320. Repeatable.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing shards.")] = False,
) -> None:
    """Pack photographs for training (needs the shards extra)."""
    from photochrom.cli.console import error_console, progress
    from photochrom.pictures.stores import Address
    from photochrom.training.config import changed_recipe, load_recipe

    data = (
        load_recipe(recipe, changes or [])
        if recipe
        else changed_recipe({"name": "pack"}, changes or [])
    ).data
    with _needs_train_extra():
        from photochrom.training.packed import pack as run
    with progress("packing", 2, console=error_console()) as done:
        words = run(source, Address.parse(output), data, replace=force, on_picture=done)
    print(f'{output}: {words}. Train from it: data.train = ["{output}"]')


def mix(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            metavar="CHECKPOINT[=SHARE]...",
            help="Checkpoints of runs with a common start, each with its share.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT.ckpt", help="Write the checkpoint to this file."
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Average the weights of checkpoints (needs the train extra)."""
    with _needs_train_extra():
        from photochrom.training.mix import mix as run
    run([_part(text) for text in checkpoints], output, force=force)
    print(f"{output}. Export it: photochrom export {output} -o model.onnx")


def _part(text: str) -> tuple[Path, float]:
    """``CHECKPOINT`` or ``CHECKPOINT=SHARE``."""
    path, equals, share = text.rpartition("=")
    if not equals:
        return Path(text), 1.0
    try:
        count = float(share)
    except ValueError:
        count = 0.0
    if not 0 < count < math.inf:
        raise typer.BadParameter(f"'{text}': the share must be a number above 0, as in a.ckpt=2.")
    return Path(path), count


def export(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="CHECKPOINT | MODEL",
            help="A checkpoint of photochrom train; with --web a model's name or ONNX file, by "
            "default the default model.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT.onnx", help="Write the model to this file."),
    ] = None,
    web: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the Studio as a static site into this folder."),
    ] = None,
    name: Annotated[str, typer.Option(help="Set the model's name. Default: the file's name.")] = "",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change one key that leaves the weights alone, such as model.temperature=0.4.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Export a checkpoint to ONNX, or a model as a static site. ONNX needs the train extra."""
    if web is not None:
        if output is not None or name or changes:
            raise typer.BadParameter("--web can be combined only with a model and --force.")
        _export_site(source, web, force=force)
        return
    if source is None or output is None:
        raise typer.BadParameter("Give a checkpoint and -o OUT.onnx, or --web DIR.")
    with _needs_train_extra():
        from photochrom.training.export import export as run
    difference = run(Path(source), output, name=name, changes=changes or [], force=force)
    size = output.stat().st_size / 1e6
    print(f"{output} ({size:.1f} MB); differs from torch by at most {difference:.4f} in ab")


def _export_site(model: str | None, folder: Path, *, force: bool) -> None:
    """Write the Studio as a folder of files."""
    from photochrom.studio.site import write_site

    write_site(folder, model=model, force=force)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"{folder} ({size:.1f} MB). Try it: python -m http.server -b 127.0.0.1 -d {folder}")


def evaluate(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="Names of models, or ONNX files.")
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="DIR|flowers102:SPLIT[@ROOT]", help="Measure on these color photographs."
        ),
    ],
    figure: Annotated[
        Path | None, typer.Option(help="Write a comparison picture: gray, result, truth.")
    ] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this JSON file.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Measure N photographs only.")] = None,
    seed: Annotated[int, typer.Option(help="Set the seed of the sampling and the bootstrap.")] = 0,
    like: LikeOption = None,
) -> None:
    """Measure models over color photographs (needs the train extra)."""
    from photochrom.cli.console import error_console, progress
    from photochrom.evaluation import report as reports

    console = error_console()
    with progress("measuring", 2, console=console) as done:
        report = reports.evaluate(
            models, data, like=like, limit=limit, seed=seed, figure=figure, on_picture=done
        )
    _print_report(report)
    if json_out is not None:
        import json

        from photochrom.pictures.writing import write_whole

        json_out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
        write_whole(json_out, f"{text}\n".encode())
    if report.unreadable:
        console.print(f"not readable: {', '.join(report.unreadable)}", style="red", markup=False)
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    """The figures as a table: one coloring a column, one figure a row."""
    from rich.console import Console
    from rich.table import Table

    from photochrom.evaluation.report import (
        COLUMNS,
        COST_COLUMNS,
        cell,
        cost_cells,
        gain_lines,
    )

    headers = [name.replace(" (", "\n(") for name in report.rows]
    table = Table("", *headers, "truth", box=None, pad_edge=False)
    for key, label in COLUMNS.items():
        cells = [cell(key, figures[key]) for figures in report.rows.values()]
        cells += [cell(key, report.truth_colorfulness) if key == "colorfulness" else ""]
        table.add_row(label, *(_on_two_lines(text) for text in cells))
    costs = [cost_cells(report.costs.get(name)) for name in report.rows]
    for at, label in enumerate(COST_COLUMNS):
        table.add_row(label, *(cells[at] for cells in costs), "")
    console = Console()
    console.print(table)
    console.print(
        f"{', '.join(report.models)} on {report.data}: {report.pictures} photographs at "
        f"{report.short_side_px} px; [95 % bootstrap intervals]",
        markup=False,
    )
    for line in gain_lines(report):
        console.print(line, markup=False)


def _on_two_lines(text: str) -> str:
    """``19.9 [19.7, 20.1]`` as a narrow cell."""
    return text.replace(" [", "\n").replace(", ", "–").removesuffix("]")


@contextmanager
def _needs_train_extra() -> Iterator[None]:
    """Say which part is missing when training's libraries are."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"This needs the train extra ({error.name} is missing): pip install 'photochrom[train]'"
        ) from error
