"""The command for films: colorize one, or show one frame of each of its shots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photochrom.cli.arguments import LikeOption, ModelOption, ReferenceOption
from photochrom.cli.codes import ExitCode
from photochrom.errors import WorkFolderError
from photochrom.runtime.options import help_for, limits_for

if TYPE_CHECKING:
    from photochrom.cli.pipes import Ends
    from photochrom.runtime.colorizer import Colorizer
    from photochrom.video.job import Step

SOURCE = Annotated[
    Path,
    typer.Argument(
        metavar="IN",
        help="The film, or a folder of numbered pictures: one for each frame; - reads from a pipe.",
    ),
]


def video(
    context: typer.Context,
    source: SOURCE,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Write the new film here; the suffix sets the container. A folder, with / at its "
            "end, gets a PNG for each frame; - writes Matroska to a pipe.",
        ),
    ],
    model: ModelOption = None,
    like: LikeOption = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace OUT, and discard work begun with other options."),
    ] = False,
    hints: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Read hints, painted frames and cuts from a file."),
    ] = None,
    reference: ReferenceOption = None,
    vividness: Annotated[
        float, typer.Option(**limits_for("vividness"), help=help_for("vividness"))
    ] = 0.95,
    every: Annotated[
        int, typer.Option(min=1, max=30, help="Run the network on every Nth frame.")
    ] = 4,
    codec: Annotated[
        str | None,
        typer.Option(
            metavar="h264|h265|av1|prores|ffv1",
            help="Choose the codec. Default: the usual one for the suffix of OUT.",
        ),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(min=0, max=63, help="Set the codec's own quality (CRF); lower is better."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Choose the encoder's own preset; slower means smaller files."
        ),
    ] = None,
    start: Annotated[
        str, typer.Option(metavar="TIME", help="Start here: seconds, or H:MM:SS.")
    ] = "0",
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="End here: seconds, or H:MM:SS.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=240,
            help="Show N pictures a second, where IN is a folder. Default: 24.",
        ),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview", help="Write one frame of each shot instead: OUT.html and OUT.jpg."
        ),
    ] = False,
) -> None:
    """Colorize a film (needs the video extra). Its sound, subtitles and times are kept."""
    from photochrom.cli.pipes import piped
    from photochrom.runtime.colorizer import Colorizer
    from photochrom.video.encoding import Encoding
    from photochrom.video.hints import load_film_hints

    if preview:
        _check_preview(context)
    start_s, end_s = _seconds(start, "--start"), None if end is None else _seconds(end, "--end")
    if end_s is not None and end_s <= start_s:
        raise typer.BadParameter("it must come after --start.", param_hint="--end")
    colorizer = Colorizer(model, like=like)
    asked: dict[str, Any] = {
        "hints": None if hints is None else load_film_hints(hints),
        "reference": None if reference is None else colorizer.reference(reference),
        "vividness": vividness,
        "start_s": start_s,
        "end_s": end_s,
        "rate": rate,
        "force": force,
    }
    with piped(source, output, preview=preview) as film:
        if preview:
            _look_through(colorizer, film, asked)
            return
        encoding = Encoding(codec=codec, quality=quality, preset=preset)
        _colorize(colorizer, film, asked | {"every": every, "encoding": encoding})


_OF_FILMS_ONLY = ("every", "codec", "quality", "preset")
"""Options that a preview has no use for."""


def _check_preview(context: typer.Context) -> None:
    """Refuse what would have no effect."""
    given = [
        f"--{name}"
        for name in _OF_FILMS_ONLY
        if (source := context.get_parameter_source(name)) and source.name != "DEFAULT"
    ]
    if given:
        raise typer.BadParameter(
            f"a preview is a page of pictures, on which {', '.join(given)} has no effect; leave "
            "it out.",
            param_hint="--preview",
        )


def _look_through(colorizer: Colorizer, film: Ends, asked: dict[str, Any]) -> None:
    """Make a preview, and say what was made."""
    from photochrom.video.preview import preview_film

    with _progress("looking") as (tell, cancel):
        made = preview_film(
            colorizer, film.source, film.target, **asked, progress=tell, cancel=cancel
        )
    _say(*made.notes, style="yellow")
    if not made.finished:
        _say(f"Stopped: later shots are missing from {made.page}." if made.shots else "Stopped.")
        raise typer.Exit(ExitCode.INTERRUPTED)
    _say(f"{film.comes_from} -> {made.page} ({_counted(made.shots, 'shot')})")


def _colorize(colorizer: Colorizer, film: Ends, asked: dict[str, Any]) -> None:
    """Make a film, and say what was made."""
    from photochrom.video.coloring import colorize_film

    try:
        with _progress("colorizing") as (tell, cancel):
            report = colorize_film(
                colorizer, film.source, film.target, **asked, progress=tell, cancel=cancel
            )
    except WorkFolderError as error:
        raise WorkFolderError(
            f"{error} To discard it, use --force; to keep it, name another file with -o."
        ) from error
    _say(*report.notes, style="yellow")
    if not report.finished:
        going_on = "The same command goes on from there."
        if film.is_piped:
            going_on = "They are lost: work on a film in a pipe can't be continued."
        _say(f"Stopped: {report.frames} frames are done. {going_on}")
        raise typer.Exit(ExitCode.INTERRUPTED)
    before = f", {report.resumed} of them before" if report.resumed else ""
    frames, shots = _counted(report.frames, "frame"), _counted(report.shots, "shot")
    _say(f"{film.comes_from} -> {film.goes_to} ({frames}{before}, {shots})")


def _say(*lines: str, style: str | None = None) -> None:
    from photochrom.cli.console import error_console

    for line in lines:
        error_console().print(line, style=style, markup=False)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _seconds(text: str, name: str) -> float:
    """Seconds from 12.5, 1:02.5 or 1:02:03."""
    try:
        parts = [float(part) for part in text.split(":")]
        if not 1 <= len(parts) <= 3 or any(not 0 <= part < 1e7 for part in parts):
            raise ValueError
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is not a time; write seconds, or H:MM:SS.", param_hint=name
        ) from None
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


class _Progress:
    """Shows how far a film is: frames, rate, time left, and the shot."""

    def __init__(self, label: str) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        from photochrom.cli.console import RateColumn, error_console

        console = error_console()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._label = label
        self._task = self.bar.add_task(label, total=None)

    def tell(self, step: Step) -> None:
        """Take the news."""
        label = f"{self._label}, shot {step.shot}"
        self.bar.update(self._task, completed=step.frames, total=step.of, description=label)


@contextmanager
def _progress(label: str) -> Iterator[tuple[Callable[[Step], None], Callable[[], bool]]]:
    from photochrom.cli.console import interruptible

    shown = _Progress(label)
    stopping = "\nStopping after this frame; Ctrl-C again stops at once.\n"
    with (
        interruptible(patient=True, abandon=lambda: None, say=stopping) as cancel,
        shown.bar,
    ):
        yield shown.tell, cancel
