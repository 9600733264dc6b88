"""The models command: which there are, and other people's added, shown, checked and removed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.arguments import DeviceOption, LikeOption
from photochrom.errors import ModelError

if TYPE_CHECKING:
    from photochrom.models.added import AddedModel
    from photochrom.models.contract import ModelContract
    from photochrom.models.weights import ShippedModel

app = typer.Typer(
    help="List, add, show, check and remove models.",
    no_args_is_help=False,
)
SOME_WRONG = 1


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List, add, show, check and remove models."""
    if context.invoked_subcommand is None:
        list_()


@app.command(name="list")
def list_() -> None:
    """List the available models."""
    from rich.console import Console
    from rich.table import Table

    from photochrom.models.added import added_models
    from photochrom.models.weights import shipped_models

    table = Table("name", "size", "good at", "license", box=None, pad_edge=False)
    for model in shipped_models():
        name = f"{model.name} (default)" if model.default else model.name
        table.add_row(name, _size(model), model.domain, model.licence)
    for one in added_models():
        about = f"added; like {one.like}" if one.like else "added"
        table.add_row(one.name, _size(one), about, one.licence)
    Console().print(table)


@app.command()
def kinds() -> None:
    """List the kinds of other people's models, and their sources."""
    from rich.console import Console
    from rich.table import Table

    from photochrom.models.descriptor import KINDS

    table = Table("kind", "takes", "gives", "license", "files", box=None, pad_edge=False)
    for name, kind in KINDS.items():
        one = kind.descriptor
        table.add_row(name, one.takes, one.gives, one.licence, kind.source)
    Console().print(table)
    print("Their interfaces were checked with stand-ins; the files themselves were not run.")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The model's file.")],
    like: LikeOption = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Set the model's name. Default: the file's.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--license", metavar="NAME", help="Set the license of the model.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace an added model of this name.")
    ] = False,
) -> None:
    """Check a model's file and copy it to your own models."""
    from photochrom.models import added, adding

    model = adding.add(file, like=like, name=name, licence=licence, replace=force)
    print(f"Added {model.name} ({_size(model)}, {model.licence}) to {added.folder()}.")
    for note in adding.check_added(model):
        print(f"note: {note}.", file=sys.stderr)
    print(f"Use it: photochrom colorize old.jpg -m {model.name} -o new.jpg")


@app.command()
def show(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The model.")],
    like: LikeOption = None,
) -> None:
    """Show what a model takes, gives and can do, and its license."""
    from photochrom.models.opening import open_model
    from photochrom.models.weights import find_model

    contract = open_model(model, like=like).contract
    path = find_model(model)
    for key, text in _facts(contract, path):
        print(f"{key:<10} {text}")


@app.command()
def check(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="NAME|FILE...", help="The models. Default: all.")
    ] = None,
    like: LikeOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Check models: the file, its hash, and a run over a sample."""
    from photochrom.cli.advice import error_text
    from photochrom.models import adding
    from photochrom.models.opening import open_model
    from photochrom.models.weights import named_models

    names = models or [one.name for one in named_models()]
    wrong = False
    for name in names:
        try:
            notes = adding.check(open_model(name, like=like, device=device))
        except ModelError as error:
            wrong = True
            print(f"wrong: {name}: {error_text(error)}")
            continue
        for note in notes:
            print(f"note: {name}: {note}.")
        if not notes:
            print(f"ok: {name}")
    if wrong:
        raise typer.Exit(SOME_WRONG)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Models that were added.")],
) -> None:
    """Remove models that were added."""
    from photochrom.models import adding

    for name in names:
        adding.remove(name)
        print(f"Removed {name}.")


def _size(model: ShippedModel | AddedModel) -> str:
    return f"{model.size_bytes / 1e6:.1f} MB"


def _facts(contract: ModelContract, path: Path) -> Iterator[tuple[str, str]]:
    """What is shown of a model."""
    from photochrom.models.abilities import ALWAYS, SOMETIMES, WORDS, refusals

    yield "name", str(contract.identity)
    yield "file", str(path)
    yield "size", f"{path.stat().st_size / 1e6:.1f} MB"
    yield "sha256", contract.sha256
    yield "license", contract.licence or "not said"
    if contract.domain:
        yield "good at", contract.domain
    yield "takes", _taken(contract)
    if contract.hints == "planes":
        yield "hints", "through inputs of its own"
    yield "gives", {"ab": "a* and b*", "rgb": "RGB"}.get(contract.output, contract.output)
    cannot = refusals(contract)
    yield "can", ", ".join([*ALWAYS, *(one for one in SOMETIMES if one not in cannot)])
    for name, reason in cannot.items():
        yield "can't", f"{name}: {WORDS[reason]}"


def _taken(contract: ModelContract) -> str:
    """What a model takes, and at which size."""
    what = "L*" if contract.input == "lightness" else "a gray RGB picture"
    if contract.size_px is not None:
        height, width = contract.size_px
        return f"{what}, {width} x {height} pixels"
    return f"{what}, {contract.short_side_px} pixels along the short side"
