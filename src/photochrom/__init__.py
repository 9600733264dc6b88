"""Photochrom turns gray photographs into color ones.

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
    from photochrom.color.grid import AbGrid
    from photochrom.errors import (
        Advice,
        AlreadyColoredError,
        CheckpointError,
        ClusterError,
        ColorError,
        ContractError,
        DamagedPictureError,
        DataError,
        DeviceError,
        DivergedError,
        EditsError,
        FilmError,
        FilmHintsError,
        FilmReadError,
        FilmWriteError,
        HintError,
        JobError,
        ManifestError,
        MemoryBudgetError,
        MissingExtraError,
        ModelError,
        ModelNotFoundError,
        NoAlternativeError,
        OptionError,
        OutputExistsError,
        PhotochromError,
        PictureError,
        PictureReadError,
        PictureWriteError,
        RecipeError,
        ShapeError,
        StoppedError,
        StoreError,
        TrainingError,
        UnsupportedError,
        UnsupportedFilmError,
        WorkFolderError,
    )
    from photochrom.models.contract import Feature, ModelContract, ModelIdentity, Region
    from photochrom.models.network import Features, Network, Tokens
    from photochrom.pictures.picture import Picture, from_array, read
    from photochrom.runtime.alternatives import Alternative
    from photochrom.runtime.asked import Reference
    from photochrom.runtime.border import Box
    from photochrom.runtime.colorizer import Colorizer
    from photochrom.runtime.hints import Hint, Lock
    from photochrom.runtime.lasso import Lasso
    from photochrom.runtime.options import Options
    from photochrom.runtime.prepared import Prepared
    from photochrom.runtime.tone import Tone
    from photochrom.video.coloring import Report, colorize_film
    from photochrom.video.encoding import Encoding
    from photochrom.video.hints import FilmHints, FrameHints, ShotReference, load_film_hints
    from photochrom.video.job import Step
    from photochrom.video.shots import Shot, find_shots

__all__ = [
    "AbGrid",
    "Advice",
    "AlreadyColoredError",
    "Alternative",
    "Box",
    "CheckpointError",
    "ClusterError",
    "ColorError",
    "Colorizer",
    "ContractError",
    "DamagedPictureError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "EditsError",
    "Encoding",
    "Feature",
    "Features",
    "FilmError",
    "FilmHints",
    "FilmHintsError",
    "FilmReadError",
    "FilmWriteError",
    "FrameHints",
    "Hint",
    "HintError",
    "JobError",
    "Lasso",
    "Lock",
    "ManifestError",
    "MemoryBudgetError",
    "MissingExtraError",
    "ModelContract",
    "ModelError",
    "ModelIdentity",
    "ModelNotFoundError",
    "Network",
    "NoAlternativeError",
    "OptionError",
    "Options",
    "OutputExistsError",
    "PhotochromError",
    "Picture",
    "PictureError",
    "PictureReadError",
    "PictureWriteError",
    "Prepared",
    "RecipeError",
    "Reference",
    "Region",
    "Report",
    "ShapeError",
    "Shot",
    "ShotReference",
    "Step",
    "StoppedError",
    "StoreError",
    "Tokens",
    "Tone",
    "TrainingError",
    "UnsupportedError",
    "UnsupportedFilmError",
    "WorkFolderError",
    "__version__",
    "colorize_film",
    "find_shots",
    "from_array",
    "load_film_hints",
    "read",
]

_HOMES = {
    "AbGrid": "color.grid",
    "Advice": "errors",
    "AlreadyColoredError": "errors",
    "Alternative": "runtime.alternatives",
    "Box": "runtime.border",
    "CheckpointError": "errors",
    "ClusterError": "errors",
    "ColorError": "errors",
    "Colorizer": "runtime.colorizer",
    "ContractError": "errors",
    "DamagedPictureError": "errors",
    "DataError": "errors",
    "DeviceError": "errors",
    "DivergedError": "errors",
    "EditsError": "errors",
    "Encoding": "video.encoding",
    "Feature": "models.contract",
    "Features": "models.network",
    "FilmError": "errors",
    "FilmHints": "video.hints",
    "FilmHintsError": "errors",
    "FilmReadError": "errors",
    "FilmWriteError": "errors",
    "FrameHints": "video.hints",
    "Hint": "runtime.hints",
    "HintError": "errors",
    "JobError": "errors",
    "Lasso": "runtime.lasso",
    "Lock": "runtime.hints",
    "ManifestError": "errors",
    "MemoryBudgetError": "errors",
    "MissingExtraError": "errors",
    "ModelContract": "models.contract",
    "ModelError": "errors",
    "ModelIdentity": "models.contract",
    "ModelNotFoundError": "errors",
    "Network": "models.network",
    "NoAlternativeError": "errors",
    "OptionError": "errors",
    "Options": "runtime.options",
    "OutputExistsError": "errors",
    "PhotochromError": "errors",
    "Picture": "pictures.picture",
    "PictureError": "errors",
    "PictureReadError": "errors",
    "PictureWriteError": "errors",
    "Prepared": "runtime.prepared",
    "RecipeError": "errors",
    "Reference": "runtime.asked",
    "Region": "models.contract",
    "Report": "video.coloring",
    "ShapeError": "errors",
    "Shot": "video.shots",
    "ShotReference": "video.hints",
    "Step": "video.job",
    "StoppedError": "errors",
    "StoreError": "errors",
    "Tokens": "models.network",
    "Tone": "runtime.tone",
    "TrainingError": "errors",
    "UnsupportedError": "errors",
    "UnsupportedFilmError": "errors",
    "WorkFolderError": "errors",
    "colorize_film": "video.coloring",
    "find_shots": "video.shots",
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
