"""What stands on the command line, as the library takes it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photochrom.errors import JobError
from photochrom.models.devices import DEVICES
from photochrom.runtime.options import Options, help_for, limits_for

if TYPE_CHECKING:
    from photochrom.runtime.hints import Hint, Lock


MB = 1_000_000


ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|FILE",
        help="Use this model: a name listed by 'photochrom models', or an ONNX file.",
    ),
]


LikeOption = Annotated[
    str | None,
    typer.Option(
        metavar="KIND", help="Set the kind of another maker's ONNX file, such as ddcolor."
    ),
]


DeviceOption = Annotated[
    str,
    typer.Option(
        metavar="|".join(DEVICES), help="Run the network on this device; auto selects the fastest."
    ),
]


ReferenceOption = Annotated[
    Path | None,
    typer.Option(
        metavar="PICTURE",
        help="Follow the colors of this photograph where the content matches.",
    ),
]


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each plain field of `Options`; it gets them as ``options``.

    Hints, locks and palettes are written in ways of their own; the number of an alternative is
    not asked for, as the results of all are written.
    """
    plain = {
        one.name: _option_of(one.name, one.default)
        for one in fields(Options)
        if isinstance(one.default, int | float) and one.name != "alternative"
    }
    taken = []
    for one in inspect.signature(command, eval_str=True).parameters.values():
        taken += list(plain.values()) if one.name == "options" else [one]

    @wraps(command)
    def parsed(**given: Any) -> None:
        options = Options(**{name: given.pop(name) for name in plain})
        command(options=options, **given)

    parsed.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    parsed.__annotations__ = {one.name: one.annotation for one in taken}
    return parsed


def _option_of(name: str, default: Any) -> inspect.Parameter:
    """A field of `Options` as a parameter that Typer makes an option of."""
    flag = f"--{name.replace('_', '-')}"
    if isinstance(default, bool):
        flag += f"/--no-{flag[2:]}" if default else ""
        option = typer.Option(flag, help=help_for(name))
    else:
        option = typer.Option(**limits_for(name), help=help_for(name))
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(
        name, kind, default=default, annotation=Annotated[type(default), option]
    )


def to_bytes(megabytes: int | None) -> int | None:
    """Megabytes of 1,000,000 bytes as bytes; None stays None."""
    return None if megabytes is None else megabytes * MB


def hints_in(written: list[str], file: Path | None, reach: float | None) -> tuple[Hint, ...]:
    """The hints of a file, and over them those of the command line; `reach` for those without."""
    from dataclasses import replace

    from photochrom.runtime.hints import load_hints, parse_hint

    hints = (*(load_hints(file) if file else ()), *map(parse_hint, written))
    return tuple(one if one.reach is not None else replace(one, reach=reach) for one in hints)


def locks_in(written: list[str]) -> tuple[Lock, ...]:
    """The locks of the command line."""
    from photochrom.runtime.hints import parse_lock

    return tuple(map(parse_lock, written))


def palette_in(text: str | None) -> tuple[str, ...]:
    """The colors that are named, or those of the picture that is."""
    from photochrom.pictures import picture
    from photochrom.runtime.palette import palette_of, parse_palette

    if not text:
        return ()
    if not text.lstrip().startswith("#") and Path(text).is_file():
        return palette_of(picture.read(text))
    return parse_palette(text)


def all_inputs(named: list[str], files_from: str | None, *, null: bool) -> list[str]:
    """The inputs of the command line and those of a list."""
    from photochrom.batch.jobs import STANDARD_STREAM
    from photochrom.batch.plan import read_list

    if files_from is None:
        if not named:
            raise typer.BadParameter(
                "name photographs or folders, or a list with --files-from.", param_hint="IN..."
            )
        return named
    if files_from == STANDARD_STREAM and STANDARD_STREAM in named:
        raise JobError("Standard input (-) can be a photograph or a list of inputs, not both.")
    try:
        if files_from == STANDARD_STREAM:
            return [*named, *read_list(sys.stdin.buffer, null=null)]
        with Path(files_from).open("rb") as stream:
            return [*named, *read_list(stream, null=null)]
    except OSError as error:
        raise JobError(f"{files_from}: cannot read the list ({error.strerror}).") from error
    except ValueError as error:
        raise JobError(f"{files_from}: cannot read the list ({error}).") from error
