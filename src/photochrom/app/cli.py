"""The command line: parse, call, print. Exit codes: 0, 1 (some failed), 2 (usage or input).

Heavy libraries are imported inside the commands that need them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom import __version__
from photochrom.errors import JobError, MissingExtraError, PhotochromError

if TYPE_CHECKING:
    from rich.console import Console

    from photochrom.evaluation.report import Report

app = typer.Typer(
    name="photochrom",
    help="Turn grey photographs into colour ones, on this machine, at full resolution.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ModelOption = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="NAME|FILE", help="A name from 'photochrom models'."),
]


def main() -> None:
    """The entry point: run a command; turn our errors into a message and exit code 2."""
    try:
        app()
    except PhotochromError as error:
        print(f"photochrom: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("photochrom: stopped.", file=sys.stderr)
        sys.exit(130)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"photochrom {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    pass


@app.command()
def colorize(
    inputs: Annotated[
        list[str], typer.Argument(metavar="IN...", help="Photographs, folders, or - for stdin.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A file for one photograph, a folder for several, or - for stdout. "
            "Without it, NAME-color is written beside NAME.",
        ),
    ] = None,
    model: ModelOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    quality: Annotated[
        int, typer.Option(min=1, max=100, help="Of JPEG, WebP and AVIF output.")
    ] = 92,
) -> None:
    """Give photographs colours; size, lightness, transparency and metadata stay."""
    from photochrom.runtime import batch
    from photochrom.runtime.colorizer import Colorizer

    jobs = batch.plan(inputs, output)
    if any(job.target is None for job in jobs) and sys.stdout.isatty():
        raise JobError("A picture would go to the terminal; name a file with -o, or use a pipe.")
    colorizer = Colorizer(model)
    failed = 0
    with _progress("colorizing", len(jobs)) as (console, done):
        for number, job in enumerate(jobs, start=1):
            try:
                result = job.run(colorizer, force=force, quality=quality)
            except PhotochromError as error:
                failed += 1
                console.print(f"failed: {error}", style="red", markup=False)
            else:
                where = job.target or "stdout"
                size = f"{result.width} x {result.height}"
                console.print(f"{job.name} -> {where} ({size})", markup=False)
            done(number, len(jobs))
    if failed:
        console.print(f"{failed} of {len(jobs)} failed.", style="red")
        raise typer.Exit(1)


@app.command()
def models() -> None:
    """List the models that there are."""
    from rich.console import Console
    from rich.table import Table

    from photochrom.runtime.weights import shipped_models

    table = Table("name", "size", "good at", "licence", box=None, pad_edge=False)
    for model in shipped_models():
        name = f"{model.name} (default)" if model.default else model.name
        table.add_row(name, f"{model.size_bytes / 1e6:.1f} MB", model.domain, model.licence)
    Console().print(table)


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A TOML recipe, such as those in recipes/.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one key: --set optim.lr=1e-4"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; runs/NAME by default.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run stopped.")] = False,
    devices: Annotated[
        int | None, typer.Option(min=1, help="Train data-parallel: --set train.devices=N")
    ] = None,
) -> None:
    """Train a model from a recipe (needs the train extra)."""
    from rich.console import Console

    from photochrom.training.config import load_recipe

    changes = [*(changes or []), *([f"train.devices={devices}"] if devices else [])]
    loaded = load_recipe(recipe, changes)
    with _needs_train_extra():
        from photochrom.training.loop import train as run
    console = Console()
    folder = out or Path("runs") / loaded.name
    try:
        best = run(loaded, folder, resume=resume, console=console)
    except KeyboardInterrupt:
        console.print(f"Stopped; the checkpoint is {folder / 'last.ckpt'}. Go on with --resume.")
        raise
    console.print(f"The best model is {best}. Export it: photochrom export {best} -o model.onnx")


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of photochrom train.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.onnx")],
    name: Annotated[str, typer.Option(help="What the model calls itself.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a trained model as ONNX, checked against torch (needs the train extra)."""
    with _needs_train_extra():
        from photochrom.training.export import export as run
    difference = run(checkpoint, output, name=name, force=force)
    size = output.stat().st_size / 1e6
    print(f"{output} ({size:.1f} MB); differs from torch by at most {difference:.4f} in ab")


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or ONNX file.")],
    data: Annotated[
        str, typer.Option(metavar="DIR|flowers102:SPLIT[@ROOT]", help="Colour photographs.")
    ],
    figure: Annotated[
        Path | None, typer.Option(help="Write a picture: grey, result, truth.")
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=2, help="Measure so many photographs only.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw and the bootstrap.")] = 0,
) -> None:
    """Measure a model over colour photographs (needs the train extra)."""
    from photochrom.evaluation import report as reports

    with _progress("measuring", 2) as (console, done):
        report = reports.evaluate(
            model, data, limit=limit, seed=seed, figure=figure, on_picture=done
        )
    _print_report(report)
    if json_out is not None:
        import json

        json_out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
        json_out.write_text(text + "\n", encoding="utf-8")
    if report.unreadable:
        console.print(f"not readable: {', '.join(report.unreadable)}", style="red", markup=False)
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    """The figures as a table: one coloring a column, one figure a row."""
    from rich.console import Console
    from rich.table import Table

    from photochrom.evaluation.report import COLUMNS, cell

    table = Table("", *report.rows, "truth", box=None, pad_edge=False)
    for key, label in COLUMNS.items():
        cells = [cell(key, figures[key]) for figures in report.rows.values()]
        truth = cell(key, report.truth_colorfulness) if key == "colorfulness" else ""
        table.add_row(label, *cells, truth)
    console = Console()
    console.print(table)
    console.print(
        f"{report.model} on {report.data}: {report.pictures} photographs at "
        f"{report.short_side_px} px; [95 % bootstrap intervals]",
        markup=False,
    )


@contextmanager
def _progress(label: str, total: int) -> Iterator[tuple[Console, Callable[[int, int], None]]]:
    """A progress bar on stderr for more than one thing; yields a console and done(n, of)."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    with Progress(console=console, transient=True, disable=total < 2) as progress:
        task = progress.add_task(label, total=total)

        def done(number: int, of: int) -> None:
            progress.update(task, completed=number, total=of)

        yield console, done


@contextmanager
def _needs_train_extra() -> Iterator[None]:
    """Say which part is missing when training's libraries are."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"This needs the train extra ({error.name} is missing): pip install 'photochrom[train]'"
        ) from error
