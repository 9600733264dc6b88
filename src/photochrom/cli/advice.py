"""What to do about an error, in the command line's own words."""

from __future__ import annotations

from collections.abc import Iterable

from photochrom.errors import Advice, PhotochromError

WORDS = {
    Advice.REPLACE: "Allow replacing it with --force.",
    Advice.OTHER_OUTPUT: "Choose another place with -o.",
    Advice.OUTPUT_FOLDER: "Name it with -o, such as -o colored.",
    Advice.KEEP_PATHS: "Or keep their paths with --parents.",
    Advice.OTHER_MANIFEST: "Choose another file for it with --manifest.",
    Advice.OTHER_RUN: "Choose another folder with --out.",
    Advice.RESUME: "Go on with --resume.",
    Advice.MORE_PIXELS: "Or raise the limit with --max-pixels.",
    Advice.MORE_MEMORY: "Or raise the limit with --max-memory-mb.",
    Advice.SEE_MODELS: "See photochrom models.",
    Advice.EXPORT_MODEL: "Make one with photochrom export.",
    Advice.UPGRADE: "Upgrade with: pip install --upgrade photochrom",
    Advice.OTHER_PORT: "Choose another port with --port; 0 takes any that is free.",
    Advice.NAME_VISITORS: "Say who may come with --token (or the variable PHOTOCHROM_TOKEN), or "
    "that everybody may with --insecure.",
}


def worded(message: str, advice: Iterable[Advice]) -> str:
    """A message, and what to do about it."""
    return " ".join([message, *(WORDS[one] for one in advice)])


def error_text(error: PhotochromError) -> str:
    """What an error says, and what to do about it."""
    return worded(str(error), error.advice)
