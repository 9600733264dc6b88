"""What the colorize command was asked for, and what would be done about it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from photochrom.batch import manifest, resume
from photochrom.batch.jobs import STANDARD_STREAM, Job
from photochrom.batch.manifest import Manifest
from photochrom.batch.plan import each_alternative, left_out, linked, plan, unseen
from photochrom.batch.shards import Shard
from photochrom.batch.watch import INTERVAL_S
from photochrom.cli import streams
from photochrom.cli.advice import worded
from photochrom.errors import JobError
from photochrom.runtime.options import DEFAULTS, Options


@dataclass(frozen=True, kw_only=True)
class BatchOrder:
    """What the colorize command was asked for; see its options."""

    inputs: Sequence[str]
    output: str | None = None
    options: Options = DEFAULTS
    edits: Path | None = None
    """A folder with files of edits, which go before `options` and `reference`."""
    reference: Path | None = None
    """A color photograph to follow."""
    alternatives: int = 0
    """How many results of each photograph; 0: the usual one."""
    confidence: Path | None = None
    """Where a confidence map is written."""
    all_pages: bool = False
    """Of TIFF files; else the first one alone."""
    single: str = ""
    """An option that suits one photograph only, if one was used."""
    model: str | None = None
    like: str | None = None
    """Of which kind another maker's file is."""
    device: str = "cpu"
    force: bool = False
    recursive: bool = True
    parents: bool = False
    listed: bool = False
    """Whether inputs came from a list."""
    workers: int | None = None
    manifest: Path | None = None
    shard: Shard | None = None
    """The share of the photographs that is done here; None: all."""
    resume: bool = False
    watch: bool = False
    interval_s: float = INTERVAL_S
    show: bool = False
    """Pictures in the terminal, at the end."""
    as_json: bool = False
    """A line of JSON for each photograph, to stdout."""

    @property
    def sometimes(self) -> tuple[str, ...]:
        """What is asked for that not every model can do: names of `abilities.SOMETIMES`."""
        asked = {
            "palette": bool(self.options.palette),
            "reference": self.reference is not None,
            "alternatives": bool(self.alternatives),
            "confidence": self.confidence is not None,
        }
        return tuple(name for name, is_asked in asked.items() if is_asked)

    def plan(self) -> list[Job]:
        """All jobs that there are now."""
        jobs = plan(self.inputs, self.output, recursive=self.recursive, parents=self.parents)
        if self.single and len(jobs) > 1:
            raise JobError(f"{self.single} works with a single photograph; {len(jobs)} were given.")
        if self.shard is not None:
            jobs = [job for job in jobs if self.shard.holds(job.name)]
        return each_alternative(jobs, self.alternatives) if self.alternatives else jobs

    def left_out(self) -> list[str]:
        """What of the folders isn't taken: files, and links to folders, a line each."""
        files = left_out(self.inputs, self.output, recursive=self.recursive)
        folders = linked(self.inputs) if self.recursive else ""
        return [line for line in (files, folders) if line]

    def unseen(self) -> list[str]:
        """What of the folders can't be looked at, in a line each."""
        return [f"{path}: {why}." for path, why in unseen(self.inputs, recursive=self.recursive)]

    def open_manifest(self, jobs: Sequence[Job], *, write: bool) -> Manifest | None:
        """The manifest of these jobs, and with it those of other shards."""
        place = self.manifest_place(jobs)
        if place is None:
            return None
        own = manifest.path_of(place, self.shard)
        others = [path for path in manifest.family(place) if path != own]
        return Manifest(own, write=write, others=others)

    def manifest_place(self, jobs: Sequence[Job]) -> Path | None:
        """Where the manifest of these jobs is; None for orders that keep none.

        Raises
        ------
        JobError
            The order needs one, and there is no folder to put it in.
        """
        if self.manifest is not None:
            return self.manifest
        if self.output not in (None, STANDARD_STREAM):
            place = Path(self.output or "")
            to_folder = all(job.target != place for job in jobs)
            folders = any(Path(name).is_dir() for name in self.inputs)
            kept = self.listed or self.resume or folders
            if to_folder and kept and (jobs or folders):
                return place / manifest.NAME
        if self.resume and (jobs or self.shard is None):
            raise JobError(
                "--resume needs the manifest of an earlier run. Name the output folder "
                "with -o, or the manifest with --manifest."
            )
        return None

    def print_plan(self) -> None:
        """Print what would be done, and do nothing."""
        jobs = self.plan()
        counts: Counter[str] = Counter()
        earlier = self.open_manifest(jobs, write=False)
        for task in resume.sort_out(jobs, manifest=earlier, resume=self.resume, force=self.force):
            job = task.job
            counts["skip" if task.step == "keep" else task.step] += 1
            if task.step in ("skip", "keep", "refuse"):
                line = f"{task.step}: {job.name} ({worded(task.reason, task.advice)})"
            else:
                remarks = "; ".join(part for part in (task.reason, job.note) if part)
                line = f"{job.name} -> {job.target or 'stdout'}" + (
                    f" ({remarks})" if remarks else ""
                )
            print(streams.line(line))
        left = len(jobs) - counts["skip"] - counts["refuse"]
        print(
            f"{left} to colorize, {counts['skip']} done before, {counts['refuse']} refused; "
            "nothing was written.",
            file=sys.stderr,
        )
        for line in self.left_out():
            print(streams.line(line), file=sys.stderr)
        for line in self.unseen():
            print(streams.line(line), file=sys.stderr)
