"""The serve command."""

from __future__ import annotations

from typing import Annotated

import typer

from photochrom.cli.arguments import MB, DeviceOption, LikeOption, ModelOption, to_bytes
from photochrom.runtime.options import help_for
from photochrom.studio.limits import FILM_BYTES, PIXELS, UPLOAD_BYTES


def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen on this port; 0 picks a free one.")
    ] = 8000,
    host: Annotated[
        str,
        typer.Option(
            help="Listen on this address; addresses other than this machine's own need a token."
        ),
    ] = "127.0.0.1",
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    model: ModelOption = None,
    like: LikeOption = None,
    device: DeviceOption = "cpu",
    token: Annotated[
        str,
        typer.Option(envvar="PHOTOCHROM_TOKEN", help="Require this token from visitors."),
    ] = "",
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Admit other machines without a token.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Accept another host name for this server. Repeatable."),
    ] = None,
    max_memory_mb: Annotated[
        int | None,
        typer.Option(min=1, help="Limit memory use. Default: half of the memory available."),
    ] = None,
    max_upload_mb: Annotated[int, typer.Option(min=1, help="Reject larger uploads.")] = UPLOAD_BYTES
    // MB,
    max_film_mb: Annotated[
        int, typer.Option(min=0, help="Reject larger films; 0 turns films off.")
    ] = FILM_BYTES // MB,
    max_pixels: Annotated[int, typer.Option(min=1, help=help_for("max_pixels"))] = PIXELS,
    workers: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Process N pictures at a time. Default: the number of cores.",
        ),
    ] = None,
    processes: Annotated[
        int,
        typer.Option(
            "--workers",
            min=1,
            max=64,
            help="Serve with N processes, which share jobs and memory. Not on Windows.",
        ),
    ] = 1,
) -> None:
    """Run Photochrom Studio, a web page (needs the serve extra). The HTTP API comes with it."""
    from photochrom.studio import serving
    from photochrom.studio.limits import Limits

    serving.serve(
        serving.Place(
            host=host,
            port=port,
            token=token,
            insecure=insecure,
            other_names=tuple(allow_host or ()),
        ),
        model=model,
        like=like,
        device=device,
        limits=Limits.within(
            to_bytes(max_memory_mb),
            upload_bytes=max_upload_mb * MB,
            film_bytes=max_film_mb * MB,
            pixels=max_pixels,
            workers=processes,
        ),
        workers=workers,
        processes=processes,
        open_browser=open_,
    )
