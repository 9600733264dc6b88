"""Help that people find their way in: options in groups, with examples; and short cuts.

The groups are listed here, in one place, by the options' names; what is in none comes last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

Command = TypeVar("Command", bound=Callable[..., Any])

COMMANDS = {
    "Color": ("colorize", "video", "serve"),
    "Manage": ("status", "models", "compare", "doctor"),
    "Make models": ("pack", "train", "mix", "export", "evaluate"),
}

GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "colorize": {
        "Results": (
            *("output", "force", "quality", "lossless", "pages", "provenance", "confidence"),
            *("alternatives", "seed", "show", "as_json"),
        ),
        "Colors": (
            *("hint", "hints", "edits", "reach", "lock", "palette", "reference", "likeness"),
            *("vividness", "warmth", "tint", "strength"),
        ),
        "Which photographs": (
            *("files_from", "null", "recursive", "parents", "only_gray", "allow_damaged"),
            *("watch", "interval", "resume", "dry_run", "manifest"),
        ),
        "Model and machine": (
            *("model", "like", "device", "workers", "max_pixels", "max_memory_mb"),
        ),
        "Many machines": ("shard", "ray", "actors"),
    },
    "serve": {
        "Address": ("port", "host", "open_", "allow_host"),
        "Visitors": ("token", "insecure"),
        "Model and machine": (
            *("model", "like", "device", "workers", "processes"),
            *("max_memory_mb", "max_upload_mb", "max_film_mb", "max_pixels"),
        ),
    },
}
"""{command: {heading: parameters}}."""

EXAMPLES = {
    "colorize": (
        ("photochrom colorize old.jpg", "write old-color.jpg"),
        ("photochrom colorize album -o album-color", "colorize a folder and its subfolders"),
        (
            "photochrom colorize old.jpg --hint 275,150=#c03080 -o new.jpg",
            "set a color that you know",
        ),
        ("photochrom colorize scans -o out --resume", "continue where it stopped"),
    ),
    "video": (("photochrom video old.mp4 -o new.mp4", "keep its sound"),),
    "serve": (("photochrom serve --open", "the Studio, in your browser"),),
}

START = (
    ("photochrom photo.jpg", "colorize one; writes photo-color.jpg"),
    ("photochrom album -o album-color", "colorize a folder"),
    ("photochrom serve --open", "work on photographs in the browser"),
    ("photochrom video old.mp4 -o new.mp4", "color a film"),
    ("photochrom --help", "all commands; photochrom COMMAND --help explains one"),
)


def start_text(version: str) -> str:
    """What to type next, for somebody who has typed `photochrom` alone."""
    title = f"Photochrom {version} gives black-and-white photographs colors, on this machine."
    return "\n".join([title, "", *_lines(START)])


def _lines(examples: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(command) for command, _ in examples)
    return [f"  {command.ljust(width)}  {words}" for command, words in examples]


def expanded(arguments: Sequence[str], *, known: Callable[[str], bool]) -> list[str]:
    """Let photographs stand without `colorize` before them.

    Parameters
    ----------
    arguments : what follows the program's name
    known : whether a word is a command, or an option of the program itself

    Returns
    -------
    The same where they begin with what is known, or with a word that may be a command gone wrong
    """
    if not arguments or known(arguments[0]):
        return list(arguments)
    first = arguments[0]
    is_option = first.startswith("-") and len(first) > 1
    if is_option and not any(_is_place(one) for one in arguments[1:]):
        return list(arguments)
    if is_option or _is_place(first):
        return ["colorize", *arguments]
    return list(arguments)


def _is_place(word: str) -> bool:
    """Whether a word names photographs: a path, an address, or a file's name with a suffix."""
    return word == "-" or "://" in word or bool(Path(word).suffix) or Path(word).exists()


class Grouped(TyperCommand):
    """A command whose help has its options in groups, and examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then the groups, then the rest."""
        left = {one.name: one for one in self.get_params(ctx)}
        arguments = [one for one in left.values() if one.param_type_name == "argument"]
        _write(ctx, formatter, "Arguments", arguments)
        for one in arguments:
            del left[one.name]
        for heading, names in GROUPS.get(self.name or "", {}).items():
            _write(ctx, formatter, heading, [left.pop(name) for name in names if name in left])
        _write(ctx, formatter, "Options", list(left.values()))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Examples, each as it is typed."""
        examples = EXAMPLES.get(self.name or "")
        if examples:
            with formatter.section("Examples"):
                formatter.write("\n".join(_lines(examples)) + "\n")


def _write(ctx: Any, formatter: Any, heading: str, params: Sequence[Any]) -> None:
    records = [
        (_in_words(one, found[0]), found[1])
        for one in params
        if (found := one.get_help_record(ctx)) is not None
    ]
    if records:
        with formatter.section(heading):
            formatter.write_dl(records)


def _in_words(param: Any, names: str) -> str:
    """A parameter's names, with a word for its value as in the reference, and no Python type."""
    if param.param_type_name == "argument":
        return _TYPE.sub("", names)
    words = {"float": " NUMBER", "int": " N"}
    return _TYPE.sub(lambda found: words.get(found[1], f" {param.name.upper()}"), names)


_TYPE = re.compile(r" <(float|int|list|path|str)\b[^>]*>")


class Commands(TyperGroup):
    """The program, whose help has its commands in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The groups, then the rest."""
        left = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        for heading, names in {**COMMANDS, "More": tuple(left)}.items():
            found = [(name, left.pop(name)) for name in names if name in left]
            if found:
                wide = formatter.width - 6 - max(len(name) for name, _ in found)
                with formatter.section(heading):
                    formatter.write_dl(
                        [(name, one.get_short_help_str(wide)) for name, one in found if one]
                    )


class App(typer.Typer):
    """A Typer whose commands are `Grouped`."""

    def command(self, *arguments: Any, **named: Any) -> Callable[[Command], Command]:
        """As Typer's."""
        return super().command(*arguments, **{"cls": Grouped, **named})
