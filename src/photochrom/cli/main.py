"""The command line: parse, call, print. How it ends is an `ExitCode`.

Heavy libraries are imported inside the commands that need them.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli import comparing, filming, help, learning, models, serving, streams
from photochrom.cli.advice import error_text
from photochrom.cli.arguments import (
    DeviceOption,
    LikeOption,
    ModelOption,
    all_inputs,
    hints_in,
    locks_in,
    palette_in,
    to_bytes,
)
from photochrom.cli.codes import ExitCode
from photochrom.errors import JobError, PhotochromError
from photochrom.runtime.memory import check_addresses
from photochrom.runtime.options import DEFAULTS, Options, help_for, limits_for
from photochrom.version import __version__

app = help.App(
    name="photochrom",
    help="Colorize black-and-white photographs and films on this machine, at full resolution.",
    cls=help.Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Pages(StrEnum):
    """Which pages of a TIFF file to colorize."""

    FIRST = "first"
    ALL = "all"


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
        print(f"photochrom: {error_text(error)}", file=sys.stderr)
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


@app.command()
def colorize(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="IN...", help="Photographs, folders, or - for standard input."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Write to this file (one photograph), this folder (several), or - (standard "
            "output). Default: NAME-color beside NAME.",
        ),
    ] = None,
    model: ModelOption = None,
    like: LikeOption = None,
    device: DeviceOption = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y[,RADIUS]=#RRGGBB",
            help="Set a known color at a point, in pixels. Repeatable.",
        ),
    ] = None,
    hints: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Read hints from a file.")
    ] = None,
    edits: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="Apply the edits saved by the Studio: NAME.edits.json in this folder, for "
            "each photograph that has such a file.",
        ),
    ] = None,
    reach: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=16,
            help="Confine each hint to the object it is on: 0.5 a part, 1 the object, 2 more.",
        ),
    ] = None,
    lock: Annotated[
        list[str] | None, typer.Option(metavar="X,Y,RADIUS", help=f"{help_for('lock')} Repeatable.")
    ] = None,
    palette: Annotated[
        str | None,
        typer.Option(
            metavar="#RRGGBB,...|PICTURE",
            help="Restrict the result to these colors, or to those of a picture.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="PICTURE",
            help="Follow the colors of this photograph where the content matches.",
        ),
    ] = None,
    vividness: Annotated[
        float, typer.Option(**limits_for("vividness"), help=help_for("vividness"))
    ] = DEFAULTS.vividness,
    likeness: Annotated[
        float, typer.Option(**limits_for("likeness"), help=help_for("likeness"))
    ] = DEFAULTS.likeness,
    warmth: Annotated[
        float, typer.Option(**limits_for("warmth"), help=help_for("warmth"))
    ] = DEFAULTS.warmth,
    tint: Annotated[
        float, typer.Option(**limits_for("tint"), help=help_for("tint"))
    ] = DEFAULTS.tint,
    strength: Annotated[
        float, typer.Option(**limits_for("strength"), help=help_for("strength"))
    ] = DEFAULTS.strength,
    alternatives: Annotated[
        int,
        typer.Option(**limits_for("alternative"), metavar="N", help="Write N plausible results."),
    ] = 0,
    seed: Annotated[int, typer.Option(**limits_for("seed"), help=help_for("seed"))] = DEFAULTS.seed,
    confidence: Annotated[
        Path | None,
        typer.Option(
            metavar="MAP.png",
            help="Also write a confidence map: white is certain, black is uncertain.",
        ),
    ] = None,
    quality: Annotated[
        int, typer.Option(**limits_for("quality"), help=help_for("quality"))
    ] = DEFAULTS.quality,
    lossless: Annotated[
        bool, typer.Option("--lossless", help=help_for("lossless"))
    ] = DEFAULTS.lossless,
    pages: Annotated[
        Pages,
        typer.Option(
            help="Select the pages of multi-page TIFF files; all writes one multi-page TIFF."
        ),
    ] = Pages.FIRST,
    only_gray: Annotated[
        bool, typer.Option("--only-gray", help=help_for("only_gray"))
    ] = DEFAULTS.only_gray,
    provenance: Annotated[
        bool,
        typer.Option("--provenance/--no-provenance", help=help_for("provenance")),
    ] = DEFAULTS.provenance,
    max_pixels: Annotated[
        int, typer.Option(min=1, help=help_for("max_pixels"))
    ] = DEFAULTS.max_pixels,
    max_memory_mb: Annotated[
        int | None,
        typer.Option(min=1, help="Limit memory use. Default: four fifths of the memory available."),
    ] = None,
    allow_damaged: Annotated[
        bool, typer.Option("--allow-damaged", help=help_for("allow_damaged"))
    ] = DEFAULTS.allow_damaged,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an earlier run: do only what is left.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would be done; write nothing.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Process N photographs at a time. Default: the number of cores, plus one.",
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive/--no-recursive", help="Include subfolders.")
    ] = True,
    files_from: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Read more inputs from a list, one per line."),
    ] = None,
    null: Annotated[
        bool,
        typer.Option(
            "--null", "-0", help="Expect NUL-terminated names in the list (find -print0)."
        ),
    ] = False,
    parents: Annotated[
        bool, typer.Option("--parents", help="Keep each input's path under the output folder.")
    ] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Record what was done in this file. Default for folders: "
            "photochrom-manifest.jsonl in the output folder.",
        ),
    ] = None,
    shard: Annotated[
        str,
        typer.Option(
            metavar="I/N",
            help="Process one of N shares of the photographs, counted from 0/N; for several "
            "machines.",
        ),
    ] = "",
    ray: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Use a Ray cluster: local starts one on this machine, auto finds the running "
            "one, HOST:PORT connects to another.",
        ),
    ] = "",
    actors: Annotated[
        str,
        typer.Option(
            metavar="MIN..MAX", help="Set the number of cluster processes. Default: 1 to all cores."
        ),
    ] = "",
    show: Annotated[
        bool,
        typer.Option("--show", help="Show results beside the originals, in terminals that can."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one line of JSON for each photograph, for scripts."),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Keep watching the folders for new photographs, until Ctrl-C."
        ),
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.05, help="Set the seconds between two checks of --watch.")
    ] = 2.0,
) -> None:
    """Colorize photographs; size, lightness, transparency and metadata are kept."""
    from dataclasses import replace
    from functools import partial

    from photochrom.batch.jobs import Job
    from photochrom.batch.shards import Shard
    from photochrom.cli import coloring
    from photochrom.pictures.footprint import EACH_BYTES
    from photochrom.runtime.cores import usual_workers
    from photochrom.runtime.memory import Budget, usable_bytes

    given = {"--hint": hint, "--hints": hints, "--lock": lock, "--confidence": confidence}
    options = Options(
        hints=hints_in(hint or [], hints, reach),
        lock=locks_in(lock or []),
        palette=palette_in(palette),
        vividness=vividness,
        likeness=likeness,
        warmth=warmth,
        tint=tint,
        strength=strength,
        seed=seed,
        only_gray=only_gray,
        provenance=provenance,
        quality=quality,
        lossless=lossless,
        max_pixels=max_pixels,
        allow_damaged=allow_damaged,
    )
    order = coloring.BatchOrder(
        inputs=all_inputs(inputs or [], files_from, null=null),
        output=output,
        model=model,
        like=like,
        device=device,
        force=force,
        recursive=recursive,
        parents=parents,
        listed=files_from is not None,
        workers=workers,
        manifest=manifest,
        shard=Shard.parse(shard) if shard else None,
        resume=resume or watch,
        watch=watch,
        interval_s=interval,
        reference=reference,
        edits=edits,
        alternatives=alternatives,
        all_pages=pages is Pages.ALL,
        show=show,
        as_json=as_json,
        single=next((name for name, value in given.items() if value), ""),
    )
    if confidence is not None and pages is Pages.ALL:
        raise JobError("--confidence maps a single page; it can't be combined with --pages all.")
    budget = Budget(to_bytes(max_memory_mb) or usable_bytes() * 4 // 5)
    if ray or any("://" in place for place in (*order.inputs, output or "")):
        from photochrom.cli import remote

        if show or as_json:
            raise JobError("--show and --json don't go with object stores and clusters.")
        if edits is not None:
            raise JobError("--edits is not available with object stores and clusters.")
        code = remote.carry_out(
            order, options, budget=budget, ray=ray, actors=actors, dry_run=dry_run
        )
        if code:
            raise typer.Exit(code)
        return
    if confidence is not None and alternatives:
        raise JobError(
            "--confidence maps a single result; it can't be combined with --alternatives."
        )
    if dry_run:
        coloring.show(order)
        return
    order = replace(order, workers=budget.workers(workers or usual_workers(), EACH_BYTES))
    run = coloring.run_watch if watch else coloring.run
    paint = partial(
        Job.run,
        options=options,
        confidence=confidence,
        replace_confidence=force,
        all_pages=order.all_pages,
        budget=budget,
    )
    code = run(order, paint)
    if code:
        raise typer.Exit(code)


@app.command()
def status(
    place: Annotated[
        str, typer.Argument(metavar="OUT", help="The folder or address of the results.")
    ],
) -> None:
    """Summarize a batch: how many photographs are done, skipped, failed or left."""
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
