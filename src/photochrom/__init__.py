"""Photochrom turns grey photographs into colour ones.

    from photochrom import Colorizer
    Colorizer().colorize("old.jpg").save("new.jpg")

Importing this package is cheap: the names below are loaded when they are first used. It also
turns ONNX Runtime's telemetry off for this process; see `models.telemetry`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import photochrom.models.telemetry  # noqa: F401  (must be first: it silences ONNX Runtime)
from photochrom.version import __version__

if TYPE_CHECKING:
    from photochrom.errors import PhotochromError
    from photochrom.models.contract import ModelContract
    from photochrom.pictures.picture import Picture, from_array, read
    from photochrom.runtime.colorizer import Colorizer
    from photochrom.runtime.hints import Hint, Lock
    from photochrom.runtime.prepared import Prepared, Reference
    from photochrom.runtime.tone import Tone
    from photochrom.video.coloring import Report, colorize_film
    from photochrom.video.encoding import Encoding
    from photochrom.video.hints import FilmHints, load_film_hints
    from photochrom.video.preview import Shot, find_shots

__all__ = [
    "Colorizer",
    "Encoding",
    "FilmHints",
    "Hint",
    "Lock",
    "ModelContract",
    "PhotochromError",
    "Picture",
    "Prepared",
    "Reference",
    "Report",
    "Shot",
    "Tone",
    "__version__",
    "colorize_film",
    "find_shots",
    "from_array",
    "load_film_hints",
    "read",
]

_HOMES = {
    "Colorizer": "runtime.colorizer",
    "Encoding": "video.encoding",
    "FilmHints": "video.hints",
    "Hint": "runtime.hints",
    "Lock": "runtime.hints",
    "ModelContract": "models.contract",
    "PhotochromError": "errors",
    "Picture": "pictures.picture",
    "Prepared": "runtime.prepared",
    "Reference": "runtime.prepared",
    "Tone": "runtime.tone",
    "Report": "video.coloring",
    "Shot": "video.preview",
    "colorize_film": "video.coloring",
    "find_shots": "video.preview",
    "from_array": "pictures.picture",
    "load_film_hints": "video.hints",
    "read": "pictures.picture",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"photochrom.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'photochrom' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
