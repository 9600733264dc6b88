"""One photograph of a batch, and the place of its result."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from photochrom.errors import JobError, OutputExistsError, PictureWriteError
from photochrom.pictures import footprint, picture
from photochrom.pictures.picture import Picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.runtime.options import DEFAULTS, Options
from photochrom.runtime.prepared import Reference

STANDARD_STREAM = "-"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One photograph and the place of its result; None stands for stdin and stdout."""

    source: Path | None
    target: Path | None
    note: str = ""
    """Why the target has not the name that one would expect."""
    alternative: int = 0
    """Which of several results of the photograph this is; 0 where there is one only."""

    @property
    def name(self) -> str:
        """The source, for messages."""
        return str(self.source) if self.source else "stdin"

    def run(
        self,
        colorizer: Colorizer,
        *,
        options: Options = DEFAULTS,
        reference: Reference | None = None,
        confidence: Path | None = None,
        replace_confidence: bool = False,
        force: bool = False,
        budget: Budget | None = None,
    ) -> Picture:
        """Colorize the photograph and write the result.

        Parameters
        ----------
        colorizer : the model to use
        options : what is asked for
        reference : as for `Prepared.paint`
        confidence : where to write `Prepared.confidence_picture` besides
        replace_confidence : replace such a map that is there
        force : replace files that are there
        budget : of memory; wait until there is enough

        Raises
        ------
        MemoryBudgetError
            The photograph takes more memory than the whole budget.
        PictureReadError
            The source can't be read as a picture.
        AlreadyColoredError
            It has colours, and ``only_gray`` is asked for.
        OutputExistsError
            The target is there, and `force` is not set; found out before any work.
        JobError
            `confidence` is the photograph itself, or its result.
        PictureWriteError
            The result can't be written.
        HintError, ColorError, UnsupportedError
            As for `Options.paint`.
        """
        replace_confidence = replace_confidence or force
        for place, allowed in ((self.target, force), (confidence, replace_confidence)):
            if place is not None and place.exists() and not allowed:
                raise OutputExistsError(
                    f"{place}: there is such a file already. Choose another place with -o, "
                    "or allow replacing it with --force."
                )
        if confidence is not None:
            taken = {place.resolve() for place in (self.source, self.target) if place is not None}
            if confidence.resolve() in taken:
                raise JobError(
                    f"--confidence {confidence}: this is the photograph or its result; choose "
                    "another place."
                )
        content = self.source or sys.stdin.buffer.read()
        with nullcontext() if budget is None else self._admitted(content, options, budget):
            return self._make(
                content,
                colorizer,
                options=options,
                reference=reference,
                confidence=confidence,
                replace_confidence=replace_confidence,
                force=force,
            )

    def _admitted(
        self, content: Path | bytes, options: Options, budget: Budget
    ) -> AbstractContextManager[None]:
        """Hold the memory that the job takes."""
        found = footprint.of(content, name=self.name, max_pixels=options.max_pixels)
        needs = found.writing(
            self._format(found.format), lossless=options.lossless, kept=self.target is None
        )
        return budget.taking(needs, subject=self.name)

    def _format(self, own: str) -> str:
        """The suffix or the name of the result's format; `own` is the photograph's."""
        if self.target is not None:
            return self.target.suffix.lower()
        return own if own in picture.WRITERS else "png"

    def _make(
        self,
        content: Path | bytes,
        colorizer: Colorizer,
        *,
        options: Options,
        reference: Reference | None,
        confidence: Path | None,
        replace_confidence: bool,
        force: bool,
    ) -> Picture:
        source = picture.read(
            content,
            name=self.name,
            max_pixels=options.max_pixels,
            allow_damaged=options.allow_damaged,
        )
        format_ = self._format(source.format)
        quality, lossless = options.quality, options.lossless
        source.check_writable(format_, quality=quality, lossless=lossless)
        if self.alternative:
            options = replace(options, alternative=self.alternative)
        prepared = colorizer.prepare(source, only_gray=options.only_gray, once=True)
        result = options.paint(prepared, reference=reference)
        if confidence is not None:
            hints = options.all_hints(prepared)
            prepared.confidence_picture(hints=hints, reference=reference).save(
                confidence, force=replace_confidence
            )
        if self.target is not None:
            try:
                self.target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PictureWriteError(
                    f"{self.target.parent}: the folder can't be made ({error.strerror})."
                ) from error
            result.save(self.target, force=force, quality=quality, lossless=lossless)
        else:
            encoded = result.encode(format_, quality=quality, lossless=lossless)
            sys.stdout.buffer.write(encoded)
            sys.stdout.buffer.flush()
        return result
