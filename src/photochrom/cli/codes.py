"""How the program ends, for scripts."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    DONE = 0
    SOME_FAILED = 1
    REFUSED = 2
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """In words, for the reference."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "everything was done",
    ExitCode.SOME_FAILED: "some photographs failed, and each is named; or `photochrom doctor` "
    "found something wrong",
    ExitCode.REFUSED: "the command or its input is wrong; nothing was done",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C, SIGTERM or SIGHUP",
}
