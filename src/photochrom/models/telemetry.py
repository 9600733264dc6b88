"""Keeps ONNX Runtime from reporting home.

Since 1.29 its wheels collect telemetry by default: the import alone writes a device id and a
database of events below the user's cache and a file into the temporary folder, and what is
queued there goes to Microsoft. The variable `DISABLE`, set before the import, prevents all of
it; the package sets it when it is imported itself, so that no part of it can come too late.

Source: ONNX Runtime, Privacy.md; observed with strace, version 1.32.
"""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path

DISABLE = "ORT_DISABLE_TELEMETRY"
"""ONNX Runtime's variable; child processes inherit it."""

WANTED = "PHOTOCHROM_ORT_TELEMETRY"
"""Our variable: ``on`` leaves ONNX Runtime as it comes."""

_RUNTIME = "onnxruntime"
_TRACES = ("Microsoft/DeveloperTools/.onnxruntime",)


class Telemetry(Enum):
    """What ONNX Runtime does in this process."""

    OFF = "off"
    """It was told to be silent before it was loaded, or will be."""
    WANTED = "wanted"
    """The environment asks for it."""
    LATE = "late"
    """A host program had loaded it, with its telemetry, before it loaded Photochrom."""


def _silence() -> Telemetry:
    if os.environ.get(WANTED, "").strip().lower() == "on":
        return Telemetry.WANTED
    silent_before = os.environ.get(DISABLE, "").strip().lower() in ("1", "true")
    os.environ[DISABLE] = "1"
    return Telemetry.LATE if _RUNTIME in sys.modules and not silent_before else Telemetry.OFF


STATE = _silence()
"""Found out, and mended where that is possible, when this module is first imported."""


def traces() -> tuple[Path, ...]:
    """Files that ONNX Runtime's telemetry has left on this machine, by whichever program."""
    caches = {Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache"), Path("~/.cache")}
    places = (cache.expanduser() / trace for cache in sorted(caches) for trace in _TRACES)
    return tuple(place for place in places if place.exists())
