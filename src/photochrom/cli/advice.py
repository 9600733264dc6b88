"""What to do about an error, in the command line's own words."""

from __future__ import annotations

from collections.abc import Iterable

from photochrom.errors import Advice, PhotochromError

WORDS = {
    Advice.REPLACE: "Use --force to replace it.",
    Advice.OTHER_OUTPUT: "Choose another output with -o.",
    Advice.OUTPUT_FOLDER: "Name it with -o, such as -o colored.",
    Advice.KEEP_PATHS: "Or keep their paths with --parents.",
    Advice.OTHER_MANIFEST: "Choose another manifest file with --manifest.",
    Advice.OTHER_RUN: "Choose another folder with --out.",
    Advice.RESUME: "Continue with --resume.",
    Advice.ALLOW_DAMAGED: "Or use what can be decoded, with --allow-damaged.",
    Advice.MORE_PIXELS: "Or raise the limit with --max-pixels.",
    Advice.MORE_MEMORY: "Or raise the limit with --max-memory-mb.",
    Advice.SEE_MODELS: "Run photochrom models to list them.",
    Advice.NAME_MODEL: "Or choose a model for all with -m.",
    Advice.ADD_AGAIN: "Add it again: photochrom models add FILE --name NAME --force.",
    Advice.DESCRIBE_MODEL: "Or name a kind with --like; photochrom models kinds lists them.",
    Advice.NAME_LICENSE: "State it with --license.",
    Advice.OTHER_NAME: "Choose another name with --name.",
    Advice.PACK: "Use photochrom pack FOLDER -o ADDRESS.",
    Advice.UPGRADE: "Upgrade with: pip install --upgrade photochrom",
    Advice.OTHER_PORT: "Choose another port with --port; 0 picks a free one.",
    Advice.NAME_VISITORS: "Set a token with --token (or the variable PHOTOCHROM_TOKEN), or "
    "admit everybody with --insecure.",
}


def worded(message: str, advice: Iterable[Advice]) -> str:
    """A message, and what to do about it."""
    return " ".join([message, *(WORDS[one] for one in advice)])


def error_text(error: PhotochromError) -> str:
    """What an error says, and what to do about it."""
    return worded(str(error), error.advice)
