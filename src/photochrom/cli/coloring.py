"""The colorize command."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.arguments import (
    DeviceOption,
    LikeOption,
    ModelOption,
    ReferenceOption,
    all_inputs,
    hints_in,
    locks_in,
    palette_in,
    takes_options,
    to_bytes,
)
from photochrom.cli.codes import ExitCode
from photochrom.errors import JobError
from photochrom.runtime.options import Options, help_for, limits_for

if TYPE_CHECKING:
    from photochrom.cli.order import BatchOrder


class Pages(StrEnum):
    """Which pages of a TIFF file to colorize."""

    FIRST = "first"
    ALL = "all"


@takes_options
def colorize(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="IN...", help="Photographs, folders, or - for standard input."),
    ] = None,
    *,
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
    reference: ReferenceOption = None,
    options: Options,
    alternatives: Annotated[
        int,
        typer.Option(**limits_for("alternative"), metavar="N", help="Write N plausible results."),
    ] = 0,
    confidence: Annotated[
        Path | None,
        typer.Option(
            metavar="MAP.png",
            help="Also write a confidence map: white is certain, black is uncertain.",
        ),
    ] = None,
    pages: Annotated[
        Pages,
        typer.Option(
            help="Select the pages of multi-page TIFF files; all writes one multi-page TIFF."
        ),
    ] = Pages.FIRST,
    max_memory_mb: Annotated[
        int | None,
        typer.Option(min=1, help="Limit memory use. Default: four fifths of the memory available."),
    ] = None,
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
    """Colorize photographs. Size, lightness, transparency and metadata are kept."""
    from dataclasses import replace

    from photochrom.batch.shards import Shard
    from photochrom.cli.order import BatchOrder

    given = {"--hint": hint, "--hints": hints, "--lock": lock, "--confidence": confidence}
    order = BatchOrder(
        inputs=all_inputs(inputs or [], files_from, null=null),
        output=output,
        options=replace(
            options,
            hints=hints_in(hint or [], hints, reach),
            lock=locks_in(lock or []),
            palette=palette_in(palette),
        ),
        edits=edits,
        reference=reference,
        alternatives=alternatives,
        confidence=confidence,
        all_pages=pages is Pages.ALL,
        single=next((name for name, value in given.items() if value), ""),
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
        show=show,
        as_json=as_json,
    )
    budget_bytes = to_bytes(max_memory_mb)
    code = _carry_out(order, budget_bytes, ray=ray, actors=actors, dry_run=dry_run)
    if code:
        raise typer.Exit(code)


def _carry_out(
    order: BatchOrder, budget_bytes: int | None, *, ray: str, actors: str, dry_run: bool
) -> int:
    """Do it, here or on a cluster; the exit code."""
    from photochrom.runtime.memory import Budget, usual_bytes

    if order.confidence is not None and order.all_pages:
        raise JobError("--confidence maps a single page; it can't be combined with --pages all.")
    if actors and not ray:
        raise JobError("--actors needs --ray.")
    if ray or any("://" in place for place in (*order.inputs, order.output or "")):
        from photochrom.cli import remote

        return remote.carry_out(
            order, memory_bytes=budget_bytes, ray=ray, actors=actors, dry_run=dry_run
        )
    if order.confidence is not None and order.alternatives:
        raise JobError(
            "--confidence maps a single result; it can't be combined with --alternatives."
        )
    if dry_run:
        order.print_plan()
        return ExitCode.DONE
    from photochrom.cli import crew

    budget = Budget(budget_bytes or usual_bytes())
    return (crew.run_watch if order.watch else crew.run)(order, budget)
