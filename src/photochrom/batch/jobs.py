"""One photograph of a batch, and the place of its result."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from photochrom.batch.edited import Edited
from photochrom.errors import JobError, PictureWriteError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import footprint, formats, pages, picture, writing
from photochrom.pictures.folders import real_path
from photochrom.pictures.incoming import read_pipe
from photochrom.pictures.picture import Picture
from photochrom.runtime.alternatives import Alternative
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.runtime.options import DEFAULTS, Options
from photochrom.runtime.prepared import Prepared

STANDARD_STREAM = "-"


_Found: TypeAlias = tuple[Prepared, tuple[Alternative, ...]]

KEPT = 4
"""The most photographs that are kept for their next result."""


class Made(NamedTuple):
    """What is to be said of a result."""

    width: int
    height: int
    remarks: tuple[str, ...] = ()
    """How the photograph was read, and what of it the result's format can't hold."""
    pages_left: int = 0
    """How many further pages there are, of which no result was made."""
    model: ModelIdentity | None = None
    """What made it, where that isn't the model that was to be used."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One photograph and the place of its result; None stands for stdin and stdout."""

    source: Path | None
    target: Path | None
    note: str = ""
    """Why the target has not the name that one would expect."""
    alternative: int = 0
    """Which of several results of the photograph this is; 0 where there is one only."""
    alternatives: int = 0
    """How many there are to be."""

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
        edits: Edited | None = None,
        confidence: Path | None = None,
        replace_confidence: bool = False,
        shared: Shared | None = None,
        force: bool = False,
        all_pages: bool = False,
        budget: Budget | None = None,
    ) -> Made:
        """Colorize the photograph and write the result.

        Parameters
        ----------
        colorizer : the model to use
        options : what is asked for
        reference : as for `Prepared.paint`
        edits : a folder with files of edits; those of the photograph, where there are some, take
            the place of what `options` and `reference` ask for, and their model that of `colorizer`
        confidence : where to write `Prepared.confidence_picture` besides
        replace_confidence : replace such a map that is there
        shared : what several results of one photograph need once
        force : replace files that are there
        all_pages : of a TIFF file, each as a page of the result; else the first one alone
        budget : of memory; wait until there is enough

        Raises
        ------
        MemoryBudgetError
            The photograph takes more memory than the whole budget.
        PictureReadError
            The source can't be read as a picture.
        AlreadyColoredError
            It has colors, and ``only_gray`` is asked for.
        OutputExistsError
            The target is there, and `force` is not set; found out before any work.
        JobError
            `confidence` is the photograph itself, or its result.
        PictureWriteError
            The result can't be written.
        HintError, ColorError, UnsupportedError
            As for `Options.paint`.
        EditsError
            The photograph's edits can't be read, or their model isn't here.
        ModelError
            The model of its edits can't be used.
        """
        own = edits.of(self.source) if edits is not None and self.source else None
        if own is not None:
            options, colorizer, reference = own.edits.over(options), own.colorizer, None
            if own.edits.reference is not None:
                reference = colorizer.reference(own.edits.reference)
        replace_confidence = replace_confidence or force
        self._check_places(confidence, force=force, replace_confidence=replace_confidence)
        shared = shared or Shared()
        content = self.source or shared.stdin()
        count = self._read(content, options).pages if all_pages else 1
        if budget is None:
            admitted: AbstractContextManager[None] = nullcontext()
        else:
            admitted = self._admitted(content, options, budget, count)
        with admitted:
            if count > 1:
                made = self._make_pages(content, colorizer, options, reference, force=force)
            else:
                prepared, options = self._prepared(content, colorizer, options, shared)
                result = options.paint(prepared, reference=reference)
                if confidence is not None:
                    prepared.confidence_picture(hints=options.hints, reference=reference).save(
                        confidence, force=replace_confidence
                    )
                made = self._write(result, prepared.picture.format, options, force=force)
        if own is None:
            return made
        remarks, painter = (*made.remarks, *own.remarks), colorizer.contract.identity
        return made._replace(remarks=remarks, model=painter)

    def _check_places(
        self, confidence: Path | None, *, force: bool, replace_confidence: bool
    ) -> None:
        """Refuse to replace what may not be replaced, before any work."""
        for place, allowed in ((self.target, force), (confidence, replace_confidence)):
            if place is not None:
                writing.check_free(place, force=allowed)
        if confidence is not None:
            taken = {real_path(place) for place in (self.source, self.target) if place is not None}
            if real_path(confidence) in taken:
                raise JobError(
                    f"{confidence}: the confidence map can't be written there, as this is the "
                    "photograph or its result. Choose another place."
                )

    def _read(self, content: Path | bytes, options: Options, page: int = 0) -> Picture:
        return picture.read(
            content,
            name=self.name,
            max_pixels=options.max_pixels,
            allow_damaged=options.allow_damaged,
            page=page,
        )

    def _prepared(
        self, content: Path | bytes, colorizer: Colorizer, options: Options, shared: Shared
    ) -> tuple[Prepared, Options]:
        """The photograph, encoded, and what is asked for, with the hints of an alternative."""

        def read() -> Picture:
            source = self._read(content, options)
            format_ = self._format(source.format)
            source.check_writable(format_, quality=options.quality, lossless=options.lossless)
            return source

        if not self.alternative:
            return colorizer.prepare(read(), only_gray=options.only_gray, once=True), options

        def find() -> _Found:
            prepared = colorizer.prepare(read(), only_gray=options.only_gray)
            count = max(self.alternative, self.alternatives)
            return prepared, prepared.alternatives(count, seed=options.seed)

        prepared, found = shared.found(self.source, find)
        return prepared, replace(options, alternative=self.alternative).chosen(found, self.name)

    def _write(self, result: Picture, own: str, options: Options, *, force: bool) -> Made:
        """Write the result; `own` is the photograph's format."""
        format_ = self._format(own)
        quality, lossless = options.quality, options.lossless
        if self.target is None:
            encoded = result.encode(format_, quality=quality, lossless=lossless)
            sys.stdout.buffer.write(encoded)
            sys.stdout.buffer.flush()
            return Made(result.width, result.height, result.notes)
        self._make_folder(self.target)
        result.save(self.target, force=force, quality=quality, lossless=lossless)
        remarks = (*result.notes, *result.losses(format_))
        return Made(result.width, result.height, remarks, result.pages - 1)

    def _make_pages(
        self,
        content: Path | bytes,
        colorizer: Colorizer,
        options: Options,
        reference: Reference | None,
        *,
        force: bool,
    ) -> Made:
        """Colorize all pages of a TIFF file."""
        if self.target is None or self.alternative:
            raise JobError(
                f"{self.name}: all pages become one .tif file; name that file, and request "
                "no alternatives."
            )
        first = self._read(content, options)
        sources = [self._read(content, options, page) for page in range(first.pages)]
        self._make_folder(self.target)
        written = pages.save(
            sources,
            lambda one: options.paint(
                colorizer.prepare(one, only_gray=options.only_gray, once=True), reference=reference
            ),
            self.target,
            force=force,
            quality=options.quality,
            lossless=options.lossless,
        )
        remarks = dict.fromkeys(note for one in written for note in one.notes[1:])
        return Made(first.width, first.height, (f"{len(written)} pages", *remarks))

    @staticmethod
    def _make_folder(target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureWriteError(
                f"{target.parent}: the folder can't be made ({error.strerror})."
            ) from error

    def _admitted(
        self, content: Path | bytes, options: Options, budget: Budget, count: int
    ) -> AbstractContextManager[None]:
        """Hold the memory that the largest of this many pages takes."""

        def needed(page: int) -> int:
            found = footprint.of(content, name=self.name, max_pixels=options.max_pixels, page=page)
            return found.writing(
                self._format(found.format), lossless=options.lossless, kept=self.target is None
            )

        return budget.taking(max(map(needed, range(count))), subject=self.name)

    def _format(self, own: str) -> str:
        """The suffix or the name of the result's format; `own` is the photograph's."""
        if self.target is not None:
            return self.target.suffix.lower()
        return own if own in formats.WRITABLE else "png"


class Shared:
    """What several results of one photograph need once; safe from several threads.

    The photographs that were wanted last are kept: jobs of one photograph follow each other.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Path | None, Future[_Found]] = OrderedDict()
        self._stdin: bytes | None = None
        self._alone = threading.Lock()

    def stdin(self) -> bytes:
        """What came from stdin."""
        with self._alone:
            if self._stdin is None:
                self._stdin = read_pipe(sys.stdin.buffer, "stdin")
            return self._stdin

    def found(self, source: Path | None, find: Callable[[], _Found]) -> _Found:
        """A photograph that has been through the encoder, and its alternatives.

        Parameters
        ----------
        source : the photograph
        find : finds them, where they aren't kept; its errors are raised, and not kept
        """
        with self._alone:
            kept = self._kept.get(source)
            if first := kept is None:
                kept = self._kept[source] = Future()
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        if first:
            try:
                kept.set_result(find())
            except BaseException as error:
                kept.set_exception(error)
                with self._alone:
                    self._kept.pop(source, None)
        return kept.result()
