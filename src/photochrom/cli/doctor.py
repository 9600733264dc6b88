"""The doctor command: what of this installation is not as it should be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from photochrom.models import telemetry
from photochrom.models.telemetry import Telemetry

Verdict = Literal["ok", "note", "wrong"]
"""``note``: a person should know it; ``wrong``: it should be mended."""

SOME_WRONG = 1


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    text: str


def examine() -> Iterator[Finding]:
    """All findings, in the order of `CHECKS`."""
    for check in CHECKS:
        yield from check()


def doctor() -> int:
    """Print what was found.

    Returns
    -------
    The exit code: 0, or 1 where something is wrong
    """
    wrong = False
    for finding in examine():
        wrong |= finding.verdict == "wrong"
        print(f"{finding.verdict}: {finding.subject}: {finding.text}")
    sys.stdout.flush()
    return SOME_WRONG if wrong else 0


def _telemetry() -> Iterator[Finding]:
    subject = "ONNX Runtime's telemetry"
    if telemetry.STATE is Telemetry.OFF:
        yield Finding(subject=subject, verdict="ok", text="off; nothing is collected or sent.")
    elif telemetry.STATE is Telemetry.WANTED:
        asked = f"left on, because {telemetry.WANTED}=on asks for it."
        yield Finding(subject=subject, verdict="note", text=asked)
    else:
        late = (
            "on. Another part of this program loaded ONNX Runtime before it loaded Photochrom. "
            f"Set {telemetry.DISABLE}=1 in the environment, or import photochrom first."
        )
        yield Finding(subject=subject, verdict="wrong", text=late)
    for place in telemetry.traces():
        text = (
            f"there are traces at {place}, from another program or an earlier time. Photochrom "
            "doesn't use them; the folder can be removed."
        )
        yield Finding(subject=subject, verdict="note", text=text)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (_telemetry,)
"""What is looked at."""
