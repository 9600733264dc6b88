"""The command line: parse, call, print. How it ends is an `ExitCode`.

Heavy libraries are imported inside the commands that need them.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from photochrom.cli import coloring, comparing, filming, help, learning, models, serving, streams
from photochrom.cli.advice import error_text
from photochrom.cli.codes import ExitCode
from photochrom.errors import PhotochromError
from photochrom.runtime.memory import check_addresses
from photochrom.version import __version__

app = help.App(
    name="photochrom",
    help="Colorize black-and-white photographs and films on this machine, at full resolution.",
    cls=help.Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """The entry point: run a command; turn our errors into a message and exit code 2."""
    with streams.kept():
        code = _run()
    if code:
        sys.exit(code)


def _run() -> int | str:
    words = sys.argv[1:]
    if not words and "_PHOTOCHROM_COMPLETE" not in os.environ:
        print(help.start_text(__version__))
        return ExitCode.DONE
    known = {"--version", "--help", "--install-completion", "--show-completion"}
    known |= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    try:
        app(help.expanded(words, known=known.__contains__), prog_name="photochrom")
    except PhotochromError as error:
        print(f"photochrom: {streams.printable(error_text(error))}", file=sys.stderr)
        return ExitCode.REFUSED
    except KeyboardInterrupt:
        print("photochrom: stopped.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except SystemExit as stop:
        if stop.code:
            return stop.code
    if fault := streams.fault():
        print(f"photochrom: cannot write to standard output ({fault}).", file=sys.stderr)
        return ExitCode.REFUSED
    return ExitCode.DONE


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"photochrom {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    check_addresses()


app.command()(coloring.colorize)


@app.command()
def status(
    place: Annotated[
        str, typer.Argument(metavar="OUT", help="The folder or address of the results.")
    ],
) -> None:
    """Summarize a batch: photographs done, skipped and failed."""
    from photochrom.cli import remote

    if code := remote.status(place):
        raise typer.Exit(code)


app.command()(serving.serve)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check this installation and report what to fix."""
    from photochrom.cli.doctor import doctor

    if code := doctor(as_json=as_json):
        raise typer.Exit(code)


app.add_typer(models.app, name="models")
app.command()(comparing.compare)
app.command()(filming.video)
for command in (
    learning.pack,
    learning.train,
    learning.mix,
    learning.export,
    learning.evaluate,
):
    app.command()(command)
