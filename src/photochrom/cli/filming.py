"""The command for films: colorize one, or show one frame of each of its shots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.arguments import LikeOption, ModelOption, ReferenceOption
from photochrom.errors import WorkFolderError
from photochrom.runtime.options import help_for, limits_for

if TYPE_CHECKING:
    from photochrom.video.job import Step

SOURCE = Annotated[
    Path,
    typer.Argument(
        metavar="IN",
        help="The film, or a folder of numbered pictures: one for each frame; - reads from a pipe.",
    ),
]


def video(
    source: SOURCE,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Write the new film here; the suffix sets the container; - writes Matroska to a "
            "pipe.",
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
    """Colorize a film without flicker; sound, subtitles and times stay (needs the video extra)."""
    from photochrom.batch.jobs import STANDARD_STREAM
    from photochrom.cli.codes import ExitCode
    from photochrom.cli.console import error_console
    from photochrom.cli.pipes import piped
    from photochrom.runtime.colorizer import Colorizer
    from photochrom.video.coloring import colorize_film
    from photochrom.video.encoding import Encoding
    from photochrom.video.hints import load_film_hints
    from photochrom.video.preview import preview_film

    console = error_console()
    colorizer = Colorizer(model, like=like)
    known = None if hints is None else load_film_hints(hints)
    followed = None if reference is None else colorizer.reference(reference)
    start_s, end_s = _seconds(start, "--start"), None if end is None else _seconds(end, "--end")
    if end_s is not None and end_s <= start_s:
        raise typer.BadParameter("it must come after --start.", param_hint="--end")
    comes, goes = (str(one) == STANDARD_STREAM for one in (source, output))
    named, shown = "stdin" if comes else source, "stdout" if goes else output
    going_on = "The same command goes on from there."
    if comes or goes:
        going_on = "They are lost: work on a film in a pipe can't be continued."
    with piped(source, output, preview=preview) as film:
        if preview:
            with _progress("looking") as (tell, cancel):
                made = preview_film(
                    colorizer,
                    film.source,
                    film.target,
                    hints=known,
                    reference=followed,
                    vividness=vividness,
                    rate=rate,
                    force=force,
                    progress=tell,
                    cancel=cancel,
                )
            console.print(f"{named} -> {made.page} ({_counted(made.shots, 'shot')})", markup=False)
            return
        try:
            with _progress("colorizing") as (tell, cancel):
                report = colorize_film(
                    colorizer,
                    film.source,
                    film.target,
                    hints=known,
                    reference=followed,
                    vividness=vividness,
                    every=every,
                    encoding=Encoding(codec=codec, quality=quality, preset=preset),
                    start_s=start_s,
                    end_s=end_s,
                    rate=rate,
                    force=force,
                    progress=tell,
                    cancel=cancel,
                )
        except WorkFolderError as error:
            raise WorkFolderError(
                f"{error} To discard it, use --force; to keep it, name another file with -o."
            ) from error
        for note in report.notes:
            console.print(note, style="yellow", markup=False)
        if not report.finished:
            console.print(f"Stopped: {report.frames} frames are done. {going_on}", markup=False)
            raise typer.Exit(ExitCode.INTERRUPTED)
        before = f", {report.resumed} of them before" if report.resumed else ""
        console.print(
            f"{named} -> {shown} ({_counted(report.frames, 'frame')}{before}, "
            f"{_counted(report.shots, 'shot')})",
            markup=False,
        )


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
